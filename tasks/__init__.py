"""Celery tasks: ids and dates in, one call. The rows they work on are the truth; running one twice changes nothing."""
