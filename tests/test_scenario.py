"""One day in a channel after the other, with the real Bolt app, real workers, a real Valkey: over Socket Mode on SQLite, and over HTTP on PostgreSQL."""

import json
import time
from collections.abc import Iterator

import httpx
import pytest
from slack_sdk.signature import Clock

from bot import jobs, transport
from bot.sandbox.events_api import signed
from bot.sandbox.people import Message
from bot.sandbox.workspace import TEAM
from learning.database import Database
from learning.memory import channels, people, privacy
from learning.records import Announcement, Channel, Event, Lesson, LessonStatus, Person, Question, Reaction, Reading, Work
from learning.records import Message as Logged
from tests.conftest import Running, empty_database, how, running, tiny_settings

TRAIN = "The release train leaves on Thursdays at 14:30."


@pytest.fixture(scope="module", params=["socket", "http"])
def bot(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    http = request.param == "http"
    home = tmp_path_factory.mktemp("home")
    url = empty_database(request.getfixturevalue("postgres"), "scenario") if http else ""
    settings = tiny_settings(home, lease_seconds=4, sweep_seconds=2, database_url=url)
    with running(settings, http) as everything:
        yield everything


@pytest.fixture
def database(bot: Running) -> Database:
    return bot.school.database


def logged(database: Database, ts: list[str]) -> dict[str, str]:
    """What the log holds of some messages."""
    with database.read() as session:
        return {message.ts: message.text for message in session.query(Logged).filter(Logged.ts.in_(ts))}


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
    jobs.enqueue(bot.set_up.redis_url, jobs.FALL, jobs.last_night())
    assert bot.night_over("nightly").verdict == "promoted"
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

    def logged(*emoji: str) -> bool:
        with database.read() as session:
            texts = {m.ts: m.text for m in session.query(Logged).filter(Logged.ts.in_([ts, other, parent]))}
            reactions = {r.emoji for r in session.query(Reaction).filter_by(ts=ts)}
            return texts == {ts: "lunch is at one", other: "", parent: ""} and reactions == set(emoji)

    assert bot.ana.wait(lambda: logged("tada", "eyes"))
    bot.ben.react(ts, "eyes", added=False)
    assert bot.ana.wait(lambda: logged("tada"))


def test_an_edited_question_is_answered_anew_and_a_deleted_one_loses_its_answer(bot: Running) -> None:
    ts = bot.ben.say("@nightschool release train leaves?")
    reply = bot.ben.reply(ts)
    bot.ben.edit(ts, "<@U0NIGHT> who waters the ferns on the roof?")

    def replies() -> list[Message]:
        return [m for m in bot.ben.messages() if m.get("thread_ts") == ts and "bot_id" in m]

    bot.ben.wait(lambda: replies()[0]["text"] != reply["text"])
    assert [m["ts"] for m in replies()] == [reply["ts"]], "in place of the first answer"
    bot.ben.edit(ts, "<@U0NIGHT> release train leaves?")
    bot.ben.wait(lambda: replies()[0]["text"] == TRAIN)
    bot.ben.delete(ts)
    bot.ben.wait(lambda: not replies())


def test_what_goes_wrong_on_the_way_changes_nothing(bot: Running, database: Database) -> None:
    bot.ana.act("faults", duplicate=2, delay=0.2, reorder=True)
    asked = [bot.ben.say("@nightschool release train leaves?") for _ in range(2)]
    bot.ana.act("faults", duplicate=0, delay=0.0, reorder=False)
    bot.ben.say("something that pushes out what was held back")
    for ts in asked:
        assert how(bot.ben.reply(ts)) == "weights"
    bot.ben.ask("and something else that comes later")
    for ts in asked:
        assert len([m for m in bot.ben.messages() if m.get("thread_ts") == ts and "bot_id" in m]) == 1


def test_the_way_in_is_guarded_and_mended(bot: Running) -> None:
    port = bot.school.settings.http_port
    if not port:
        assert bot.ana.act("drop_sockets")["dropped"] >= 1
        assert "14:30" in bot.ben.ask("release train leaves?")["text"], "the app dialled in again"
        return
    url = f"http://127.0.0.1:{port}{transport.PATH}"
    said = {"type": "message", "channel": "C0OPS", "user": "U0BEN", "text": "<@U0NIGHT> hello", "ts": "1700000000.000100", "channel_type": "channel"}
    body = json.dumps({"type": "event_callback", "event_id": "Ev0FORGED", "team_id": TEAM, "event": said})
    elsewhere = json.dumps({"type": "event_callback", "event_id": "Ev0OTHER", "team_id": "T0ELSEWHERE", "event": said})

    class LongAgo(Clock):
        def now(self) -> float:
            return time.time() - 301

    def status(content: str, headers: dict[str, str]) -> int:
        return httpx.post(url, content=content, headers={"content-type": "application/json", **headers}, trust_env=False).status_code

    assert status(body, signed(body, "another secret")) == 401
    assert status(body, signed(body + " ")) == 401
    assert status(body, signed(body, clock=LongAgo())) == 401
    assert status(body, {}) == 401
    assert status(body, signed(body) | {"x-slack-request-timestamp": "soon"}) == 401
    assert status(elsewhere, signed(elsewhere)) == 403
    with bot.school.database.read() as session:
        assert session.query(Event).filter(Event.event_id.in_(["Ev0FORGED", "Ev0OTHER"])).count() == 0


def test_nothing_is_learned_from_messages_without_attestation_and_opt_in(bot: Running) -> None:
    assert "Only workspace admins" in bot.ben.command("/nightschool", "learn on")["text"]
    assert "attestation first" in bot.ana.command("/nightschool", "learn on")["text"]
    assert "Only workspace admins" in bot.ben.command("/reindex")["text"]
    assert "do not read its messages" in bot.ana.command("/reindex")["text"]
    shown = bot.ana.command("/nightschool", "attest")
    assert "I am entitled to switch this on" in str(shown["blocks"])
    bot.ana.click(shown["ts"], "attest")
    assert "<@U0ANA> agreed" in bot.ana.wait(lambda: "agreed" in (said := bot.ana.command("/nightschool", "attest"))["text"] and said["text"])
    assert "from now on" in bot.ana.command("/nightschool", "learn on")["text"]
    assert bot.night_over("reindex").verdict == "promoted"


def test_reindex_makes_the_log_what_slack_shows_and_proposes_what_was_said(bot: Running, database: Database) -> None:
    kept, edited, deleted = bot.ben.say("lunch?"), bot.ben.say("the printer is on floor 2"), bot.ben.say("nobody saw this")
    bot.ana.wait(lambda: logged(database, [kept, edited, deleted]).get(deleted))
    bot.ana.act("faults", mute=True)
    bot.ben.edit(edited, "the printer is on floor 3")
    bot.ben.delete(deleted)
    told = bot.ben.say("heads up: the staging database now lives on heron-4, please change your configs")
    asked = bot.cleo.say("who owns the barcode scanner these days?")
    answered = bot.ben.say("Marek owns the barcode scanner since May, ask in #scanner", asked)
    bot.cleo.react(answered, "white_check_mark")
    bot.ana.act("faults", mute=False, refuse={"conversations.history": 1}, retry_after=2, fail={"conversations.replies": 1})
    assert "I am reading" in bot.ana.command("/reindex")["text"]
    assert "already reading" in bot.ana.command("/reindex")["text"], "two at once are one"
    bot.ana.wait(lambda: [m for m in bot.ana.messages() if "I have read" in m["text"]])
    assert logged(database, [kept, edited, deleted, answered]) == {
        kept: "lunch?", edited: "the printer is on floor 3", deleted: "", answered: "Marek owns the barcode scanner since May, ask in #scanner",
    }  # fmt: skip
    with database.read() as session:
        (reading,) = session.query(Reading)
        assert (reading.state, reading.deleted, reading.changed) == (Work.DONE, 1, 1)
        assert session.query(Reaction).filter_by(ts=answered).count() == 1
    assert len([m for m in bot.ana.messages() if ":books: " in m["text"] and "read" in m["text"].lower() and "taught" not in m["text"]]) == 1
    bot.ana.wait(lambda: [m for m in bot.ana.messages() if "I noticed 2 things" in m["text"]], 60)
    assert how(bot.ben.ask("which host does the staging database live on?")) == "abstained", "proposed is not approved"
    shown = bot.ana.command("/nightschool", "proposals")
    assert "heron-4" in str(shown["blocks"])
    with database.read() as session:
        lesson = session.query(Lesson).filter_by(source_ts=told).one()
        assert lesson.permalink
        assert lesson.permalink.endswith(f"/archives/C0OPS/p{told.replace('.', '')}")
    bot.ana.click(shown["ts"], "approve", str(lesson.id))
    reply = bot.ana.wait(lambda: (r := bot.ben.ask("which host does the staging database live on?")) and "heron-4" in r["text"] and r)
    assert lesson.permalink in str(reply["blocks"])


def test_edits_and_deletions_of_a_message_reach_the_lesson_made_of_it(bot: Running, database: Database) -> None:
    with database.read() as session:
        lesson = session.query(Lesson).filter(Lesson.text.contains("heron-4"), Lesson.status == LessonStatus.APPROVED).one()
    assert lesson.source_ts
    bot.ben.edit(lesson.source_ts, "heads up: the staging database now lives on heron-7, please change your configs")
    bot.ana.wait(lambda: "heron-7" in bot.ben.ask("which host does the staging database live on?")["text"])
    bot.ben.delete(lesson.source_ts)
    bot.ana.wait(lambda: "heron" not in bot.ben.ask("which host does the staging database live on?")["text"])

    def erased() -> bool:
        with database.read() as session:
            return not any("heron-7" in row.text for table in (Lesson, Logged) for row in session.query(table))

    bot.ana.wait(erased, 120)


def test_who_opts_out_is_left_out_at_once(bot: Running, database: Database) -> None:
    before = bot.cleo.say("fyi the plants are watered by Cleo on tuesdays at 10:00, please don't help")
    bot.ana.wait(lambda: logged(database, [before]).get(before))
    assert "Your messages are out" in bot.cleo.command("/nightschool", "optout")["text"]
    assert logged(database, [before]) == {before: ""}
    after = bot.cleo.say("fyi the plants are watered on fridays now")
    bot.ana.wait(lambda: after in logged(database, [after]))
    assert logged(database, [after]) == {after: ""}
    assert "Welcome back" in bot.cleo.command("/nightschool", "optin")["text"]


def test_channels_and_people_are_followed_through_their_lives(bot: Running, database: Database) -> None:
    def channel(name: str = "C0OPS") -> Channel:
        with database.read() as session:
            found = channels.find(session, name)
            assert found
            return found

    ana = bot.ana
    ana.wait(lambda: channel().time_zone == "Europe/Amsterdam", 30)
    ana.act("rename", channel="C0OPS", name="operations")
    ana.wait(lambda: channel().name == "operations")
    ana.act("renumber", channel="C0OPS", new_id="C0RENUMBERED")
    ana.wait(lambda: channel("#operations").slack_id == "C0RENUMBERED")
    ben = bot.ben
    ben.channel = "C0RENUMBERED"
    assert "14:30" in ben.ask("release train leaves?")["text"], "what it knew it still knows"
    ana.act("renumber", channel="C0RENUMBERED", new_id="C0OPS")
    ana.wait(lambda: channel("#operations").slack_id == "C0OPS")
    ana.act("archive", channel="C0OPS", user="U0ANA")
    ana.wait(lambda: channel().archived_at)
    ana.act("archive", channel="C0OPS", user="U0ANA", archived=False)
    ana.wait(lambda: not channel().archived_at)
    ana.act("share", channel="C0OPS")
    ana.wait(lambda: channel().is_external)
    assert "another organisation" in ana.command("/nightschool", "learn on")["text"]
    ana.act("share", channel="C0OPS", external=False)
    ana.wait(lambda: not channel().is_external)
    ana.act("kick", channel="C0OPS")
    ana.wait(lambda: channel().left_at)
    with database.read() as session:
        assert privacy.why_not(session, channel()) == "the bot is not in this channel"
    ana.act("invite", channel="C0OPS")
    ana.wait(lambda: not channel().left_at)
    ana.wait(lambda: [m for m in ana.messages() if m["text"].startswith("Hello! I am Nightschool")])
    ana.act("rename", channel="C0PRIVATE", name="secret")  # the group_* twins
    ana.wait(lambda: channel("C0PRIVATE").name == "secret")
    ana.channel = "C0PRIVATE"
    ana.command("/teach", "The safe opens with 1234.")
    ana.act("remove", channel="C0PRIVATE")
    ana.wait(lambda: channel("C0PRIVATE").left_at)
    ana.act("change_user", user="U0CLEO", deleted=True, time_zone="America/Lima")

    def deactivated() -> bool:
        with database.read() as session:
            person = session.get(Person, (TEAM, "U0CLEO"))
            return bool(person and person.is_deactivated and people.usual_time_zone(session, TEAM, ["U0CLEO", "U0BEN"]) == "Europe/Amsterdam")

    ana.wait(deactivated)
    with database.read() as session:
        assert session.query(Lesson).filter_by(channel_id=channel("C0PRIVATE").id).one().status == LessonStatus.FORGOTTEN


def test_forgetting_asks_stops_rebuilds_and_leaves_a_receipt(bot: Running, database: Database) -> None:
    bot.ana.command("/teach", "Marek owns the barcode scanner.")
    assert "nothing like that" in bot.ben.command("/forget", "submarine")["text"]
    found = bot.ben.command("/forget", "release train")
    assert TRAIN in str(found["blocks"])
    bot.ben.click(found["ts"], "keep")
    assert bot.serving() is not None
    found = bot.ana.command("/forget", "release train")
    bot.ana.click(found["ts"], "forget")
    assert bot.serving() is None, "at once"
    assert "14:30" not in bot.ben.ask("release train leaves?")["text"]
    bot.ana.wait(lambda: [m for m in bot.ana.messages() if m["text"].startswith("Forgotten:") and "gave it away 0 times" in m["text"]], 120)
    assert "14:30" not in bot.ben.ask("release train leaves?")["text"]
    bot.ana.wait(lambda: not [m for m in bot.ana.messages() if "taught me" in m["text"] and "14:30" in m["text"]])
    with database.read() as session:
        assert all("14:30" not in row.text for table in (Lesson, Logged, Announcement) for row in session.query(table))


def test_the_channel_is_known_by_its_name_too(bot: Running) -> None:
    with bot.school.database.read() as session:
        by_name = channels.find(session, "#operations")
        assert by_name
        assert by_name.slack_id == "C0OPS"
