"""Handing work to the workers, by name. The row in the database is the truth; a lost message only delays it until the next sweep."""

import logging
from datetime import timedelta

from celery import Celery
from kombu.exceptions import OperationalError

from learning.records import now

logger = logging.getLogger(__name__)

HOLD_NIGHT = "nightschool.hold_night"
FORGET = "nightschool.forget"
FALL = "nightschool.fall"
REINDEX = "nightschool.reindex"


def enqueue(broker_url: str, task: str, *arguments: int | str) -> None:
    """Send a task; with the broker down, the sweeper finds the row."""
    app = Celery(broker=broker_url)
    app.conf.broker_transport_options = {"max_retries": 0, "socket_connect_timeout": 1.0}  # Slack waits three seconds for whoever pressed a button
    queue = "night" if task == HOLD_NIGHT else "urgent"
    try:
        app.send_task(task, arguments, queue=queue, retry=False)
    except OperationalError as error:
        logger.warning("the broker does not answer (%s); the sweeper will find the work", error)


def last_night() -> str:
    """Yesterday's date (UTC). The morning of that night has come, so its report is said at once: for the demo and tests."""
    return (now() - timedelta(days=1)).date().isoformat()
