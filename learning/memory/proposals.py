"""Lessons noticed in messages: proposed, approved or dismissed, and tied to their messages: what happens to those happens to them."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from learning.database import Database, add_missing, add_once
from learning.memory import channels, lessons, noticing, people, recall
from learning.memory.noticing import Notice, Remark
from learning.memory.words import digest
from learning.records import Channel, Lesson, LessonSource, LessonStatus, Message, Reaction, Tombstone, Workspace

AT_ONCE = 500  # messages looked at in one transaction, with the rest of their threads
_ACTIVE = (LessonStatus.PROPOSED, *lessons.IN_FORCE)


def observe(database: Database, channel: Channel, rewrite: noticing.Rewrite = noticing.by_rules) -> list[Lesson]:
    """Look through the messages that are new or changed since the last time, and propose what they teach."""
    proposed: list[Lesson] = []
    while True:
        with database.read() as session:
            threads = list(_unexamined(session, channel))
            setting = _setting(session, channel)
        if not threads:
            return proposed
        notices = [notice for thread in threads for notice in rewrite(thread, setting)]  # a model may be asked: not inside a transaction
        with database.write() as session:
            proposed += propose(session, channel, notices)
            seen = [remark.ts for thread in threads for remark in thread]
            session.execute(update(Message).where(Message.channel_id == channel.id, Message.ts.in_(seen)).values(examined=True))


def propose(session: Session, channel: Channel, notices: Iterable[Notice], status: LessonStatus = LessonStatus.PROPOSED) -> list[Lesson]:
    """Write down what was noticed, unless it is known, was dismissed, or was forgotten."""
    made = []
    for notice in notices:
        content = digest(f"{notice.question} {notice.text}" if notice.question else notice.text)
        known = select(Lesson.id).where(Lesson.channel_id == channel.id, Lesson.digest == content, Lesson.status.in_(_ACTIVE))
        buried = Tombstone.source_ts.in_(notice.sources) | (Tombstone.salted_digest == lessons.salted(channel, content))
        if session.scalars(known).first() or session.scalars(select(Tombstone.id).where(Tombstone.channel_id == channel.id, buried)).first():
            continue
        new = add_once(
            session, Lesson, channel_id=channel.id, text=notice.text, question=notice.question, digest=content, author=notice.author, origin=notice.rule,
            status=status, source_ts=notice.sources[0], permalink=_permalink(session, channel, notice.sources[0]), valid_until=notice.valid_until,
        )  # fmt: skip
        if new:
            lesson = session.scalars(select(Lesson).where(Lesson.channel_id == channel.id, Lesson.digest == content, Lesson.status == status)).one()
            add_missing(session, LessonSource, [{"lesson_id": lesson.id, "ts": ts} for ts in notice.sources])
            made.append(lesson)
    return made


def pending(session: Session, channel: Channel) -> Sequence[Lesson]:
    """Proposed lessons, oldest first."""
    return session.scalars(select(Lesson).where(Lesson.channel_id == channel.id, Lesson.status == LessonStatus.PROPOSED).order_by(Lesson.id)).all()


def approve(session: Session, channel: Channel, lesson_ids: Sequence[int]) -> list[Lesson]:
    """Let proposed lessons be used, and learned tonight."""
    chosen = [lesson for lesson in pending(session, channel) if lesson.id in set(lesson_ids)]
    for lesson in chosen:
        lesson.status = LessonStatus.APPROVED
        lesson.permalink = lesson.permalink or _permalink(session, channel, lesson.source_ts)
    return chosen


def dismiss(session: Session, channel: Channel, lesson_ids: Sequence[int]) -> list[Lesson]:
    """Drop proposed lessons; the same statement is not proposed again."""
    chosen = [lesson for lesson in pending(session, channel) if lesson.id in set(lesson_ids)]
    for lesson in chosen:
        session.add(Tombstone(channel_id=channel.id, salted_digest=lessons.salted(channel, lesson.digest)))
        _drop(session, lesson)
    return chosen


def drop_all(session: Session, channel: Channel) -> None:
    """No proposal of a channel is left."""
    for lesson in pending(session, channel):
        _drop(session, lesson)


def source_changed(session: Session, channel: Channel, ts: str) -> None:
    """A message was edited: the lessons that rest on it become what it says now, or are forgotten."""
    resting = _resting(session, channel, [ts], _ACTIVE)
    if not resting:
        return
    root = session.scalars(select(func.coalesce(Message.thread_ts, Message.ts)).where(Message.channel_id == channel.id, Message.ts == ts)).one()
    said = [notice for thread in _threads(session, channel, [root]) for notice in noticing.by_rules(thread, _setting(session, channel))]
    about = {digest(f"{n.question} {n.text}" if n.question else n.text): n for n in said if ts in n.sources}
    left = [lesson for lesson in resting if lesson.digest not in about]
    fresh = [notice for content, notice in about.items() if content not in {lesson.digest for lesson in resting}]
    for lesson in left:
        status = LessonStatus.PROPOSED if lesson.status == LessonStatus.PROPOSED else LessonStatus.APPROVED
        notice = _nearest(lesson, fresh)
        if notice:
            fresh.remove(notice)
            lesson.status = LessonStatus.SUPERSEDED
            session.flush()
            made = propose(session, channel, [notice], status)
            lesson.superseded_by = made[0].id if made else None
        else:
            lesson.source_ts = None  # the message stays: only what it no longer says is forgotten
            _withdraw(session, channel, lesson, lesson.author)


def sources_gone(session: Session, channel: Channel, ts: Sequence[str], by: str) -> int:
    """Messages were deleted, or may not be used: the lessons that rest on them are forgotten. How many that were."""
    resting = _resting(session, channel, ts, (LessonStatus.PROPOSED, *lessons.FORGETTABLE))
    for lesson in resting:
        _withdraw(session, channel, lesson, by)
    return len(resting)


def _withdraw(session: Session, channel: Channel, lesson: Lesson, by: str) -> None:
    if lesson.status == LessonStatus.PROPOSED:
        _drop(session, lesson)
    else:
        lessons.forget(session, channel, [lesson.id], by)


def _drop(session: Session, lesson: Lesson) -> None:
    """A proposal that came to nothing leaves no text behind."""
    session.execute(delete(LessonSource).where(LessonSource.lesson_id == lesson.id))
    session.delete(lesson)
    session.flush()


def _resting(session: Session, channel: Channel, ts: Sequence[str], statuses: Sequence[LessonStatus]) -> Sequence[Lesson]:
    on = select(LessonSource.lesson_id).where(LessonSource.ts.in_(ts))
    resting = (Lesson.channel_id == channel.id, Lesson.id.in_(on), Lesson.status.in_(statuses))
    return session.scalars(select(Lesson).where(*resting).order_by(Lesson.id)).all()


def _nearest(lesson: Lesson, notices: Sequence[Notice]) -> Notice | None:
    """Which of several new statements takes a lesson's place: the one that shares most words with it."""
    by_text = {notice.text: notice for notice in notices}
    hits = recall.search([Lesson(id=number, text=text) for number, text in enumerate(by_text)], lesson.text, limit=1)
    return by_text[hits[0].lesson.text] if hits else next(iter(notices), None)


