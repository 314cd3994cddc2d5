"""Who is in which channel, as Slack says at this moment."""

from collections.abc import Iterator
from typing import Any

from slack_sdk import WebClient

PAGE = 200
KINDS = "public_channel,private_channel"


def members(web: WebClient, channel: str) -> list[str]:
    """Ids of the people in a channel. Raises SlackApiError."""
    return list(_pages(web, "conversations_members", "members", channel=channel))


def channels_of(web: WebClient, user_id: str) -> set[str]:
    """Ids of the channels that somebody shares with the bot. Raises SlackApiError."""
    return {room["id"] for room in _pages(web, "users_conversations", "channels", user=user_id, types=KINDS, exclude_archived=True)}


def _pages(web: WebClient, method: str, entries: str, **arguments: Any) -> Iterator[Any]:
    cursor = ""
    while True:
        page = getattr(web, method)(limit=PAGE, cursor=cursor, **arguments)
        yield from page[entries]
        cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
        if not cursor:
            return
