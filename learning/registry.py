"""Adapter versions: which of them serves, and may. Promotion, rollback and taint are one transaction each."""

from collections.abc import Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from learning.errors import RegistryError
from learning.records import UNFINISHED, Adapter, AdapterLesson, AdapterState, Channel, Forgetting, Lesson, LessonStatus, Night, now

KEPT = 7  # versions of a channel that served, beside the one that does, and as many that were held: a week of nights


def serving(session: Session, channel: Channel) -> Adapter | None:
    """The adapter that answers for the channel now."""
    return session.scalars(select(Adapter).where(Adapter.channel_id == channel.id, Adapter.state == AdapterState.SERVING)).one_or_none()


def able_to_answer(session: Session, channel: Channel, began_with: str = "") -> list[Adapter]:
    """Versions by whom to answer, in this order: the one that a conversation began with, the serving one, then those before it, the newest first.

    None of them is tainted, or one that people went back from. Whether their files are whole is not looked at.
    """
    now = serving(session, channel)
    served = [*([now] if now else []), *_retired(session, channel)]
    return list(dict.fromkeys([*(a for a in served if a.name == began_with), *(a for a in served if now and a.version <= now.version)]))


def versions(session: Session, channel: Channel) -> list[Adapter]:
    """All versions of a channel, newest first."""
    return list(session.scalars(select(Adapter).where(Adapter.channel_id == channel.id).order_by(Adapter.version.desc())))


def most_learned(session: Session, channel: Channel) -> int:
    """How many lessons the latest version learned that ever served, whatever became of it."""
    latest = next((a for a in versions(session, channel) if a.served_at), None)
    return len(lesson_ids(session, latest)) if latest else 0


def ever_served(session: Session, channel: Channel, base_hash: str) -> bool:
    """Did any version on this base model ever serve?"""
    return any(a.served_at and a.base_hash == base_hash for a in versions(session, channel))


def _retired(session: Session, channel: Channel) -> list[Adapter]:
    """Versions that served once and may again, newest first."""
    rejected = gone_back_from(session, channel)
    return [a for a in versions(session, channel) if a.state == AdapterState.RETIRED and a not in rejected]


def _before(session: Session, channel: Channel, current: Adapter | None) -> Adapter | None:
    """The newest version that may serve before one, of its base model: one of another says nothing. Without one, the newest of all."""
    return next((a for a in _retired(session, channel) if not current or (a.version < current.version and a.base_hash == current.base_hash)), None)


def gone_back_from(session: Session, channel: Channel) -> list[Adapter]:
    """Versions that people rejected: an earlier one has served since."""
    every = versions(session, channel)
    served = [(a.version, a.served_at) for a in every if a.served_at]
    return [a for a in every if a.state == AdapterState.RETIRED and a.served_at and any(v < a.version and at > a.served_at for v, at in served)]


def tried(session: Session, channel: Channel) -> list[Adapter]:
    """What needs no second training: the adapter that serves, those that did not pass, and those that people went back from."""
    now, same = serving(session, channel), (AdapterState.SERVING, AdapterState.HELD)
    rejected = (a for a in gone_back_from(session, channel) if now and a.version > now.version)  # what replaced an older one may have to give way to its like
    return [*(a for a in versions(session, channel) if a.state in same), *rejected]


def lesson_ids(session: Session, adapter: Adapter) -> set[int]:
    """The lineage of an adapter."""
    return set(session.scalars(select(AdapterLesson.lesson_id).where(AdapterLesson.adapter_id == adapter.id)))


def candidate_name(session: Session, night: Night) -> str | None:
    """The name of the adapter that a night trained, if it came to that."""
    return session.scalars(select(Adapter.name).where(Adapter.night_id == night.id).order_by(Adapter.version.desc())).first()


def tainted_candidate(session: Session, night: Night) -> str | None:
    """The name of the adapter that a night makes, where a forgetting came in between; what it had tried before does not count."""
    newest = session.scalars(select(Adapter).where(Adapter.night_id == night.id).order_by(Adapter.version.desc())).first()
    return newest.name if newest and newest.state == AdapterState.TAINTED else None


def reserve(session: Session, channel: Channel, night: Night, base_hash: str, lessons: Sequence[Lesson], studied: str) -> Adapter:
    """The night's candidate, with its lineage. A resumed night gets the one that it had, unless what is `studied` has changed: names are immutable.

    Candidates that came to nothing, of this night or of one that failed, are let go.
    """
    wanted = {lesson.id for lesson in lessons}
    for earlier in versions(session, channel):
        if earlier.state == AdapterState.CANDIDATE:
            if earlier.night_id == night.id and lesson_ids(session, earlier) == wanted and (earlier.base_hash, earlier.studied) == (base_hash, studied):
                return earlier
            if earlier.night_id == night.id or session.get_one(Night, earlier.night_id).state not in UNFINISHED:
                earlier.state = AdapterState.PRUNED
    version = 1 + (session.scalar(select(func.max(Adapter.version)).where(Adapter.channel_id == channel.id)) or 0)
    made = {"channel_id": channel.id, "night_id": night.id, "version": version, "name": _free_name(session, channel, version)}
    candidate = Adapter(**made, base_hash=base_hash, studied=studied)
    session.add(candidate)
    session.flush()
    session.add_all(AdapterLesson(adapter_id=candidate.id, lesson_id=lesson_id) for lesson_id in sorted(wanted))
    return candidate


def _free_name(session: Session, channel: Channel, version: int) -> str:
    """`CHANNEL@vN`; with the workspace before it where two workspaces have a channel of the same id."""
    name = f"{channel.slack_id}@v{version}"
    taken = session.scalars(select(Adapter.id).where(Adapter.name == name)).first()
    return f"{channel.team_id}-{name}" if taken else name


