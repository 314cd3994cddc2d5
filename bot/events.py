"""Slack payload to dataclass; pure."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Envelope:
    """Where and what an event is; `event_id` is Slack's, equal for every delivery."""

    event_id: str
    kind: str
    enterprise_id: str
    team_id: str
    channel_id: str


@dataclass(frozen=True)
class Said(Envelope):
    """A message, new or in a new version. `mention` is true for Slack's `app_mention`."""

    ts: str
    thread_ts: str | None
    author: str
    text: str
    is_bot: bool
    direct: bool
    mention: bool
    edited_ts: str | None = None


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


Happening = Said | Deleted | Reacted


def parse(body: dict[str, Any]) -> Happening | None:
    """What an Events API payload tells; None for what the log does not keep (joins, topics, bot housekeeping)."""
    event = body["event"]
    channel = event.get("channel") or event.get("item", {}).get("channel", "")
    team = body.get("team_id") or event.get("team", "")
    where = (body["event_id"], event["type"], body.get("enterprise_id") or "", team, channel)
    if event["type"] in ("reaction_added", "reaction_removed"):
        if event["item"]["type"] != "message":
            return None
        return Reacted(*where, event["item"]["ts"], event["user"], event["reaction"], event["type"] == "reaction_added")
    if event["type"] not in ("message", "app_mention"):
        return None
    subtype = event.get("subtype")
    if subtype == "message_deleted":
        return Deleted(*where, event["deleted_ts"])
    if subtype == "message_changed" and event["message"].get("subtype") == "tombstone":  # what is left of a deleted message with replies
        return Deleted(*where, event["message"]["ts"])
    if subtype == "message_changed":
        return _said(where, event["message"], event)
    if subtype in (None, "bot_message", "thread_broadcast", "file_share", "me_message"):
        return _said(where, event, event)
    return None


def _said(where: tuple[str, str, str, str, str], message: dict[str, Any], event: dict[str, Any]) -> Said:
    is_bot = bool(message.get("bot_id")) or message.get("subtype") == "bot_message"
    return Said(
        *where, ts=message["ts"], thread_ts=message.get("thread_ts"), author=message.get("user") or message.get("bot_id") or "",
        text=message.get("text") or "", is_bot=is_bot, direct=event.get("channel_type") == "im", mention=event["type"] == "app_mention",
        edited_ts=message.get("edited", {}).get("ts") or (event["ts"] if event is not message else None),
    )  # fmt: skip
