"""What was judged: the verdict on each run that was measured beside its baseline."""
