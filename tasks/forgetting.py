"""Forgetting is urgent: it has a queue that no night blocks."""

from bot import jobs
from learning.night import forgetting
from tasks.app import app, school


@app.task(name=jobs.FORGET)
def forget(forgetting_id: int) -> None:
    """Rebuild without what is to be forgotten, and write the receipt."""
    forgetting.carry_out(school(), forgetting_id)
