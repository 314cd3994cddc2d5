"""Everything that remembers and learns. Knows neither Slack nor Celery."""
