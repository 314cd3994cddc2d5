"""Nights: one task a channel."""

import logging
from datetime import date

from bot import jobs
from learning.night import nights
from learning.records import now
from tasks.app import app, school, settings

logger = logging.getLogger(__name__)


@app.task(name=jobs.FALL)
def fall(day: str | None = None) -> None:
    """Night falls where it is time; with a `day`, that night falls everywhere."""
    with school().database.write() as session:
        due = nights.fall(session, now(), settings.night_hour, date.fromisoformat(day) if day else None)
    for night_id in due:
        hold_night.delay(night_id)


@app.task(name=jobs.HOLD_NIGHT)
def hold_night(night_id: int) -> None:
    """Hold a channel's night, after those that do not wait for their turn; unless somebody holds it, or it is over, or rests."""
    with school().database.read() as session:
        first = [each for each in nights.before_others(session) if each != night_id]
    for each in first:
        try:
            nights.hold_night(school(), each)
        except Exception:  # it may have another try; this one is not to wait for that
            logger.exception("night %d failed", each)
    with school().database.read() as session:
        ready = night_id in nights.abandoned(session)  # its message may be one of many
    if ready:
        nights.hold_night(school(), night_id)
