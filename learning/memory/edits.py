"""Messages that are edited: what they had taught becomes what they say now, and a value that was taken out is forgotten, exactly."""

import html
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from learning.memory import approval, channels, erasing, lessons, log, noticing, people, proposals, recall, statements, wording
from learning.memory.noticing import Notice
from learning.memory.telling import NUMBER, WHEN, telling
from learning.memory.vocabulary import is_name
from learning.memory.words import stem, stems, values, words
from learning.records import Announcement, Channel, Lesson, LessonSource, LessonStatus, Message

SPELT_ALIKE = 0.8  # a word that is mended, not another
ALIKE = 0.6  # share of its words that an edited statement keeps when it still says the same of most things


def source_changed(session: Session, channel: Channel, ts: str, before: str, may: proposals.May) -> None:
    """A message was edited, which said something else `before`: the lessons that rest on it become what it says now, or are forgotten.

    What says nearly the same takes the place of an approved lesson, and the channel hears of it; what says something else is a proposal, and so is any other
    word where not everybody may teach. Earlier wordings, and what somebody taught from the message, go where they hold a value that was taken out.
    """
    if session.scalars(select(LessonSource.lesson_id).join(Lesson).where(Lesson.channel_id == channel.id, LessonSource.ts == ts)).first() is None:
        return  # chatter, mostly: nobody has to wait for it
    channels.lock(session, channel)
    standing = proposals.resting_on(session, channel, [ts], proposals.ACTIVE)
    resting = [lesson for lesson in standing if lesson.origin != "taught"]  # what somebody taught from a message is their own wording
    earlier = [*(lesson for lesson in standing if lesson not in resting), *proposals.resting_on(session, channel, [ts], [LessonStatus.SUPERSEDED])]
    root = session.scalars(select(func.coalesce(Message.thread_ts, Message.ts)).where(Message.channel_id == channel.id, Message.ts == ts)).one()
    threads = {} if may(session, channel) else proposals.threads_of(session, channel, [root])
    setting = proposals.setting_of(session, channel)
    said = [notice for thread in threads.values() for notice in proposals.rewritten(noticing.by_rules, thread, setting) if ts in notice.sources]
    about = {proposals.digest_of(notice): notice for notice in said}
    fresh = [notice for content, notice in about.items() if content not in {lesson.digest for lesson in resting}]
    now_said = session.scalars(select(Message.text).where(Message.channel_id == channel.id, Message.ts == ts)).one()
    gone = []
    for lesson in resting:
        if lesson.digest in about:
            continue
        notice = _nearest(lesson, fresh)
        if notice:
            fresh.remove(notice)
            _replace(session, channel, lesson, notice)
        else:
            gone.append(lesson)
    taken_out = _taken_out(before, now_said)
    forget_old_wording(session, channel, [*gone, *(lesson for lesson in earlier if not taken_out.isdisjoint(_spelt(lesson.said)))])


def unkept_changed(session: Session, channel: Channel, ts: str, now_said: str) -> None:
    """A message was edited of which something was forgotten, so that its text is not kept: of the other lessons that rest on it those go that hold what neither
    it nor another message says that they rest on."""
    message = log.get(session, channel, ts)
    standing = proposals.resting_on(session, channel, [ts], lessons.FORGETTABLE)
    if not message or not standing:
        return
    names = people.names(session, channel.team_id)
    shown = erasing.shown(now_said, names)
    now_says = f"{shown} {wording.resolve(shown, names.get(message.author, ''), channels.day_of(session, channel, ts)).text}"  # as it would be kept
    gone = []
    for lesson in standing:
        others = [log.get(session, channel, each) for each in erasing.sources_of(session, lesson) if each != ts]
        texts = [erasing.shown(other.text, names) for other in others if other]
        if all(texts) and takes_out(lesson, " ".join([now_says, *texts])):  # of what is not kept, either, nobody can tell
            gone.append(lesson)
    forget_old_wording(session, channel, gone)


