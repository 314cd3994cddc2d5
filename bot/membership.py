"""Who is in which channel, and who administers the workspace, as Slack says at this moment."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from learning.database import Database
from learning.memory import approval, channels
from learning.records import LOCAL, Channel

PAGE = 200
KINDS = "public_channel,private_channel"


def members(web: WebClient, channel: str) -> list[str]:
    """Ids of the people in a channel. Raises SlackApiError."""
    return list(pages(web, "conversations_members", "members", channel=channel))


def channels_of(web: WebClient, team_id: str, user_id: str) -> set[str]:
    """Ids of the channels of a workspace, which a token of a whole organisation has to name, that somebody shares with the bot. Raises SlackApiError."""
    rooms = pages(web, "users_conversations", "channels", user=user_id, types=KINDS, exclude_archived=True, team_id=team_id)
    return {room["id"] for room in rooms}


def pages(web: WebClient, method: str, entries: str, ending: Callable[[], bool] = lambda: False, **arguments: Any) -> Iterator[Any]:
    """All entries of a method that answers in pages, unless it is `ending`. Raises SlackApiError."""
    cursor = ""
    while not ending():
        page = getattr(web, method)(limit=PAGE, cursor=cursor, **arguments)
        yield from page[entries]
        cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
        if not cursor:
            return


def is_inside(client: WebClient, channel: Channel) -> bool:
    """Is the bot a member? Slack is asked where that is not known."""
    if channel.members and not channel.left_at:
        return True
    try:
        if channel.is_direct:  # its own conversations it can read, those of two people it cannot
            return bool(client.conversations_history(channel=channel.slack_id, limit=1)["ok"])
        return bool(client.conversations_info(channel=channel.slack_id)["channel"].get("is_member"))
    except SlackApiError:  # what it cannot see
        return False


def trusted(client: WebClient, database: Database, channel: Channel, user_id: str) -> bool:
    """Does what this person teaches need nobody else? Slack is asked only where that matters, and how many a channel has that the bot has just joined."""
    if channel.members is None and approval.policy(channel) == "open" and not channel.approval and not channel.is_direct and channel.team_id != LOCAL:
        with suppress(SlackApiError, OSError):  # what it does not say, the next look at everything may
            told = client.conversations_info(channel=channel.slack_id, include_num_members=True)["channel"]
            with database.write() as session:
                room = session.get_one(Channel, channel.id)
                room.members = room.members or told.get("num_members")
                channels.share(room, bool(told.get("is_ext_shared")))
            channel.members, channel.is_external = room.members, room.is_external
    return approval.policy(channel) == "open" or is_admin(client, user_id)


def is_admin(client: WebClient, user_id: str) -> bool:
    """Is this person an admin or owner of the workspace?"""
    user = client.users_info(user=user_id)["user"]
    return bool(user.get("is_admin") or user.get("is_owner")) and not user.get("deleted")
