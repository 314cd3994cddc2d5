"""Slack payload to dataclass; pure."""

from dataclasses import dataclass
from typing import Any

from bot import messages
from learning.memory.log import Utterance
from learning.memory.people import Member

MESSAGES = ("app_mention", "message")
REACTIONS = ("reaction_added", "reaction_removed")
AGENT = ("agent_session_stopped", "app_context_changed")
_OF_CHANNELS = ("rename", "archive", "unarchive", "deleted", "left")  # public ones tell of it by `channel_…`, private ones by `group_…`
LIFECYCLE = (
    *(f"{kind}_{what}" for kind in ("channel", "group") for what in _OF_CHANNELS), "channel_id_changed", "channel_shared", "channel_unshared",
    "member_joined_channel", "member_left_channel", "team_join", "user_change", "app_uninstalled", "tokens_revoked",
)  # fmt: skip


@dataclass(frozen=True)
class Envelope:
    """Where and what an event is; `event_id` is Slack's, equal for every delivery. `external`: is the channel shared with another organisation?"""

    event_id: str
    kind: str
    enterprise_id: str
    team_id: str
    channel_id: str
    external: bool


@dataclass(frozen=True)
class Said(Envelope):
    """A message, new or in a new version: `edited` somehow, `rewritten` by its author, not by Slack for a preview. `mention` is true for `app_mention`."""

    message: Utterance
    direct: bool
    mention: bool
    edited: bool
    rewritten: bool


@dataclass(frozen=True)
class Deleted(Envelope):
    """A message is gone."""

    ts: str


@dataclass(frozen=True)
class Reacted(Envelope):
    """A reaction was put on a message, or taken back."""

    ts: str
    author: str
    emoji: str
    added: bool


@dataclass(frozen=True)
class Stopped(Envelope):
    """Somebody pressed the button that stops an answer, in this thread."""

    thread_ts: str


@dataclass(frozen=True)
class Looked(Envelope):
    """Somebody has another channel open beside the bot; empty: none."""

    user: str
    at: str


@dataclass(frozen=True)
class Renamed(Envelope):
    """A channel has another name."""

    name: str


@dataclass(frozen=True)
class Renumbered(Envelope):
    """A channel has another id; `channel_id` is the old one."""

    new_id: str


@dataclass(frozen=True)
class Archived(Envelope):
    """A channel was archived, or opened again."""

    archived: bool


@dataclass(frozen=True)
class Shared(Envelope):
    """A channel was shared with another organisation, or is no longer."""


@dataclass(frozen=True)
class Removed(Envelope):
    """A channel was deleted."""


@dataclass(frozen=True)
class Moved(Envelope):
    """Somebody joined a channel, or left it. Without a `user` it is the bot."""

    user: str
    joined: bool


@dataclass(frozen=True)
class Changed(Envelope):
    """A person's name, clock or state."""

    member: Member


@dataclass(frozen=True)
class Uninstalled(Envelope):
    """The app was removed from the workspace, or its token taken away."""


Lifecycle = Renamed | Renumbered | Archived | Shared | Removed | Moved | Changed | Uninstalled
Happening = Said | Deleted | Reacted | Stopped | Looked | Lifecycle


def parse(body: dict[str, Any]) -> Happening | None:
    """What an Events API payload tells; None for what the log does not keep (joins, topics, bot housekeeping)."""
    event = body["event"]
    kind, named = event["type"], event.get("channel") or event.get("item", {}).get("channel") or event.get("old_channel_id") or ""
    channel = named["id"] if isinstance(named, dict) else named
    installed = (body.get("authorizations") or [{}])[0]  # in channels shared between organisations the outer ids may be the other side's
    team = installed.get("team_id") or body.get("team_id") or event.get("team", "")
    where = (body["event_id"], kind, installed.get("enterprise_id") or body.get("enterprise_id") or "", team, channel, bool(body.get("is_ext_shared_channel")))
    if kind in REACTIONS:
        if event["item"]["type"] != "message":
            return None
        return Reacted(*where, event["item"]["ts"], event["user"], event["reaction"][: messages.MOST_EMOJI], kind == "reaction_added")
    if kind == "agent_session_stopped":
        return Stopped(*where, event["thread_ts"])
    if kind == "app_context_changed":
        user = event.get("user") or ("" if installed.get("is_bot", True) else installed.get("user_id", ""))
        return Looked(*where, user, _viewed(event)) if user else None
    return _message(where, event) if kind in MESSAGES else _lifecycle(where, event)


def _viewed(event: dict[str, Any]) -> str:
    """The channel that somebody looks at, most relevant first; empty where it is none."""
    entities = (event.get("context") or {}).get("entities") or []
    return next((entity["value"] for entity in entities if entity.get("type") == "slack#/types/channel_id"), "")


def member(user: dict[str, Any]) -> Member:
    """A user object of the Web API, of an event, or of an export."""
    profile = user.get("profile") or {}
    name = profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name") or ""
    admin = bool(user.get("is_admin") or user.get("is_owner"))
    return Member(user["id"], name, user.get("tz"), bool(user.get("is_bot")) or user["id"] == "USLACKBOT", bool(user.get("deleted")), admin)


Where = tuple[str, str, str, str, str, bool]


def _message(where: Where, event: dict[str, Any]) -> Said | Deleted | None:
    subtype, inner = event.get("subtype"), event.get("message") or {}
    if subtype == "message_deleted":
        return Deleted(*where, event["deleted_ts"])
    if subtype == "message_changed" and messages.is_tombstone(inner):
        return Deleted(*where, inner["ts"])
    changed = subtype == "message_changed"
    message = inner if changed else event
    if not changed and subtype not in messages.KEPT:
        return None
    said = messages.utterance(message, event["ts"] if changed else None)
    direct, mention, rewritten = event.get("channel_type") == "im", event["type"] == "app_mention", bool(message.get("edited"))
    return Said(*where, said, direct, mention, changed or rewritten, rewritten)


def _lifecycle(where: Where, event: dict[str, Any]) -> Lifecycle | None:
    what = event["type"].split("_", 1)[1]
    match event["type"], what:
        case "channel_id_changed", _:
            return Renumbered(*where, event["new_channel_id"])
        case (("channel_shared" | "channel_unshared"), _):
            return Shared(*where[:5], event["type"] == "channel_shared" or bool(event.get("is_ext_shared")))
        case (("member_joined_channel" | "member_left_channel"), _):
            return Moved(*where, event["user"], event["type"] == "member_joined_channel")
        case (("team_join" | "user_change"), _):
            return Changed(*where, member(event["user"]))
        case "app_uninstalled", _:
            return Uninstalled(*where)
        case "tokens_revoked", _:
            return Uninstalled(*where) if event.get("tokens", {}).get("bot") else None
        case _, "rename":
            return Renamed(*where, event["channel"]["name"])
        case _, ("archive" | "unarchive"):
            return Archived(*where, what == "archive")
        case _, "deleted":
            return Removed(*where)
        case _, "left":
            return Moved(*where, "", False)
    return None
