"""What finding changes of level costs, compared with asv's step detection."""
