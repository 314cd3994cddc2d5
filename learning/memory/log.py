"""The conversation log: what people wrote and how they reacted, edits and deletions included. Recording is idempotent."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from learning.memory.words import content_words, normalised
from learning.records import Channel, Message, Question, Reaction, now

_MARKUP = re.compile(r"<(?:[^<>|]*\|)?(?:mailto:)?([^<>|]*)>")  # a link in Slack's markup, shown by its label


@dataclass(frozen=True)
class Utterance:
    """A message as Slack tells of it. `ts` is its id within the channel."""

    ts: str
    author: str
    text: str
    thread_ts: str | None = None
    is_bot: bool = False
    edited_ts: str | None = None


def record(session: Session, channel: Channel, said: Utterance) -> Message:
    """Write or update a message; an older version never replaces a newer one, and what was deleted stays deleted."""
    message = get(session, channel, said.ts)
    if message is None:
        message = Message(channel_id=channel.id, ts=said.ts, thread_ts=said.thread_ts, author=said.author, is_bot=said.is_bot,
                          text=said.text, edited_ts=said.edited_ts)  # fmt: skip
        session.add(message)
        session.flush()
    elif message.deleted_at is None and (said.edited_ts or "") > (message.edited_ts or ""):
        message.text, message.edited_ts = said.text, said.edited_ts
    return message


def get(session: Session, channel: Channel, ts: str) -> Message | None:
    """The message at `ts`."""
    return session.scalars(select(Message).where(Message.channel_id == channel.id, Message.ts == ts)).one_or_none()


def delete_message(session: Session, channel: Channel, ts: str) -> None:
    """Note a deletion: the text goes, the row stays, so that a late edit cannot bring it back."""
    message = get(session, channel, ts)
    if message is None:
        message = Message(channel_id=channel.id, ts=ts, author="", text="")
        session.add(message)
    message.text, message.deleted_at = "", message.deleted_at or now()


def erase(session: Session, channel: Channel, sources: Sequence[str | None], statement: str) -> list[str]:
    """Forget what source messages said, and every message that repeats the statement, the bot's own answers and open questions among them.

    Returns the ts of each. It does not claim that anybody deleted them in Slack.
    """
    said = re.compile(rf"(?<!\w){re.escape(normalised(statement))}(?!\w)") if len(content_words(statement)) > 1 else None

    def repeats(text: str) -> bool:
        return normalised(text) == normalised(statement) or bool(said and said.search(normalised(html.unescape(_MARKUP.sub(r"\1", text)))))

    messages = session.scalars(select(Message).where(Message.channel_id == channel.id, Message.text != ""))
    restating = [message for message in messages if message.ts in sources or repeats(message.text)]
    questions = session.scalars(select(Question).where(Question.channel_id == channel.id, Question.text != ""))
    for message in restating:
        message.text = ""
    for question in questions:
        question.text = "" if repeats(question.text) else question.text
    return [message.ts for message in restating]


def react(session: Session, channel: Channel, ts: str, author: str, emoji: str) -> None:
    """Note a reaction; a second delivery changes nothing."""
    if session.get(Reaction, (channel.id, ts, author, emoji)) is None:
        session.add(Reaction(channel_id=channel.id, ts=ts, author=author, emoji=emoji))


def unreact(session: Session, channel: Channel, ts: str, author: str, emoji: str) -> None:
    """Take a reaction back."""
    same = (Reaction.channel_id == channel.id, Reaction.ts == ts, Reaction.author == author, Reaction.emoji == emoji)
    session.execute(delete(Reaction).where(*same))


def thread(session: Session, channel: Channel, thread_ts: str) -> list[Message]:
    """The messages of a thread that still stand, oldest first."""
    inside = (Message.thread_ts == thread_ts) | (Message.ts == thread_ts)
    stands = (Message.channel_id == channel.id, inside, Message.deleted_at.is_(None))
    return list(session.scalars(select(Message).where(*stands).order_by(Message.ts)))
