"""Lessons noticed in messages: proposed, approved or dismissed, and tied to their messages: what happens to those happens to them."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from learning.database import Database, add_missing, add_once
from learning.errors import NightschoolError
from learning.memory import channels, erasing, lessons, log, notes, noticing, people
from learning.memory.noticing import Notice, Remark
from learning.memory.words import digest
from learning.records import Announcement, Channel, Lesson, LessonSource, LessonStatus, Message, Reaction, Tombstone, Workspace, now

logger = logging.getLogger(__name__)

May = Callable[[Session, Channel], str]  # why nothing may be learned from a channel's messages; empty when it may
AT_ONCE = 500  # messages looked at in one transaction, with the rest of their threads
ACTIVE = (LessonStatus.PROPOSED, *lessons.IN_FORCE)


def observe(database: Database, channel: Channel, may: May, rewrite: noticing.Rewrite = noticing.by_rules) -> list[Lesson]:
    """Look through the messages that are new or changed since the last time, and propose what they teach, for as long as `may` gives no reason not to.

    A model may be asked, so it happens outside a transaction; what was edited, deleted or silenced meanwhile is looked at again.
    """
    proposed: list[Lesson] = []
    while True:
        with database.read() as session:
            threads = _unexamined(session, channel)
            setting = setting_of(session, channel)
        if not threads:
            return proposed
        noticed = {root: rewritten(rewrite, thread, setting) for root, thread in threads.items()}
        with database.write() as session:
            if may(session, session.get_one(Channel, channel.id)):
                return proposed
            current = threads_of(session, channel, list(threads), lock=True)
            same = [root for root, thread in threads.items() if current.get(root) == thread]
            proposed += propose(session, channel, [notice for root in same for notice in noticed[root]])
            for seen in log.batched(remark.ts for root in same for remark in threads[root]):
                session.execute(update(Message).where(Message.channel_id == channel.id, Message.ts.in_(seen)).values(examined=True))


def rewritten(rewrite: noticing.Rewrite, thread: Sequence[Remark], setting: noticing.Setting) -> Sequence[Notice]:
    """One thread that trips a rule up must not keep the others from being learned."""
    try:
        return rewrite(thread, setting)
    except NightschoolError:
        raise
    except Exception:  # a mistake in a rule: logged whole, for whoever mends it
        logger.exception("a thread of %d messages could not be looked through", len(thread))
        return ()


def propose(session: Session, channel: Channel, notices: Iterable[Notice], status: LessonStatus = LessonStatus.PROPOSED, edited: bool = False) -> list[Lesson]:
    """Write down what was noticed, unless it is known, was dismissed, was forgotten, or is over."""
    made, today = [], now().astimezone(channels.clock(session, channel)).date()
    for notice in notices:
        if notice.valid_until and notice.valid_until < today:
            continue
        content = digest_of(notice)
        stands: ColumnElement[bool] = Lesson.status.in_(ACTIVE)
        if not edited:  # what was replaced is not news because somebody reacts to it
            stands |= (Lesson.status == LessonStatus.SUPERSEDED) & (Lesson.source_ts == notice.sources[0])
        known = select(Lesson.id).where(Lesson.channel_id == channel.id, Lesson.digest == content, stands)
        buried = Tombstone.source_ts.in_(notice.sources) | (Tombstone.salted_digest == erasing.salted(channel, content))
        if session.scalars(known).first() or session.scalars(select(Tombstone.id).where(Tombstone.channel_id == channel.id, buried)).first():
            continue
        new = add_once(
            session, Lesson, channel_id=channel.id, text=notice.text, question=notice.question, digest=content, author=notice.author, origin=notice.rule,
            status=status, source_ts=notice.sources[0], permalink=_permalink(session, channel, notice.sources[0]), valid_until=notice.valid_until,
        )  # fmt: skip
        if new:
            lesson = session.scalars(select(Lesson).where(Lesson.channel_id == channel.id, Lesson.digest == content, Lesson.status == status)).one()
            rest(session, lesson, notice.sources)
            made.append(lesson)
    return made


def rest(session: Session, lesson: Lesson, sources: Sequence[str]) -> None:
    """Tie a lesson to messages (their ts): when they are deleted, or may not be used any more, it is forgotten."""
    add_missing(session, LessonSource, [{"lesson_id": lesson.id, "ts": ts} for ts in sources])


def digest_of(notice: Notice) -> str:
    """Its content id, as that of the lesson that is made of it."""
    return digest(f"{notice.question} {notice.text}" if notice.question else notice.text)


def pending(session: Session, channel: Channel) -> Sequence[Lesson]:
    """Proposed lessons that have not expired, oldest first."""
    proposed = (Lesson.channel_id == channel.id, Lesson.status == LessonStatus.PROPOSED, lessons.unexpired(session, channel))
    return session.scalars(select(Lesson).where(*proposed).order_by(Lesson.id)).all()


def noticed_since(session: Session, channel: Channel, moment: datetime) -> int:
    """How many lessons were proposed from messages since then, and wait."""
    return sum(lesson.origin != "taught" and lesson.created_at >= moment for lesson in pending(session, channel))


def approve(session: Session, channel: Channel, lesson_ids: Sequence[int]) -> list[Lesson]:
    """Let proposed lessons be used, and learned tonight."""
    channels.lock(session, channel)
    chosen = [lesson for lesson in pending(session, channel) if lesson.id in set(lesson_ids)]
    for lesson in chosen:
        lesson.status, lesson.approved_at = LessonStatus.APPROVED, now()
        lesson.permalink = lesson.permalink or _permalink(session, channel, lesson.source_ts)
        lessons.supersede(session, channel, lesson)
        notes.tell_settled(session, lesson)
    return chosen


def dismiss(session: Session, channel: Channel, lesson_ids: Sequence[int]) -> list[Lesson]:
    """Drop proposed lessons; the same statement is not proposed again."""
    channels.lock(session, channel)
    chosen = [lesson for lesson in pending(session, channel) if lesson.id in set(lesson_ids)]
    for lesson in chosen:
        session.add(Tombstone(channel_id=channel.id, salted_digest=erasing.salted(channel, lesson.digest)))
        drop(session, lesson)
    return chosen


def drop_all(session: Session, channel: Channel) -> None:
    """No proposal of a channel is left."""
    for lesson in session.scalars(select(Lesson).where(Lesson.channel_id == channel.id, Lesson.status == LessonStatus.PROPOSED)).all():
        drop(session, lesson)


def sources_gone(session: Session, channel: Channel, ts: Sequence[str], by: str) -> int:
    """Messages were deleted, or may not be used: the lessons that rest on them are forgotten. How many that were."""
    channels.lock(session, channel)
    resting = {x.id: x for some in log.batched(ts) for x in resting_on(session, channel, some, lessons.FORGETTABLE)}
    withdraw(session, channel, list(resting.values()), by)
    return len(resting)


def withdraw(session: Session, channel: Channel, gone: Sequence[Lesson], by: str, bury: bool = True) -> None:
    """Lessons whose messages are gone: proposals leave nothing behind; of all the others one request, so that one rebuild does for all."""
    for lesson in gone:
        if lesson.status == LessonStatus.PROPOSED:
            drop(session, lesson)
    lessons.forget(session, channel, [lesson.id for lesson in gone], by, bury)


def drop(session: Session, lesson: Lesson) -> None:
    """A proposal that came to nothing leaves no text behind; its row stays, so that no other lesson ever has its id."""
    session.execute(delete(LessonSource).where(LessonSource.lesson_id == lesson.id))
    if lesson.post_ts:  # the channel was told that it waits
        add_once(session, Announcement, channel_id=lesson.channel_id, key=f"redact-{lesson.id}", update_ts=lesson.post_ts, text=notes.REDACTED)
    erasing.blank(session, lesson)
    lesson.status, lesson.source_ts = LessonStatus.FORGOTTEN, None
    session.flush()


def resting_on(session: Session, channel: Channel, ts: Sequence[str], statuses: Sequence[LessonStatus]) -> Sequence[Lesson]:
    """The lessons that rest on messages, in the order in which they were made."""
    on = select(LessonSource.lesson_id).where(LessonSource.ts.in_(ts))
    resting = (Lesson.channel_id == channel.id, Lesson.id.in_(on), Lesson.status.in_(statuses))
    return session.scalars(select(Lesson).where(*resting).order_by(Lesson.id)).all()


def _unexamined(session: Session, channel: Channel) -> dict[str, list[Remark]]:
    root = func.coalesce(Message.thread_ts, Message.ts)
    waiting = select(root).where(Message.channel_id == channel.id, ~Message.examined, ~Message.off_record).limit(AT_ONCE)
    return threads_of(session, channel, sorted(set(session.scalars(waiting))))


def threads_of(session: Session, channel: Channel, roots: Sequence[str], lock: bool = False) -> dict[str, list[Remark]]:
    """Threads with their reactions, oldest first, by the ts of their roots, which need not be known; a message without replies is a thread of one.

    Without what is off the record. With `lock`, nobody changes them until the commit.
    """
    within = (Message.channel_id == channel.id, ~Message.off_record, Message.ts.in_(roots) | Message.thread_ts.in_(roots))
    wanted = select(Message).where(*within).order_by(Message.ts)
    messages = session.scalars(wanted.with_for_update() if lock else wanted).all()
    given: dict[str, dict[str, set[str]]] = {}
    for some in log.batched(message.ts for message in messages):
        for reaction in session.scalars(select(Reaction).where(Reaction.channel_id == channel.id, Reaction.ts.in_(some))):
            given.setdefault(reaction.ts, {}).setdefault(reaction.emoji, set()).add(reaction.author)
    threads: dict[str, list[Remark]] = {}
    for m in messages:
        threads.setdefault(m.thread_ts or m.ts, []).append(Remark(m.ts, m.author, m.text, m.is_bot, given.get(m.ts, {})))
    return threads


def setting_of(session: Session, channel: Channel) -> noticing.Setting:
    """Who is who in a channel, and its clock."""
    return noticing.Setting(people.names(session, channel.team_id), channels.clock(session, channel))


def _permalink(session: Session, channel: Channel, ts: str | None) -> str | None:
    """A link to a message, as Slack forms it, once the workspace's address is known."""
    workspace = session.get(Workspace, channel.team_id)
    return f"{workspace.url}archives/{channel.slack_id}/p{ts.replace('.', '')}" if workspace and workspace.url and ts else None
