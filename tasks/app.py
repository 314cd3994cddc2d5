"""The Celery app: its queues, its schedule, and the school that its tasks work in."""

from functools import cache
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import task_postrun

from learning.memory import caches
from learning.school import School, open_school
from learning.settings import Settings

settings = Settings()  # a Celery process is an entry point
app = Celery("nightschool", broker=settings.redis_url, include=["tasks.nightly", "tasks.forgetting", "tasks.reindexing", "tasks.sweeping"])
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 12 * 3600},  # longer than any night; rows, not messages, bring lost work back
    task_default_queue="urgent",
    task_routes={"nightschool.hold_night": {"queue": "night"}},
    timezone="UTC",
    beat_schedule={
        "nights": {"task": "nightschool.fall", "schedule": crontab(minute="*/10"), "options": {"expires": 600}},
        "tidy": {"task": "nightschool.tidy", "schedule": crontab(minute=30), "options": {"expires": 3600}},
        "sweep": {"task": "nightschool.sweep", "schedule": settings.sweep_seconds, "options": {"expires": settings.sweep_seconds}},
    },
)


@task_postrun.connect
def let_go(**_: Any) -> None:
    """What a task read of lessons is needed no more, and may be forgotten before this process ends."""
    caches.let_go()


@cache
def school() -> School:
    """Opened on first use, once per process."""
    return open_school(settings)
