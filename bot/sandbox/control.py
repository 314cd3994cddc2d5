"""The control API: acting as the people of the workspace do. Tests, the demo and the page use it; it is not part of Slack."""

import asyncio
from collections import Counter
from typing import Any

from bot.sandbox import block_kit, views
from bot.sandbox.deliveries import Deliveries, Delivery
from bot.sandbox.events_api import EventsApi
from bot.sandbox.socket_mode import SocketMode
from bot.sandbox.workspace import APP, BOT_USER, Payload, SlackError, Workspace

PATIENCE = 3.0  # seconds within which a command must be acknowledged
HOOK_USES = 5  # of a `response_url`


class Control:
    """What people do, by name. Each method takes the JSON body's fields."""

    def __init__(self, workspace: Workspace, deliveries: Deliveries, sockets: SocketMode) -> None:
        self.workspace, self.deliveries, self.sockets = workspace, deliveries, sockets
        self.events_api = EventsApi()
        self._hooks: dict[str, tuple[str, str, str | None]] = {}  # response_url key -> channel, user, message it replaces
        self._uses = Counter[str]()  # of each of them
        self.site = ""

    async def post(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Payload:
        """Write a message; `@name` becomes a mention."""
        for person in self.workspace.users.values():
            text = text.replace(f"@{person.name}", f"<@{person.id}>")
        return self.workspace.post(channel, user, text, thread_ts)

    async def edit(self, user: str, channel: str, ts: str, text: str) -> Payload:
        """Edit a message."""
        return self.workspace.edit(channel, ts, user, text=text)

    async def delete(self, channel: str, ts: str) -> Payload:
        """Delete a message."""
        self.workspace.delete(channel, ts)
        return {}

    async def react(self, user: str, channel: str, ts: str, emoji: str, added: bool = True) -> Payload:
        """React to a message, or take it back."""
        self.workspace.react(channel, ts, user, emoji, added)
        return {}

    async def command(self, user: str, channel: str, command: str, text: str = "") -> Payload:
        """Run a slash command; what it answers is a message that only this person sees."""
        name = self.workspace.user(user).name
        payload = {
            "token": "sandbox", "team_id": self.workspace.team, "team_domain": "sandbox", "channel_id": channel,
            "channel_name": self.workspace.channel(channel).name, "user_id": user, "user_name": name, "command": command, "text": text,
            "api_app_id": APP, "is_enterprise_install": "false",
            "response_url": self._hook(channel, user, None), "trigger_id": self.workspace.trigger(user),
        }  # fmt: skip
        return await self._answered(self.deliveries.send("slash_commands", payload), channel, user)

    async def click(self, user: str, channel: str, ts: str, action_id: str, value: str | None = None) -> Payload:
        """Press a button of a message: the first with this id, and with this value if one is given."""
        message = self.workspace.message(channel, ts)
        action = self._pressed(message, action_id, value)
        ephemeral = "only_for" in message
        payload = {
            **self._interaction("block_actions", user), "actions": [action],
            "container": {"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": ephemeral},
            "channel": {"id": channel, "name": self.workspace.channel(channel).name}, "response_url": self._hook(channel, user, ts),
            **({} if ephemeral else {"message": message}),
        }  # fmt: skip
        return await self._answered(self.deliveries.send("interactive", payload), channel, user)

    async def open_home(self, user: str, tab: str = "home") -> Payload:
        """Open the app's Home tab, or its `messages`."""
        direct = self.workspace.channel(user).id
        event = {"type": "app_home_opened", "user": user, "channel": direct, "tab": tab, "event_ts": self.workspace.ts()}
        self.workspace.emit(event, False)
        return {}

    async def look_at(self, user: str, channel: str = "") -> Payload:
        """Have another channel open beside the app, or none."""
        entities = [{"type": "slack#/types/channel_id", "value": channel, "team_id": self.workspace.team}] if channel else []
        event = {"type": "app_context_changed", "user": user, "channel": self.workspace.channel(user).id, "event_ts": self.workspace.ts()}
        self.workspace.emit({**event, "context": {"entities": entities} if entities else {}}, False)
        return {}

    async def click_home(self, user: str, action_id: str, value: str | None = None) -> Payload:
        """Press a button of one's Home tab."""
        view = self.workspace.homes.get(user, {})
        payload = {
            **self._interaction("block_actions", user), "actions": [self._pressed(view, action_id, value)], "view": view,
            "container": {"type": "view", "view_id": view["id"]},
        }  # fmt: skip
        return await self._answered(self.deliveries.send("interactive", payload), "", user)

    def _pressed(self, shown: Payload, action_id: str, value: str | None) -> Payload:
        """The action of a button: the first with this id, and with this value if one is given. Raises SlackError."""
        named = [(b, e) for b in shown.get("blocks", []) for e in b.get("elements", []) if e.get("action_id") == action_id]
        pressed = [(b, e, one) for b, e in named for one in views.buttons(e) if value in (None, one.get("value"))]
        if not pressed:
            raise SlackError("no_such_button")
        block, element, button = pressed[0]
        return {"type": element["type"], "action_id": action_id, "block_id": block.get("block_id", "b"), "value": button.get("value"), "text": button["text"]}

    async def shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> Payload:
        """Use a message shortcut."""
        payload = {
            **self._interaction("message_action", user), "callback_id": callback_id, "message": self.workspace.message(channel, ts), "message_ts": ts,
            "channel": {"id": channel, "name": self.workspace.channel(channel).name}, "response_url": self._hook(channel, user, ts),
        }  # fmt: skip
        return await self._answered(self.deliveries.send("interactive", payload), channel, user)

    async def submit(self, user: str, view_id: str, values: dict[str, str] | None = None) -> Payload:
        """Send a window's form: text by block id. What the app finds wrong comes back as `errors`; else the window closes."""
        view = views.filled(self.workspace.views.get(view_id), user, values or {})
        delivery = self.deliveries.send("interactive", {**self._interaction("view_submission", user), "view": view, "response_urls": []})
        try:
            await asyncio.wait_for(delivery.acknowledged.wait(), PATIENCE)
        except TimeoutError:
            raise SlackError("operation_timeout") from None
        answer = delivery.response or {}
        if answer.get("response_action") == "errors":
            return {"errors": answer["errors"]}
        del self.workspace.views[view_id]
        return {}

    async def close(self, view_id: str) -> Payload:
        """Close a window without sending it."""
        self.workspace.views.pop(view_id, None)
        return {}

    def _interaction(self, kind: str, user: str) -> Payload:
        """What every interaction's payload says."""
        person = {"id": user, "name": self.workspace.user(user).name, "team_id": self.workspace.team}
        return {
            "type": kind, "team": {"id": self.workspace.team, "domain": "sandbox"}, "user": person,
            "api_app_id": APP, "token": "sandbox", "enterprise": None, "is_enterprise_install": False, "trigger_id": self.workspace.trigger(user),
        }  # fmt: skip

    async def redeliver(self, ts: str, times: int = 1) -> Payload:
        """Deliver the events about a message again, acknowledged or not."""
        about = [d for d in self.deliveries.sent if d.payload.get("event", {}).get("ts") == ts]
        for delivery in about * times:
            await self.deliveries.redeliver(delivery)
        return {"events": len(about)}

    async def acks(self) -> Payload:
        """How long each delivery took to be acknowledged, in seconds; None for those that were not."""
        return {"acks": [{"kind": delivery.kind, "attempts": delivery.attempts, "seconds": delivery.seconds} for delivery in self.deliveries.sent]}

    async def subscribe(self, url: str) -> Payload:
        """Set the app's request URL: from now on everything is delivered there, over HTTP."""
        await self.events_api.subscribe(url)
        self.deliveries.transport = self.events_api
        return {}

    async def faults(self, **settings: Any) -> Payload:
        """Have things go wrong; see `faults.py`."""
        self.deliveries.faults.set(**settings)
        return {}

    async def drop_sockets(self) -> Payload:
        """Break the app's connections."""
        return {"dropped": await self.sockets.drop()}

    async def state(self, user: str) -> Payload:
        """All that a person can see."""
        seen = []
        for channel in self.workspace.channels.values():
            if channel.direct in (None, user):
                messages = [m for m in channel.messages.values() if m.get("only_for") in (None, user)]
                seen.append({"id": channel.id, "name": channel.name, "direct": channel.direct, "messages": messages})
        people = [{"id": u.id, "name": u.name, "is_admin": u.is_admin, "is_bot": u.is_bot} for u in self.workspace.users.values()]
        windows = [view for view in self.workspace.views.values() if view["user"] == user]
        return {
            "channels": seen,
            "users": people,
            "views": windows,
            "home": self.workspace.homes.get(user),
            "prompts": self.workspace.prompts.get(self.workspace.channel(user).id, []),
            "statuses": [{"channel": channel, "thread_ts": ts, "status": status} for (channel, ts), status in self.workspace.statuses.items()],
            "bot": BOT_USER,
            "connected": bool(self.sockets.sockets or self.events_api.url),
        }

    def hooked(self, key: str, body: Payload) -> None:
        """The app answers through a `response_url`."""
        if key not in self._hooks or self._uses[key] >= HOOK_USES:
            raise SlackError("used_url")
        self._uses[key] += 1
        block_kit.check(body.get("blocks") or [], block_kit.IN_A_MESSAGE)
        channel, user, ts = self._hooks[key]
        content: Payload = {name: body[name] for name in ("text", "blocks") if name in body}
        if ts and body.get("replace_original") and ts in self.workspace.channel(channel).messages:
            self.workspace.channel(channel).messages[ts] |= {"blocks": [], **content}
        elif ts and body.get("delete_original"):
            self.workspace.delete(channel, ts)
        elif body.get("response_type") == "in_channel":
            self.workspace.post(channel, BOT_USER, **content)
        else:
            self.workspace.whisper(channel, user, content)

    async def _answered(self, delivery: Delivery, channel: str, user: str) -> Payload:
        """Wait for the acknowledgement, and show what came with it."""
        try:
            await asyncio.wait_for(delivery.acknowledged.wait(), PATIENCE)
        except TimeoutError:
            raise SlackError("operation_timeout") from None
        block_kit.check((delivery.response or {}).get("blocks") or [], block_kit.IN_A_MESSAGE)
        return self.workspace.whisper(channel, user, delivery.response) if delivery.response else {}

    def _hook(self, channel: str, user: str, ts: str | None) -> str:
        key = f"{self.workspace.number()}"
        self._hooks[key] = (channel, user, ts)
        return f"{self.site}/hooks/{self.workspace.team}/{key}"


def token_of(headers: Any, arguments: Payload) -> str:
    """The token of a call: in the header, or among the arguments."""
    bearer = headers.get("authorization", "")
    return str(arguments.pop("token", "") or bearer.removeprefix("Bearer "))
