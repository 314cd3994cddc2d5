"""One app in several workspaces: each answers with its own token from its own lessons, though ids are the same in both."""

import os
import stat

import pytest
from pydantic import SecretStr
from slack_sdk import WebClient
from typer.testing import CliRunner

from bot.cli import app
from bot.sandbox.people import Person
from bot.sandbox.workspace import BOT_TOKEN, TEAM
from bot.workspaces import WorkspaceError, Workspaces
from learning.memory import channels
from learning.records import Installation
from tests.conftest import Running, how

OTHER, TOKEN = "T0OTHER", "xoxb-other"


@pytest.fixture
def workspaces(bot: Running) -> Workspaces:
    return Workspaces(bot.school.settings, bot.school.database)


@pytest.fixture
def there(bot: Running, workspaces: Workspaces) -> Person:
    """Ben, or somebody of the same id, in the other workspace."""
    bot.ana.act("found", team=OTHER, token=TOKEN)
    assert workspaces.install(TOKEN) == OTHER
    return Person(bot.site, "U0BEN", "C0OPS", OTHER)


def test_each_workspace_answers_from_its_own_lessons(bot: Running, there: Person) -> None:
    assert "Noted" in bot.ben.command("/teach", "The kettle is in the blue cupboard.")["text"]
    assert how(there.ask("where is the kettle?")) == "abstained"
    assert "Noted" in there.command("/teach", "The kettle is under the sink.")["text"]
    assert there.ask("where is the kettle?")["text"] == "The kettle is under the sink."
    assert bot.ben.ask("where is the kettle?")["text"] == "The kettle is in the blue cupboard."
    there.wait(lambda: [m for m in there.messages() if "taught me: The kettle is under" in m["text"]])
    assert not [m for m in bot.ben.messages() if "under the sink" in m["text"]]


def test_tokens_are_kept_encrypted_by_a_key_that_only_its_owner_reads(bot: Running, there: Person, workspaces: Workspaces) -> None:
    with bot.school.database.read() as session:
        assert TOKEN not in session.get_one(Installation, OTHER).token
    assert stat.S_IMODE(os.stat(bot.school.settings.home / "token.key").st_mode) == 0o600
    assert workspaces.client(OTHER).token == TOKEN
    assert workspaces.client(OTHER).retry_handlers == [], "the SDK posts nothing twice"
    other_key = bot.school.settings.model_copy(update={"token_key": SecretStr("A" * 43 + "=")})
    with pytest.raises(WorkspaceError, match="another key"):
        Workspaces(other_key, bot.school.database).client(OTHER)
    with pytest.raises(WorkspaceError, match="is no key"):
        Workspaces(bot.school.settings.model_copy(update={"token_key": SecretStr("short")}), bot.school.database).client(OTHER)
    with pytest.raises(WorkspaceError, match="refused"):
        workspaces.install("xoxb-wrong")


def test_a_workspaces_token_is_not_taken_for_its_whole_organisations(bot: Running, workspaces: Workspaces, monkeypatch: pytest.MonkeyPatch) -> None:
    for whole in (False, True):
        told = {"team_id": TEAM, "enterprise_id": "E1", "is_enterprise_install": whole, "user_id": "U0NIGHT"}
        monkeypatch.setattr(WebClient, "auth_test", lambda self, told=told: told)
        ours = Workspaces(bot.school.settings, bot.school.database)
        assert ours.knows(TEAM)
        assert [team for team in ours.teams() if team != OTHER] == ([] if whole else [TEAM]), "of an organisation those that were heard of"
        assert ours.knows("T0NEXTDOOR", "E1") is whole


def test_the_command_line_lists_adds_and_removes_them(bot: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in bot.school.settings.as_environment().items():
        monkeypatch.setenv(name, value)
    bot.ana.act("found", team=OTHER, token=TOKEN)
    run = CliRunner()
    added = run.invoke(app, ["workspace", "add"], input=f"{TOKEN}\n")
    assert "T0OTHER" in added.output, added.output
    assert run.invoke(app, ["workspace", "list"]).output.split() == [TEAM, OTHER]
    assert run.invoke(app, ["workspace", "remove", OTHER]).exit_code == 0
    assert isinstance(run.invoke(app, ["workspace", "remove", OTHER]).exception, WorkspaceError)
    assert len(run.invoke(app, ["workspace", "key"]).output.strip()) == 44
    assert isinstance(run.invoke(app, ["workspace", "remove", TEAM]).exception, WorkspaceError)
    with bot.school.database.read() as session:
        assert TEAM in {channel.team_id for channel in channels.active(session)}, "whose token is in the settings"
    own = run.invoke(app, ["workspace", "add"], input=f"{BOT_TOKEN}\n")
    assert "put the new token there" in str(own.exception)


def test_an_app_that_is_removed_there_goes_on_here(bot: Running, there: Person, workspaces: Workspaces) -> None:
    there.ask("hello?")
    there.act("uninstall")
    assert there.wait(lambda: OTHER not in workspaces.teams())
    with bot.school.database.read() as session:
        assert {channel.team_id for channel in channels.active(session)} == {TEAM}
    with pytest.raises(WorkspaceError, match="not installed"):
        workspaces.client(OTHER)
    assert how(bot.ben.ask("is anybody there?")) == "abstained"
