"""The channel GitHub: comments, replies and check runs in pull requests, an issue per alert, workflow dispatches."""
