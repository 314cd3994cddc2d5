"""The real Bolt app over Socket Mode, through the sandbox, with real workers on a real Valkey. One set-up for the whole file."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from pydantic import SecretStr

from bot import jobs, supervisor
from bot.sandbox import server, workspace
from learning.database import Database
from learning.errors import NightschoolError
from learning.memory import channels
from learning.records import Adapter, AdapterState, Night, Question, Work, now
from learning.settings import Settings
from tests.conftest import Running, running, tiny_settings

TRAIN = "The release train leaves on Thursdays at 14:30."


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("home")
    settings = tiny_settings(home, lease_seconds=4, sweep_seconds=2)
    with running(settings) as everything, supervisor.tended(everything.set_up, every=0.2):
        everything.ana.command("/teach", TRAIN)
        jobs.enqueue(everything.set_up.redis_url, jobs.FALL, jobs.last_night())
        assert everything.night_over("nightly").verdict == "promoted"
        yield everything


@pytest.fixture
def database(bot: Running) -> Database:
    return bot.school.database


def test_a_killed_worker_is_replaced_and_the_night_completed_once(bot: Running, database: Database) -> None:
    bot.ana.command("/teach", "Marek owns the barcode scanner.")
    before = bot.serving()
    with database.write() as session:
        channel = channels.find(session, "C0OPS")
        assert channel
        night = Night(channel_id=channel.id, date=now().date(), kind="sleep")
        session.add(night)
        session.flush()
    jobs.enqueue(bot.set_up.redis_url, jobs.HOLD_NIGHT, night.id)

    def row() -> Night:
        with database.read() as session:
            return session.get_one(Night, night.id)

    bot.ana.wait(lambda: row().stage == "training")
    worker = bot.set_up.services["night worker"].child
    assert worker
    os.kill(worker.pid, signal.SIGKILL)
    killed = time.monotonic()
    assert bot.serving() == before
    assert "14:30" in bot.ben.ask("release train leaves?")["text"], "what it knew, it answers all along"
    bot.ana.wait(lambda: row().generation > 1 and row().state in (Work.RUNNING, Work.DONE))
    assert time.monotonic() - killed < 60
    assert bot.night_over("sleep").verdict == "promoted"
    with database.read() as session:
        assert session.query(Adapter).filter_by(night_id=night.id).count() == 1
        assert session.query(Adapter).filter_by(state=AdapterState.SERVING).count() == 1
    assert bot.serving() != before


def test_a_killed_bot_answers_what_was_asked_meanwhile(bot: Running, database: Database) -> None:
    child = bot.set_up.services["bot"].child
    assert child
    os.kill(child.pid, signal.SIGKILL)
    ts = bot.ben.say("@nightschool release train leaves?")
    assert bot.ben.reply(ts, seconds=90)

    def row() -> Question:
        with database.read() as session:
            return session.query(Question).filter_by(ts=ts).one()

    bot.ana.wait(lambda: row().state == Work.DONE)
    assert len([m for m in bot.ben.messages() if m.get("thread_ts") == ts and "bot_id" in m]) == 1


def test_a_killed_valkey_is_replaced(bot: Running) -> None:
    keeper = bot.set_up.services["valkey"].child
    assert keeper
    (server_process,) = psutil.Process(keeper.pid).children()
    server_process.kill()
    bot.ana.wait(lambda: bot.set_up.services["valkey"].child not in (None, keeper))
    assert "rebuilding" in bot.ana.command("/reindex")["text"]
    assert bot.night_over("reindex").verdict in ("promoted", "skipped")


def test_a_second_up_on_the_same_folder_refuses(bot: Running) -> None:
    with pytest.raises(NightschoolError, match="already up"), supervisor.up(bot.school.settings, print):
        pass


@pytest.mark.parametrize("how_it_ends", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_up_ends_within_ten_seconds_and_leaves_no_process_behind(settings: Settings, how_it_ends: signal.Signals) -> None:
    with server.running() as site:
        tokens = {"slack_bot_token": SecretStr(workspace.BOT_TOKEN), "slack_app_token": SecretStr(workspace.APP_TOKEN), "slack_api_url": f"{site}/api/"}
        environment = {**os.environ, **settings.model_copy(update=tokens).as_environment()}
        up = subprocess.Popen([sys.executable, "-m", "bot.cli", "up"], env=environment, stderr=subprocess.PIPE, text=True)
        assert up.stderr
        assert any("is up" in line for line in up.stderr)
        family = psutil.Process(up.pid).children(recursive=True)
        assert len(family) >= 6, "Valkey and its keeper, engine, two workers, beat, bot"
        up.send_signal(how_it_ends)
        assert up.wait(10) == (0 if how_it_ends != signal.SIGKILL else -signal.SIGKILL)
        assert psutil.wait_procs(family, timeout=10)[1] == []
