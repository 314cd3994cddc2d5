"""The workspace itself: people, channels, messages, and the events that Slack would send about them."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

TEAM, APP, BOT_ID, BOT_USER = "T0SANDBOX", "A0NIGHT", "B0NIGHT", "U0NIGHT"
BOT_TOKEN, APP_TOKEN = "xoxb-sandbox", "xapp-sandbox"

Payload = dict[str, Any]
Emit = Callable[[Payload], object]


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


@dataclass
class Channel:
    """A conversation; `direct` is the person of a direct message with the bot."""

    id: str
    name: str
    direct: str | None = None
    archived: bool = False
    messages: dict[str, Payload] = field(default_factory=dict)


class Workspace:
    """State and rules. Every change emits what the Events API would tell the app."""

    def __init__(self, emit: Emit) -> None:
        self.emit = emit
        people = [User("U0ANA", "ana", is_admin=True), User("U0BEN", "ben"), User("U0CLEO", "cleo"), User(BOT_USER, "nightschool", is_bot=True)]
        rooms = [Channel("C0OPS", "ops"), Channel("C0DESIGN", "design"), *(Channel(f"D0{u.name.upper()}", "", u.id) for u in people if not u.is_bot)]
        self.users = {user.id: user for user in people}
        self.channels = {channel.id: channel for channel in rooms}
        self._numbers = itertools.count(1)
        self._last_ts = 0.0

    def channel(self, channel_id: str) -> Channel:
        """Raises SlackError when there is none."""
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
        if thread_ts and thread_ts not in channel.messages:
            raise SlackError("thread_not_found")
        message: Payload = {"type": "message", "user": user_id, "text": text, "ts": self._ts(), "team": TEAM, **extra}
        if thread_ts:
            message["thread_ts"] = channel.messages[thread_ts].get("thread_ts", thread_ts)
            message["parent_user_id"] = channel.messages[thread_ts]["user"]
        if user.is_bot:
            message |= {"bot_id": BOT_ID, "app_id": APP}
        channel.messages[message["ts"]] = message
        self._tell(channel, message)
        if f"<@{BOT_USER}>" in text and not user.is_bot and not channel.direct:
            self.emit({**self._where(channel), **message, "type": "app_mention"})
        return message

    def whisper(self, channel_id: str, user_id: str, body: Payload) -> Payload:
        """An ephemeral message, seen by one person; the Events API does not tell of it."""
        channel = self.channel(channel_id)
        message = {"type": "message", "user": BOT_USER, "bot_id": BOT_ID, "ts": self._ts(), "only_for": user_id, "text": "", **body}
        channel.messages[message["ts"]] = message
        return message

    def edit(self, channel_id: str, ts: str, editor: str, **changes: Any) -> Payload:
        """A message gets a new version."""
        channel, old = self.channel(channel_id), self.message(channel_id, ts)
        new = {**old, **changes, "edited": {"user": editor, "ts": self._ts()}}
        channel.messages[ts] = new
        self._tell(channel, {"type": "message", "subtype": "message_changed", "hidden": True, "message": new, "previous_message": old, "ts": self._ts()})
        return new

    def delete(self, channel_id: str, ts: str) -> None:
        """A message goes."""
        channel, old = self.channel(channel_id), self.message(channel_id, ts)
        if any(m.get("thread_ts") == ts and m["ts"] != ts for m in channel.messages.values()):  # the thread stays, under a tombstone
            self.edit(channel_id, ts, old["user"], subtype="tombstone", text="This message was deleted.", user="USLACKBOT", blocks=[])
            return
        del channel.messages[ts]
        if "only_for" not in old:
            gone = {"type": "message", "subtype": "message_deleted", "hidden": True, "deleted_ts": ts, "previous_message": old, "ts": self._ts()}
            self._tell(channel, gone)

    def react(self, channel_id: str, ts: str, user_id: str, emoji: str, added: bool = True) -> None:
        """A reaction is put on a message, or taken back."""
        message = self.message(channel_id, ts)
        reactions: dict[str, list[str]] = message.setdefault("reacted", {})
        people = reactions.setdefault(emoji, [])
        if added == (user_id in people):
            raise SlackError("already_reacted" if added else "no_reaction")
        (people.append if added else people.remove)(user_id)
        item = {"type": "message", "channel": channel_id, "ts": ts}
        kind = "reaction_added" if added else "reaction_removed"
        self.emit({"type": kind, "user": user_id, "reaction": emoji, "item": item, "item_user": message["user"], "event_ts": self._ts()})

    def thread(self, channel_id: str, ts: str) -> list[Payload]:
        """A message and its replies, oldest first. Raises SlackError."""
        channel = self.channel(channel_id)
        if ts not in channel.messages:
            raise SlackError("thread_not_found")
        return [m for m in channel.messages.values() if ts in (m["ts"], m.get("thread_ts")) and "only_for" not in m]

    def number(self) -> int:
        """A fresh number, for ids."""
        return next(self._numbers)

    def _tell(self, channel: Channel, message: Payload) -> None:
        self.emit({**message, **self._where(channel), "channel_type": "im" if channel.direct else "channel"})

    def _where(self, channel: Channel) -> Payload:
        return {"channel": channel.id, "event_ts": self._ts()}

    def _ts(self) -> str:
        """Slack's message id: seconds with six digits, unique and growing."""
        self._last_ts = max(time.time(), self._last_ts + 0.000_01)
        return f"{self._last_ts:.6f}"
