"""What breaks while history is read."""

import threading
from datetime import timedelta

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot import history, outages, pacing
from bot.sandbox import workspace
from bot.sandbox.people import Person
from learning.records import Announcement, Night, Reading, Work, now
from learning.school import School
from tests.bot.history.conftest import Calls, ask, progress, read, texts


def test_pages_and_threads_are_read_to_the_end(reader: School, ben: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PAGE", 3)
    for number in range(8):
        ben.say(f"message {number}")
    root = ben.say("a thread")
    for number in range(7):
        ben.say(f"reply {number}", root)
    done = read(reader)
    assert (done.state, done.messages, done.added, done.share) == (Work.DONE, 16, 16, 1.0)
    assert texts(reader) == [*(f"message {n}" for n in range(8)), "a thread", *(f"reply {n}" for n in range(7))]
    assert len(progress(ben)) == 1, "one message, updated in place"
    assert "16 messages, 16 new, 0 edited, 0 deleted" in progress(ben)[0]
    with reader.database.read() as session:
        assert session.get_one(Night, done.night_id).kind == "reindex"
    again = read(reader)
    assert (again.added, again.changed, again.deleted) == (1, 0, 0), "only what the bot itself said of it"


def test_a_reading_that_was_cut_off_goes_on_where_it_was(reader: School, ben: Person, monkeypatch: pytest.MonkeyPatch, calls: Calls) -> None:
    monkeypatch.setattr(history, "PAGE", 2)
    for number in range(9):
        ben.say(f"message {number}")
    number = ask(reader)

    class Crash(BaseException):
        pass

    def crash(reading: Reading) -> None:
        if reading.messages >= 4:
            raise Crash

    with pytest.raises(Crash):
        history.read(reader, number, crash)
    assert history.read(reader, number) is None, "the dead worker still holds it"
    with reader.database.write() as session:
        session.get_one(Reading, number).lease_until = now()
        assert history.abandoned(session) == [number]
    calls.clear()
    done = history.read(reader, number)
    assert done
    assert (done.state, done.added, done.messages) == (Work.DONE, 9, 9), "no page was read twice"
    assert sum(name == "conversations.history" for name, asked in calls if asked.get("limit") == 2) == 3
    assert len(progress(ben)) == 1


def test_a_cursor_that_is_no_longer_valid_is_replaced_by_time(reader: School, ben: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PAGE", 2)
    for number in range(5):
        ben.say(f"message {number}")
    number = ask(reader)
    with pytest.raises(KeyboardInterrupt):
        history.read(reader, number, lambda reading: (_ for _ in ()).throw(KeyboardInterrupt()))
    with reader.database.write() as session:
        reading = session.get_one(Reading, number)
        reading.cursor, reading.lease_until = "expired", now()
    done = history.read(reader, number)
    assert done
    assert done.state == Work.DONE
    assert texts(reader) == [f"message {n}" for n in range(5)]


def test_slacks_limits_are_waited_out_and_its_failures_survived(reader: School, ben: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    rested: list[float] = []
    rest = pacing.Paced.rest

    def counted(self: pacing.Paced, seconds: float) -> None:
        rested.append(seconds)
        rest(self, min(seconds, 0.01))

    monkeypatch.setattr(pacing.Paced, "rest", counted)
    root = ben.say("a thread")
    ben.say("a reply", root)
    ben.act("faults", refuse={"conversations.history": 2, "conversations.info": 1}, fail={"conversations.replies": 3}, retry_after=17)
    assert read(reader).added == 2
    assert sum(seconds == 17 for seconds in rested) == 3, "as long as Slack said"
    assert [seconds for seconds in rested if seconds in (1.0, 2.0, 3.0)] == [1.0, 2.0, 3.0]


def test_an_outage_is_waited_for_and_told_in_the_end(reader: School, ben: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "MOST_FAILURES", 1)
    monkeypatch.setattr(history, "PAGE", 1)
    ben.say("hello")
    ben.say("hello?")
    number = ask(reader)
    with pytest.raises(KeyboardInterrupt):
        history.read(reader, number, lambda reading: (_ for _ in ()).throw(KeyboardInterrupt()))

    def again(age: timedelta) -> Reading | None:
        ben.act("faults", fail={"conversations.history": 99})
        with reader.database.write() as session:
            reading = session.get_one(Reading, number)
            reading.lease_until, reading.generation, reading.created_at = now(), history.MOST_ATTEMPTS, now() - age
        return history.read(reader, number)

    assert again(outages.PATIENCE / 2) is None
    with reader.database.read() as session:
        reading = session.get_one(Reading, number)
        assert reading.state == Work.RUNNING, "to be taken up again when its lease runs out"
        assert "something went wrong" in (reading.error or "")
    failed = again(outages.PATIENCE)
    assert failed
    assert failed.state == Work.FAILED
    with reader.database.read() as session:
        told = session.query(Announcement).one()
        assert "could not read" in told.text
        assert told.update_ts == failed.progress_ts is not None, "in the place of its progress"


def test_what_is_no_outage_is_tried_some_times(reader: School, ben: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history._Reader, "run", lambda self: 1 / 0)
    number, tries = ask(reader), 0
    while history.read(reader, number) is None:
        tries += 1
        with reader.database.write() as session:
            session.get_one(Reading, number).lease_until = now()
    assert tries == history.MOST_ATTEMPTS - 1


def test_the_pace_is_that_of_tier_3(reader: School, ben: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = School(reader.settings.model_copy(update={"calls_per_minute": 45}), reader.database, reader.base)
    rested: list[float] = []
    monkeypatch.setattr(pacing.Paced, "rest", lambda self, seconds: rested.append(seconds))
    ben.say("hello")
    assert history.read(slow, ask(slow))
    assert max(rested) == pytest.approx(60 / 45, abs=0.2)


def test_two_at_once_are_one(reader: School, ben: Person) -> None:
    ben.say("hello")
    numbers: list[int] = []
    threads = [threading.Thread(target=lambda: numbers.append(ask(reader))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(numbers), len(set(numbers))) == (4, 1)
    results: list[Reading | None] = []
    threads = [threading.Thread(target=lambda: results.append(history.read(reader, numbers[0]))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result is not None for result in results) == [False, False, True]


def test_a_channel_that_cannot_be_read_is_told_at_once(reader: School, ben: Person) -> None:
    ben.act("kick", channel="C0DESIGN")
    try:
        done = read(reader)
    finally:
        ben.act("invite", channel="C0DESIGN")
    assert (done.state, done.error) == (Work.FAILED, "not_in_channel")


def test_the_sandbox_pages_as_slack_does(site: str, ben: Person) -> None:
    web = WebClient(workspace.BOT_TOKEN, base_url=f"{site}/api/")
    for number in range(5):
        ben.say(f"{number}")
    page = web.conversations_history(channel="C0DESIGN", limit=3)
    assert [m["text"] for m in page["messages"]] == ["4", "3", "2"], "newest first"
    rest = web.conversations_history(channel="C0DESIGN", limit=3, cursor=page["response_metadata"]["next_cursor"])
    assert [m["text"] for m in rest["messages"]] == ["1", "0"]
    assert not rest["has_more"]
    with pytest.raises(SlackApiError, match="invalid_cursor"):
        web.conversations_history(channel="C0DESIGN", cursor="bm9wZQ==")
