import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox import server
from bot.sandbox.people import Person
from bot.sandbox.web_api import METHODS
from bot.sandbox.workspace import APP_TOKEN, BOT_TOKEN

ARGUMENTS = Path(__file__).parents[1] / "data" / "slack" / "arguments.json"  # by Slack's specification of 2021: method, argument, whether it must be there
LONG_SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}
BAD = [
    {"type": "nonsense"},
    {"type": "actions", "elements": [{"type": "button", "action_id": "a"}]},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": ""}]},
    {"type": "header", "text": {"type": "plain_text", "text": "h" * 151}},
    {"type": "actions", "elements": [{"type": "button", "action_id": "a" * 256, "text": {"type": "plain_text", "text": "b"}}]},
    {"type": "actions", "elements": [{"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "b"}, "value": "v" * 2_001}]},
]
NEW = {  # methods that it does not know
    "agents.sessions.setStatus", "apps.connections.open", "assistant.threads.setSuggestedPrompts",
    "chat.startStream", "chat.appendStream", "chat.stopStream",
}  # fmt: skip
NEWER = {  # arguments that the official SDK sends and the specification of 2021 does not know
    "chat.postMessage": {"metadata", "markdown_text", "container_id"},
    "chat.postEphemeral": {"markdown_text"},
    "chat.update": {"metadata", "markdown_text", "file_ids", "reply_broadcast"},
    "conversations.history": {"include_all_metadata"},
    "conversations.replies": {"include_all_metadata"},
    "users.conversations": {"team_id"},
    "users.list": {"team_id"},
    "views.open": {"interactivity_pointer"},
}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with server.running() as address:
        yield address


@pytest.fixture
def web(site: str) -> WebClient:
    return WebClient(BOT_TOKEN, base_url=f"{site}/api/")


def error(web: WebClient, method: str, **arguments: object) -> str:
    with pytest.raises(SlackApiError) as caught:
        web.api_call(method, json=arguments)
    return str(caught.value.response["error"])


def test_the_official_client_posts_reads_and_updates(web: WebClient) -> None:
    sent = web.chat_postMessage(channel="C0OPS", text="hello", metadata={"event_type": "x", "event_payload": {"question": 7}})
    web.chat_postMessage(channel="C0OPS", text="a reply", thread_ts=sent["ts"])
    thread = web.conversations_replies(channel="C0OPS", ts=sent["ts"], include_all_metadata=True)["messages"]
    assert [m["text"] for m in thread] == ["hello", "a reply"]
    assert thread[0]["metadata"]["event_payload"]["question"] == 7
    assert "metadata" not in web.conversations_replies(channel="C0OPS", ts=sent["ts"])["messages"][0]
    web.chat_update(channel="C0OPS", ts=sent["ts"], text="hello again")
    assert web.conversations_replies(channel="C0OPS", ts=sent["ts"])["messages"][0]["text"] == "hello again"
    assert web.chat_getPermalink(channel="C0OPS", message_ts=sent["ts"])["permalink"].endswith(sent["ts"].replace(".", ""))


def test_a_window_needs_a_form_as_slack_takes_it_and_somebody_who_did_something(web: WebClient) -> None:
    label = {"type": "plain_text", "text": "x"}
    field = {"type": "input", "block_id": "b", "label": label, "element": {"type": "plain_text_input", "action_id": "a"}}
    view = {"type": "modal", "title": label, "submit": label, "blocks": [field]}
    assert error(web, "views.open", trigger_id="1.2", view=view) == "invalid_trigger_id"
    for broken in ({"title": {"type": "plain_text", "text": "x" * 25}}, {"blocks": []}, {"submit": None}, {"private_metadata": "x" * 3_001}, {"type": "sheet"}):
        changed = {name: value for name, value in {**view, **broken}.items() if value is not None}
        assert error(web, "views.open", trigger_id="1.2", view=changed) == "invalid_arguments"


def test_threads_come_in_pages(web: WebClient) -> None:
    root = web.chat_postMessage(channel="C0OPS", text="root")["ts"]
    for number in range(4):
        web.chat_postMessage(channel="C0OPS", text=f"{number}", thread_ts=root)
    page = web.conversations_replies(channel="C0OPS", ts=root, limit=3)
    assert page["has_more"]
    rest = web.conversations_replies(channel="C0OPS", ts=root, limit=3, cursor=page["response_metadata"]["next_cursor"])
    assert [m["text"] for m in page["messages"]] + [m["text"] for m in rest["messages"]] == ["root", "0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("method", "arguments", "expected"),
    [
        ("chat.scheduleMessage", {"channel": "C0OPS"}, "unknown_method"),
        ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
        ("chat.postMessage", {"channel": "C0OPS"}, "no_text"),
        ("chat.postMessage", {"channel": "C0NOPE", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "C0OPS", "text": "x", "colour": "red"}, "invalid_arg_name"),
        ("chat.postMessage", {"channel": "C0OPS", "text": "x" * 4_001}, "msg_too_long"),
        ("chat.postMessage", {"channel": "C0OPS", "text": "x", "thread_ts": "1.0"}, "thread_not_found"),
        ("chat.postMessage", {"channel": "C0OPS", "text": "x", "blocks": "[{"}, "invalid_blocks_format"),
        (
            "chat.postMessage",
            {"channel": "C0OPS", "text": "x", "blocks": [LONG_SECTION]},
            "invalid_blocks",
        ),
        *(("chat.postMessage", {"channel": "C0OPS", "text": "x", "blocks": [block]}, "invalid_blocks") for block in BAD),
        ("views.publish", {"user_id": "U0ANA", "view": {"type": "home", "blocks": [LONG_SECTION]}}, "invalid_blocks"),
        ("chat.update", {"channel": "C0OPS", "ts": "1.0", "text": "x"}, "message_not_found"),
        ("conversations.replies", {"channel": "C0OPS", "ts": "1.0"}, "thread_not_found"),
        ("users.info", {"user": "U0NOPE"}, "user_not_found"),
    ],
)
def test_mistakes_fail_with_slacks_own_error_names(web: WebClient, method: str, arguments: dict[str, object], expected: str) -> None:
    assert error(web, method, **arguments) == expected


def test_the_bot_cannot_edit_what_a_person_wrote(web: WebClient, site: str) -> None:
    ts = Person(site, "U0ANA", "C0OPS").say("mine")
    assert error(web, "chat.update", channel="C0OPS", ts=ts, text="yours") == "cant_update_message"


@pytest.mark.parametrize(("token", "expected"), [("", "not_authed"), ("xoxb-wrong", "invalid_auth"), (APP_TOKEN, "not_allowed_token_type")])
def test_tokens_are_checked(site: str, token: str, expected: str) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    assert httpx.post(f"{site}/api/auth.test", headers=headers).json() == {"ok": False, "error": expected}


def test_the_argument_tables_are_those_of_slacks_specification() -> None:
    specified = json.loads(ARGUMENTS.read_text())
    assert set(METHODS) - set(specified) == NEW
    for method, arguments in specified.items():
        table = METHODS[method]
        assert set(table["arguments"]) - NEWER.get(method, set()) == set(arguments), method
        assert {name for name, needed in arguments.items() if needed} <= set(table["required"]), method
