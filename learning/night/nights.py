"""Nights as rows: opened once for each (channel, date, kind, occasion), run under a lease, resumed by whoever finds them abandoned."""

import contextlib
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from learning import leases, registry
from learning.database import add_once
from learning.errors import NightschoolError, TrainingStopped
from learning.memory import channels, lessons, privacy
from learning.model.client import AdapterUnusable, EngineError
from learning.night import calendar
from learning.night.consolidation import consolidate
from learning.night.morning import EVER
from learning.night.outcome import FORGOTTEN, Outcome, conclude, told_at
from learning.night.vigil import Watch, keep
from learning.records import EXAMINED, UNFINISHED, Channel, LessonStatus, Night, Work, now
from learning.school import School

MOST_ATTEMPTS = 5  # of a night whose engine fails
MOST_CUTS = 10  # a new version of the bot cuts nights off, too
REST = timedelta(minutes=1)  # between these, once longer each time: an engine takes a while to start


def open_night(session: Session, channel: Channel, day: date, kind: str, occasion: int = 0) -> Night:
    """The night with this key; made when it is new."""
    add_once(session, Night, channel_id=channel.id, date=day, kind=kind, occasion=occasion)
    same = select(Night).where(Night.channel_id == channel.id, Night.date == day, Night.kind == kind, Night.occasion == occasion)
    return session.scalars(same).one()


def open_another(session: Session, channel: Channel, day: date, kind: str) -> Night:
    """A night that a person asked for: the unfinished one of this day, or one more."""
    same = (Night.channel_id == channel.id, Night.date == day, Night.kind == kind)
    unfinished = session.scalars(select(Night).where(*same, Night.state.in_(UNFINISHED))).first()
    latest = session.scalar(select(func.max(Night.occasion)).where(*same))
    return unfinished or open_night(session, channel, day, kind, 0 if latest is None else latest + 1)


def fall(session: Session, moment: datetime, night_hour: int, day: date | None = None) -> list[int]:
    """Open the night that has begun by each channel's clock; ids of those still to be held, the channel that waited longest first.

    A night that was missed is made up once: the latest one. A channel's first night is the first that begins after it was met. With `day`,
    that night is opened everywhere, whatever the clocks say.
    """
    due: list[tuple[Channel, date]] = []
    for channel in session.scalars(select(Channel).order_by(Channel.id)):
        if (channel.left_at or channel.archived_at) and not lessons.in_force(session, channel):
            continue
        zone = channels.clock(session, channel)
        begun = day or calendar.due(moment, zone, night_hour)
        if day or calendar.begins(begun, zone, night_hour) >= channel.created_at:
            due.append((channel, begun))
    over = _over(session, {begun for _, begun in due})
    studied = _last_studied(session)
    due = sorted((entry for entry in due if (entry[0].id, entry[1]) not in over), key=lambda entry: studied.get(entry[0].id, EVER))
    opened = [_opened(session, channel, begun) for channel, begun in due]
    return [night.id for night in opened if night.state == Work.WAITING]


def _opened(session: Session, channel: Channel, day: date) -> Night:
    night = open_night(session, channel, day, "nightly")
    if night.state == Work.WAITING and (channel.paused_at or channel.left_at or channel.archived_at):
        night.state, night.verdict = Work.SKIPPED, "skipped"  # noted, so that it is not made up at once when its nights are resumed by day
    if night.state == Work.WAITING and not lessons.in_force(session, channel) and privacy.why_not(session, channel):
        night.state, night.verdict = Work.SKIPPED, "skipped"  # noted, so that what is taught by day does not wake this night
    return night


def _over(session: Session, days: set[date]) -> set[tuple[int, date]]:
    """Which nights, of all channels, need nothing more."""
    nights = select(Night).where(Night.kind == "nightly", Night.date.in_(days), Night.state != Work.WAITING)
    return {(night.channel_id, night.date) for night in session.scalars(nights)}


def _last_studied(session: Session) -> dict[int, datetime]:
    """When a night of each channel last came to a candidate."""
    studied = select(Night.channel_id, func.max(Night.finished_at)).where(Night.verdict.in_(EXAMINED)).group_by(Night.channel_id)
    return {channel_id: finished for channel_id, finished in session.execute(studied) if finished}


def abandoned(session: Session) -> list[int]:
    """Nights that wait, or whose worker fell silent; not those that rest."""
    left = session.scalars(select(Night).where(leases.claimable(Night)).order_by(Night.id))
    return [night.id for night in left if not rests(night)]


def rests(night: Night) -> bool:
    """Was a night given back a moment ago, as its engine failed?"""
    return bool(night.state == Work.WAITING and night.heartbeat_at and night.heartbeat_at + night.generation * REST >= now())