def takes_out(lesson: Lesson, now_said: str) -> bool:
    """Does a lesson hold a value, a password, say, that is not in what is said now?"""
    return bool(_taken_out(lesson.said, now_said))


def _taken_out(before: str, now_said: str) -> set[str]:
    """Values that are not said any more. A password may be in small letters: any word that is none of every day, unless it is spelt a little otherwise now."""
    said = set(_spelt(now_said))
    held, plain = {stem(word) for word in said}, [word for word in said if word.isalpha()]
    small = {word.text.casefold() for word in telling(before) if is_name(word.text) and not NUMBER.search(word.text) and not WHEN.search(word.text)}
    gone = {word for word in small - said if stem(word) not in held and not get_close_matches(word, plain, 1, SPELT_ALIKE)}
    return gone | ({value.casefold() for value in values(before)} - said)


def _spelt(text: str) -> list[str]:
    return [word.casefold() for word in words(text)]


def forget_old_wording(session: Session, channel: Channel, gone: Sequence[Lesson]) -> None:
    """The message stays: only what it no longer says is forgotten."""
    gone = [*gone, *(old for lesson in gone for old in lessons.earlier_wordings(session, lesson) if old not in gone)]
    for lesson in gone:
        lesson.source_ts = None
        session.execute(delete(LessonSource).where(LessonSource.lesson_id == lesson.id))
    proposals.withdraw(session, channel, gone, "an edit", bury=False)


def _replace(session: Session, channel: Channel, lesson: Lesson, notice: Notice) -> None:
    if lesson.status == LessonStatus.PROPOSED:  # nobody has approved it: what replaced it may be forgotten, and must not bring it back
        proposals.drop(session, lesson)
        proposals.propose(session, channel, [notice], edited=True)
        return
    unchanged = _spelt(f"{notice.question or ''} {notice.text}") == _spelt(lesson.said)  # but for blanks, points and capitals
    may_change = unchanged or approval.policy(channel) == "open"
    approved = may_change and _alike(lesson.text, notice.text)
    outdated = takes_out(lesson, f"{notice.question or ''} {notice.text}")
    if approved or outdated:  # else what was approved holds until the new wording is
        lesson.status = LessonStatus.SUPERSEDED
    session.flush()
    made = proposals.propose(session, channel, [notice], LessonStatus.APPROVED if approved else LessonStatus.PROPOSED, edited=True)
    same = (Lesson.channel_id == channel.id, Lesson.digest == proposals.digest_of(notice), Lesson.status.in_(proposals.ACTIVE))
    if lesson.status == LessonStatus.SUPERSEDED:
        lesson.superseded_by = session.scalars(select(Lesson.id).where(*same)).first()  # known before, perhaps
    if outdated:  # a password that was taken out, say: exactly, and at once
        forget_old_wording(session, channel, [lesson])
    if made and approved:
        told = f":pencil2: <@{notice.author}> changed what I had learned. I now know: {html.escape(notice.text, quote=False)}"
        session.add(Announcement(channel_id=channel.id, key=f"changed-{made[0].id}", text=told, lesson_id=made[0].id))


def _nearest(lesson: Lesson, notices: Sequence[Notice]) -> Notice | None:
    """Which of several new statements takes a lesson's place: the one that shares most words with it."""
    by_text = {notice.text: notice for notice in notices}
    hits = recall.search([Lesson(id=number, text=text) for number, text in enumerate(by_text)], lesson.text, limit=1)
    return by_text[hits[0].lesson.text] if hits else next(iter(notices), None)


def _alike(one: str, other: str) -> bool:
    """Do two statements say the same of most things?"""
    first, second = set(stems(one)), set(stems(other))
    return len(first & second) >= ALIKE * max(len(first), len(second))


def as_kept(session: Session, channel: Channel, text: str, source_ts: str | None = None) -> str:
    """What would be kept of a statement, and of the question that comes with it; nothing where it cannot be taken."""
    with suppress(statements.LessonError):
        question, dated = statements.told(text, channels.day_of(session, channel, source_ts))
        return f"{question or ''} {dated.text}".strip()
    return ""
