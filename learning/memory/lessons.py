"""Lessons: teach, supersede, forget; which of them hold."""

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from learning import registry
from learning.database import add_once
from learning.memory import approval, caches, channels, erasing, notes, replacing, tellings, wondering
from learning.memory.statements import told
from learning.memory.words import digest
from learning.records import Adapter, AdapterLesson, AdapterState, Announcement, Channel, Forgetting, Lesson, LessonStatus, Tombstone, now

IN_FORCE = (LessonStatus.APPROVED, LessonStatus.LEARNED, LessonStatus.EXTERNAL)
FORGETTABLE = (*IN_FORCE, LessonStatus.SUPERSEDED, LessonStatus.PROPOSED)  # what was replaced may still be in the weights


def teach(
    session: Session,
    channel: Channel,
    text: str,
    author: str,
    source_ts: str | None = None,
    permalink: str | None = None,
    admin: bool = False,
    propose: bool = False,
    at: datetime | None = None,
) -> Lesson:
    """Take a statement, or `Q: … A: …`, said `at` some time, if not now. Teaching the same twice gives the same lesson. Where the channel wants it, or it is
    only to `propose`, somebody else has to approve it first, unless an admin teaches. Raises LessonError."""
    question, dated = told(text, channels.day_of(session, channel, source_ts, at))
    statement = dated.text
    settled = not propose and (admin or not author.startswith(("U", "W")) or approval.policy(channel) == "open")  # whoever is at the command line may do all
    channels.lock(session, channel)
    content = digest(f"{question} {statement}" if question else statement)
    row: dict[str, Any] = {"text": statement, "question": question, "digest": content, "author": author, "source_ts": source_ts, "permalink": permalink}
    row |= {"channel_id": channel.id, "valid_until": dated.until, "status": LessonStatus.APPROVED if settled else LessonStatus.PROPOSED}
    row |= {"created_at": at or now()}
    known = select(Lesson).where(Lesson.channel_id == channel.id, Lesson.digest == content, Lesson.status.in_((LessonStatus.PROPOSED, *IN_FORCE)))
    if session.scalars(known).first() is None:  # the same again, as after a cut, is no flood
        approval.assert_no_flood(session, channel, author)
    if not add_once(session, Lesson, **row):
        _again(session, channel, session.scalars(known).one(), row, settled)
    lesson = session.scalars(known).one()
    if lesson.status != LessonStatus.PROPOSED and not (at and _belated(session, channel, lesson, at)):
        supersede(session, channel, lesson)
    return lesson


def _belated(session: Session, channel: Channel, lesson: Lesson, at: datetime) -> bool:
    """Was something taught after a lesson was said that takes its place, though it was taken before?"""
    alike = session.info.get("alike")
    later = [each for each in in_force(session, channel) if each.created_at > at and each.id != lesson.id]
    heir = next((each for each in later if alike and replacing.certainty(each, lesson, alike) >= replacing.REPLACES), None)
    return bool(heir and set_aside(heir, [lesson]))


def _again(session: Session, channel: Channel, lesson: Lesson, row: dict[str, Any], settled: bool) -> None:
    """A known lesson is taught again. Where that is `settled`, a proposal becomes approved, and what had expired gets its new end.

    It is stored anew, and the old row superseded, where a newer lesson contradicts it or it is written otherwise now.
    """
    over = lesson.valid_until is not None and lesson.valid_until < channels.day_of(session, channel)
    if settled:
        if lesson.status == LessonStatus.PROPOSED:
            lesson.status, lesson.approved_at = LessonStatus.APPROVED, now()
            notes.tell_settled(session, lesson)
        if over:
            lesson.valid_until = row["valid_until"]  # unless it names the day itself
        anew = bool(_newer(session, channel, lesson, replacing.PERHAPS)) or _written(lesson.text) != _written(row["text"])
    else:
        anew = over and lesson.status != LessonStatus.PROPOSED  # somebody has to approve that it holds again
        if over and not anew:
            lesson.valid_until = row["valid_until"]
    if anew:
        lesson.status = LessonStatus.SUPERSEDED  # by itself
        session.flush()
        add_once(session, Lesson, **row)


def _written(text: str) -> str:
    """As it is written but for how it begins and ends: of a code, a password, a path, case is a part."""
    return " ".join(text.split())[1:].rstrip(" .!")


