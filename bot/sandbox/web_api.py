"""The Web API methods that the bot calls, as strict about arguments, tokens and lengths as Slack; `unknown_method` for the rest.

`methods.json` holds the argument tables: Slack's published specification, and for newer arguments the official SDK's signatures.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.sandbox.workspace import APP, APP_TOKEN, BOT_ID, BOT_TOKEN, BOT_USER, TEAM, Payload, SlackError, Workspace

METHODS: dict[str, Any] = json.loads((Path(__file__).parent / "methods.json").read_text())
TEXT_MOST, SECTION_MOST, BLOCKS_MOST = 4_000, 3_000, 50
EVERYWHERE = {"team_id"}  # the official SDK sends it with every call of a Bolt app
TOKENS = {"xoxb": BOT_TOKEN, "xapp": APP_TOKEN}


class WebApi:
    """Calls by method name over one workspace."""

    def __init__(self, workspace: Workspace, site: Callable[[], str]) -> None:
        self.workspace, self.site = workspace, site
        self.handlers: dict[str, Callable[..., Payload]] = {
            "apps.connections.open": self.open_connection, "auth.test": self.auth_test, "chat.getPermalink": self.permalink,
            "chat.postMessage": self.post_message, "chat.update": self.update, "conversations.replies": self.replies, "users.info": self.user_info,
        }  # fmt: skip

    def call(self, method: str, token: str, arguments: Payload) -> Payload:
        """Slack's answer, `ok` or not."""
        try:
            return {"ok": True, **self._call(method, token, arguments)}
        except SlackError as error:
            problem: Payload = {"ok": False, "error": error.name}
            return problem | ({"response_metadata": {"messages": list(error.details)}} if error.details else {})

    def _call(self, method: str, token: str, arguments: Payload) -> Payload:
        if method not in self.handlers:
            raise SlackError("unknown_method")
        table = METHODS[method]
        if not token:
            raise SlackError("not_authed")
        if token != TOKENS[table["token"]]:
            raise SlackError("not_allowed_token_type" if token in TOKENS.values() else "invalid_auth")
        arguments = {name: value for name, value in arguments.items() if name not in EVERYWHERE}
        unknown = sorted(set(arguments) - set(table["arguments"]))
        if unknown:
            raise SlackError("invalid_arg_name", *(f"[ERROR] unknown argument: {name}" for name in unknown))
        missing = [name for name in table["required"] if arguments.get(name) in (None, "")]
        if missing:
            raise SlackError("invalid_arguments", *(f"[ERROR] missing required field: {name}" for name in missing))
        return self.handlers[method](**arguments)

    def open_connection(self) -> Payload:
        """Where to dial for Socket Mode."""
        return {"url": f"{self.site().replace('http', 'ws', 1)}/link?ticket={self.workspace.number()}"}

    def auth_test(self) -> Payload:
        """Who the token belongs to."""
        return {"url": f"{self.site()}/", "team": "Sandbox", "user": "nightschool", "team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT_ID, "app_id": APP}

    def permalink(self, channel: str, message_ts: str) -> Payload:
        """A link to a message."""
        self.workspace.message(channel, message_ts)
        return {"channel": channel, "permalink": f"{self.site()}/archives/{channel}/p{message_ts.replace('.', '')}"}

    def post_message(self, channel: str, text: str = "", blocks: Any = None, thread_ts: str | None = None, metadata: Any = None, **_: Any) -> Payload:
        """The bot writes."""
        content = _content(text, blocks, metadata)
        message = self.workspace.post(channel, BOT_USER, thread_ts=thread_ts, **content)
        return {"channel": channel, "ts": message["ts"], "message": message}

    def update(self, channel: str, ts: str, text: str = "", blocks: Any = None, metadata: Any = None, **_: Any) -> Payload:
        """The bot edits a message of its own."""
        if self.workspace.message(channel, ts)["user"] != BOT_USER:
            raise SlackError("cant_update_message")
        message = self.workspace.edit(channel, ts, BOT_USER, **{"blocks": [], **_content(text, blocks, metadata)})
        return {"channel": channel, "ts": ts, "text": message["text"], "message": message}

    def replies(self, channel: str, ts: str, limit: int = 1000, cursor: str = "", include_all_metadata: Any = False, **_: Any) -> Payload:
        """A thread, page by page."""
        thread, start, most = self.workspace.thread(channel, ts), int(cursor or 0), int(limit)
        page = [m if _true(include_all_metadata) else {k: v for k, v in m.items() if k != "metadata"} for m in thread[start : start + most]]
        following = str(start + most) if start + most < len(thread) else ""
        return {"messages": page, "has_more": bool(following), "response_metadata": {"next_cursor": following}}

    def user_info(self, user: str, include_locale: Any = None) -> Payload:
        """A member."""
        found = self.workspace.user(user)
        return {"user": {"id": found.id, "name": found.name, "team_id": TEAM, "is_admin": found.is_admin, "is_owner": False, "is_bot": found.is_bot}}


def _content(text: str, blocks: Any, metadata: Any) -> Payload:
    """Text and blocks as Slack takes them. Raises SlackError."""
    blocks = _json(blocks, "invalid_blocks_format") or []
    if not text and not blocks:
        raise SlackError("no_text")
    if len(text) > TEXT_MOST:
        raise SlackError("msg_too_long")
    if len(blocks) > BLOCKS_MOST or any(len((b.get("text") or {}).get("text", "")) > SECTION_MOST for b in blocks if b["type"] == "section"):
        raise SlackError("invalid_blocks")
    content: Payload = {"text": text, "blocks": blocks} if blocks else {"text": text}
    return content | ({"metadata": _json(metadata, "invalid_metadata_format")} if metadata else {})


def _json(value: Any, error: str) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) and value else value
    except ValueError:
        raise SlackError(error) from None


def _true(value: Any) -> bool:
    return str(value).lower() in ("1", "true")
