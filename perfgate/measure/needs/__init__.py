"""What a suite needs to run: declared, detected, and found out by collecting it."""
