"""One series: its chart, its change points and its segments."""
