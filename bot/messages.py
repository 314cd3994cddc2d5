"""A message as Slack writes it, in an event, in a channel's history, or in an export: to what the log keeps."""

from typing import Any

from learning.memory.log import Utterance

KEPT = (None, "bot_message", "thread_broadcast", "file_share", "me_message")  # subtypes; the rest is housekeeping


def utterance(message: dict[str, Any], edited_ts: str | None = None) -> Utterance:
    """One message; `edited_ts` stands in where Slack gives none. Of its reactions only complete ones count: Slack cuts long lists of names short."""
    return Utterance(
        ts=message["ts"], author=message.get("user") or message.get("bot_id") or "", text=message.get("text") or "", thread_ts=message.get("thread_ts"),
        is_bot=bool(message.get("bot_id")) or message.get("subtype") == "bot_message", edited_ts=(message.get("edited") or {}).get("ts") or edited_ts,
        reactions=_reactions(message),
    )  # fmt: skip


def is_kept(message: dict[str, Any]) -> bool:
    """Is it something that somebody wrote?"""
    return message.get("type", "message") == "message" and message.get("subtype") in KEPT and "ts" in message


def is_tombstone(message: dict[str, Any]) -> bool:
    """Is it what is left of a deleted message with replies?"""
    return message.get("subtype") == "tombstone"


def _reactions(message: dict[str, Any]) -> frozenset[tuple[str, str]] | None:
    given = message.get("reactions")
    if given is None:
        return None
    return frozenset((reaction["name"], user) for reaction in given for user in reaction.get("users", ()))
