"""What is taught by a command: taken, and told of. Many lessons at once are rows first, so that none is lost to a bot that ends meanwhile."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from bot import blocks, instructions, mrkdwn, outages
from bot.loop import Loop
from bot.membership import trusted
from bot.workspaces import WorkspaceError, Workspaces
from learning import leases
from learning.database import Database, add_once
from learning.memory import channels, lessons, notes, settling, tellings
from learning.memory.statements import LessonError
from learning.records import Announcement, Channel, Lesson, LessonStatus, Telling, Work, now

logger = logging.getLogger(__name__)

LEASE = 60.0  # seconds
MOST_ATTEMPTS = 3  # at a line that ends the bot
AWAY = (OperationalError, InterfaceError)  # the database
GIVEN_UP = "<@{author}>, for a day I could not take {count} of the lessons that you taught me. Teach me them again, please."
ODD = "something is wrong on my side with that. Put it in other words."
MORE = "That is more than Slack shows at once: `/lessons` lists all."
QUOTED = 60  # characters of a line that could not be taken

Outcome = dict[str, Any]  # `{"lesson": id}` or `{"refused": reason, "line": text}`


class Overtaken(Exception):
    """Somebody else takes these lessons now, or their channel is gone."""


@dataclass
class Noting:
    """Takes many lessons told at once, on a thread of its own, line by line: each in a transaction of its own, so that nothing else has to wait for all."""

    database: Database
    workspaces: Workspaces

    def __post_init__(self) -> None:
        self.loop, self._began = Loop("noting", self.step, every=LEASE), now()

    def step(self) -> bool:
        """Take what one command told, if any waits."""
        with self.database.write() as session:
            telling = leases.claim(session, Telling, LEASE, tellings.in_turn())
            if telling is None:
                return False
            telling.attempts += 1
            channel = session.get_one(Channel, telling.channel_id)
        try:
            web = self.workspaces.client(channel.team_id)
            admin = _is_trusted(web, self.database, channel, telling.author)
            while telling.lines and not self.loop.ending():
                self._take_next(channel, telling, admin)
            if telling.lines:
                return self._leave(telling)
            with self.database.read() as session:
                text, shown = as_told(session, channel, telling.outcomes)
            if text:  # else all of it was forgotten meanwhile
                _say(web, channel, telling, text, shown)
        except Overtaken:
            return True
        except (WorkspaceError, SlackApiError, OSError, *AWAY) as error:
            logger.warning("what telling %s told has to wait: %s", telling.id, error)
            if now() - max(telling.created_at, self._began) < outages.PATIENCE:  # not while there was no bot
                with self.database.write() as session:
                    leases.renew(session, telling, LEASE, attempts=0)
                return True
        with self.database.write() as session:
            if leases.finish(session, telling, Work.DONE):
                session.delete(session.get_one(Telling, telling.id))
                if telling.lines:
                    told, key = GIVEN_UP.format(author=telling.author, count=len(telling.lines)), f"untaken-{telling.id}-{telling.created_at.timestamp():.0f}"
                    add_once(session, Announcement, channel_id=telling.channel_id, key=key, text=told)
        return True

    def _leave(self, telling: Telling) -> bool:
        """The bot ends: the next one goes on."""
        with self.database.write() as session:
            leases.renew(session, telling, 0, attempts=0)
        return False

    def _take_next(self, channel: Channel, telling: Telling, admin: bool) -> None:
        """Take the first line, or refuse it. Raises Overtaken."""
        line = telling.lines[0]
        if telling.attempts <= MOST_ATTEMPTS:
            try:
                with self.database.read() as session:
                    settling.consider(session, channel, line)
                with self.database.write() as session:
                    if self._is_next(session, channel, telling, line):
                        _done(session, telling, taken(session, channel, telling.author, line, admin, telling.created_at))
                return
            except (Overtaken, OSError, *AWAY):
                raise
            except Exception:  # whatever it was, it must not keep back the others
                logger.exception("a line of telling %s is not taken", telling.id)
        with self.database.write() as session:
            if self._is_next(session, channel, telling, line):
                _done(session, telling, {"refused": ODD, "line": line[:QUOTED]})

    def _is_next(self, session: Session, channel: Channel, telling: Telling, line: str) -> bool:
        """Is this line still the first to be taken? It may have been forgotten meanwhile. Raises Overtaken."""
        channels.lock(session, channel)
        if not leases.renew(session, telling, LEASE):
            raise Overtaken
        telling.lines = session.get_one(Telling, telling.id, populate_existing=True).lines
        return telling.lines[:1] == [line]


def taken(session: Session, channel: Channel, user: str, line: str, admin: bool, at: datetime | None = None) -> Outcome:
    """Take one lesson, told `at` some time, if not now; what became of it. What cannot be taken keeps back no other."""
    try:
        lesson = lessons.teach(session, channel, line, user, admin=admin, at=at)
    except LessonError as error:
        return {"refused": str(error), "line": line[:QUOTED]}
    notes.note_taught(session, lesson, user)
    return {"lesson": lesson.id}


def as_told(session: Session, channel: Channel, outcomes: Sequence[Outcome]) -> tuple[str, list[blocks.Block]]:
    """What became of some lessons, for whoever taught them; where one takes another's place, or may do so, both are shown, with buttons."""
    refused = [_refused(each, several=len(outcomes) > 1) for each in outcomes if "refused" in each]
    made = [lesson for each in outcomes if "lesson" in each and (lesson := session.get(Lesson, each["lesson"])) and lesson.status != LessonStatus.FORGOTTEN]
    said = [noted(session, channel, lesson) for lesson in made]
    text = "\n".join([*(text for text, _ in said), *refused])
    asking = [block for _, shown in said for block in shown]
    if not asking and len(text) <= mrkdwn.LONGEST:
        return text, []
    settled = "\n".join(text for text, shown in said if not shown)
    shown = [*(blocks.sections("\n".join(refused)) if refused else []), *asking, *(blocks.sections(settled) if settled else [])]
    return text, shown if len(shown) <= blocks.MOST else [*shown[: blocks.MOST - 1], blocks.context(MORE)]


