"""Lessons noticed in messages: proposed, approved or dismissed, and tied to their messages: what happens to those happens to them."""

import html
import logging
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from learning.database import Database, add_missing, add_once
from learning.errors import NightschoolError
from learning.memory import approval, channels, erasing, lessons, log, notes, noticing, people, recall
from learning.memory.noticing import Notice, Remark
from learning.memory.words import digest, stems, values, words
from learning.records import Announcement, Channel, Lesson, LessonSource, LessonStatus, Message, Reaction, Tombstone, Workspace, now

logger = logging.getLogger(__name__)

May = Callable[[Session, Channel], str]  # why nothing may be learned from a channel's messages; empty when it may
ALIKE = 0.6  # share of its words that an edited statement keeps when it still says the same of most things
AT_ONCE = 500  # messages looked at in one transaction, with the rest of their threads
_ACTIVE = (LessonStatus.PROPOSED, *lessons.IN_FORCE)


def observe(database: Database, channel: Channel, may: May, rewrite: noticing.Rewrite = noticing.by_rules) -> list[Lesson]:
    """Look through the messages that are new or changed since the last time, and propose what they teach, for as long as `may` gives no reason not to.

    A model may be asked, so it happens outside a transaction; what was edited, deleted or silenced meanwhile is looked at again.
    """
    proposed: list[Lesson] = []
    while True:
        with database.read() as session:
            threads = _unexamined(session, channel)
            setting = _setting(session, channel)
        if not threads:
            return proposed
        noticed = {root: _rewritten(rewrite, thread, setting) for root, thread in threads.items()}
        with database.write() as session:
            if may(session, session.get_one(Channel, channel.id)):
                return proposed
            now = _threads(session, channel, list(threads), lock=True)
            same = [root for root, thread in threads.items() if now.get(root) == thread]
            proposed += propose(session, channel, [notice for root in same for notice in noticed[root]])
            for seen in log.batched(remark.ts for root in same for remark in threads[root]):
                session.execute(update(Message).where(Message.channel_id == channel.id, Message.ts.in_(seen)).values(examined=True))


def _rewritten(rewrite: noticing.Rewrite, thread: Sequence[Remark], setting: noticing.Setting) -> Sequence[Notice]:
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
        content = _content(notice)
        stands: ColumnElement[bool] = Lesson.status.in_(_ACTIVE)
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


def _content(notice: Notice) -> str:
    return digest(f"{notice.question} {notice.text}" if notice.question else notice.text)


def pending(session: Session, channel: Channel) -> Sequence[Lesson]:
    """Proposed lessons, oldest first."""
    return session.scalars(select(Lesson).where(Lesson.channel_id == channel.id, Lesson.status == LessonStatus.PROPOSED).order_by(Lesson.id)).all()


def approve(session: Session, channel: Channel, lesson_ids: Sequence[int]) -> list[Lesson]:
    """Let proposed lessons be used, and learned tonight."""
    channels.lock(session, channel)
    chosen = [lesson for lesson in pending(session, channel) if lesson.id in set(lesson_ids)]
    for lesson in chosen:
        lesson.status = LessonStatus.APPROVED
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
        _drop(session, lesson)
    return chosen


def drop_all(session: Session, channel: Channel) -> None:
    """No proposal of a channel is left."""
    for lesson in pending(session, channel):
        _drop(session, lesson)


def source_changed(session: Session, channel: Channel, ts: str, before: str, may: May) -> None:
    """A message was edited, which said something else `before`: the lessons that rest on it become what it says now, or are forgotten.

    What says nearly the same takes the place of an approved lesson, and the channel hears of it; what says something else is a proposal, and so is another
    value where not everybody may teach. Earlier wordings, and what somebody taught from the message, go where they hold a value that was taken out.
    """
    if session.scalars(select(LessonSource.lesson_id).join(Lesson).where(Lesson.channel_id == channel.id, LessonSource.ts == ts)).first() is None:
        return  # chatter, mostly: nobody has to wait for it
    channels.lock(session, channel)
    standing = _resting(session, channel, [ts], _ACTIVE)
    resting = [lesson for lesson in standing if lesson.origin != "taught"]  # what somebody taught from a message is their own wording
    earlier = [*(lesson for lesson in standing if lesson not in resting), *_resting(session, channel, [ts], [LessonStatus.SUPERSEDED])]
    if not standing and not earlier:
        return
    root = session.scalars(select(func.coalesce(Message.thread_ts, Message.ts)).where(Message.channel_id == channel.id, Message.ts == ts)).one()
    threads = {} if may(session, channel) else _threads(session, channel, [root])
    said = [notice for thread in threads.values() for notice in _rewritten(noticing.by_rules, thread, _setting(session, channel)) if ts in notice.sources]
    about = {_content(notice): notice for notice in said}
    fresh = [notice for content, notice in about.items() if content not in {lesson.digest for lesson in resting}]
    now_said = session.scalars(select(Message.text).where(Message.channel_id == channel.id, Message.ts == ts)).one()
    gone = []
    for lesson in resting:
        if lesson.digest in about:
            continue
        notice = _nearest(lesson, fresh)
        if notice:
            fresh.remove(notice)
            _replace(session, channel, lesson, notice, now_said)
        else:
            gone.append(lesson)
    taken_out = _values(before) - _words(now_said)
    forget_old_wording(session, channel, [*gone, *(lesson for lesson in earlier if taken_out & _values(lesson.said))])


