"""Who is in which channel, as Slack says at this moment."""

from collections.abc import Callable, Iterator
from typing import Any

from slack_sdk import WebClient

PAGE = 200
KINDS = "public_channel,private_channel"


def members(web: WebClient, channel: str) -> list[str]:
    """Ids of the people in a channel. Raises SlackApiError."""
    return list(pages(web, "conversations_members", "members", channel=channel))


def channels_of(web: WebClient, user_id: str) -> set[str]:
    """Ids of the channels that somebody shares with the bot. Raises SlackApiError."""
    return {room["id"] for room in pages(web, "users_conversations", "channels", user=user_id, types=KINDS, exclude_archived=True)}


def pages(web: WebClient, method: str, entries: str, ending: Callable[[], bool] = lambda: False, **arguments: Any) -> Iterator[Any]:
    """All entries of a method that answers in pages, unless it is `ending`. Raises SlackApiError."""
    cursor = ""
    while not ending():
        page = getattr(web, method)(limit=PAGE, cursor=cursor, **arguments)
        yield from page[entries]
        cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
        if not cursor:
            return
