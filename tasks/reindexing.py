"""Reading a channel's history in Slack, then rebuilding its adapter."""

from bot import history, jobs
from tasks.app import app, school
from tasks.nightly import hold_night


@app.task(name=jobs.REINDEX)
def reindex(reading_id: int) -> None:
    """Read on from where it was left, and queue the rebuild."""
    reading = history.read(school(), reading_id)
    if reading and reading.night_id:
        hold_night.delay(reading.night_id)
