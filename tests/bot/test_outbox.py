"""What the bot has to say by itself: said once, to whom it is for, and taken back where that is wanted."""

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.directory import Directory
from bot.outbox import Outbox
from bot.sandbox.people import Person
from bot.sandbox.workspace import TEAM
from bot.workspaces import Workspaces
from learning.memory import channels, lessons, notes, people, proposals
from learning.memory.people import Member
from learning.records import Announcement, Lesson, Work, now
from learning.school import School


def test_a_note_that_slack_lets_nobody_edit_any_more_is_deleted(school: School, ben: Person, workspaces: Workspaces, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise SlackApiError("refused", {"ok": False, "error": "edit_window_closed"})

    monkeypatch.setattr(WebClient, "chat_update", refused)
    ts = workspaces.client(TEAM).chat_postMessage(channel="C0OPS", text="taught me: the code is 7341")["ts"]
    with school.database.write() as session:
        channel = channels.ensure(session, TEAM, "C0OPS")
        session.add(Announcement(channel_id=channel.id, key="redact-1", update_ts=ts, text=notes.REDACTED))
    outbox = Outbox(school.database, workspaces)
    outbox.loop.start()
    assert ben.wait(lambda: "7341" not in str(ben.messages()))
    outbox.loop.stop()


def test_what_could_not_be_taken_back_where_the_bot_was_not_is_taken_back_once_it_is(
    school: School, ben: Person, workspaces: Workspaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    ts = workspaces.client(TEAM).chat_postMessage(channel="C0OPS", text="taught me: the code is 7341")["ts"]
    with school.database.write() as session:
        channel = channels.ensure(session, TEAM, "C0OPS")
        session.add(Announcement(channel_id=channel.id, key="redact-1", update_ts=ts, text=notes.REDACTED))
        session.add(Announcement(channel_id=channel.id, key="redact-2", update_ts="1.0", text=notes.REDACTED))
    box = Outbox(school.database, workspaces)

    def delivered() -> set[tuple[str, str, str | None]]:
        while box._deliver():
            pass
        with school.database.read() as session:
            return {(each.key, each.state, each.error) for each in session.query(Announcement).filter(Announcement.key.like("redact-%"))}

    def refused(*_: Any, **named: Any) -> None:
        raise SlackApiError("refused", {"ok": False, "error": "not_in_channel" if named["ts"] == ts else "message_not_found"})

    with monkeypatch.context() as outside:
        outside.setattr(WebClient, "chat_update", refused)
        assert delivered() == {("redact-1", Work.FAILED, "not_in_channel"), ("redact-2", Work.FAILED, "message_not_found")}
    Directory(school.database, workspaces).refresh()
    assert delivered() == {("redact-1", Work.DONE, None), ("redact-2", Work.FAILED, "message_not_found")}
    assert "7341" not in str(ben.messages())


def test_a_note_is_posted_once_where_no_link_to_it_can_be_had(school: School, ben: Person, workspaces: Workspaces, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise OSError("the network is gone")

    monkeypatch.setattr(WebClient, "chat_getPermalink", gone)
    with school.database.write() as session:
        notes.note_taught(session, lessons.teach(session, channels.ensure(session, TEAM, "C0OPS"), "The gong is struck at noon.", "U0BEN"), "U0BEN")
    outbox = Outbox(school.database, workspaces)
    assert outbox._deliver()
    assert not outbox._deliver()
    assert len([message for message in ben.messages() if "The gong is struck" in message["text"]]) == 1
    with school.database.read() as session:
        assert session.query(Announcement).one().state == Work.DONE


def test_a_note_about_a_lesson_forgotten_before_it_was_posted_is_redacted(school: School, ben: Person, workspaces: Workspaces) -> None:
    with school.database.write() as session:
        channel = channels.ensure(session, TEAM, "C0OPS")
        lesson = lessons.teach(session, channel, "The code is 7341.", "U0BEN")
        notes.note_taught(session, lesson, "U0BEN")
        session.flush()
        lessons.forget(session, channel, [lesson.id], "U0BEN")
    outbox = Outbox(school.database, workspaces)
    outbox.loop.start()

    def redacted() -> bool:
        with school.database.read() as session:
            return session.query(Announcement).filter_by(state=Work.DONE).count() == 2

    assert ben.wait(redacted)
    outbox.loop.stop()
    assert "7341" not in str(ben.messages())
    with school.database.read() as session:
        assert session.query(Lesson).one().permalink is None


def test_a_suggestion_approved_before_its_note_was_posted_does_not_stay_one(school: School, ben: Person, workspaces: Workspaces) -> None:
    with school.database.write() as session:
        channel = channels.ensure(session, TEAM, "C0OPS")
        channel.members = 30
        lesson = lessons.teach(session, channel, "The loom is oiled on Sundays.", "U0BEN")
        notes.note_taught(session, lesson, "U0BEN")
        session.flush()
        proposals.approve(session, channel, [lesson.id])
    outbox = Outbox(school.database, workspaces)
    outbox.loop.start()
    assert ben.wait(lambda: [m for m in ben.messages() if "taught me: The loom" in m["text"]])
    outbox.loop.stop()
    assert not [m for m in ben.messages() if "suggests" in m["text"]]


def test_what_admins_are_told_alone_is_told_each_of_them_once(school: School, workspaces: Workspaces, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def post(_: WebClient, channel: str, **__: Any) -> dict[str, str]:
        told.append(channel)
        if told in (["U1"], ["U1", "U1", "U2"]):  # before anybody has it: again; after that, not
            raise OSError("the network is gone")
        return {"ts": "1.0"}

    monkeypatch.setattr(WebClient, "chat_postMessage", post)
    monkeypatch.setattr("bot.outbox.members", lambda *_: ["U1", "U2"])
    with school.database.write() as session:
        people.meet(session, TEAM, [Member(user, user, is_admin=True) for user in ("U1", "U2")])
        session.add(Announcement(channel_id=channels.ensure(session, TEAM, "C0OPS").id, key="night-1", text="Good morning!", audience="admins"))
    outbox = Outbox(school.database, workspaces)
    assert not outbox._deliver()
    with school.database.write() as session:
        session.query(Announcement).one().lease_until = now()
    outbox._deliver()
    assert told == ["U1", "U1", "U2"]
    with school.database.read() as session:
        assert session.query(Announcement).one().state == Work.DONE
