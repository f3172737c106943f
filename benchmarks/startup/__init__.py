"""What starting the command line costs."""
