"""Erasing what was forgotten: the texts of lessons, what they rest on, and whatever repeats them."""

import hashlib
import html
import re
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Select, select, union, update
from sqlalchemy.orm import Session

from learning.memory import caches, log, notes, wondering
from learning.memory.words import normalised, stems, words
from learning.records import Announcement, Channel, Lesson, LessonSource, LessonStatus, Message, Person, Question, Tombstone

_MARKUP = re.compile(r"<(?:[^<>|]*\|)?(?:mailto:)?([^<>|]*)>")  # a link in Slack's markup, shown by its label
_EMPHASIS = re.compile(r"(?<!\w)[*_~`]+|(?<![*_~`])[*_~`]+(?!\w)")
GONE = (LessonStatus.FORGOTTEN, LessonStatus.SUPERSEDED)


def unerased(session: Session, channel: Channel) -> list[Lesson]:
    """Forgotten lessons whose text is still there, for the exam of the adapter that is rebuilt without them."""
    return list(session.scalars(select(Lesson).where(Lesson.channel_id == channel.id, Lesson.status == LessonStatus.FORGOTTEN, Lesson.text != "")))


def erase(session: Session, channel: Channel, lesson_ids: Sequence[int]) -> None:
    """Remove the texts of forgotten lessons, here and in the log, and whatever restates them, also in direct messages, where they may have been answered.

    Rows and tombstones stay, without content; so do messages that say what was taught anew meanwhile.
    """
    asides = (Channel.team_id == channel.team_id, Channel.is_direct, Channel.id != channel.id)
    replies = _replies(session, [channel, *session.scalars(select(Channel).where(*asides))])
    anew = set(session.scalars(select(Lesson.digest).where(Lesson.channel_id == channel.id, Lesson.status.not_in(GONE))))
    for lesson in session.scalars(select(Lesson).where(Lesson.id.in_(lesson_ids), Lesson.status == LessonStatus.FORGOTTEN)):
        answers = replies.get(lesson.id, ())
        sources = (*sources_of(session, lesson), lesson.post_ts, *(ts for room, ts in answers if room == channel.id))
        if lesson.digest not in anew:
            for source_ts in _erase_said(session, channel, sources, lesson):
                session.add(Tombstone(channel_id=channel.id, source_ts=source_ts, salted_digest=""))
            told = {room for room, _ in answers} - {channel.id}
            for aside in session.scalars(select(Channel).where(*asides, Channel.id.in_(told) | Channel.id.in_(_rooms(lesson.text)))):
                for source_ts in _erase_said(session, aside, [ts for room, ts in answers if room == aside.id], lesson):
                    session.add(Tombstone(channel_id=aside.id, source_ts=source_ts, salted_digest=""))
        blank(session, lesson)
    wondering.tidy(session, channel)
    caches.let_go()


def erase_all(session: Session, channel: Channel) -> None:
    """Remove the text of everything that was said in a channel."""
    for table in (Message, Question):
        session.execute(update(table).where(table.channel_id == channel.id).values(text=""))


def blank(session: Session, lesson: Lesson) -> None:
    """Take the words out of a lesson's row, and out of the bot's own notes of it."""
    session.execute(update(Announcement).where(Announcement.lesson_id == lesson.id).values(text=notes.REDACTED))
    lesson.text, lesson.question, lesson.digest, lesson.permalink = "", None, f"erased-{lesson.id}", None


def sources_of(session: Session, lesson: Lesson) -> list[str]:
    """The ts of all messages that a lesson rests on."""
    resting = session.scalars(select(LessonSource.ts).where(LessonSource.lesson_id == lesson.id))
    return sorted({*resting, *([lesson.source_ts] if lesson.source_ts else [])})


def salted(channel: Channel, content: str) -> str:
    """A digest that tells nothing outside this channel."""
    return hashlib.sha256(f"{channel.salt}{content}".encode()).hexdigest()


