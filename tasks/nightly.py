"""Nights: one task a channel."""

import logging
from datetime import date

from bot import jobs
from learning.night import nights
from learning.records import Channel, Night, now
from tasks.app import app, school, settings

logger = logging.getLogger(__name__)


@app.task(name=jobs.FALL)
def fall(day: str | None = None) -> None:
    """Night falls where it is time; with a `day`, that night falls everywhere."""
    with school().database.write() as session:
        due = nights.fall(session, now(), settings.night_hour, date.fromisoformat(day) if day else None)
    for night_id in due:
        send(night_id)


@app.task(name=jobs.HOLD_NIGHT)
def hold_night(channel_id: int, day: str, kind: str = "nightly", occasion: int = 0) -> None:
    """Hold a channel's night, unless it is held already, after those that do not wait for their turn."""
    with school().database.write() as session:
        night = nights.open_night(session, session.get_one(Channel, channel_id), date.fromisoformat(day), kind, occasion)
        first = [each for each in nights.before_others(session) if each != night.id]
    for each in first:
        try:
            nights.hold_night(school(), each)
        except Exception:  # it may have another try; this one is not to wait for that
            logger.exception("night %d failed", each)
    nights.hold_night(school(), night.id)


def send(night_id: int, expires: float | None = None) -> None:
    """Queue a night's task."""
    with school().database.read() as session:
        night = session.get_one(Night, night_id)
    hold_night.apply_async((night.channel_id, night.date.isoformat(), night.kind, night.occasion), expires=expires)
