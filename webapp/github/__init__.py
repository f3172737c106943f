"""The server's account on GitHub: credentials, and the rate limit that all workers share."""
