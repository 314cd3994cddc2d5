"""An app in another language, by Slack's own framework for it, takes the sandbox for Slack (`make test-sandbox`)."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sandbox import server
from bot.sandbox.people import Person
from bot.sandbox.workspace import APP_TOKEN, BOT_TOKEN

MODULES = os.environ.get("TEST_NODE_MODULES", "")  # a folder with Bolt for JavaScript: set by `make test-sandbox`
APP = Path(__file__).parent / "bolt-js" / "app.js"

pytestmark = pytest.mark.skipif(not MODULES, reason="needs Node.js and @slack/bolt: `make test-sandbox`")


@pytest.fixture(scope="module")
def ana(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    log = tmp_path_factory.mktemp("node") / "log"
    with server.running() as site, log.open("w") as stream:
        environment = os.environ | {"NODE_PATH": MODULES, "SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN, "SLACK_API_URL": f"{site}/api/"}
        child = subprocess.Popen(["node", str(APP)], env=environment, stdout=stream, stderr=subprocess.STDOUT)
        person = Person(site, "U0ANA", "C0OPS")
        try:
            person.wait(lambda: person.state()["connected"] or child.poll() is not None, 60)
            assert child.poll() is None, log.read_text()
            yield person
        finally:
            child.terminate()
            child.wait(20)


def test_it_answers_a_mention_and_a_button(ana: Person) -> None:
    reply = ana.ask("hello there", seconds=20)
    assert reply["text"] == "heard: <@U0NIGHT> hello there"
    ana.click(reply["ts"], "press")
    assert ana.wait(lambda: [m for m in ana.messages() if m["text"] == "pressed by U0ANA"], 20)


def test_it_runs_a_command_opens_a_window_and_takes_the_form(ana: Person) -> None:
    assert ana.command("/teach", "something")["text"] == "ran /teach something"
    assert ana.window()["title"]["text"] == "A form"
    assert ana.submit(field="wrong") == {"field": "not that"}
    assert ana.submit(field="right") == {}
    assert ana.wait(lambda: [m for m in ana.messages() if m["text"] == "entered: right"], 20)