def before_others(session: Session) -> list[int]:
    """Nights that were cut off, and those that people asked for: while many channels wait for theirs, they do not go to the end of the queue."""
    cut_off = (Night.state == Work.RUNNING) & (Night.lease_until < now())
    asked_for = (Night.state == Work.WAITING) & (Night.kind == "sleep") & (Night.generation == 0)
    return list(session.scalars(select(Night.id).where(Night.kind.in_(("nightly", "sleep")), cut_off | asked_for).order_by(Night.id)))


def hold_night(school: School, night_id: int, watch: Watch = lambda stage, share: None) -> Night | None:
    """Hold a night if it is free; None when somebody else holds it, or another night of its channel. Raises NightschoolError."""
    night = _claim(school, night_id)
    if night is None:
        return None
    with school.database.read() as session:
        channel = session.get_one(Channel, night.channel_id)
    if _off(school, channel, night) or _left(school, channel, night) or _kills(school, night):
        return _current(school, night)
    try:
        with keep(school.database, night, school.settings.lease_seconds, watch) as vigil:
            consolidate(school, channel, vigil, rebuild=night.kind in ("forget", "reindex"), must_replace=night.kind == "forget")
    except TrainingStopped:
        return _stopped(school, night)
    except BaseException as error:
        reason = _hopeless(night, error)
        if reason:
            _conclude(school, night, Outcome("failed", None, {"reason": reason}))
        else:  # it can be taken again: after an engine's restart, a crash, Ctrl-C
            _release(school, night)
        raise
    return _current(school, night)


def _hopeless(night: Night, error: BaseException) -> str:
    """Why a night is given up; empty where another try may go better."""
    if isinstance(error, NightschoolError) and not isinstance(error, EngineError):
        return str(error)
    if not isinstance(error, Exception) or night.generation < MOST_ATTEMPTS:
        return ""
    if isinstance(error, AdapterUnusable):
        return str(error)
    if isinstance(error, EngineError):
        return "the engine kept failing; see its log"
    return f"it kept failing ({type(error).__name__}); see the worker's log"


def _kills(school: School, night: Night) -> bool:
    """Was a night cut off so often that it must be what ends its worker, as with too little memory? Then it is not tried for ever, before all others."""
    if night.kind == "forget" or night.generation <= MOST_CUTS:  # of a forgetting its request goes on
        return False
    _conclude(school, night, Outcome("failed", None, {"reason": "it was cut off again and again, perhaps by too little memory; see the worker's log"}))
    return True


def _off(school: School, channel: Channel, night: Night) -> bool:
    """Was the channel paused or archived after this night had fallen? Then it is not held."""
    if night.kind != "nightly" or not (channel.paused_at or channel.archived_at):
        return False
    _conclude(school, night, Outcome("skipped", None, {"reason": "its nights are paused" if channel.paused_at else "the channel is archived"}))
    return True


def _left(school: School, channel: Channel, night: Night) -> bool:
    """Did morning come before this night's turn? Then it is left for the next one, and the channel hears of it."""
    if night.kind != "nightly" or night.generation > 1:
        return False
    with school.database.write() as session:
        zone = channels.clock(session, channel)
        studied = {lesson_id for adapter in registry.tried(session, channel) for lesson_id in registry.lesson_ids(session, adapter)}
        waiting = sum(lesson.id not in studied and lesson.status != LessonStatus.EXTERNAL for lesson in lessons.in_force(session, channel))
        if not calendar.too_late(night.created_at, now(), calendar.comes(night.date, zone, school.settings)):
            return False
        conclude(session, night, Outcome("left", None, {"reason": "the night was over before its turn came", "lessons": waiting}))
    return True


def _claim(school: School, night_id: int) -> Night | None:
    """One night of a channel runs at a time."""
    other = aliased(Night)
    busy = select(other.id).where(other.channel_id == Night.channel_id, other.id != Night.id, other.state == Work.RUNNING, other.lease_until >= now())
    with school.database.write() as session:
        session.get(Channel, session.get_one(Night, night_id).channel_id, with_for_update=True)  # two claims of one channel: one after the other
        return leases.claim(session, Night, school.settings.lease_seconds, Night.id == night_id, ~busy.exists())


def _release(school: School, night: Night) -> None:
    with school.database.write() as session:
        leases.release(session, night)


def _stopped(school: School, night: Night) -> Night | None:
    """A night that a forgetting broke is over (the rebuild follows); one whose lease was lost belongs to somebody else."""
    with school.database.read() as session:
        tainted = registry.tainted_candidate(session, night)
    if tainted is None:
        _release(school, night)
        return None
    _conclude(school, night, Outcome("tainted", tainted, {"reason": FORGOTTEN}))
    return _current(school, night)


def _conclude(school: School, night: Night, outcome: Outcome) -> None:
    with contextlib.suppress(TrainingStopped), school.database.write() as session:  # somebody else's by now: nothing to write
        conclude(session, night, outcome, told_at(session, night, school.settings))


def _current(school: School, night: Night) -> Night:
    with school.database.read() as session:
        return session.get_one(Night, night.id)