def promote(session: Session, adapter: Adapter, proven: set[int]) -> bool:
    """Let a candidate serve; `proven` are the lessons that its exam found known. False, and nothing done, when it was tainted meanwhile."""
    if not _clean(session, adapter):
        return False
    _prove(session, adapter, proven)
    _serve(session, session.get_one(Channel, adapter.channel_id), adapter)
    for lesson in session.scalars(select(Lesson).where(Lesson.id.in_(proven), Lesson.status == LessonStatus.APPROVED)):
        lesson.status = LessonStatus.LEARNED
    return True


def hold(session: Session, adapter: Adapter, proven: set[int]) -> bool:
    """Keep a candidate that did not pass from serving; what it knows counts once somebody lets it serve. False when it was tainted meanwhile."""
    if not _clean(session, adapter):
        return False
    _prove(session, adapter, proven)
    adapter.state = AdapterState.HELD
    return True


def _prove(session: Session, adapter: Adapter, proven: set[int]) -> None:
    for link in session.scalars(select(AdapterLesson).where(AdapterLesson.adapter_id == adapter.id)):
        link.proven = link.lesson_id in proven


def earlier(session: Session, channel: Channel) -> Adapter | None:
    """The newest version before the one that serves; without one that serves, the newest. None of those that people went back from."""
    return _before(session, channel, serving(session, channel))


def rollback(session: Session, channel: Channel, version: int | None = None, held: bool = False) -> Adapter:
    """Serve the newest earlier version, or the newest one that was `held`; or `version`, which was held only where that is said.

    Within `channels.lock`. Raises RegistryError when it may not.
    """
    every = versions(session, channel)
    if version is None:
        chosen = next((a for a in every if a.state == AdapterState.HELD), None) if held else earlier(session, channel)
    else:
        chosen = next((a for a in every if a.version == version and a.state in (AdapterState.RETIRED, *([AdapterState.HELD] if held else []))), None)
    current = serving(session, channel)
    if chosen and current and chosen.version < current.version and chosen.base_hash != current.base_hash:
        raise RegistryError(f"v{chosen.version} was trained for another base model: it can answer nothing now.")
    if chosen is None or not _clean(session, chosen):
        known = ", ".join(f"v{a.version} ({a.state})" for a in versions(session, channel)) or "none"
        raise RegistryError(f"no such version to go back to; this channel has: {known}.")
    _serve(session, channel, chosen)
    return chosen


def _clean(session: Session, adapter: Adapter) -> bool:
    """Is the adapter free of anything forgotten, and its folder there? Looked up under a lock, for a forgetting may have come in between."""
    session.flush()
    session.refresh(adapter, with_for_update=True)
    forgotten = select(Lesson.id).where(Lesson.id.in_(lesson_ids(session, adapter)), Lesson.status == LessonStatus.FORGOTTEN)
    if adapter.state != AdapterState.TAINTED and session.scalars(forgotten).first():
        adapter.state = AdapterState.TAINTED
    return adapter.state not in (AdapterState.TAINTED, AdapterState.PRUNED)


def taint(session: Session, channel: Channel, lessons: Sequence[int]) -> list[str]:
    """Stop every adapter whose lineage holds one of the lessons, at once; the newest clean one before it serves, but for those that people went back from.
    Returns the names of those that might have answered.

    One that was pruned has no files any more, but an engine may still hold it in memory.
    """
    holding = select(AdapterLesson.adapter_id).where(AdapterLesson.lesson_id.in_(lessons))
    tainted = session.scalars(select(Adapter).where(Adapter.id.in_(holding), Adapter.state != AdapterState.TAINTED)).all()
    current = serving(session, channel)
    stopped = [adapter.name for adapter in tainted if adapter.state != AdapterState.PRUNED]
    for adapter in tainted:
        adapter.state = AdapterState.TAINTED
    session.flush()
    if serving(session, channel) is None and (older := _before(session, channel, current)):
        _serve(session, channel, older)
    return stopped


def nights_gone(channel: Channel) -> Select[int]:
    """Ids of nights of which no version is left."""
    gone = Adapter.state.in_((AdapterState.PRUNED, AdapterState.TAINTED))
    left = select(Adapter.night_id).where(Adapter.channel_id == channel.id, ~gone)
    return select(Adapter.night_id).where(Adapter.channel_id == channel.id, gone, Adapter.night_id.not_in(left))


def being_rebuilt(session: Session, channel: Channel) -> list[str]:
    """Adapters that an earlier, unfinished request stopped already: they may hold this lesson too."""
    unfinished = select(Forgetting).where(Forgetting.channel_id == channel.id, Forgetting.finished_at.is_(None))
    return sorted({name for request in session.scalars(unfinished) for name in (request.receipt or {}).get("tainted", [])})


def prune(session: Session, channel: Channel) -> list[Adapter]:
    """Let go of versions that are not served, but for the latest of those that did and of those that never passed: one can roll back to these. All whose
    files may be discarded, earlier ones included."""
    for state in (AdapterState.RETIRED, AdapterState.HELD):
        idle = [adapter for adapter in versions(session, channel) if adapter.state == state]
        for adapter in sorted(idle, key=lambda adapter: adapter.served_at or adapter.created_at, reverse=True)[KEPT:]:
            adapter.state = AdapterState.PRUNED
    return [a for a in versions(session, channel) if a.state == AdapterState.PRUNED]


def _serve(session: Session, channel: Channel, adapter: Adapter) -> None:
    current = serving(session, channel)
    if current and current.id != adapter.id:
        current.state = AdapterState.RETIRED
        session.flush()  # at most one row serves: the old one leaves before the new one comes
    adapter.state, adapter.served_at = AdapterState.SERVING, now()
    session.flush()
