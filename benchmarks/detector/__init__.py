"""What finding changes of level costs, beside asv's own step detection."""
