"""What GitHub is asked to measure again, and what came of it."""
