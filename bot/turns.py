"""What was said in a thread before a question."""

from collections.abc import Sequence
from itertools import dropwhile

from sqlalchemy.orm import Session

from bot import mrkdwn
from learning.memory import follow_ups, log, people
from learning.memory.words import content_words
from learning.model.rendering import Turn
from learning.records import Channel, Question

MOST = 4  # given to a follow-up


def before(session: Session, channel: Channel, question: Question, ours: str) -> list[Turn]:
    """All of it, as people read it; `ours` is the bot's own id."""
    if not question.thread_ts:
        return []
    called = people.names(session, channel.team_id)
    earlier = [message for message in log.thread(session, channel, question.thread_ts) if message.ts < question.ts and message.text]
    return [Turn("assistant" if message.author == ours or message.is_bot else "user", mrkdwn.plain(message.text, ours, called)) for message in earlier]


def left_to_us(turns: Sequence[Turn]) -> tuple[str, Sequence[Turn]]:
    """Called into a thread of people ("any idea?"), their last question is meant; and the turns before that."""
    own = next((number for number in range(len(turns), 0, -1) if turns[number - 1].role != "user"), 0)  # where what people said since begins
    since = range(len(turns) - 1, own - 1, -1)
    at = next((number for number in since if follow_ups.asks(turns[number].text) and content_words(turns[number].text)), len(turns) - 1)  # not "me too"
    return turns[at].text, turns[:at]


def latest(turns: Sequence[Turn]) -> list[Turn]:
    """The last few, from what a person said: some chat templates refuse to begin otherwise."""
    return list(dropwhile(lambda turn: turn.role != "user", turns[-MOST:]))
