"""The Web API methods that the bot calls, as strict about arguments, tokens and lengths as Slack; `unknown_method` for the rest.

`methods.json` holds the argument tables: Slack's published specification, and for newer arguments the official SDK's signatures.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.sandbox.chat import Chat
from bot.sandbox.conversations import Conversations
from bot.sandbox.views import Views
from bot.sandbox.workspace import APP, APP_TOKEN, BOT_ID, BOT_USER, Payload, SlackError, Workspace

METHODS: dict[str, Any] = json.loads((Path(__file__).parent / "methods.json").read_text())
EVERYWHERE = {"team_id"}  # the official SDK sends it with every call of a Bolt app


class WebApi:
    """Calls by method name over one workspace."""

    def __init__(self, workspace: Workspace, site: Callable[[], str]) -> None:
        self.workspace, self.site = workspace, site
        self.chat = Chat(workspace, site)
        self.handlers: dict[str, Callable[..., Payload]] = {
            "apps.connections.open": self.open_connection, "auth.test": self.auth_test,
            **self.chat.methods, **Conversations(workspace).methods, **Views(workspace).methods,
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
        tokens = {"xoxb": self.workspace.token, "xapp": APP_TOKEN}
        if token != tokens[table["token"]]:
            raise SlackError("not_allowed_token_type" if token in tokens.values() else "invalid_auth")
        if token == self.workspace.token and not self.workspace.installed:
            raise SlackError("account_inactive")
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
        return {
            "url": f"{self.site()}/",
            "team": self.workspace.team,
            "user": "nightschool",
            "team_id": self.workspace.team,
            "user_id": BOT_USER,
            "bot_id": BOT_ID,
            "app_id": APP,
        }
