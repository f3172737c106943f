"""The perfgate server: keeps every measurement, finds changes, judges pull requests, publishes, shows."""
