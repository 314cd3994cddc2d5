"""What is taught by a command: taken, and told of. Many lessons at once are rows first, so that none is lost to a bot that ends meanwhile."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from slack_sdk.webhook import WebhookClient
from sqlalchemy.orm import Session

from bot import blocks, instructions, mrkdwn
from bot.loop import Loop
from learning import leases
from learning.database import Database
from learning.memory import lessons, notes, settling
from learning.memory.statements import LessonError
from learning.records import Channel, Lesson, Telling, Work

logger = logging.getLogger(__name__)

LEASE = 60.0  # seconds
MOST_ATTEMPTS = 3
GIVEN_UP = "Something is wrong on my side: I could not take these lessons. Teach me them again in a while."
MORE = "That is more than Slack shows at once: `/lessons` lists all."
QUOTED = 60  # characters of a line that could not be taken


@dataclass
class Noting:
    """Takes many lessons told at once, on a thread of its own."""

    database: Database

    def __post_init__(self) -> None:
        self.loop = Loop("noting", self.step, every=LEASE)

    def step(self) -> bool:
        """Take what one command told, if any waits."""
        with self.database.write() as session:
            telling = leases.claim(session, Telling, LEASE)
            if telling is None:
                return False
            channel = session.get_one(Channel, telling.channel_id)
        if telling.generation > MOST_ATTEMPTS:
            self._give_up(telling)
            return True
        try:
            with self.database.read() as session:
                settling.consider(session, channel, *telling.lines)
            with self.database.write() as session:
                if not leases.finish(session, telling, Work.DONE):
                    return True
                text, shown = taught(session, session.get_one(Channel, channel.id), telling.author, telling.lines, telling.admin)
                session.delete(session.get_one(Telling, telling.id))
        except Exception:
            with self.database.write() as session:
                leases.release(session, telling)
            raise
        _say(telling, text, shown)
        return True

    def _give_up(self, telling: Telling) -> None:
        logger.error("what telling %s told is given up after %s tries", telling.id, MOST_ATTEMPTS)
        with self.database.write() as session:
            session.delete(session.get_one(Telling, telling.id))
        _say(telling, GIVEN_UP, [])


def taught(session: Session, channel: Channel, user: str, told: Sequence[str], admin: bool) -> tuple[str, list[blocks.Block]]:
    """Take lessons, and say so; where one takes another's place, or may do so, both are shown. What cannot be taken keeps back no other."""
    made: list[Lesson] = []
    refused: list[tuple[str, list[blocks.Block]]] = []
    for each in told:
        try:
            made.append(lessons.teach(session, channel, each, user, admin=admin))
        except LessonError as error:
            refused.append((f"I could not take{f' “{mrkdwn.escaped(each[:QUOTED])}”' if len(told) > 1 else ' that'}: {error}", []))
    for lesson in made:
        notes.note_taught(session, lesson)
    said = [*(noted(session, channel, lesson) for lesson in made), *refused]
    asking = [block for _, shown in said for block in shown]
    settled = "\n".join(text for text, shown in said if not shown)
    shown = [*asking, *(blocks.sections(settled) if settled else [])]
    if len(shown) > blocks.MOST:
        shown = [*shown[: blocks.MOST - 1], blocks.context(MORE)]
    return "\n".join(text for text, _ in said), shown if asking else []


def noted(session: Session, channel: Channel, lesson: Lesson) -> tuple[str, list[blocks.Block]]:
    """What whoever taught something is told; where it takes another's place, or may do so, with buttons that undo that or do it."""
    said = mrkdwn.escaped(instructions.noted(session, lesson))
    settle = instructions.to_settle(session, lesson)
    return said, blocks.replacing(said, lesson, settle) if settle else []


def _say(telling: Telling, text: str, shown: Sequence[blocks.Block]) -> None:
    """To whoever told it. What was noted is told of in the channel besides, so that an address that is good no longer keeps nothing back."""
    try:
        answer = WebhookClient(telling.respond_to).send(text=text, blocks=shown or None)
    except OSError as error:
        logger.warning("telling %s: %s", telling.id, error)
    else:
        if answer.status_code != 200:
            logger.warning("telling %s: %s", telling.id, answer.body)
