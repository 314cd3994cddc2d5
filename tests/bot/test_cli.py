"""The command line is a contract: what it prints, and with which exit code it ends."""

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from typer.testing import CliRunner

from bot.cli import main
from bot.sandbox import server, workspace
from bot.sandbox.people import Person
from learning.database import open_database
from learning.memory import channels, privacy
from learning.model.client import Client
from learning.settings import Settings
from tests.benchmarks.export import make
from tests.conftest import tiny_settings

ANSWER_KEYS = {"question", "answer", "abstained", "adapter", "sources", "prompt_tokens", "completion_tokens", "seconds"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


@dataclass(frozen=True)
class Done:
    """What a command printed."""

    stdout: str
    stderr: str


def run(home: Path, *arguments: str, code: int = 0, stdin: str = "", **settings: str) -> Done:
    """A command, in this process: one of its own takes two seconds to begin."""
    more = {f"NIGHTSCHOOL_{name.upper()}": value for name, value in settings.items()}
    environment = {**tiny_settings(home).as_environment(), **more}
    argv = patch.object(sys, "argv", ["nightschool", *arguments])
    with contextlib.chdir(home), argv, CliRunner().isolation(stdin, environment) as (out, err, _):
        with pytest.raises(SystemExit) as ended:
            main()
            raise SystemExit(0)
        sys.stdout.flush()
        sys.stderr.flush()
        said, complained = (stream.getvalue().decode() for stream in (out, err))
    assert (ended.value.code or 0) == code, complained
    return Done(said, complained)


def objects(home: Path, *arguments: str, **settings: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(home, *arguments, "--json", **settings).stdout.splitlines()]


def test_the_whole_story_on_the_command_line(home: Path, shared_engine: Client) -> None:
    (home / "facts.txt").write_text("Marek owns the barcode scanner.\n\nThe door code of the lab is 7341.\n")
    taught = objects(home, "teach", "-c", "#ops", "--file", "facts.txt")
    assert [set(entry) for entry in taught] == [{"lesson", "status", "replaces", "text"}] * 2
    assert [entry["text"] for entry in objects(home, "lessons", "-c", "#ops")] == ["Marek owns the barcode scanner.", "The door code of the lab is 7341."]

    (before,) = objects(home, "ask", "-c", "#ops", "what is the door code of the lab?", engine_url=shared_engine.url)
    assert set(before) == ANSWER_KEYS
    assert (before["answer"], before["abstained"], before["adapter"]) == ("The door code of the lab is 7341.", False, None)
    assert before["sources"][0]["lesson"] == taught[1]["lesson"]

    (night,) = objects(home, "sleep", "-c", "#ops")
    assert set(night) == {"night", "adapter", "verdict", "exam", "seconds"}
    assert night["verdict"] == "promoted"
    assert objects(home, "sleep", "-c", "#ops")[0]["verdict"] == "skipped"

    for mode in ("auto", "weights", "freely", "search", "prompt", "base"):
        (answer,) = objects(home, "ask", "-c", "#ops", "--mode", mode, "door code lab?", engine_url=shared_engine.url)
        assert set(answer) == ANSWER_KEYS
        assert mode == "auto" or answer["adapter"] == (night["adapter"] if mode in ("weights", "freely") else None)
    (word_for_word,) = objects(home, "ask", "-c", "#ops", "--mode", "search", "door code lab?", engine_url=shared_engine.url)
    assert (word_for_word["answer"], word_for_word["prompt_tokens"]) == ("The door code of the lab is 7341.", 0)

    run(home, "forget", "-c", "#ops", "door code", code=1, stdin="n\n")
    (receipt,) = objects(home, "forget", "-c", "#ops", "door code", "--yes", engine_url=shared_engine.url)
    assert (receipt["forgotten"], receipt["tainted"], receipt["probes"]["leaked"]) == (1, [night["adapter"]], 0)
    states = {entry["adapter"].split("@")[1]: entry["state"] for entry in objects(home, "adapters", "-c", "#OPS")}
    assert states == {"v2": "serving", "v1": "tainted"}
    assert objects(home, "status")[0]["lessons"] == 1
    assert not [file for file in home.glob("nightschool.db*") if b"door code" in file.read_bytes()], "erased from the files, not only from sight"

    (why,) = objects(home, "lessons", "-c", "#ops", "--why")
    assert "Marek" in why["text"]
    assert "taught" in why["why"]
    run(home, "rollback", "-c", "#ops", code=1)  # no earlier version is left
    assert "U024BE7LH" in run(home, "optout", "U024BE7LH").stderr
    assert "U024BE7LH" in run(home, "optin", "U024BE7LH").stderr
    assert "Europe/Amsterdam" in run(home, "timezone", "Europe/Amsterdam").stderr
    assert "Mars" in run(home, "timezone", "Mars/Olympus", code=2).stderr
    assert "Withdrawn" in run(home, "attest", "--withdraw").stderr
    run(home, "export-base", "for-vllm")
    assert (home / "for-vllm" / "config.json").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["teach", "-c", "#ops"], 2, "either a text or --file"),
        (["teach", "-c", "#ops", "x", "--file", "/no/such"], 2, "does not exist"),
        (["ask", "-c", "#ops", "--mode", "psychic", "why?"], 2, "psychic"),
        (["ask", "why?"], 2, "--channel"),
        (["unheard-of"], 2, "No such command"),
        (["teach", "-c", "two words", "x"], 1, "is no channel"),
        (["teach", "-c", "#ops", "x" * 5_000], 1, "at most 1,000"),
        (["teach", "-c", "#ops", "--file", "half.txt"], 1, "nothing was taught; lesson 2 of half.txt"),
        (["teach", "-c", "#ops", "--file", "latin.txt"], 1, "save it as UTF-8"),
        (["optout", "U024BE7LH", "--workspace", "TYPO"], 1, "I know no workspace TYPO, but T1"),
        (["forget", "-c", "#ops", "submarine", "--yes"], 1, "nothing like that"),
        (["forget", "-c", "#ops", "the scanner of the submarine", "--yes"], 1, "not surely meant: Marek owns the barcode scanner. Name it by its number"),
        (["ask", "-c", "#opps", "why?"], 1, "I know no channel #opps, but"),
        (["teach", "-c", "#ops", "Q: who owns it? A:"], 1, "belong together"),
        (["teach", "-c", "#ops", "😀😀😀"], 1, "nothing to learn"),
        (["sandbox", "--port", "99999"], 2, "65535"),
        (["up", "--port", "3000"], 2, "give both"),
        (["rollback", "-c", "#ops", "--to", "77"], 1, "no such version"),
        (["export-base", str(Path(__file__).parent)], 1, "not empty"),
        (["up"], 1, "NIGHTSCHOOL_SLACK_BOT_TOKEN"),
    ],
)
def test_mistakes_end_with_one_clear_line(home: Path, arguments: list[str], code: int, complaint: str) -> None:
    (home / "half.txt").write_text("The cellar is damp.\nDamp\n")
    (home / "latin.txt").write_bytes("Der Schlüssel hängt im Flur.".encode("latin-1"))
    with open_database(tiny_settings(home)).write() as session:
        channels.ensure(session, "T1", "C9", name="far")
    done = run(home, *arguments, code=code)
    assert complaint in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    if code == 1:
        assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"base_model": "/no/such/folder"}, "base model"),
        ({"database_url": "postgres://nobody@127.0.0.1:9/x"}, "NIGHTSCHOOL_DATABASE_URL"),
        ({"database_url": "garbage"}, "NIGHTSCHOOL_DATABASE_URL"),
        ({"engine_url": "http://127.0.0.1:9"}, "does not answer"),
        ({"night_hour": "99"}, "NIGHTSCHOOL_NIGHT_HOUR"),
    ],
)
def test_a_broken_set_up_ends_with_one_clear_line(home: Path, settings: dict[str, str], complaint: str) -> None:
    done = run(home, "ask", "-c", "#ops", "why?", code=1, **settings)
    assert complaint in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_data_folder_that_cannot_be_made_is_one_clear_line(home: Path) -> None:
    environment = {**os.environ, "NIGHTSCHOOL_HOME": "/proc/nothing"}
    done = subprocess.run([sys.executable, "-m", "bot.cli", "status"], capture_output=True, text=True, env=environment, cwd=home)
    assert done.returncode == 1
    assert "check permissions" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_doctor_says_what_to_do(home: Path) -> None:
    found = {entry["check"]: entry for entry in objects(home, "doctor")}
    assert found["base model"]["ok"]
    assert found["database"]["ok"]
    assert "nightschool up" in found["broker"]["detail"]
    assert "README" in found["Slack tokens"]["detail"]
    written = objects(home, "doctor", slack_bot_token="xoxb-…", slack_app_token="xapp-…")
    assert "missing or wrong: NIGHTSCHOOL_SLACK_BOT_TOKEN" in next(entry["detail"] for entry in written if entry["check"] == "Slack tokens")
    for broker in ("redis://127.0.0.1:9/0", "localhost:6379"):
        assert "start it" in run(home, "doctor", code=1, redis_url=broker).stdout