def supersede(session: Session, channel: Channel, new: Lesson) -> list[Lesson]:
    """Put a lesson in the place of the older ones that say something else of the same subject. They are no longer in force; the next night unlearns them."""
    return set_aside(new, _older(session, channel, new, replacing.REPLACES))


def contradicting(session: Session, channel: Channel, new: Lesson) -> list[Lesson]:
    """Older lessons in force that a lesson may replace: somebody has to say."""
    return _older(session, channel, new, replacing.PERHAPS)


def _older(session: Session, channel: Channel, new: Lesson, least: float) -> list[Lesson]:
    """Lessons in force that `new` replaces with at least this certainty. One that holds longer than `new` stays: `new` is preferred only until it ends."""
    session.flush()
    alike = session.info.get("alike")
    older = replacing.replaced_by(new, in_force(session, channel), alike, least) if alike else []
    return [old for old in older if not replacing.outlives(old, new)]


def _newer(session: Session, channel: Channel, old: Lesson, least: float) -> Lesson | None:
    session.flush()
    alike = session.info.get("alike")
    return replacing.successor(old, in_force(session, channel), alike, least) if alike else None


def set_aside(new: Lesson, older: list[Lesson]) -> list[Lesson]:
    """Mark older lessons as superseded by a new one. Returns them."""
    for old in older:
        old.status, old.superseded_by = LessonStatus.SUPERSEDED, new.id
    return older


def replaced(session: Session, lesson: Lesson) -> list[Lesson]:
    """What a lesson has replaced."""
    return list(session.scalars(select(Lesson).where(Lesson.superseded_by == lesson.id, Lesson.status == LessonStatus.SUPERSEDED).order_by(Lesson.id)))


def in_force(session: Session, channel: Channel) -> list[Lesson]:
    """Lessons that the channel should know now, oldest first: not pending, not replaced, not forgotten, not expired."""
    return list(session.scalars(select(Lesson).where(*_standing(session, channel)).order_by(Lesson.id)))


def _standing(session: Session, channel: Channel) -> tuple[ColumnElement[bool], ...]:
    return Lesson.channel_id == channel.id, Lesson.status.in_(IN_FORCE), unexpired(session, channel)


def unexpired(session: Session, channel: Channel) -> ColumnElement[bool]:
    """What holds for good, or today by the channel's clock."""
    return Lesson.valid_until.is_(None) | (Lesson.valid_until >= channels.day_of(session, channel))


def stand(session: Session, some: Sequence[Lesson]) -> bool:
    """Are all of these lessons in force, in whatever channel?"""
    wanted = {lesson.id for lesson in some}
    rooms = [session.get_one(Channel, channel_id) for channel_id in {lesson.channel_id for lesson in some}]
    return wanted == {found for room in rooms for found in session.scalars(select(Lesson.id).where(Lesson.id.in_(wanted), *_standing(session, room)))}


def all_kept(session: Session, channel: Channel) -> list[int]:
    """Ids of all lessons whose text is kept, replaced, expired and proposed ones included."""
    return list(session.scalars(select(Lesson.id).where(Lesson.channel_id == channel.id, Lesson.status.in_(FORGETTABLE))))


def unproven(session: Session, channel: Channel) -> list[Lesson]:
    """Lessons in force that the serving adapter is not proven to know."""
    proven = (
        select(AdapterLesson.lesson_id).join(Adapter)
        .where(Adapter.channel_id == channel.id, Adapter.state == AdapterState.SERVING, AdapterLesson.proven)
    )  # fmt: skip
    known = set(session.scalars(proven))
    return [lesson for lesson in in_force(session, channel) if lesson.id not in known]


def forgettable(session: Session, channel: Channel, lesson_ids: Sequence[int]) -> list[Lesson]:
    """Those of some lessons that can be forgotten: in force, replaced, or proposed."""
    wanted = (Lesson.channel_id == channel.id, Lesson.id.in_(lesson_ids), Lesson.status.in_(FORGETTABLE))
    return list(session.scalars(select(Lesson).where(*wanted)))


