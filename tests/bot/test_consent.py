"""What is kept of people who opted out, of rooms with strangers and of rooms that are gone: nothing that they said."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot import instructions
from bot.directory import Directory
from bot.export import open_export
from bot.importing import import_export
from bot.sandbox.people import Person
from bot.sandbox.workspace import TEAM
from bot.workspaces import Workspaces
from learning.answers import Answer
from learning.database import Database
from learning.memory import channels, privacy
from learning.model.client import EngineError
from learning.records import Announcement, Channel, Message, Question, Work
from learning.school import School
from tests.bot.conftest import BOT, ScriptedAnswerer, ask, finished, message, take
from tests.bot.test_importing import state, write


def kept(database: Database) -> str:
    with database.read() as session:
        return session.query(Question).one().text


def test_who_opted_out_before_an_export_without_a_list_of_channels_is_left_out_of_it(tmp_path: Path, database: Database) -> None:
    with database.write() as session:
        privacy.opt_out(session, "T1", "U1")
    folder = write(tmp_path / "x", [{"type": "message", "user": "U1", "text": "stays out", "ts": "1.0"}])
    (folder / "channels.json").unlink()
    import_export(database, open_export(folder))
    assert [text for _, text, *_ in state(database)["messages"].values()] == [""]


def test_a_question_of_who_opted_out_is_gone_once_it_is_answered(school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None]) -> None:
    with school.database.write() as session:
        privacy.opt_out(session, TEAM, "U0BEN")
    ask(school, ben)
    answering(ScriptedAnswerer(Answer("what?", "Tea.", "general")))
    assert ben.wait(finished(school))
    assert kept(school.database) == ""


def test_and_once_it_is_given_up(school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None], monkeypatch: pytest.MonkeyPatch) -> None:
    def down() -> Answer:
        raise EngineError("down")

    monkeypatch.setattr("bot.answering.ENGINE_PATIENCE", timedelta(0))
    ask(school, ben)
    with school.database.write() as session:
        privacy.opt_out(session, TEAM, "U0BEN")
    answering(ScriptedAnswerer(down))
    assert ben.wait(finished(school, Work.FAILED))
    assert kept(school.database) == ""


def test_and_once_they_stop_it(database: Database) -> None:
    with database.write() as session:
        privacy.opt_out(session, "T1", "U1")
    take(database, message(f"<@{BOT}> what is up?"), "Ev1")
    take(database, {"type": "agent_session_stopped", "thread_ts": "1.0", "user": "U1"}, "Ev2")
    with database.read() as session:
        assert session.query(Question).one().state == Work.DONE
    assert kept(database) == ""


def test_what_who_opted_out_says_under_a_morning_report_is_no_answer_to_it(database: Database) -> None:
    said, under = "It hangs behind the boiler.", {"thread_ts": "1.0"}
    wonder = {"said": "Somebody asked: where is the valve? Who knows?", "asked": "where is the valve?", "question": "", "lessons": []}
    with database.write() as session:
        room = channels.ensure(session, "T1", "C1")
        session.add(Announcement(channel_id=room.id, key="night-1", text=wonder["said"], reply_ts="1.0", wonders=[wonder]))
        privacy.opt_out(session, "T1", "U1")
        assert instructions.to_wonder(session, room, Question(channel_id=room.id, ts="2.0", author="U1", text=said, **under)) is None
        assert instructions.to_wonder(session, room, Question(channel_id=room.id, ts="2.0", author="U2", text=said, **under))
    assert not take(database, message(said, "2.0", **under), "Ev1")
    assert take(database, message(said, "3.0", **under) | {"user": "U2"}, "Ev2")


def test_of_a_channel_that_is_deleted_nothing_stays(database: Database) -> None:
    take(database, message(f"<@{BOT}> what is up?"), "Ev1")
    take(database, message("lunch is at noon", "2.0"), "Ev2")
    take(database, {"type": "channel_deleted", "channel": "C1"}, "Ev3")
    with database.read() as session:
        assert {row.text for table in (Message, Question) for row in session.query(table)} == {""}


def test_a_channel_that_is_shared_in_an_export_is_known_to_be(tmp_path: Path, database: Database) -> None:
    folder = write(tmp_path / "x", [])
    (folder / "channels.json").write_text(json.dumps([{"id": "C0OPS", "name": "ops", "is_ext_shared": True}]))
    import_export(database, open_export(folder))
    with database.read() as session:
        assert session.query(Channel).one().is_external


def test_an_export_does_not_tell_what_slack_has_told_since(tmp_path: Path, database: Database) -> None:
    with database.write() as session:
        channels.ensure(session, "T1", "C0OPS", name="platform").members = 4
    write(tmp_path, [{"type": "message", "user": "U1", "text": "hello", "ts": "1767600000.000100"}])
    (tmp_path / "channels.json").write_text(json.dumps([{"id": "C0OPS", "name": "ops", "is_archived": True, "is_ext_shared": True}]))
    assert import_export(database, open_export(tmp_path)).messages == 1
    with database.read() as session:
        assert [(ops.name, ops.archived_at, ops.is_external) for ops in session.query(Channel)] == [("platform", None, False)]


def test_that_a_channel_is_shared_and_how_many_are_in_it_is_looked_up(school: School, ben: Person, workspaces: Workspaces) -> None:
    ben.act("share", channel="C0OPS")
    Directory(school.database, workspaces).refresh()
    with school.database.read() as session:
        ops = channels.find(session, "C0OPS")
        assert ops
        assert (ops.is_external, ops.members) == (True, 4)
