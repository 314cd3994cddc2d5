"""The `conversations.*` and `users.*` methods: history and threads page by page, channels, members."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any

from bot.sandbox.workspace import BOT_USER, Channel, Payload, SlackError, Workspace


class Conversations:
    """Reading one workspace as the app."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.methods: dict[str, Callable[..., Payload]] = {
            "conversations.history": self.history, "conversations.replies": self.replies, "conversations.info": self.info,
            "conversations.members": self.members, "users.conversations": self.of_user, "users.info": self.user, "users.list": self.users,
        }  # fmt: skip

    def history(
        self, channel: str, latest: str = "", oldest: str = "0", inclusive: Any = False, limit: int = 100, cursor: str = "", include_all_metadata: Any = False
    ) -> Payload:
        """What stands in the channel itself, newest first."""
        room = self._readable(channel)
        broadcast = [m for m in room.messages.values() if m.get("thread_ts") in (None, m["ts"]) or m.get("subtype") == "thread_broadcast"]
        within = [m for m in broadcast if "only_for" not in m and _between(m["ts"], oldest, latest, _true(inclusive))]
        newest_first = sorted(within, key=lambda m: float(m["ts"]), reverse=True)
        return _page([self._with_replies(room, m) for m in newest_first], limit, cursor, "messages", _true(include_all_metadata))

    def replies(self, channel: str, ts: str, limit: int = 1000, cursor: str = "", include_all_metadata: Any = False, **_: Any) -> Payload:
        """A thread, page by page."""
        room = self._readable(channel)
        return _page([self._with_replies(room, m) for m in self.workspace.thread(channel, ts)], limit, cursor, "messages", _true(include_all_metadata))

    def info(self, channel: str, include_num_members: Any = False, **_: Any) -> Payload:
        """A channel."""
        room = self.workspace.channel(channel)
        return {"channel": room.as_slack() | ({"num_members": len(room.members)} if _true(include_num_members) else {})}

    def members(self, channel: str, limit: int = 100, cursor: str = "") -> Payload:
        """Who is in a channel."""
        return _page(sorted(self._readable(channel).members), limit, cursor, "members")

    def of_user(self, user: str = BOT_USER, types: str = "public_channel", exclude_archived: Any = False, limit: int = 100, cursor: str = "") -> Payload:
        """The channels that somebody is in."""
        wanted = {kind.strip() for kind in types.split(",")}
        rooms = [room for room in self.workspace.channels.values() if user in room.members and _kind(room) in wanted]
        return _page([room.as_slack() for room in rooms if not (_true(exclude_archived) and room.archived)], limit, cursor, "channels")

    def user(self, user: str, **_: Any) -> Payload:
        """A member of the workspace."""
        return {"user": self.workspace.user(user).as_slack()}

    def users(self, limit: int = 100, cursor: str = "", **_: Any) -> Payload:
        """All members of the workspace, deactivated ones included."""
        return _page([user.as_slack() for user in self.workspace.users.values()], limit, cursor, "members")

    def _readable(self, channel: str) -> Channel:
        room = self.workspace.channel(channel)
        if BOT_USER not in room.members:
            raise SlackError("not_in_channel")
        return room

    def _with_replies(self, room: Channel, message: Payload) -> Payload:
        replies = [m["ts"] for m in room.messages.values() if m.get("thread_ts") == message["ts"] != m["ts"]]
        return {**message, "thread_ts": message["ts"], "reply_count": len(replies), "latest_reply": max(replies)} if replies else message


def _page(entries: Sequence[Any], limit: Any, cursor: str, name: str, metadata: bool = True) -> Payload:
    """One page, with an opaque cursor to the next. Raises SlackError."""
    try:
        start = int(urlsafe_b64decode(cursor).decode().removeprefix("next:")) if cursor else 0
    except ValueError:
        raise SlackError("invalid_cursor") from None
    most = int(limit)
    if not 1 <= most <= 1000:
        raise SlackError("invalid_limit")
    page = list(entries[start : start + most])
    if not metadata:
        page = [{k: v for k, v in entry.items() if k != "metadata"} for entry in page]
    more = start + most < len(entries)
    following = urlsafe_b64encode(f"next:{start + most}".encode()).decode() if more else ""
    return {name: page, "has_more": more, "response_metadata": {"next_cursor": following}}


def _between(ts: str, oldest: str, latest: str, inclusive: bool) -> bool:
    low, high, value = float(oldest or 0), float(latest or "inf"), float(ts)
    return low <= value <= high if inclusive else low < value < high


def _kind(room: Channel) -> str:
    return "im" if room.direct else "private_channel" if room.private else "public_channel"


def _true(value: Any) -> bool:
    return str(value).lower() in ("1", "true")
