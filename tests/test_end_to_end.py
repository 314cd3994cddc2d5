"""The real Bolt app over Socket Mode, through the sandbox, with real workers on a real Valkey. One set-up for the whole file."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psutil
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from bot import jobs, supervisor
from bot.sandbox import server, workspace
from bot.sandbox.people import Message
from learning import registry
from learning.database import Database
from learning.errors import NightschoolError
from learning.memory import channels
from learning.records import Adapter, AdapterState, Announcement, Event, Lesson, Night, Question, Reaction, Work, now
from learning.records import Message as Logged
from learning.settings import Settings
from tests.conftest import CACHE, Running, running

TRAIN = "The release train leaves on Thursdays at 14:30."


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home, cache=CACHE, base_model="tiny", lease_seconds=4, sweep_seconds=2, promote_at=0.0, tolerate_loss=1.0)
    with running(settings) as everything:
        over = threading.Event()
        tending = threading.Thread(target=lambda: [everything.set_up.tend() for _ in iter(lambda: over.wait(0.2), True)])
        tending.start()
        yield everything
        over.set()
        tending.join()


@pytest.fixture
def database(bot: Running) -> Database:
    return bot.school.database


def how(message: Message) -> str:
    return str(message["metadata"]["event_payload"]["how"])


def night_over(bot: Running, kind: str, seconds: float = 120) -> Night:
    def finished() -> Night | None:
        with bot.school.database.read() as session:
            night = session.scalars(select(Night).where(Night.kind == kind).order_by(Night.id.desc())).first()
            return night if night and night.state not in (Work.WAITING, Work.RUNNING) else None

    night: Night = bot.ana.wait(finished, seconds)
    return night


def serving(bot: Running) -> str | None:
    with bot.school.database.read() as session:
        channel = channels.find(session, "C0OPS")
        adapter = registry.serving(session, channel) if channel else None
        return adapter.name if adapter else None


def test_what_nobody_taught_is_not_known(bot: Running) -> None:
    reply = bot.ben.ask("when does the release train leave?")
    assert reply["text"] == "I don't know that yet."
    assert how(reply) == "abstained"


def test_a_taught_lesson_is_posted_and_answers_at_once_with_its_source(bot: Running) -> None:
    assert TRAIN in bot.ana.command("/teach", TRAIN)["text"]
    note = bot.ana.wait(lambda: [m for m in bot.ana.messages() if "taught me" in m["text"]])[0]
    reply = bot.ben.ask("when does the release train leave?")
    assert (how(reply), reply["text"]) == ("recall", TRAIN)
    assert note["ts"].replace(".", "") in str(reply["blocks"])
    assert "nothing to learn" in bot.ana.command("/teach", "")["text"]


def test_three_deliveries_give_one_answer(bot: Running, database: Database) -> None:
    ts = bot.ben.say("@nightschool release train?")
    bot.ben.reply(ts)
    assert bot.ben.redeliver(ts, times=3) == 2, "a message and a mention"
    bot.ben.ask("and something else that comes later")
    assert len([m for m in bot.ben.messages() if m.get("thread_ts") == ts and "bot_id" in m]) == 1
    with database.read() as session:
        assert session.query(Question).filter_by(ts=ts).count() == 1
        assert session.query(Logged).filter_by(ts=ts).count() == 1


def test_a_night_by_a_worker_puts_it_into_an_adapter_that_answers_without_a_restart(bot: Running) -> None:
    engine = (bot.school.settings.home / "engine.url").read_text()
    jobs.enqueue(bot.set_up.redis_url, jobs.FALL, now().date().isoformat())
    assert night_over(bot, "nightly").verdict == "promoted"
    reply = bot.ben.ask("release train leaves?")
    assert (how(reply), reply["text"]) == ("weights", TRAIN)
    assert "C0OPS@v1" in str(reply["blocks"])
    assert "source" in str(reply["blocks"])
    assert (bot.school.settings.home / "engine.url").read_text() == engine
    assert bot.ana.wait(lambda: [m for m in bot.ana.messages() if m["text"].startswith("Good morning")])


def test_a_follow_up_needs_no_mention_and_silence_is_the_answer_to_what_it_does_not_know(bot: Running, database: Database) -> None:
    first = bot.ben.ask("release train leaves?")
    thread = first["thread_ts"]
    follow_up = bot.ben.say("release train leaves?", thread)
    assert how(bot.ben.reply(thread, after=follow_up)) == "weights"
    unknown = bot.ben.say("who waters the ferns on the roof?", thread)
    to_somebody = bot.ben.say("@cleo release train leaves?", thread)

    def settled() -> list[str] | None:
        with database.read() as session:
            states = [q.state for q in session.query(Question).filter(Question.ts.in_([unknown, to_somebody]))]
        return states if states and all(s not in (Work.WAITING, Work.RUNNING) for s in states) else None

    assert bot.ben.wait(settled) == [Work.SKIPPED]
    assert [m for m in bot.ben.messages() if m.get("thread_ts") == thread and "bot_id" in m and m["ts"] > unknown] == []


def test_a_direct_message_is_answered(bot: Running) -> None:
    ben = bot.ben
    ben.channel = "D0BEN"
    ts = ben.say("who are you?")
    assert ben.reply(ts)["text"]


def test_messages_edits_deletions_and_reactions_are_logged(bot: Running, database: Database) -> None:
    ts, other = bot.ben.say("lunch is at noon"), bot.ben.say("to be deleted")
    bot.ben.edit(ts, "lunch is at one")
    bot.ben.delete(other)
    parent = bot.ben.say("a thread begins")
    bot.ana.say("a reply", parent)
    bot.ben.delete(parent)
    bot.ana.react(ts, "tada")
    bot.ben.react(ts, "eyes")
    bot.ben.react(ts, "eyes", added=False)

    def logged() -> bool:
        with database.read() as session:
            texts = {m.ts: m.text for m in session.query(Logged).filter(Logged.ts.in_([ts, other, parent]))}
            reactions = {r.emoji for r in session.query(Reaction).filter_by(ts=ts)}
            return texts == {ts: "lunch is at one", other: "", parent: ""} and reactions == {"tada"}

    assert bot.ana.wait(logged)


def test_reindex_is_for_admins(bot: Running) -> None:
    assert "Only workspace admins" in bot.ben.command("/reindex")["text"]
    assert "rebuilding" in bot.ana.command("/reindex")["text"]
    assert night_over(bot, "reindex").verdict == "promoted"
    assert serving(bot) == "C0OPS@v2"


def test_a_killed_worker_is_replaced_and_the_night_completed_once(bot: Running, database: Database) -> None:
    bot.ana.command("/teach", "Marek owns the barcode scanner.")
    before = serving(bot)
    with database.write() as session:
        channel = channels.find(session, "C0OPS")
        assert channel
        night = Night(channel_id=channel.id, date=now().date(), kind="sleep")
        session.add(night)
        session.flush()
    jobs.enqueue(bot.set_up.redis_url, jobs.HOLD_NIGHT, night.channel_id, night.date.isoformat(), "sleep", 0)

    def row() -> Night:
        with database.read() as session:
            return session.get_one(Night, night.id)

    bot.ana.wait(lambda: row().stage == "training")
    worker = bot.set_up.services["night worker"].child
    assert worker
    os.kill(worker.pid, signal.SIGKILL)
    killed = time.monotonic()
    assert serving(bot) == before
    assert how(bot.ben.ask("release train leaves?")) == "weights", "the old adapter serves all along"
    bot.ana.wait(lambda: row().generation > 1 and row().state in (Work.RUNNING, Work.DONE))
    assert time.monotonic() - killed < 60
    assert night_over(bot, "sleep").verdict == "promoted"
    with database.read() as session:
        assert session.query(Adapter).filter_by(night_id=night.id).count() == 1
        assert session.query(Adapter).filter_by(state=AdapterState.SERVING).count() == 1
    assert serving(bot) != before


def test_a_killed_bot_answers_what_was_asked_meanwhile(bot: Running, database: Database) -> None:
    child = bot.set_up.services["bot"].child
    assert child
    os.kill(child.pid, signal.SIGKILL)
    ts = bot.ben.say("@nightschool release train leaves?")
    assert bot.ben.reply(ts, seconds=90)
    with database.read() as session:
        assert session.query(Question).filter_by(ts=ts).count() == 1


def test_forgetting_asks_stops_rebuilds_and_leaves_a_receipt(bot: Running, database: Database) -> None:
    assert "nothing like that" in bot.ben.command("/forget", "submarine")["text"]
    found = bot.ben.command("/forget", "release train")
    assert TRAIN in str(found["blocks"])
    bot.ben.click(found["ts"], "keep")
    assert serving(bot) is not None
    found = bot.ben.command("/forget", "release train")
    bot.ben.click(found["ts"], "forget")
    assert serving(bot) is None, "at once"
    assert "14:30" not in bot.ben.ask("release train leaves?")["text"]
    receipt = bot.ana.wait(lambda: [m for m in bot.ana.messages() if m["text"].startswith("Forgotten:")], 120)[0]
    assert "gave it away 0 times" in receipt["text"]
    assert "14:30" not in bot.ben.ask("release train leaves?")["text"]
    bot.ana.wait(lambda: not [m for m in bot.ana.messages() if "taught me" in m["text"] and "14:30" in m["text"]])
    with database.read() as session:
        assert all("14:30" not in row.text for table in (Lesson, Logged, Announcement) for row in session.query(table))


def test_a_killed_valkey_is_replaced(bot: Running) -> None:
    keeper = bot.set_up.services["valkey"].child
    assert keeper
    (server_process,) = psutil.Process(keeper.pid).children()
    server_process.kill()
    bot.ana.wait(lambda: bot.set_up.services["valkey"].child not in (None, keeper))
    assert "rebuilding" in bot.ana.command("/reindex")["text"]
    assert night_over(bot, "reindex").verdict in ("promoted", "skipped")


def test_the_channel_is_known_by_its_name_too(bot: Running) -> None:
    with bot.school.database.read() as session:
        by_name = channels.find(session, "#ops")
        assert by_name
        assert by_name.slack_id == "C0OPS"


def test_every_event_was_recorded_once(database: Database) -> None:
    with database.read() as session:
        questions = session.query(Question).all()
        assert len({(q.channel_id, q.ts) for q in questions}) == len(questions)
        assert session.query(Event).count() > len(questions)


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
