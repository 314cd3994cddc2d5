"""The `chat.*` methods: posting, editing, deleting, links, and streams."""

import json
from collections.abc import Callable
from typing import Any

from bot.sandbox import block_kit
from bot.sandbox.workspace import BOT_USER, Payload, SlackError, Workspace

SESSIONS = ("active", "processing", "suspended", "closed")
TEXT_MOST, STREAM_MOST, PROMPTS_MOST = 4_000, 12_000, 4


class Chat:
    """Speaking as the app in one workspace."""

    def __init__(self, workspace: Workspace, site: Callable[[], str]) -> None:
        self.workspace, self.site = workspace, site
        self.streams: set[tuple[str, str]] = set()
        self.methods: dict[str, Callable[..., Payload]] = {
            "chat.getPermalink": self.permalink, "chat.postMessage": self.post, "chat.postEphemeral": self.whisper,
            "chat.update": self.update, "chat.delete": self.delete,
            "chat.startStream": self.start_stream, "chat.appendStream": self.append_stream, "chat.stopStream": self.stop_stream,
            "agents.sessions.setStatus": self.set_status, "assistant.threads.setSuggestedPrompts": self.suggest,
        }  # fmt: skip

    def permalink(self, channel: str, message_ts: str) -> Payload:
        """A link to a message."""
        self.workspace.message(channel, message_ts)
        return {"channel": channel, "permalink": f"{self.site()}/archives/{channel}/p{message_ts.replace('.', '')}"}

    def post(self, channel: str, text: str = "", blocks: Any = None, thread_ts: str | None = None, metadata: Any = None, **_: Any) -> Payload:
        """The bot writes."""
        message = self.workspace.post(channel, BOT_USER, thread_ts=thread_ts, **_content(text, blocks, metadata))
        return {"channel": channel, "ts": message["ts"], "message": message}

    def whisper(self, channel: str, user: str, text: str = "", blocks: Any = None, **_: Any) -> Payload:
        """The bot writes what one person of a channel sees."""
        room = self.workspace.channel(channel)
        if user not in room.members:
            raise SlackError("user_not_in_channel")
        return {"message_ts": self.workspace.whisper(channel, user, _content(text, blocks, None))["ts"]}

    def update(self, channel: str, ts: str, text: str = "", blocks: Any = None, metadata: Any = None, **_: Any) -> Payload:
        """The bot edits a message of its own."""
        self._own(channel, ts, "cant_update_message")
        if (channel, ts) in self.streams:
            raise SlackError("streaming_state_conflict")
        message = self.workspace.edit(channel, ts, BOT_USER, **{"blocks": [], **_content(text, blocks, metadata)})
        return {"channel": channel, "ts": ts, "text": message["text"], "message": message}

    def delete(self, channel: str, ts: str, **_: Any) -> Payload:
        """The bot takes a message of its own back."""
        self._own(channel, ts, "cant_delete_message")
        if (channel, ts) in self.streams:
            raise SlackError("cant_delete_message")
        self.workspace.delete(channel, ts)
        return {"channel": channel, "ts": ts}

    def set_status(self, channel_id: str, status: str, thread_ts: str = "", **_: Any) -> Payload:
        """What the app is doing in a thread; while it is `processing`, people are shown a button to stop it."""
        if status not in SESSIONS:
            raise SlackError("invalid_arguments", f"[ERROR] no such status: {status}")
        self.workspace.message(channel_id, thread_ts)
        self.workspace.statuses[channel_id, thread_ts] = status
        return {"status": status}

    def suggest(self, channel_id: str, prompts: Any, **_: Any) -> Payload:
        """What somebody may ask the app, shown when they open their conversation with it."""
        given = _json(prompts, "invalid_prompts") or []
        if len(given) > PROMPTS_MOST or not all(prompt.get("title") and prompt.get("message") for prompt in given):
            raise SlackError("invalid_prompts")
        self.workspace.prompts[self.workspace.channel(channel_id).id] = given
        return {}

    def start_stream(
        self, channel: str, thread_ts: str, markdown_text: str = "", recipient_user_id: str = "", recipient_team_id: str = "", **_: Any
    ) -> Payload:
        """A message that will grow; in a channel it must say for whom."""
        if not self.workspace.channel(channel).direct and not (recipient_user_id and recipient_team_id):
            raise SlackError("missing_recipient_user_id" if not recipient_user_id else "missing_recipient_team_id")
        message = self.workspace.post(channel, BOT_USER, thread_ts=thread_ts, text=markdown_text)
        self.streams.add((channel, message["ts"]))
        return {"channel": channel, "ts": message["ts"]}

    def append_stream(self, channel: str, ts: str, markdown_text: str = "", **_: Any) -> Payload:
        """The message grows; not after it was closed, nor beyond what Slack takes."""
        message = self._streaming(channel, ts)
        if len((message["text"] + markdown_text).encode()) > STREAM_MOST:
            raise SlackError("msg_too_long")
        message["text"] += markdown_text
        return {"channel": channel, "ts": ts}

    def stop_stream(
        self, channel: str, ts: str, markdown_text: str = "", blocks: Any = None, metadata: Any = None, session_status: str = "", **_: Any
    ) -> Payload:
        """The message is whole."""
        old = self._streaming(channel, ts)
        self.streams.discard((channel, ts))
        if session_status:
            self.set_status(channel, session_status, old["thread_ts"])
        message = self.workspace.edit(channel, ts, BOT_USER, **_content(old["text"] + markdown_text, blocks, metadata, STREAM_MOST))
        return {"channel": channel, "ts": ts, "message": message}

    def stop_session(self, channel: str, thread_ts: str, user_id: str) -> Payload:
        """Somebody presses the button that stops the app: Slack closes its streams, and tells it."""
        if self.workspace.statuses.get((channel, thread_ts)) != "processing":
            raise SlackError("session_not_processing")
        open_here = [ts for place, ts in self.streams if place == channel and self.workspace.message(channel, ts).get("thread_ts") == thread_ts]
        self.streams -= {(channel, ts) for ts in open_here}
        event = {"type": "agent_session_stopped", "user": user_id, "thread_ts": thread_ts, "streaming_message_ts": open_here}
        self.workspace.tell(self.workspace.channel(channel), {**event, **self.workspace.where(self.workspace.channel(channel))})
        return {"streams": len(open_here)}

    def expire_streams(self) -> int:
        """Close all streams, as Slack does after some minutes; how many there were."""
        expired = len(self.streams)
        self.streams.clear()
        return expired

    def _streaming(self, channel: str, ts: str) -> Payload:
        message = self.workspace.message(channel, ts)
        if (channel, ts) not in self.streams:
            raise SlackError("message_not_in_streaming_state")
        return message

    def _own(self, channel: str, ts: str, error: str) -> None:
        if self.workspace.message(channel, ts)["user"] != BOT_USER:
            raise SlackError(error)


def _content(text: str, blocks: Any, metadata: Any, most: int = TEXT_MOST) -> Payload:
    """Text and blocks as Slack takes them. Raises SlackError."""
    blocks = _json(blocks, "invalid_blocks_format") or []
    if not text and not blocks:
        raise SlackError("no_text")
    if len(text) > most:
        raise SlackError("msg_too_long")
    block_kit.check(blocks, block_kit.IN_A_MESSAGE)
    content: Payload = {"text": text, "blocks": blocks} if blocks else {"text": text}
    return content | ({"metadata": _json(metadata, "invalid_metadata_format")} if metadata else {})


def _json(value: Any, error: str) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) and value else value
    except ValueError:
        raise SlackError(error) from None
