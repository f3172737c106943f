"""One module for each subcommand of `perfgate`: its arguments and what it does with them."""
