"""What was decided: models, detection, verdicts, publishing, tasks."""
