"""Reading a channel's history in Slack and making the log what Slack shows: page by page, at Slack's pace, resumable, reconciled.

Each page of the channel, with the threads that begin on it, is one transaction: what is new or edited is written, and what the log
holds of that stretch of time and Slack no longer shows counts as deleted.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot import inbox, outages, progress
from bot.messages import is_kept, is_tombstone, utterance
from bot.pacing import Paced
from bot.workspaces import WorkspaceError, Workspaces
from learning import leases
from learning.database import add_once
from learning.errors import NightschoolError
from learning.memory import lessons, log, privacy, sources
from learning.night import nights
from learning.records import LOCAL, UNFINISHED, Announcement, Channel, Reading, Work, now
from learning.school import School

logger = logging.getLogger(__name__)

PAGE = 200  # messages asked for at once; Slack may give fewer
MOST_AT_ONCE = 3  # readings that run at the same time, so that forgetting never waits behind them
MOST_ATTEMPTS = 10  # of one reading, crashes included; an outage is waited for, however often it is met
SHOW_EVERY = 2.0  # seconds between two updates of the progress message
METADATA = "nightschool_reading"
GONE = {"channel_not_found", "not_in_channel", "is_archived", "missing_scope"}

Watch = Callable[[Reading], None]
Message = dict[str, Any]


class ReadingLost(NightschoolError):
    """Somebody else reads this channel now."""


def ask_for(session: Session, channel: Channel, by: str) -> tuple[Reading, bool]:
    """The reading of a channel that is under way, or a new one; and whether it is new."""
    unfinished = select(Reading).where(Reading.channel_id == channel.id, Reading.state.in_(UNFINISHED))
    new = add_once(session, Reading, channel_id=channel.id, requested_by=by)
    return session.scalars(unfinished).one(), new


def abandoned(session: Session) -> list[int]:
    """Readings that wait, or whose worker fell silent; those that failed before come last, and keep no others waiting."""
    return list(
        session.scalars(select(Reading.id).where(leases.claimable(Reading)).order_by(Reading.generation, Reading.id))
    )  # what fails keeps nobody waiting


def read(school: School, reading_id: int, watch: Watch = lambda _: None) -> Reading | None:
    """Read a channel's history to the end, and open the night of its rebuild. None when somebody else is at it, or too many are."""
    settings = school.settings
    with school.database.write() as session:
        running = session.scalar(select(func.count()).select_from(Reading).where(Reading.state == Work.RUNNING, Reading.lease_until >= now())) or 0
        reading = leases.claim(session, Reading, settings.lease_seconds, Reading.id == reading_id) if running < MOST_AT_ONCE else None
        if reading is None:
            return None
        channel = session.get_one(Channel, reading.channel_id)
        refused = privacy.why_not(session, channel)
    if refused or channel.team_id == LOCAL:
        return _finish(school, channel, reading, Work.SKIPPED, refused or "no workspace has this channel")
    try:
        reader = _Reader(school, Workspaces(settings, school.database).client(channel.team_id), channel, reading, watch)
        reader.run()
    except ReadingLost:
        return None
    except privacy.ConsentError as error:
        return _finish(school, channel, reading, Work.SKIPPED, str(error))
    except Exception as error:  # whatever it was: tried again, then told
        if _is_worth_another_try(reading, error):
            logger.warning("the history of %s is read on later", channel.slack_id, exc_info=True)
            with school.database.write() as session:
                leases.renew(session, reading, settings.lease_seconds, error=_reason(error))
            return None  # the lease runs out, and the sweeper takes it up where it was left
        logger.warning("the history of %s is not read", channel.slack_id, exc_info=True)
        return _finish(school, channel, reading, Work.FAILED, _reason(error))
    done = _finish(school, channel, reading, Work.DONE, None)
    with school.database.read() as session:
        known = lessons.in_force(session, channel)
    following = "I am rebuilding my adapter from it now." if known else "I know no lesson here that counts, so there is no adapter to rebuild."
    reader.show(f"{progress.summary(done, channel)} {following}", force=True)
    return done


def _is_worth_another_try(reading: Reading, error: Exception) -> bool:
    if _reason(error) in GONE:
        return False
    waits = isinstance(error, WorkspaceError) or outages.passes(error)
    return reading.generation < MOST_ATTEMPTS or (waits and now() - reading.created_at < outages.PATIENCE)


def _reason(error: Exception) -> str:
    if isinstance(error, SlackApiError):
        return str(error.response["error"])
    return str(error) if isinstance(error, NightschoolError) else type(error).__name__


def _finish(school: School, channel: Channel, reading: Reading, state: Work, error: str | None) -> Reading:
    with school.database.write() as session:
        night = nights.open_another(session, channel, now().date(), "reindex") if state != Work.FAILED else None
        ours = leases.finish(session, reading, state, error=error, night_id=night.id if night else None)
        if ours and state == Work.FAILED:  # in the place of its progress, as soon as Slack can be reached
            told = f":warning: I could not read this channel's history (`{error}`). `/reindex` begins anew."
            add_once(session, Announcement, channel_id=channel.id, key=f"unread-{reading.id}", update_ts=reading.progress_ts, text=told)
    with school.database.read() as session:
        return session.get_one(Reading, reading.id)


