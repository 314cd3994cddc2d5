"""Nights as rows: opened once for each (channel, date, kind, occasion), run under a lease, resumed by whoever finds them abandoned."""

import logging
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from learning import leases
from learning.errors import NightschoolError, TrainingStopped
from learning.memory import lessons
from learning.model.client import EngineError
from learning.night import report
from learning.night.consolidation import Outcome, consolidate
from learning.night.vigil import Watch, keep
from learning.records import Adapter, AdapterState, Announcement, Channel, Night, Work, now
from learning.school import School

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 5  # of a night whose engine fails


def open_night(session: Session, channel: Channel, day: date, kind: str, occasion: int = 0) -> Night:
    """The night with this key; made when it is new."""
    same = select(Night).where(Night.channel_id == channel.id, Night.date == day, Night.kind == kind, Night.occasion == occasion)
    night = session.scalars(same).one_or_none()
    if night is None:
        night = Night(channel_id=channel.id, date=day, kind=kind, occasion=occasion)
        session.add(night)
        session.flush()
    return night


def open_another(session: Session, channel: Channel, day: date, kind: str) -> Night:
    """A night that a person asked for: the unfinished one of this day, or one more."""
    same = (Night.channel_id == channel.id, Night.date == day, Night.kind == kind)
    unfinished = session.scalars(select(Night).where(*same, Night.state.in_((Work.WAITING, Work.RUNNING)))).first()
    latest = session.scalar(select(func.max(Night.occasion)).where(*same))
    return unfinished or open_night(session, channel, day, kind, 0 if latest is None else latest + 1)


def fall(session: Session, day: date) -> list[int]:
    """Open the nightly night of every channel that has lessons. Ids of the nights that are still to be held."""
    nights = [open_night(session, c, day, "nightly") for c in session.scalars(select(Channel)) if lessons.in_force(session, c)]
    return [night.id for night in nights if night.state == Work.WAITING]


def abandoned(session: Session) -> list[int]:
    """Nights that wait, or whose worker fell silent."""
    return list(session.scalars(select(Night.id).where(leases.claimable(Night)).order_by(Night.id)))


def hold_night(school: School, night_id: int, watch: Watch = lambda stage, share: None) -> Night | None:
    """Hold a night if it is free; None when somebody else holds it, or another night of its channel. Raises NightschoolError."""
    night = _claim(school, night_id)
    if night is None:
        return None
    with school.database.read() as session:
        channel = session.get_one(Channel, night.channel_id)
    try:
        with keep(school.database, night, school.settings.lease_seconds, watch) as vigil:
            outcome = consolidate(school, channel, vigil, rebuild=night.kind in ("forget", "reindex"), must_replace=night.kind == "forget")
    except TrainingStopped:
        return _stopped(school, night)
    except EngineError:
        if night.generation < MOST_ATTEMPTS:  # it may be restarting: the sweeper takes the night up again
            _release(school, night)
        else:
            _finish(school, night, Work.FAILED, Outcome("failed", None, {"reason": "the engine kept failing; see its log"}))
        raise
    except NightschoolError as error:
        _finish(school, night, Work.FAILED, Outcome("failed", None, {"reason": str(error)}))
        raise
    except BaseException:  # a crash of our own or Ctrl-C: the night can be taken again at once
        _release(school, night)
        raise
    return _finish(school, night, Work.SKIPPED if outcome.verdict == "skipped" else Work.DONE, outcome)


def _claim(school: School, night_id: int) -> Night | None:
    """One night of a channel runs at a time."""
    other = aliased(Night)
    busy = select(other.id).where(other.channel_id == Night.channel_id, other.id != Night.id, other.state == Work.RUNNING, other.lease_until >= now())
    with school.database.write() as session:
        return leases.claim(session, Night, school.settings.lease_seconds, Night.id == night_id, ~busy.exists())


def _release(school: School, night: Night) -> None:
    with school.database.write() as session:
        leases.release(session, night)


def _stopped(school: School, night: Night) -> Night | None:
    """A night that a forgetting broke is over (the rebuild follows); one whose lease was lost belongs to somebody else; else it waits."""
    with school.database.write() as session:
        adapter = session.scalars(select(Adapter).where(Adapter.night_id == night.id)).one_or_none()
        if adapter is None or adapter.state != AdapterState.TAINTED:
            leases.release(session, night)
            return None
    return _finish(school, night, Work.DONE, Outcome("tainted", adapter.name, {"reason": "a lesson was forgotten meanwhile"}))


def _finish(school: School, night: Night, state: Work, outcome: Outcome) -> Night | None:
    """Write the verdict, and for a nightly night what is to be said in the morning, in one transaction."""
    with school.database.write() as session:
        values = {"verdict": outcome.verdict, "report_card": outcome.report_card, "error": outcome.report_card.get("reason") if state == Work.FAILED else None}
        if not leases.finish(session, night, state, **values):
            return None
        logger.info("%s night %s of channel %s: %s %s", night.kind, night.date, night.channel_id, outcome.verdict, outcome.adapter or "")
        if outcome.verdict in ("promoted", "held") and night.kind != "forget":
            text = report.as_text(outcome.adapter or "", outcome.verdict, outcome.report_card)
            session.add(Announcement(channel_id=night.channel_id, key=f"night-{night.id}", text=text))
        return session.get_one(Night, night.id, populate_existing=True)
