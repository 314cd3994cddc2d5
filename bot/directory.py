"""Keeping in step with Slack: which channels the bot is in, who is in them, what they are called, and by which clock they live."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from sqlalchemy import select

from bot import outages, outbox
from bot.events import member
from bot.loop import Loop
from bot.membership import KINDS, pages
from bot.workspaces import WorkspaceError, Workspaces
from learning.database import Database
from learning.memory import channels, people, privacy
from learning.records import Channel, now

logger = logging.getLogger(__name__)

EVERY = 24 * 3600.0  # seconds between two looks at everything


@dataclass
class Directory:
    """Looks at everything when the bot starts, when it joins or leaves a channel, and once a day."""

    database: Database
    workspaces: Workspaces

    def __post_init__(self) -> None:
        self.loop = Loop("directory", self.refresh, every=EVERY)

    def refresh(self) -> bool:
        """Look at every workspace. Raises what kept it from one and will pass, once the others were looked at: then it is tried again soon."""
        outage: Exception | None = None
        for team_id in self.workspaces.teams():
            try:
                web = self.workspaces.client(team_id)
                web.retry_handlers = [RateLimitErrorRetryHandler(max_retry_count=5)]  # it only reads
                _Look(self.database, web, team_id, self.loop.ending).refresh()
            except (SlackApiError, WorkspaceError, OSError) as error:  # one token that is refused must not keep the others waiting
                logger.warning("the workspace %s is not told of: %s", team_id, error)
                outage = error if outages.passes(error) else outage
        if outage:
            raise outage
        return False


@dataclass
class _Look:
    """One look at one workspace."""

    database: Database
    web: WebClient
    team_id: str
    ending: Callable[[], bool]

    def refresh(self) -> None:
        """Note people, channels and their clocks. Channels that the bot is no longer in count as left."""
        began = now()
        url = str(self.web.auth_test()["url"])
        members = [member(user) for user in self._pages("users_list", "members", team_id=self.team_id)]
        with self.database.write() as session:
            privacy.introduce(session, self.team_id, url)
            people.meet(session, self.team_id, members)
        found = list(self._pages("users_conversations", "channels", types=KINDS, team_id=self.team_id))
        for room in found:
            inside = self._members(room["id"])
            with self.database.write() as session:
                channel = channels.ensure(session, self.team_id, room["id"], name=room.get("name", ""))
                if channel.left_at and channel.left_at <= began:  # what was left since is not to be revived by an older list
                    channel.left_at = None
                channels.share(channel, bool(room.get("is_ext_shared")))
                channel.archived_at = (channel.archived_at or now()) if room.get("is_archived") else None
                channel.members = len(inside) or channel.members
                if not channel.archived_at:
                    outbox.try_again(session, channel)
                channel.time_zone = people.usual_time_zone(session, self.team_id, inside)
        if not self.ending():  # else the list is cut short
            self._note_left({room["id"] for room in found})

    def _members(self, slack_id: str) -> list[str]:
        """Who is in a channel; nobody, for a clock, where Slack does not say."""
        try:
            return list(self._pages("conversations_members", "members", channel=slack_id))
        except SlackApiError as error:
            if str(error.response["error"]) in outages.RENEWED:  # the app was removed meanwhile: what was listed before is no news
                raise
            logger.warning("the members of %s are not told: %s", slack_id, error.response["error"])
            return []

    def _note_left(self, present: set[str]) -> None:
        with self.database.write() as session:
            for channel in session.scalars(select(Channel).where(Channel.team_id == self.team_id, Channel.left_at.is_(None))):
                direct = channel.is_direct or channel.is_group
                if channel.slack_id not in present and not direct:  # those are not listed without further scopes
                    channels.leave(channel)

    def _pages(self, method: str, entries: str, **arguments: Any) -> Iterator[Any]:
        return pages(self.web, method, entries, self.ending, **arguments)
