"""What the sandbox does wrong on demand, seen with the official client."""

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier

from bot.sandbox import server
from bot.sandbox.people import Person
from bot.sandbox.workspace import BOT_TOKEN, SIGNING_SECRET


@pytest.fixture
def site() -> Iterator[str]:
    with server.running() as address:
        yield address


@pytest.fixture
def ana(site: str) -> Person:
    return Person(site, "U0ANA", "C0OPS")


class App:
    """A request URL that notes what arrives, and answers as it is told."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, Any], dict[str, str]]] = []
        self.statuses: list[int] = []
        app = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                assert SignatureVerifier(SIGNING_SECRET).is_valid_request(body, headers)
                said = json.loads(body)
                if said["type"] != "url_verification":
                    app.received.append((said, headers))
                self.send_response(app.statuses.pop(0) if app.statuses and said["type"] != "url_verification" else 200)
                self.end_headers()
                self.wfile.write(said.get("challenge", "").encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/slack/events"

    def texts(self) -> list[str]:
        return [said["event"]["text"] for said, _ in self.received]


@pytest.fixture
def app(ana: Person) -> Iterator[App]:
    made = App()
    ana.act("subscribe", url=made.url)
    yield made
    made.server.shutdown()


def test_events_come_signed_to_a_verified_url(ana: Person, app: App) -> None:
    ana.say("hello")
    ana.wait(lambda: app.texts() == ["hello"])
    assert "x-slack-retry-num" not in app.received[0][1]


def test_a_url_that_does_not_answer_the_challenge_is_refused(site: str, ana: Person) -> None:
    with pytest.raises(RuntimeError, match="url_verification_failed"):
        ana.act("subscribe", url=f"{site}/nowhere")


def test_what_is_not_acknowledged_comes_again_with_number_and_reason(ana: Person, app: App) -> None:
    app.statuses = [500, 500]
    ana.say("hello")
    ana.wait(lambda: len(app.received) == 3)
    assert len({said["event_id"] for said, _ in app.received}) == 1
    assert [headers.get("x-slack-retry-num") for _, headers in app.received] == [None, "1", "2"]
    assert app.received[1][1]["x-slack-retry-reason"] == "http_error"


def test_events_are_doubled_swapped_delayed_and_lost(ana: Person, app: App) -> None:
    ana.act("faults", duplicate=1)
    ana.say("twice")
    ana.wait(lambda: app.texts() == ["twice", "twice"])
    ana.act("faults", duplicate=0, reorder=True)
    ana.say("first")
    ana.say("second")
    ana.wait(lambda: app.texts()[2:] == ["second", "first"])
    ana.act("faults", reorder=False, mute=True)
    ana.say("lost")
    ana.act("faults", mute=False, delay=2)
    ana.say("late")
    assert "late" not in app.texts()
    ana.wait(lambda: app.texts()[4:] == ["late"])


def test_calls_are_refused_and_fail_as_often_as_was_asked_for(site: str, ana: Person) -> None:
    ana.act("faults", refuse={"auth.test": 1}, fail={"users.info": 1}, retry_after=7)
    refused = httpx.post(f"{site}/api/auth.test", headers={"Authorization": f"Bearer {BOT_TOKEN}"})
    assert (refused.status_code, refused.headers["retry-after"], refused.json()["error"]) == (429, "7", "ratelimited")
    web = WebClient(BOT_TOKEN, base_url=f"{site}/api/")
    assert web.auth_test()["ok"]
    with pytest.raises(SlackApiError):
        web.users_info(user="U0ANA")
    assert web.users_info(user="U0ANA")["user"]["tz"] == "Europe/Amsterdam"
    with pytest.raises(RuntimeError, match="no such fault"):
        ana.act("faults", gremlins=3)


def test_streams_grow_end_and_expire(site: str, ana: Person) -> None:
    web = WebClient(BOT_TOKEN, base_url=f"{site}/api/")
    root = ana.say("a question")
    with pytest.raises(SlackApiError, match="missing_recipient_user_id"):
        web.chat_startStream(channel="C0OPS", thread_ts=root)
    recipient = {"recipient_user_id": "U0ANA", "recipient_team_id": "T0SANDBOX"}
    ts = web.chat_startStream(channel="C0OPS", thread_ts=root, markdown_text="Well", **recipient)["ts"]
    web.chat_appendStream(channel="C0OPS", ts=ts, markdown_text=", it depends")
    web.chat_stopStream(channel="C0OPS", ts=ts, markdown_text=".")
    assert ana.messages()[-1]["text"] == "Well, it depends."
    late = web.chat_startStream(channel="C0OPS", thread_ts=root, markdown_text="And", **recipient)["ts"]
    with pytest.raises(SlackApiError, match="msg_too_long"):
        web.chat_appendStream(channel="C0OPS", ts=late, markdown_text="x" * 12_001)
    assert ana.act("expire_streams")["expired"] == 1
    with pytest.raises(SlackApiError, match="message_not_in_streaming_state"):
        web.chat_appendStream(channel="C0OPS", ts=late, markdown_text=" then")
    web.chat_update(channel="C0OPS", ts=late, text="And that was it.")
