import json
import re
from pathlib import Path

import jsonschema
import pytest

from bot.listeners import actions, commands, events
from bot.sandbox.web_api import METHODS

ROOT = Path(__file__).parents[1]
MANIFEST = json.loads((ROOT / "manifests" / "slack" / "socket.json").read_text())
SCHEMA = ROOT.parent / "shared" / "data" / "slack" / "manifest.schema.2.0.0.json"
SCOPES_OF_EVENTS = {
    "app_mention": "app_mentions:read", "message.channels": "channels:history", "message.groups": "groups:history", "message.im": "im:history",
    "reaction_added": "reactions:read", "reaction_removed": "reactions:read",
}  # fmt: skip
SCOPES_OF_METHODS = {  # None: any token will do
    "apps.connections.open": None, "auth.test": None, "chat.getPermalink": None, "chat.postMessage": "chat:write", "chat.update": "chat:write",
    "conversations.replies": "channels:history", "users.info": "users:read",
}  # fmt: skip


def methods_called() -> set[str]:
    """Web API methods that the bot's code calls, by the SDK's naming; the SDK itself opens connections."""
    source = "\n".join(file.read_text() for file in (ROOT / "bot").rglob("*.py") if "sandbox" not in file.parts)
    called = {f"{group}.{name}" for group, name in re.findall(r"\.(chat|conversations|users|views|reactions|auth)_(\w+)\(", source)}
    return called | {"apps.connections.open"}


@pytest.mark.skipif(not SCHEMA.exists(), reason="Slack's manifest schema lies outside this repository")
def test_the_manifest_is_valid_by_slacks_schema() -> None:
    jsonschema.validate(MANIFEST, json.loads(SCHEMA.read_text()))


def test_events_commands_and_methods_are_those_of_the_code() -> None:
    subscribed = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    assert {event.split(".")[0] for event in subscribed} == set(events.EVENTS)
    assert {command["command"] for command in MANIFEST["features"]["slash_commands"]} == set(commands.COMMANDS)
    assert MANIFEST["settings"]["interactivity"]["is_enabled"] == bool(actions.ACTIONS)
    assert methods_called() == set(METHODS) == set(SCOPES_OF_METHODS)


def test_the_scopes_are_exactly_what_is_used() -> None:
    events_need = {SCOPES_OF_EVENTS[event] for event in MANIFEST["settings"]["event_subscriptions"]["bot_events"]}
    methods_need = {scope for method in methods_called() if (scope := SCOPES_OF_METHODS[method])}
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == events_need | methods_need | {"commands"}


def test_it_is_an_agent_over_socket_mode() -> None:
    assert "agent_view" in MANIFEST["features"]
    assert MANIFEST["settings"]["socket_mode_enabled"]