def _erase_said(session: Session, channel: Channel, sources: Sequence[str | None], lesson: Lesson) -> list[str]:
    """Forget what source messages said, and every message that repeats a lesson, the bot's own answers and open questions among them.

    Returns the ts of each. It does not claim that anybody deleted them in Slack.
    """
    named = select(Person.slack_id, Person.name).where(Person.team_id == channel.team_id, Person.name != "")
    names = {row.slack_id: row.name for row in session.execute(named)}
    statement = _bare(lesson.text)
    said = re.compile(rf"(?<!\w){re.escape(statement)}(?!\w)")
    says_much = len(words(statement)) > 1 or not statement.isascii()  # else it would be found in what says something else
    asked, held = set(stems(lesson.question or "")), _plain_words(lesson.text, names.values())

    def repeats(text: str) -> bool:
        low = text.casefold()
        if not all(word in low for word in held):  # most messages, and soon told
            return False
        forms = (_bare(text), _bare(shown(text, names)))  # a question is kept as people read it, a message with its markup
        return any(form == statement or ((says_much or (asked and asked <= set(stems(form)))) and said.search(form)) for form in forms)

    there = [source for source in sources if source]
    rarest = max(held, key=len, default="")
    erased: dict[type[Message | Question], list[str]] = {}
    for table in (Message, Question):  # columns, not rows: in a large channel many hold that word
        near = table.ts.in_(there) | table.text.icontains(rarest, autoescape=True)
        said_there = session.execute(select(table.ts, table.text).where(table.channel_id == channel.id, table.text != "", near))
        erased[table] = [ts for ts, text in said_there if ts in there or repeats(text)]
        for some in log.batched(erased[table]):
            session.execute(update(table).where(table.channel_id == channel.id, table.ts.in_(some)).values(text=""))
    log.unstudy(session, channel.id)
    return erased[Message]


def shown(text: str, names: Mapping[str, str]) -> str:
    """A message as it is read: people by name, links by their label."""

    def label(match: re.Match[str]) -> str:
        return names.get(match[1][1:], match[1]) if match[1].startswith("@") else match[1]

    return html.unescape(_MARKUP.sub(label, text))


def _bare(text: str) -> str:
    return normalised(_EMPHASIS.sub("", text))


def _plain_words(statement: str, names: Iterable[str] = ()) -> list[str]:
    """Its words that are no parts of names, as people may be mentioned. By the longest, those few messages are found, of ten thousands, that may repeat it."""
    of_people = {part.lower() for name in names for part in re.findall(r"[A-Za-z0-9]{2,}", name)}
    return [word for found in re.findall(r"[A-Za-z0-9]{2,}", statement) if (word := found.lower()) not in of_people]  # no database knows "ß" as "ss"


def _rooms(statement: str) -> Select[tuple[int]]:
    """Ids of the channels where something was said, or asked, that may repeat a statement."""
    rarest = max(_plain_words(statement), key=len, default="")
    said, asked = (select(table.channel_id).where(table.text.icontains(rarest, autoescape=True)) for table in (Message, Question))
    return select(union(said, asked).subquery().c.channel_id)


def _replies(session: Session, rooms: Sequence[Channel]) -> dict[int, list[tuple[int, str]]]:
    """The bot's answers, by the lessons that they rest on: the ids of their channels, and their ts. They may say it in words of their own; so may those
    who asked to forget it."""
    answered = (Question.channel_id.in_([room.id for room in rooms]), Question.reply_ts.is_not(None))
    given: dict[int, list[tuple[int, str]]] = {}
    for room, ts, asked, answer in session.execute(select(Question.channel_id, Question.reply_ts, Question.ts, Question.answer).where(*answered)):
        for lesson_id in (answer or {}).get("lessons", ()):
            given.setdefault(lesson_id, []).extend((room, each) for each in ([ts, asked] if answer.get("how") == "asked_back" else [ts]))
    return given
