"""One side of a comparison: its checkout, its environment, and what is cached of it."""
