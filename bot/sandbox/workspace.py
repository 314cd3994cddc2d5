"""The workspace itself: people, channels, messages, and the events that Slack would send about them."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

TEAM, APP, BOT_ID, BOT_USER = "T0SANDBOX", "A0NIGHT", "B0NIGHT", "U0NIGHT"
BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = "xoxb-sandbox", "xapp-sandbox", "sandbox-signing-secret"

TRIGGER_SECONDS = 3.0

Payload = dict[str, Any]
Emit = Callable[[Payload, bool], object]  # an event, and whether its channel is shared with another organisation


class SlackError(Exception):
    """A call failed with one of Slack's error names."""

    def __init__(self, name: str, *details: str) -> None:
        super().__init__(name)
        self.name, self.details = name, details


@dataclass
class User:
    """A member of the workspace."""

    id: str
    name: str
    is_admin: bool = False
    is_bot: bool = False
    time_zone: str = "Europe/Amsterdam"
    team: str = TEAM
    deleted: bool = False

    def as_slack(self) -> Payload:
        """The user object of the Web API and of `user_change`."""
        flags = {"is_admin": self.is_admin and not self.deleted, "is_owner": False, "is_bot": self.is_bot, "deleted": self.deleted}
        profile = {"display_name": self.name, "real_name": self.name.title()}
        return {"id": self.id, "name": self.name, "team_id": self.team, "tz": self.time_zone, "profile": profile, **flags}


@dataclass
class Channel:
    """A conversation; `direct` is the person of a direct message with the bot. A `private` one tells of itself by `group_*` events."""

    id: str
    name: str
    direct: str | None = None
    private: bool = False
    archived: bool = False
    external: bool = False
    members: set[str] = field(default_factory=set)
    created: int = field(default_factory=lambda: int(time.time()) - 86_400)
    messages: dict[str, Payload] = field(default_factory=dict)

    def as_slack(self) -> Payload:
        """The conversation object of the Web API."""
        kind = {"is_channel": not (self.private or self.direct), "is_private": self.private, "is_im": bool(self.direct)}
        member = BOT_USER in self.members
        return {
            "id": self.id,
            "name": self.name,
            **kind,
            "is_archived": self.archived,
            "is_ext_shared": self.external,
            "is_member": member,
            "created": self.created,
        }