def noted(session: Session, channel: Channel, lesson: Lesson) -> tuple[str, list[blocks.Block]]:
    """What whoever taught something is told; where it takes another's place, or may do so, with buttons that undo that or do it."""
    said = mrkdwn.escaped(instructions.noted(session, lesson))
    settle = instructions.to_settle(session, lesson)
    return said, blocks.replacing(said, lesson, settle) if settle else []


def _refused(outcome: Outcome, several: bool) -> str:
    which = f" “{mrkdwn.escaped(outcome['line'])}”" if several else " that"
    return f"I could not take{which}: {outcome['refused']}"


def _done(session: Session, telling: Telling, outcome: Outcome) -> None:
    row = session.get_one(Telling, telling.id)
    row.lines, row.outcomes, row.attempts = row.lines[1:], [*row.outcomes, outcome], 1
    telling.lines, telling.outcomes, telling.attempts = row.lines, row.outcomes, row.attempts


def _is_trusted(web: WebClient, database: Database, channel: Channel, user: str) -> bool:
    """As things are when the lessons are taken. Raises what passes."""
    try:
        return trusted(web, database, channel, user)
    except SlackApiError as error:
        if outages.passes(error):
            raise
        return False


def _say(web: WebClient, channel: Channel, telling: Telling, text: str, shown: Sequence[blocks.Block]) -> None:
    """To whoever told it: where Slack said, or, as that is good for half an hour only, in the channel, for them alone. Raises what passes."""
    try:
        if WebhookClient(telling.respond_to).send(text=text, blocks=shown or None).status_code == 200:
            return
    except (OSError, HTTPException) as error:
        logger.warning("telling %s: %s", telling.id, error)
    try:
        web.chat_postEphemeral(channel=channel.slack_id, user=telling.author, text=mrkdwn.fitting(text), blocks=shown or None)
    except SlackApiError as error:
        if outages.passes(error):
            raise
        logger.warning("telling %s: %s", telling.id, error.response["error"])
