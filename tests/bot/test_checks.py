"""What the doctor makes of Slack, and settings that no shell has read."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot import checks
from learning.settings import Settings


@pytest.fixture
def down() -> Iterator[str]:
    """A Slack that has an outage."""

    class Outage(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(503)
            self.end_headers()
            self.wfile.write(b"<html>try again later</html>")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Outage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api/"
    server.shutdown()


def test_an_outage_of_slacks_is_not_the_tokens_fault(tmp_path: Path, down: str) -> None:
    tokens = {"slack_bot_token": SecretStr("xoxb-1"), "slack_app_token": SecretStr("xapp-1")}
    settings = Settings(home=tmp_path, slack_api_url=down, **tokens)
    found = checks._slack(settings)
    assert (found.ok, "outage" in found.detail) == (True, True)
    checks.assert_welcome(settings)


def test_an_app_that_was_made_from_an_older_manifest_is_told_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path, slack_bot_token=SecretStr("xoxb-1"), slack_app_token=SecretStr("xapp-1"))

    def granted(scopes: str) -> checks.Check:
        said = SlackResponse(client=None, http_verb="POST", api_url="", req_args={}, data={"ok": True}, headers={"x-oauth-scopes": scopes}, status_code=200)
        monkeypatch.setattr(WebClient, "api_call", lambda *_: said)
        checks.assert_welcome(settings)  # it starts all the same: what it may do works
        return checks._slack(settings)

    assert granted(",".join(checks.SCOPES)).ok
    old = granted("app_mentions:read,chat:write,channels:history,commands,groups:history,im:history,reactions:read,users:read")
    assert not old.ok
    assert "not given assistant:write, channels:read, groups:read" in old.detail


def test_a_folder_in_a_settings_file_may_begin_at_home_and_an_empty_one_is_the_usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(Settings.model_config, "env_file", ".env")
    Path(".env").write_text("NIGHTSCHOOL_HOME=~/data\nNIGHTSCHOOL_CACHE=\nNIGHTSCHOOL_BASE_MODEL=~/models/x\n")
    settings = Settings()
    assert settings.home == Path.home() / "data"
    assert settings.cache == Settings.model_fields["cache"].default
    assert settings.base_model == str(Path.home() / "models/x")
    assert Settings(home=Path("data")).home == tmp_path / "data"
    monkeypatch.setenv("NIGHTSCHOOL_SLACK_BOT_TOKEN", '"xoxb-1"')  # as `docker run --env-file` passes it on
    monkeypatch.setenv("NIGHTSCHOOL_BASE_MODEL", "'~/models/y'")
    quoted = Settings()
    assert (quoted.slack_bot_token.get_secret_value(), quoted.base_model) == ("xoxb-1", str(Path.home() / "models/y"))
    with pytest.raises(ValidationError, match="slack_api_url"):
        Settings(slack_api_url="slack.com/api/")


def test_no_password_is_shown_and_the_data_folder_is_its_owners(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "new", redis_url="redis://:hunter2@127.0.0.1:1/0", database_url="postgresql://me:hunter2@127.0.0.1:1/x")
    assert "hunter2" not in f"{settings!r} {checks._broker(settings)}"
    assert settings.make_home().stat().st_mode & 0o077 == 0