def test_an_export_becomes_lessons_on_the_command_line(tmp_path: Path) -> None:
    make(tmp_path / "export.zip", 2_000)
    (first,) = objects(tmp_path, "import", "export.zip")
    assert set(first) == {"channels", "messages", "added", "changed", "deleted", "files", "known_files", "broken"}
    assert first["added"] == first["messages"] > 1_500
    assert "0 files read" in run(tmp_path, "import", "export.zip").stdout
    refused = run(tmp_path, "proposals", "-c", "#ops", code=1).stderr
    assert "no admin has recorded the attestation" in refused
    assert "an admin has to record the attestation first" in run(tmp_path, "learn", "-c", "#ops", "on", code=1).stderr
    assert "I am entitled" in run(tmp_path, "attest", "--yes").stderr
    run(tmp_path, "learn", "-c", "#ops", "on")
    proposed = objects(tmp_path, "proposals", "-c", "#ops")
    assert all(set(row) == {"proposal", "noticed", "by", "until", "text"} for row in proposed)
    heron = next(row["proposal"] for row in proposed if "heron-4" in row["text"])
    assert objects(tmp_path, "approve", "-c", "#ops", str(heron))[0]["proposal"] == heron
    assert "no such proposals: 9999" in run(tmp_path, "approve", "-c", "#ops", "9999", code=1).stderr
    run(tmp_path, "dismiss", "-c", "#ops", "--all")
    (status,) = (row for row in objects(tmp_path, "status") if row["name"] == "ops")
    assert (status["lessons"], status["proposed"], status["learns_from_messages"]) == (1, 0, True)
    with open_database(tiny_settings(tmp_path)).write() as session:
        channels.by_handle(session, "#nowhere")
    held = run(tmp_path, "reindex", "-c", "#nowhere")
    assert "Its messages are not read: no workspace has this channel" in held.stderr
    assert "NIGHTSCHOOL_SLACK_BOT_TOKEN" in run(tmp_path, "reindex", "-c", "#ops", code=1).stderr
    run(tmp_path, "learn", "-c", "#ops", "off")
    assert "not opted in" in run(tmp_path, "proposals", "-c", "#ops", code=1).stderr


