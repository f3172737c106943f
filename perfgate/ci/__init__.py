"""Jobs of GitHub Actions, and the files that set perfgate up."""
