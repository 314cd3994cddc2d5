import json
import re
from pathlib import Path
from unittest.mock import MagicMock

import jsonschema
import pytest
import yaml

from bot import checks, listeners, transport
from bot.sandbox.web_api import METHODS
from learning.settings import Settings

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "manifests" / "slack"
MANIFESTS = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in ("socket", "http")}
MANIFEST = MANIFESTS["socket"]
SCHEMA = json.loads((ROOT / "tests" / "data" / "slack" / "manifest.schema.2.0.0.json").read_text())
SCOPES_OF_EVENTS = {
    "app_mention": "app_mentions:read", "message.channels": "channels:history", "message.groups": "groups:history", "message.im": "im:history",
    "reaction_added": "reactions:read", "reaction_removed": "reactions:read", "team_join": "users:read", "user_change": "users:read",
    "member_joined_channel": "channels:read", "member_left_channel": "groups:read", "channel_id_changed": "channels:read",
}  # fmt: skip
SCOPES_OF_METHODS = {  # None: any token will do
    "agents.sessions.setStatus": "chat:write", "apps.connections.open": None, "assistant.threads.setSuggestedPrompts": "assistant:write", "auth.test": None,
    "chat.getPermalink": None, "chat.postMessage": "chat:write", "chat.postEphemeral": "chat:write", "chat.update": "chat:write",
    "chat.delete": "chat:write", "chat.startStream": "chat:write", "chat.appendStream": "chat:write", "chat.stopStream": "chat:write",
    "conversations.history": "channels:history", "conversations.info": "channels:read", "conversations.members": "channels:read",
    "conversations.replies": "channels:history", "users.conversations": "channels:read", "users.info": "users:read", "users.list": "users:read",
    "views.open": None, "views.publish": None,
}  # fmt: skip


def scope_of(event: str) -> str | None:
    """The scope that an event needs; None: any app hears of it."""
    if event in ("app_home_opened", "app_uninstalled", "tokens_revoked", "agent_session_stopped", "app_context_changed"):
        return None
    family = "channels:read" if event.startswith("channel_") else "groups:read"
    return SCOPES_OF_EVENTS.get(event, family)


def methods_called() -> set[str]:
    """Web API methods that the bot's code calls, by the SDK's naming; the SDK itself opens connections."""
    source = "\n".join(file.read_text() for file in (ROOT / "bot").rglob("*.py") if "sandbox" not in file.parts)
    called = {
        f"{group}.{name.replace('_', '.')}"
        for group, name in re.findall(r"""[."](agents|assistant|chat|conversations|users|views|reactions|auth)_(\w+)[(",)]""", source)
    }
    return called | {"apps.connections.open"}


@pytest.mark.parametrize("name", MANIFESTS)
def test_the_manifests_are_valid_by_slacks_schema(name: str) -> None:
    jsonschema.validate(MANIFESTS[name], SCHEMA)


def test_the_manifests_differ_in_how_slack_reaches_the_bot_alone() -> None:
    plain = json.loads(json.dumps(MANIFESTS["http"]))
    urls = [command.pop("url") for command in plain["features"]["slash_commands"]]
    urls += [plain["settings"][part].pop("request_url") for part in ("event_subscriptions", "interactivity")]
    assert {url.partition(".example.com")[2] for url in urls} == {transport.PATH}
    plain["settings"]["socket_mode_enabled"] = True
    assert plain == MANIFEST


def test_events_commands_and_methods_are_those_of_the_code() -> None:
    app = MagicMock()
    listeners.register(app, MagicMock())
    heard = {kind: {call.args[0] for call in getattr(app, kind).call_args_list} for kind in ("event", "command", "shortcut", "action", "view")}
    assert heard["event"] == {event.split(".")[0] for event in MANIFEST["settings"]["event_subscriptions"]["bot_events"]}
    assert heard["command"] == {command["command"] for command in MANIFEST["features"]["slash_commands"]}
    assert heard["shortcut"] == {shortcut["callback_id"] for shortcut in MANIFEST["features"]["shortcuts"]}
    assert MANIFEST["settings"]["interactivity"]["is_enabled"] == bool(heard["action"] | heard["view"])
    assert methods_called() == set(SCOPES_OF_METHODS) <= set(METHODS)


def test_the_scopes_are_exactly_what_is_used() -> None:
    events_need = {scope for event in MANIFEST["settings"]["event_subscriptions"]["bot_events"] if (scope := scope_of(event))}
    methods_need = {scope for method in methods_called() if (scope := SCOPES_OF_METHODS[method])}
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == events_need | methods_need | {"commands"}


def test_the_doctor_looks_for_these_scopes() -> None:
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == checks.SCOPES


def test_containers_name_settings_files_and_versions_that_there_are() -> None:
    build = (FOLDER.parent / "Containerfile").read_text()
    known = {f"NIGHTSCHOOL_{name.upper()}" for name in Settings.model_fields} | {"NIGHTSCHOOL_TORCH_INDEX"}
    for text in (build, *((FOLDER.parent / f"{name}.yaml").read_text() for name in ("compose", "kubernetes"))):
        assert set(re.findall(r"NIGHTSCHOOL_[A-Z_]+", text)) <= known
        assert text is build or all(yaml.safe_load_all(text))
    copied = [name for line in re.findall(r"^COPY (.+) \S+$", build, re.MULTILINE) for name in line.split()]
    assert {"bot", "learning", "tasks"} <= set(copied)
    assert all((ROOT / name).exists() for name in copied)
    (torch,) = re.findall(r"torch==[\d.]+", build)
    assert f'"{torch}"' in (ROOT / "pyproject.toml").read_text()


def test_it_is_an_agent_over_socket_mode() -> None:
    assert "agent_view" in MANIFEST["features"]
    assert MANIFEST["settings"]["socket_mode_enabled"]