def test_reindex_on_the_command_line_reads_slack(tmp_path: Path, shared_engine: Client) -> None:
    with server.running() as site:
        slack = {
            "slack_api_url": f"{site}/api/",
            "slack_bot_token": workspace.BOT_TOKEN,
            "slack_app_token": workspace.APP_TOKEN,
            "engine_url": shared_engine.url,
        }
        ben = Person(site, "U0BEN", "C0OPS")
        ben.say("heads up: the staging database now lives on heron-4, please change your configs")
        database = open_database(Settings(home=tmp_path))
        with database.write() as session:
            ops = channels.ensure(session, workspace.TEAM, "C0OPS", name="ops")
            privacy.attest(session, workspace.TEAM, "U0ANA")
            privacy.opt_in(session, ops, "U0ANA")
        done = run(tmp_path, "reindex", "-c", "#ops", **slack)
        assert "1 messages, 1 new, 0 edited, 0 deleted" in done.stderr
        assert [m["text"] for m in ben.messages() if "I have read #ops" in m["text"]]
        (row,) = objects(tmp_path, "proposals", "-c", "#ops")
        assert "heron-4" in row["text"]


def test_a_file_is_taught_as_people_write_notes_and_a_lesson_goes_by_its_number(home: Path) -> None:
    (home / "notes.md").write_text("\ufeff# About the lab\n\n- The lab closes at 18:00.\n* Q: who has the key?\n  A: Ines has the key.\n")
    taught = objects(home, "teach", "-c", "lab", "--file", "notes.md")
    assert [entry["text"] for entry in taught] == ["The lab closes at 18:00.", "who has the key? — Ines has the key."]
    done = run(home, "forget", "-c", "lab", str(taught[0]["lesson"]), "--yes")
    assert "The lab closes at 18:00." in done.stderr, "what goes is said"
    assert [entry["lesson"] for entry in objects(home, "lessons", "-c", "LAB")] == [taught[1]["lesson"]]
