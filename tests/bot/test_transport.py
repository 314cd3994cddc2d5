import json
import socket
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr
from slack_bolt import App
from slack_sdk import WebClient

from bot import supervisor, transport
from bot.sandbox import server
from bot.sandbox.events_api import signed
from bot.sandbox.workspace import BOT_TOKEN, SIGNING_SECRET, TEAM
from bot.workspaces import Workspaces
from learning.database import open_database
from learning.errors import NightschoolError
from learning.settings import Settings

SAID = {"type": "message", "channel": "C1", "user": "U1", "text": "hello", "ts": "1.0"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with server.running() as site:
        made = App(client=WebClient(BOT_TOKEN, base_url=f"{site}/api/"), signing_secret=SIGNING_SECRET, process_before_response=True)
        made.event("message")(lambda body: None)
        made.command("/teach")(lambda ack, command: ack(command["text"]))
        ours = Settings(home=tmp_path_factory.mktemp("home"), slack_api_url=f"{site}/api/", slack_bot_token=SecretStr(BOT_TOKEN))
        transport.refuse_strangers(made, Workspaces(ours, open_database(ours)))
        yield made


def settings(port: int) -> Settings:
    return Settings(http_port=port, slack_signing_secret=SecretStr(SIGNING_SECRET))


@pytest.fixture(scope="module")
def url(app: App) -> Iterator[str]:
    port = supervisor.free_port()
    requests = transport.Requests(app, settings(port))
    requests.start()
    yield f"http://127.0.0.1:{port}{transport.PATH}"
    requests.stop()


def status(url: str, body: str) -> int:
    return httpx.post(url, content=body, headers={"content-type": "application/json", **signed(body)}, trust_env=False).status_code


def event(**where: object) -> str:
    return json.dumps({"type": "event_callback", "event_id": "Ev1", "event": SAID, **where})


def test_where_channels_are_shared_the_installation_counts_not_the_other_side(url: str) -> None:
    assert status(url, event(team_id=TEAM)) == 200
    assert status(url, event(team_id="T0OTHER", authorizations=[{"team_id": TEAM, "enterprise_id": None}])) == 200
    assert status(url, event(team_id=TEAM, authorizations=[{"team_id": "T0OTHER", "enterprise_id": "E0OTHER"}])) == 403
    assert status(url, event(team_id="T0OTHER", enterprise_id="E0OTHER")) == 403
    assert status(url, event()) == 403


def test_a_window_that_somebody_of_another_organisation_sends_back_is_taken(url: str) -> None:
    theirs = {"type": "view_submission", "team": {"id": "T0OTHER"}, "enterprise": {"id": "E0OTHER"}, "user": {"id": "U9", "team_id": "T0OTHER"}}

    def sent(installed_in: str) -> int:
        return status(url, json.dumps({**theirs, "view": {"type": "modal", "callback_id": "none", "app_installed_team_id": installed_in}}))

    assert sent(TEAM) != 403
    assert sent("T0OTHER") == 403


def test_a_command_that_holds_the_name_of_slacks_field_is_taken(url: str) -> None:
    asked = urlencode({"command": "/teach", "text": "The payload of the drone is 5 kg.", "team_id": TEAM, "channel_id": "C1", "user_id": "U1"})
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert httpx.post(url, content=asked, headers={**kind, **signed(asked)}, trust_env=False).text == "The payload of the drone is 5 kg."


def test_what_is_no_request_of_slacks_is_turned_away(url: str) -> None:
    assert status(url, "x" * (transport.LONGEST + 1)) == 413
    assert httpx.post(url, content=b"\xff\xfe", headers=signed("") | {"content-type": "application/json"}, trust_env=False).status_code == 400
    assert status(url, "{no JSON") == 400
    assert httpx.get(url, trust_env=False).status_code == 405
    assert httpx.get(url.replace(transport.PATH, "/health"), trust_env=False).text == "ok"


def test_a_port_that_somebody_has_is_a_clear_error(app: App) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(NightschoolError, match="cannot be listened on"):
        transport.Requests(app, settings(taken.getsockname()[1])).start()
