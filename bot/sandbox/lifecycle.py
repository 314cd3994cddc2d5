"""What happens to channels and people: renamed, archived, deleted, shared, removed, deactivated. Private channels tell of it by `group_*` events."""

import time

from bot.sandbox.workspace import BOT_USER, Channel, Payload, Workspace


class Lifecycle:
    """Changes to one workspace, with the events that Slack sends of them."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    async def rename(self, channel: str, name: str) -> Payload:
        """A channel gets another name."""
        room = self.workspace.channel(channel)
        room.name = name
        self._tell(room, "rename", channel={"id": room.id, "name": name, "created": room.created})
        return {}

    async def archive(self, channel: str, user: str, archived: bool = True) -> Payload:
        """A channel is archived, or opened again."""
        room = self.workspace.channel(channel)
        room.archived = archived
        self._tell(room, "archive" if archived else "unarchive", channel=room.id, user=user)
        return {}

    async def renumber(self, channel: str, new_id: str) -> Payload:
        """A channel gets another id, as when it is converted."""
        room = self.workspace.channels.pop(channel)
        room.id = new_id
        self.workspace.channels[new_id] = room
        self.workspace.tell(room, {"type": "channel_id_changed", "old_channel_id": channel, "new_channel_id": new_id, "event_ts": self.workspace.ts()})
        return {}

    async def remove(self, channel: str) -> Payload:
        """A channel is deleted."""
        room = self.workspace.channel(channel)
        self._tell(room, "deleted", channel=room.id)
        del self.workspace.channels[channel]
        return {}

    async def share(self, channel: str, external: bool = True) -> Payload:
        """A channel is shared with another organisation, or no longer."""
        room = self.workspace.channel(channel)
        room.external = external
        self.workspace.tell(room, {"type": "channel_shared" if external else "channel_unshared", "channel": room.id, "event_ts": self.workspace.ts()})
        return {}

    async def kick(self, channel: str, user: str = BOT_USER) -> Payload:
        """Somebody is removed from a channel. The app itself hears of it by two events."""
        room = self.workspace.channel(channel)
        left = {"user": user, "channel": room.id, "channel_type": "G" if room.private else "C", "team": self.workspace.team, "event_ts": self.workspace.ts()}
        self.workspace.tell(room, {"type": "member_left_channel", **left})
        if user == BOT_USER:
            self._tell(room, "left", channel=room.id, actor_id="U0ANA")
        room.members.discard(user)
        return {}

    async def invite(self, channel: str, user: str = BOT_USER) -> Payload:
        """Somebody joins a channel."""
        room = self.workspace.channel(channel)
        room.members.add(user)
        joined = {"user": user, "channel": room.id, "channel_type": "G" if room.private else "C", "team": self.workspace.team, "event_ts": self.workspace.ts()}
        self.workspace.tell(room, {"type": "member_joined_channel", **joined})
        return {}

    async def uninstall(self) -> Payload:
        """The app is removed from the workspace; it hears of that by two events, in no certain order."""
        self.workspace.installed = False
        self.workspace.emit({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [BOT_USER]}, "event_ts": self.workspace.ts()}, False)
        self.workspace.emit({"type": "app_uninstalled", "event_ts": self.workspace.ts()}, False)
        return {}

    async def change_user(self, user: str, deleted: bool = False, time_zone: str | None = None) -> Payload:
        """A person is deactivated or moves."""
        person = self.workspace.user(user)
        person.deleted, person.time_zone = deleted, time_zone or person.time_zone
        self.workspace.emit({"type": "user_change", "user": person.as_slack(), "event_ts": str(time.time())}, False)
        return {}

    def _tell(self, room: Channel, what: str, **fields: object) -> None:
        self.workspace.tell(room, {"type": f"{'group' if room.private else 'channel'}_{what}", "event_ts": self.workspace.ts(), **fields})
