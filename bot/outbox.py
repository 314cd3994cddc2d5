"""What background jobs want said, delivered by the bot, so that they need no Slack token.

Said once, but for a crash in the moment between Slack's answer and our note of it: then it is said again.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy import update
from sqlalchemy.orm import Session

from bot import mrkdwn, outages, replies
from bot.loop import Loop
from bot.membership import members
from bot.workspaces import WorkspaceError, Workspaces
from learning import leases
from learning.database import Database, add_once
from learning.memory import caches, channels, notes, people, wondering
from learning.records import LOCAL, Announcement, Channel, Question, Work, now

logger = logging.getLogger(__name__)

LEASE = 30.0  # seconds
MOST_ATTEMPTS, IN_AN_OUTAGE = 20, int(outages.PATIENCE.total_seconds() / LEASE)
NO_EDITING = {"edit_window_closed", "cant_update_message"}
CLOSED = {"channel_not_found", "not_in_channel", "is_archived"}
PERMANENT = NO_EDITING | CLOSED | {"message_not_found", "cant_delete_message"}


def take_back(session: Session, question: Question, reply_ts: str) -> None:
    """Have an answer deleted."""
    add_once(session, Announcement, channel_id=question.channel_id, key=f"unanswer-{reply_ts}", update_ts=reply_ts, text="")


def try_again(session: Session, channel: Channel) -> None:
    """The bot is in a channel, maybe again: what it could not take back there is, in case the channel was closed to it."""
    given_up = (Announcement.channel_id == channel.id, Announcement.state == Work.FAILED, Announcement.update_ts.is_not(None))
    passed = Announcement.error.is_(None) | Announcement.error.in_(CLOSED | outages.RENEWED)
    session.execute(update(Announcement).where(*given_up, passed).values(state=Work.WAITING, generation=0, error=None))


@dataclass
class Outbox:
    """Delivers announcements, on a thread of its own."""

    database: Database
    workspaces: Workspaces

    def __post_init__(self) -> None:
        self.loop = Loop("outbox", self._deliver, every=0.5)

    def _deliver(self) -> bool:
        with self.database.write() as session:
            announcement = leases.claim(session, Announcement, LEASE, Announcement.due_at.is_(None) | (Announcement.due_at <= now()))
            if announcement is None:
                return False
            channel = session.get_one(Channel, announcement.channel_id)
            told = people.admins(session, channel.team_id) if announcement.audience == "admins" else None
        if channel.team_id == LOCAL:  # a channel of the command line: nobody reads there
            return self._end(announcement, Work.SKIPPED)
        try:
            web = self.workspaces.client(channel.team_id)
            ts, permalink = self._say(web, channel.slack_id, announcement) if told is None else self._tell(web, channel, announcement, told)
        except (WorkspaceError, SlackApiError, OSError) as error:
            reason = str(error.response["error"]) if isinstance(error, SlackApiError) else str(error)
            logger.warning("announcement %s: %s", announcement.key, reason)
            waits = isinstance(error, WorkspaceError) or outages.passes(error)
            hopeless = reason in PERMANENT or announcement.generation >= (IN_AN_OUTAGE if waits else MOST_ATTEMPTS)
            return hopeless and self._end(announcement, Work.FAILED, error=reason)
        return self._end(announcement, Work.DONE, ts, permalink)

    def _say(self, web: WebClient, channel: str, announcement: Announcement) -> tuple[str, str | None]:
        if announcement.update_ts and not announcement.text:
            replies.end_stream(web, channel, announcement.update_ts)  # an answer that was deleted while it grew
            web.chat_delete(channel=channel, ts=announcement.update_ts)
            return announcement.update_ts, None
        if announcement.update_ts:
            try:
                web.chat_update(channel=channel, ts=announcement.update_ts, text=mrkdwn.fitting(announcement.text))
            except SlackApiError as error:
                if announcement.text != notes.REDACTED or error.response["error"] not in NO_EDITING:
                    raise
                web.chat_delete(channel=channel, ts=announcement.update_ts)  # what was forgotten stays nowhere
            return announcement.update_ts, None
        ts = str(web.chat_postMessage(channel=channel, text=mrkdwn.fitting(announcement.text), unfurl_links=False, unfurl_media=False)["ts"])
        return ts, permalink(web, channel, ts) if announcement.lesson_id else None

    def _tell(self, web: WebClient, channel: Channel, announcement: Announcement, admins: Sequence[str]) -> tuple[str, None]:
        """Say it to each admin who is in the channel, alone."""
        ts = ""
        for admin in sorted(set(admins) & set(members(web, channel.slack_id))):
            said = f"#{channel.name}: {announcement.text}"
            try:
                ts = str(web.chat_postMessage(channel=admin, text=mrkdwn.fitting(said), unfurl_links=False, unfurl_media=False)["ts"])
            except (SlackApiError, OSError) as error:
                if not ts and outages.passes(error):
                    raise
                logger.warning("announcement %s does not reach %s: %s", announcement.key, admin, error)  # others have it already: it is not said again
        return ts, None

    def _end(self, announcement: Announcement, state: Work, ts: str | None = None, permalink: str | None = None, error: str | None = None) -> bool:
        if announcement.key.startswith("receipt-"):
            caches.let_go()  # what was forgotten elsewhere is remembered here no longer, either
        with self.database.write() as session:
            channels.lock(session, session.get_one(Channel, announcement.channel_id))  # somebody may approve it just now
            leases.finish(session, announcement, state, reply_ts=ts, error=error)
            wondering.correct(session, session.get_one(Announcement, announcement.id, populate_existing=True), announcement.text)
            if ts and announcement.lesson_id:
                notes.noted(session, announcement.lesson_id, ts, permalink)
        return True


def permalink(web: WebClient, channel: str, ts: str) -> str | None:
    """A link to a message; an answer does without when Slack gives none."""
    try:
        return str(web.chat_getPermalink(channel=channel, message_ts=ts)["permalink"])
    except (SlackApiError, OSError) as error:  # the message is posted already
        logger.warning("no permalink: %s", error)
        return None