def takes_out(lesson: Lesson, now_said: str) -> bool:
    """Does a lesson hold a value, a password, say, that is not in what is said now?"""
    return not _values(lesson.said) <= _words(now_said)


def _values(text: str) -> set[str]:
    return {value.casefold() for value in values(text)}


def _words(text: str) -> set[str]:
    return {word.casefold() for word in words(text)}


def forget_old_wording(session: Session, channel: Channel, gone: Sequence[Lesson]) -> None:
    """The message stays: only what it no longer says is forgotten."""
    for lesson in gone:
        lesson.source_ts = None
        session.execute(delete(LessonSource).where(LessonSource.lesson_id == lesson.id))
    withdraw(session, channel, gone, "an edit", bury=False)


def _replace(session: Session, channel: Channel, lesson: Lesson, notice: Notice, now_said: str) -> None:
    plain = {word for word in words(now_said) if word.isalpha() and word.islower()}  # capitalised in the notice alone, which begins with it
    may_change = approval.policy(channel) == "open" or _values(notice.text) <= _words(lesson.said) | plain
    approved = lesson.status != LessonStatus.PROPOSED and may_change and _alike(lesson.text, notice.text)
    lesson.status = LessonStatus.SUPERSEDED
    session.flush()
    made = propose(session, channel, [notice], LessonStatus.APPROVED if approved else LessonStatus.PROPOSED, edited=True)
    same = (Lesson.channel_id == channel.id, Lesson.digest == _content(notice), Lesson.status.in_(_ACTIVE))
    lesson.superseded_by = session.scalars(select(Lesson.id).where(*same)).first()  # known before, perhaps
    if takes_out(lesson, notice.text):  # a password that was taken out, say: exactly, and at once
        forget_old_wording(session, channel, [lesson])
    if made and approved:
        told = f":pencil2: <@{notice.author}> changed what I had learned. I now know: {html.escape(notice.text, quote=False)}"
        session.add(Announcement(channel_id=channel.id, key=f"changed-{made[0].id}", text=told, lesson_id=made[0].id))


def sources_gone(session: Session, channel: Channel, ts: Sequence[str], by: str) -> int:
    """Messages were deleted, or may not be used: the lessons that rest on them are forgotten. How many that were."""
    channels.lock(session, channel)
    resting = {x.id: x for some in log.batched(ts) for x in _resting(session, channel, some, lessons.FORGETTABLE)}
    withdraw(session, channel, list(resting.values()), by)
    return len(resting)


def withdraw(session: Session, channel: Channel, gone: Sequence[Lesson], by: str, bury: bool = True) -> None:
    """Lessons whose messages are gone: proposals leave nothing behind; of all the others one request, so that one rebuild does for all."""
    for lesson in gone:
        if lesson.status == LessonStatus.PROPOSED:
            _drop(session, lesson)
    lessons.forget(session, channel, [lesson.id for lesson in gone], by, bury)


def _drop(session: Session, lesson: Lesson) -> None:
    """A proposal that came to nothing leaves no text behind; its row stays, so that no other lesson ever has its id."""
    session.execute(delete(LessonSource).where(LessonSource.lesson_id == lesson.id))
    if lesson.post_ts:  # the channel was told that it waits
        add_once(session, Announcement, channel_id=lesson.channel_id, key=f"redact-{lesson.id}", update_ts=lesson.post_ts, text=notes.REDACTED)
    erasing.blank(session, lesson)
    lesson.status, lesson.source_ts = LessonStatus.FORGOTTEN, None
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


def _alike(one: str, other: str) -> bool:
    """Do two statements say the same of most things?"""
    first, second = set(stems(one)), set(stems(other))
    return len(first & second) >= ALIKE * max(len(first), len(second))


def _unexamined(session: Session, channel: Channel) -> dict[str, list[Remark]]:
    root = func.coalesce(Message.thread_ts, Message.ts)
    waiting = select(root).where(Message.channel_id == channel.id, ~Message.examined, ~Message.off_record).limit(AT_ONCE)
    return _threads(session, channel, sorted(set(session.scalars(waiting))))


def _threads(session: Session, channel: Channel, roots: Sequence[str], lock: bool = False) -> dict[str, list[Remark]]:
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


def _setting(session: Session, channel: Channel) -> noticing.Setting:
    return noticing.Setting(people.names(session, channel.team_id), channels.clock(session, channel))


def _permalink(session: Session, channel: Channel, ts: str | None) -> str | None:
    """A link to a message, as Slack forms it, once the workspace's address is known."""
    workspace = session.get(Workspace, channel.team_id)
    return f"{workspace.url}archives/{channel.slack_id}/p{ts.replace('.', '')}" if workspace and workspace.url and ts else None