def forget(session: Session, channel: Channel, lesson_ids: Sequence[int], requested_by: str, bury: bool = True) -> Forgetting | None:
    """Tombstone lessons and stop every adapter that was trained on them; what is left to do is in the returned row.

    All is as if they had never been taught: what they had replaced holds again. None when nothing is left to forget. The texts are erased (erasing.py)
    once no adapter holds them. What is not to `bury` may be noticed again: a message that was edited may be edited back.
    """
    channels.lock(session, channel)
    gone = forgettable(session, channel, lesson_ids)
    if not gone:
        return None
    waited = [lesson for lesson in gone if lesson.status == LessonStatus.PROPOSED]
    for old in (*(old for lesson in gone for old in earlier_wordings(session, lesson)), *_said_before(session, channel, set(gone) - set(waited))):
        gone += [old] if old not in gone else []
    for lesson in gone:
        lesson.status = LessonStatus.FORGOTTEN
        resting: list[str | None] = [*erasing.sources_of(session, lesson)]
        for source_ts in (resting or [None]) if bury else ():
            session.add(Tombstone(channel_id=channel.id, source_ts=source_ts, salted_digest=erasing.salted(channel, lesson.digest)))
        if lesson.post_ts:
            session.add(Announcement(channel_id=channel.id, key=f"redact-{lesson.id}", update_ts=lesson.post_ts, text=notes.REDACTED))
    caches.let_go()
    tellings.forget(session, channel, {lesson.digest for lesson in gone}, lambda at: channels.day_of(session, channel, at=at))
    wondering.tidy(session, channel)
    ids = [lesson.id for lesson in gone]
    notes.unsay(session, ids)
    restored = restore(session, channel, ids)
    tainted = registry.taint(session, channel, ids) or registry.being_rebuilt(session, channel)
    request = Forgetting(
        channel_id=channel.id, requested_by=requested_by, lessons=ids, receipt={"tainted": tainted, "restored": restored, "waited": len(waited)}
    )
    session.add(request)
    session.flush()
    return request


def earlier_wordings(session: Session, lesson: Lesson) -> list[Lesson]:
    """What a message had said before it was edited to say this: it would hold again."""
    before = [old for old in replaced(session, lesson) if old.origin != "taught" and old.source_ts and old.source_ts == lesson.source_ts]
    return [*before, *(older for old in before for older in earlier_wordings(session, old))]


def _said_before(session: Session, channel: Channel, gone: Set[Lesson]) -> list[Lesson]:
    """Replaced lessons that say the same as one of these, which somebody has approved: their text would stay, and be in force again in its turn."""
    replaced = select(Lesson).where(Lesson.channel_id == channel.id, Lesson.status == LessonStatus.SUPERSEDED, Lesson.id.not_in([one.id for one in gone]))
    return [old for old in session.scalars(replaced.order_by(Lesson.id)) if any(replacing.says_the_same(old, one) for one in gone)]


def restore(session: Session, channel: Channel, gone: Sequence[int]) -> int:
    """Lessons that were superseded by ones now gone come into force again, unless a lesson that stays superseded them further along, or contradicts them: that
    one supersedes them instead. Returns how many came back."""
    session.flush()
    older = select(Lesson).where(Lesson.channel_id == channel.id, Lesson.superseded_by.in_(gone), Lesson.status == LessonStatus.SUPERSEDED)
    taken = standing(session, channel)
    restored = []
    for lesson in session.scalars(older.order_by(Lesson.id.desc())):  # of two in the same words the later one counts
        heir = _heir(session, lesson, gone)
        if heir:
            set_aside(heir, [lesson])
        elif lesson.digest not in taken:
            restored.append(lesson)
            taken.add(lesson.digest)
    for lesson in restored:
        lesson.status, lesson.superseded_by = LessonStatus.APPROVED, None
    for old in reversed(restored):
        newer = _newer(session, channel, old, replacing.REPLACES)
        if newer and not replacing.outlives(old, newer):
            set_aside(newer, [old])
    session.flush()
    standing_now = {lesson.id for lesson in in_force(session, channel)}  # not what has expired meanwhile
    return sum(lesson.id in standing_now for lesson in restored)


def standing(session: Session, channel: Channel) -> set[str]:
    """Digests of lessons in force and proposed ones: no other may have one of these."""
    active = Lesson.status.not_in((LessonStatus.FORGOTTEN, LessonStatus.SUPERSEDED))
    return set(session.scalars(select(Lesson.digest).where(Lesson.channel_id == channel.id, active)))


def _heir(session: Session, lesson: Lesson, gone: Sequence[int]) -> Lesson | None:
    """What stays of those that took a lesson's place, one after the other."""
    following: Lesson | None = lesson
    while following and following.superseded_by and (following is lesson or following.id in gone):
        following = session.get(Lesson, following.superseded_by)
    return following if following and following.id not in gone and following.status in (*IN_FORCE, LessonStatus.SUPERSEDED) else None
