"""A message as Slack writes it, in an event, in a channel's history, or in an export: to what the log keeps."""

from typing import Any

from learning.memory.log import Utterance

MOST_EMOJI = 64  # characters of an emoji's name that are kept
KEPT = (None, "bot_message", "thread_broadcast", "file_share", "me_message")  # subtypes; the rest is housekeeping


def utterance(message: dict[str, Any], edited_ts: str | None = None) -> Utterance:
    """One message. `edited_ts` stands in where Slack gives none of what a bot wrote; people's edits have one, and a link's preview is no edit."""
    bots = bool(message.get("bot_id"))
    return Utterance(
        ts=message["ts"], thread_ts=message.get("thread_ts"),
        author=message.get("user") or message.get("bot_id") or "", text=storable(message.get("text") or ""),
        is_bot=bots or message.get("subtype") == "bot_message", edited_ts=(message.get("edited") or {}).get("ts") or (edited_ts if bots else None),
        reactions=_reactions(message),
    )  # fmt: skip


def is_kept(message: dict[str, Any]) -> bool:
    """Is it something that somebody wrote?"""
    return message.get("type", "message") == "message" and message.get("subtype") in KEPT and bool(message.get("ts"))


def is_tombstone(message: dict[str, Any]) -> bool:
    """Is it what is left of a deleted message with replies?"""
    return message.get("subtype") == "tombstone"


def storable(text: str) -> str:
    """Text without what no database takes: NUL, and halves of characters."""
    return text.replace("\x00", "").encode(errors="ignore").decode()


def _reactions(message: dict[str, Any]) -> frozenset[tuple[str, str]]:
    """Who reacted how; Slack names only the first of many."""
    given = [reaction for reaction in message.get("reactions") or () if reaction.get("name")]
    return frozenset((reaction["name"][:MOST_EMOJI], user) for reaction in given for user in reaction.get("users") or ())
