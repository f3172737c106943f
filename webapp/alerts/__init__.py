"""What changed in the history: detection, causes, states and decisions."""