def _unexamined(session: Session, channel: Channel) -> Iterator[list[Remark]]:
    root = func.coalesce(Message.thread_ts, Message.ts)
    waiting = select(root).where(Message.channel_id == channel.id, ~Message.examined).limit(AT_ONCE)
    return _threads(session, channel, sorted(set(session.scalars(waiting))))


def _threads(session: Session, channel: Channel, roots: Sequence[str]) -> Iterator[list[Remark]]:
    """Threads with their reactions, oldest first; a message without replies is a thread of one."""
    within = (Message.channel_id == channel.id, Message.ts.in_(roots) | Message.thread_ts.in_(roots))
    messages = session.scalars(select(Message).where(*within).order_by(Message.ts)).all()
    given: dict[str, dict[str, set[str]]] = {}
    for reaction in session.scalars(select(Reaction).where(Reaction.channel_id == channel.id, Reaction.ts.in_([m.ts for m in messages]))):
        given.setdefault(reaction.ts, {}).setdefault(reaction.emoji, set()).add(reaction.author)
    threads: dict[str, list[Remark]] = {}
    for m in messages:
        threads.setdefault(m.thread_ts or m.ts, []).append(Remark(m.ts, m.author, m.text, m.is_bot, given.get(m.ts, {})))
    yield from threads.values()


def _setting(session: Session, channel: Channel) -> noticing.Setting:
    return noticing.Setting(people.names(session, channel.team_id), channels.clock(session, channel))


def _permalink(session: Session, channel: Channel, ts: str | None) -> str | None:
    """A link to a message, as Slack forms it, once the workspace's address is known."""
    workspace = session.get(Workspace, channel.team_id)
    return f"{workspace.url}archives/{channel.slack_id}/p{ts.replace('.', '')}" if workspace and workspace.url and ts else None
