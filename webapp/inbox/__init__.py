"""What arrives from GitHub: webhooks, results of forks, commands in comments, pressed buttons."""