@dataclass
class _Reader:
    """One claimed reading."""

    school: School
    web: WebClient
    channel: Channel
    reading: Reading
    watch: Watch

    def __post_init__(self) -> None:
        self._renewed = self._shown = 0.0
        self._slack = Paced(self.web, self.school.settings.calls_per_minute, self._hold)

    def run(self) -> None:
        """All pages, newest first. Raises SlackApiError, and ReadingLost when the claim was lost."""
        created = float(self._slack.call("conversations_info", channel=self.channel.slack_id)["channel"].get("created", 0))
        if self.reading.latest is None:
            self._keep(latest=self._newest())
        self.show(progress.bar(self.reading, self.channel), force=True)
        while True:
            page = self._next_page()
            threads = {root["ts"]: list(self._thread(root["ts"])) for root in page["messages"] if root.get("reply_count")}
            following = (page.get("response_metadata") or {}).get("next_cursor") or None
            oldest = min((message["ts"] for message in page["messages"]), default=self.reading.reached or self.reading.latest or "0", key=float)
            low = oldest if following or page.get("is_limited") else "0"  # what Slack's plan hides was not deleted
            self._write(page["messages"], threads, low, following, oldest, created)
            self.watch(self.reading)
            self.show(progress.bar(self.reading, self.channel))
            if not following:
                return

    def _newest(self) -> str:
        """The present by Slack's own clock, and a moment after the newest message: what is said later comes by events, and is not looked for."""
        newest = self._slack.call("conversations_history", channel=self.channel.slack_id, limit=1)["messages"]
        return f"{max(self._slack.clock, *(float(message['ts']) + 0.000_001 for message in newest), 0.000_001):.6f}"

    def _next_page(self) -> dict[str, Any]:
        where = {"channel": self.channel.slack_id, "limit": PAGE}
        try:
            return self._slack.call("conversations_history", **where, latest=self.reading.latest, cursor=self.reading.cursor)
        except SlackApiError as error:
            if error.response["error"] != "invalid_cursor":
                raise
            self._keep(cursor=None)  # cursors do not last for ever: go on by time
            return self._slack.call("conversations_history", **where, latest=self.reading.reached or self.reading.latest)

    def _thread(self, root: str) -> Iterator[Message]:
        cursor = None
        while True:
            page = self._slack.call("conversations_replies", channel=self.channel.slack_id, ts=root, limit=PAGE, cursor=cursor)
            yield from (message for message in page["messages"] if message["ts"] != root)
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    def _write(self, roots: list[Message], threads: dict[str, list[Message]], low: str, cursor: str | None, oldest: str, created: float) -> None:
        """One page, in one transaction."""
        before = self.reading
        shown = [*roots, *(reply for replies in threads.values() for reply in replies)]
        high = self.reading.reached or self.reading.latest or "0"
        with self.school.database.write() as session:
            channel = session.get_one(Channel, self.channel.id)
            refused = privacy.why_not(session, channel)
            if refused:  # since it began
                raise privacy.ConsentError(refused)
            recorded = sources.heard(session, channel, [utterance(message) for message in shown if is_kept(message)], brought=True)
            gone = [message["ts"] for message in shown if is_tombstone(message)]
            shown_replies = {ts: {reply["ts"] for reply in replies} for ts, replies in threads.items()}
            gone += log.not_among(session, channel, low, high, before.latest or high, shown_replies, {m["ts"] for m in roots})
            deleted = sources.deleted(session, channel, gone, before.requested_by)
            inbox.questions_gone(session, channel, deleted)
            latest = float(self.reading.latest or 0)
            share = 1.0 if not cursor else max(0.0, min(0.99, (latest - float(oldest)) / max(1.0, latest - created)))
            values = {
                "cursor": cursor, "reached": oldest, "share": share, "messages": before.messages + len(shown), "added": before.added + len(recorded.added),
                "changed": before.changed + len(recorded.changed), "deleted": before.deleted + len(deleted), "error": None,
            }  # fmt: skip
            if not leases.renew(session, self.reading, self.school.settings.lease_seconds, **values):
                raise ReadingLost
        self._note(**values)

    def _keep(self, **values: Any) -> None:
        with self.school.database.write() as session:
            if not leases.renew(session, self.reading, self.school.settings.lease_seconds, **values):
                raise ReadingLost
        self._note(**values)

    def _note(self, **values: Any) -> None:
        self._renewed = time.monotonic()
        for name, value in values.items():
            setattr(self.reading, name, value)

    def _hold(self) -> None:
        """Renew the claim as often as it needs."""
        if time.monotonic() - self._renewed > self.school.settings.lease_seconds / 3:
            self._keep()

    def show(self, text: str, force: bool = False) -> None:
        """The one progress message, updated in place. That it cannot be shown stops nothing."""
        if not force and time.monotonic() - self._shown < SHOW_EVERY:
            return
        self._shown = time.monotonic()
        try:
            ts = self.reading.progress_ts or self._posted_before()
            if ts:
                self.web.chat_update(channel=self.channel.slack_id, ts=ts, text=text)
            else:
                metadata = {"event_type": METADATA, "event_payload": {"reading": self.reading.id}}
                ts = str(self.web.chat_postMessage(channel=self.channel.slack_id, text=text, metadata=metadata)["ts"])
            if ts != self.reading.progress_ts:
                with self.school.database.write() as session:
                    session.execute(update(Reading).where(Reading.id == self.reading.id).values(progress_ts=ts))
                self.reading.progress_ts = ts
        except (SlackApiError, OSError) as error:
            logger.warning("the progress of a reading is not shown: %s", error)

    def _posted_before(self) -> str | None:
        """The progress message of an attempt that was cut off before it could note that."""
        if self.reading.generation == 1:
            return None
        newest = self._slack.call("conversations_history", channel=self.channel.slack_id, limit=50, include_all_metadata=True)["messages"]
        ours = (m for m in newest if (m.get("metadata") or {}).get("event_payload", {}).get("reading") == self.reading.id)
        return next((str(message["ts"]) for message in ours), None)
