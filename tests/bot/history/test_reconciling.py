"""What is read of history is made the log: what is gone in Slack goes, and nothing else."""

import time
from typing import Any

import pytest

from bot import history, pacing
from bot.sandbox import workspace
from bot.sandbox.people import Person
from learning.memory import erasing, lessons, log, privacy, sources
from learning.records import Lesson, Night, Reading, Work
from learning.school import School
from tests.bot.history.conftest import Calls, ask, channel, read, texts


def test_what_slack_no_longer_shows_is_deleted_with_what_was_learned_from_it(reader: School, ben: Person) -> None:
    kept = ben.say("stays")
    with reader.database.write() as session:
        design = channel(session)
        gone = f"{float(kept) - 0.5:.6f}"
        sources.heard(session, design, [log.Utterance(gone, "U0ANA", "was deleted while I slept"), log.Utterance("1.000000", "U0ANA", "older than all")])
        sources.heard(session, design, [log.Utterance(f"{float(kept) - 0.4:.6f}", "U0ANA", "a reply to it", gone)])
    assert read(reader).deleted == 3
    assert texts(reader) == ["", "", "", "stays"]


def test_what_was_forgotten_stays_out_of_the_log(reader: School, ben: Person) -> None:
    ts = ben.say("The door code is 7341.")
    assert read(reader).added == 1
    with reader.database.write() as session:
        lesson = lessons.teach(session, channel(session), "The door code is 7341.", "U0BEN", source_ts=ts)
        lessons.forget(session, channel(session), [lesson.id], "U0BEN")
        erasing.erase(session, channel(session), [lesson.id])
    ben.edit(ts, "The door code is 7341!")
    read(reader)
    assert texts(reader) == [""]
    with reader.database.read() as session:
        assert [x.text for x in session.query(Lesson)] == [""]


def test_without_consent_nothing_is_read(reader: School, ben: Person, calls: Calls) -> None:
    with reader.database.write() as session:
        privacy.withdraw(session, workspace.TEAM)
    done = read(reader)
    assert (done.state, done.error) == (Work.SKIPPED, "no admin has recorded the attestation")
    assert calls == []
    with reader.database.read() as session:
        assert session.get_one(Night, done.night_id).kind == "reindex", "it is rebuilt all the same"


def test_what_is_said_while_it_is_read_is_not_taken_for_deleted(reader: School, ben: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    root = ben.say("a thread")
    ben.say("a reply", root)
    call = pacing.Paced.call

    def meanwhile(self: pacing.Paced, method: str, **arguments: Any) -> dict[str, Any]:
        answer = call(self, method, **arguments)
        if method == "conversations_replies":
            for text, thread in (("a later reply", root), ("something new", None)):
                ts = ben.say(text, thread)
                with reader.database.write() as session:
                    sources.heard(session, channel(session), [log.Utterance(ts, "U0BEN", text, thread)])
        return answer

    monkeypatch.setattr(pacing.Paced, "call", meanwhile)
    assert read(reader).deleted == 0
    assert set(texts(reader)) == {"a thread", "a reply", "a later reply", "something new"}


def test_an_empty_page_with_a_cursor_deletes_nothing(reader: School, ben: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PAGE", 2)
    for number in range(6):
        ben.say(f"message {number}")
    read(reader)
    call, pages = pacing.Paced.call, []

    def sparse(self: pacing.Paced, method: str, **arguments: Any) -> dict[str, Any]:
        if method == "conversations_history" and arguments.get("limit") == 2:
            pages.append(arguments.get("cursor"))
            if len(pages) == 3:  # Slack may send a page with nothing on it
                return {"messages": [], "response_metadata": {"next_cursor": arguments["cursor"]}}
        return call(self, method, **arguments)

    monkeypatch.setattr(pacing.Paced, "call", sparse)
    assert read(reader).deleted == 0
    assert texts(reader) == [f"message {n}" for n in range(6)]


def test_the_newest_messages_may_be_deleted_too(reader: School, ben: Person) -> None:
    with reader.database.write() as session:
        sources.heard(session, channel(session), [log.Utterance(f"{time.time() - 5:.6f}", "U0ANA", "was deleted while I slept")])
    assert read(reader).deleted == 1


def test_consent_that_is_withdrawn_on_the_way_ends_the_reading(reader: School, ben: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PAGE", 2)
    for number in range(6):
        ben.say(f"message {number}")

    def withdraw(reading: Reading) -> None:
        with reader.database.write() as session:
            privacy.withdraw(session, workspace.TEAM)

    done = history.read(reader, ask(reader), withdraw)
    assert done
    assert (done.state, done.messages) == (Work.SKIPPED, 2)


def test_what_the_plan_of_a_workspace_hides_is_not_deleted(reader: School, ben: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    ben.say("stays")
    with reader.database.write() as session:
        sources.heard(session, channel(session), [log.Utterance("1.000000", "U0ANA", "older than what Slack's plan shows")])
    call = pacing.Paced.call

    def limited(self: pacing.Paced, method: str, **arguments: Any) -> dict[str, Any]:
        return call(self, method, **arguments) | {"is_limited": method == "conversations_history"}

    monkeypatch.setattr(pacing.Paced, "call", limited)
    assert read(reader).deleted == 0