class Workspace:
    """State and rules. Every change emits what the Events API would tell the app."""

    def __init__(self, emit: Emit, team: str = TEAM, token: str = BOT_TOKEN) -> None:
        self.emit, self.team, self.token, self.installed = emit, team, token, True
        people = [User("U0ANA", "ana", is_admin=True), User("U0BEN", "ben"), User("U0CLEO", "cleo"), User(BOT_USER, "nightschool", is_bot=True)]
        for user in people:
            user.team = team
        everybody = {user.id for user in people}
        rooms = [Channel("C0OPS", "ops"), Channel("C0DESIGN", "design"), Channel("C0PRIVATE", "private", private=True)]
        rooms += [Channel(f"D0{user.name.upper()}", "", user.id) for user in people if not user.is_bot]
        for room in rooms:
            room.members = {room.direct, BOT_USER} if room.direct else set(everybody)
        self.users = {user.id: user for user in people}
        self.channels = {channel.id: channel for channel in rooms}
        self.views: dict[str, Payload] = {}  # open windows; each says whose it is
        self.statuses: dict[tuple[str, str], str] = {}  # what the app is doing, by channel and thread
        self.prompts: dict[str, list[Payload]] = {}  # what the app suggests to ask it, by direct conversation
        self.homes: dict[str, Payload] = {}  # the Home tab of each person
        self._triggers: dict[str, tuple[str, float]] = {}
        self._numbers = itertools.count(1)
        self._last_ts = 0.0

    def channel(self, channel_id: str) -> Channel:
        """A conversation by its id; by a person's, the app's with them. Raises SlackError when there is none."""
        if channel_id in self.users:
            return next(channel for channel in self.channels.values() if channel.direct == channel_id)
        if channel_id not in self.channels:
            raise SlackError("channel_not_found")
        return self.channels[channel_id]

    def user(self, user_id: str) -> User:
        """Raises SlackError when there is none."""
        if user_id not in self.users:
            raise SlackError("user_not_found")
        return self.users[user_id]

    def message(self, channel_id: str, ts: str) -> Payload:
        """Raises SlackError when there is none."""
        found = self.channel(channel_id).messages.get(ts)
        if found is None:
            raise SlackError("message_not_found")
        return found

    def post(self, channel_id: str, user_id: str, text: str, thread_ts: str | None = None, **extra: Any) -> Payload:
        """Somebody writes a message; a bot's carries its `bot_id`."""
        channel, user = self.channel(channel_id), self.user(user_id)
        if channel.archived:
            raise SlackError("is_archived")
        if user_id not in channel.members:
            raise SlackError("not_in_channel")
        if thread_ts and thread_ts not in channel.messages:
            raise SlackError("thread_not_found")
        message: Payload = {"type": "message", "user": user_id, "text": text, "ts": self.ts(), "team": self.team, **extra}
        if thread_ts:
            message["thread_ts"] = channel.messages[thread_ts].get("thread_ts", thread_ts)
            message["parent_user_id"] = channel.messages[thread_ts]["user"]
        if user.is_bot:
            message |= {"bot_id": BOT_ID, "app_id": APP}
        channel.messages[message["ts"]] = message
        self._tell(channel, message)
        if f"<@{BOT_USER}>" in text and not user.is_bot and not channel.direct:
            self.tell(channel, {**self.where(channel), **message, "type": "app_mention"})
        return message

    def whisper(self, channel_id: str, user_id: str, body: Payload) -> Payload:
        """An ephemeral message, seen by one person; the Events API does not tell of it."""
        channel = self.channel(channel_id)
        message = {"type": "message", "user": BOT_USER, "bot_id": BOT_ID, "ts": self.ts(), "only_for": user_id, "text": "", **body}
        channel.messages[message["ts"]] = message
        return message

    def edit(self, channel_id: str, ts: str, editor: str, **changes: Any) -> Payload:
        """A message gets a new version."""
        channel, old = self.channel(channel_id), self.message(channel_id, ts)
        new = {**old, **changes, "edited": {"user": editor, "ts": self.ts()}}
        channel.messages[ts] = new
        self._tell(channel, {"type": "message", "subtype": "message_changed", "hidden": True, "message": new, "previous_message": old, "ts": self.ts()})
        return new

    def delete(self, channel_id: str, ts: str) -> None:
        """A message goes."""
        channel, old = self.channel(channel_id), self.message(channel_id, ts)
        if any(m.get("thread_ts") == ts and m["ts"] != ts for m in channel.messages.values()):  # the thread stays, under a tombstone
            self.edit(channel_id, ts, old["user"], subtype="tombstone", text="This message was deleted.", user="USLACKBOT", blocks=[])
            return
        del channel.messages[ts]
        if "only_for" not in old:
            gone = {"type": "message", "subtype": "message_deleted", "hidden": True, "deleted_ts": ts, "previous_message": old, "ts": self.ts()}
            self._tell(channel, gone)

    def react(self, channel_id: str, ts: str, user_id: str, emoji: str, added: bool = True) -> None:
        """A reaction is put on a message, or taken back."""
        channel, message = self.channel(channel_id), self.message(channel_id, ts)
        given = {reaction["name"]: reaction["users"] for reaction in message.get("reactions", [])}
        people = given.setdefault(emoji, [])
        if added == (user_id in people):
            raise SlackError("already_reacted" if added else "no_reaction")
        (people.append if added else people.remove)(user_id)
        message["reactions"] = [{"name": name, "users": by, "count": len(by)} for name, by in given.items() if by]
        item = {"type": "message", "channel": channel_id, "ts": ts}
        kind = "reaction_added" if added else "reaction_removed"
        self.tell(channel, {"type": kind, "user": user_id, "reaction": emoji, "item": item, "item_user": message["user"], "event_ts": self.ts()})

    def thread(self, channel_id: str, ts: str) -> list[Payload]:
        """A message and its replies, oldest first. Raises SlackError."""
        channel = self.channel(channel_id)
        if ts not in channel.messages:
            raise SlackError("thread_not_found")
        return [m for m in channel.messages.values() if ts in (m["ts"], m.get("thread_ts")) and "only_for" not in m]

    def number(self) -> int:
        """A fresh number, for ids."""
        return next(self._numbers)

    def trigger(self, user_id: str) -> str:
        """What lets the app open one window for somebody who just did something."""
        made = f"{self.number()}.sandbox"
        self._triggers[made] = (user_id, time.monotonic())
        return made

    def redeem(self, trigger_id: str) -> str:
        """Whose trigger it is. Raises SlackError when it is unknown, was used, or is older than three seconds."""
        user_id, born = self._triggers.get(trigger_id, ("", 0.0))
        if not user_id:
            raise SlackError("exchanged_trigger_id" if trigger_id in self._triggers else "invalid_trigger_id")
        self._triggers[trigger_id] = ("", born)
        if time.monotonic() - born > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        return user_id

    def tell(self, channel: Channel, event: Payload) -> None:
        """The app hears of what happens where it is a member."""
        if BOT_USER in channel.members:
            self.emit(event, channel.external)

    def where(self, channel: Channel) -> Payload:
        """The fields that say where something happened."""
        return {"channel": channel.id, "event_ts": self.ts()}

    def ts(self) -> str:
        """Slack's message id: seconds with six digits, unique and growing."""
        self._last_ts = max(time.time(), self._last_ts + 0.000_01)
        return f"{self._last_ts:.6f}"

    def _tell(self, channel: Channel, message: Payload) -> None:
        kind = "im" if channel.direct else "group" if channel.private else "channel"
        self.tell(channel, {**message, **self.where(channel), "channel_type": kind})
