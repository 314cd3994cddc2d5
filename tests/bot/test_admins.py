"""Who may do what, asked again in the moment in which it is done."""

from typing import Any

import pytest
from slack_sdk import WebClient

from bot.listeners import home
from bot.outbox import Outbox
from bot.sandbox.people import Person
from bot.sandbox.workspace import TEAM
from bot.workspaces import Workspaces
from learning import registry
from learning.memory import channels, lessons, people, privacy
from learning.memory.people import Member
from learning.night import nights
from learning.records import Announcement, Work, now
from learning.school import School
from tests.conftest import Running


@pytest.mark.parametrize("command", ["attest", "attest withdraw", "approval open", "learn off", "timezone auto"])
def test_what_admins_alone_may_say(bot: Running, command: str) -> None:
    assert "Only workspace admins" in bot.ben.command("/nightschool", command)["text"]


def test_a_button_that_an_admin_was_shown_is_theirs_alone(bot: Running) -> None:
    def refusals() -> int:
        return sum(m["text"] == "Only workspace admins can do that." for m in bot.ben.messages())

    shown, before = bot.ana.command("/nightschool", "attest"), refusals()
    bot.ben.click(shown["ts"], "attest")
    bot.ben.wait(lambda: refusals() > before)
    with bot.school.database.read() as session:
        assert not privacy.attested(session, TEAM)


@pytest.mark.parametrize("no_more", ["admin", "inside"])
def test_home_was_shown_to_somebody_who_may_no_longer(bot: Running, monkeypatch: pytest.MonkeyPatch, no_more: str) -> None:
    bot.ana.home()
    bot.ana.wait(lambda: "home_pause" in str(bot.ana.home()))
    if no_more == "admin":
        monkeypatch.setattr("bot.listeners.home.is_admin", lambda *_: False)
    else:
        bot.ana.act("kick", channel="C0OPS", user="U0ANA")
    before = bot.ana.state()["home"]
    bot.ana.click_home("home_pause", "C0OPS")
    bot.ana.wait(lambda: bot.ana.state()["home"] != before)
    if no_more == "inside":
        bot.ana.act("invite", channel="C0OPS", user="U0ANA")
    with bot.school.database.write() as session:
        ops = channels.find(session, "C0OPS")
        assert ops
        paused, ops.paused_at = ops.paused_at, None
    assert paused is None


def test_home_goes_back_to_the_version_before_and_a_command_forward_again(bot: Running) -> None:
    names = []
    with bot.school.database.write() as session:
        ops = channels.ensure(session, TEAM, "C0OPS")
        lesson = lessons.teach(session, ops, "The gong is struck at noon.", "U0BEN")
        session.flush()
        for occasion in (71, 72):
            night = nights.open_night(session, ops, now().date(), "sleep", occasion)
            night.state = Work.DONE
            made = registry.reserve(session, ops, night, "another", [lesson], f"s{occasion}")
            registry.promote(session, made, set())
            names.append((made.version, made.name))
    bot.ana.wait(lambda: "home_rollback" in str(bot.ana.home()))
    bot.ana.click_home("home_rollback", f"C0OPS {names[1][1]}")
    bot.ana.wait(lambda: bot.serving() == names[0][1])
    with bot.school.database.write() as session:
        home._roll_back(session, channels.ensure(session, TEAM, "C0OPS"), names[1][1])
    assert bot.serving() == names[0][1], "who presses twice goes back once"
    assert f"`{names[1][1]}`" in bot.ana.command("/nightschool", f"rollback v{names[1][0]}")["text"]
    assert bot.serving() == names[1][1]


def test_an_admin_may_forget_what_somebody_else_taught(bot: Running) -> None:
    bot.ben.command("/teach", "The trowel is kept in the loft.")
    asked = bot.ana.command("/forget", "trowel loft")
    bot.ana.click(asked["ts"], "forget")
    with bot.school.database.read() as session:
        ops = channels.find(session, "C0OPS")
        assert ops
        assert not [lesson for lesson in lessons.in_force(session, ops) if "trowel" in lesson.text]


def test_who_left_a_channel_meanwhile_cannot_teach_it_from_a_direct_message(bot: Running) -> None:
    direct = Person(bot.site, "U0BEN", "D0BEN")
    reply = bot.noted(direct.ask("where are the spare bolts, in #ops?"))
    direct.click(reply["ts"], "teach_me")
    direct.window()
    bot.ana.act("kick", channel="C0OPS", user="U0BEN")
    wrong = direct.submit(lesson="The spare bolts are in crate 9.")
    bot.ana.act("invite", channel="C0OPS", user="U0BEN")
    assert "not in that channel" in wrong.get("lesson", "")


def test_what_is_for_admins_is_told_those_who_are_in_the_channel_and_here(school: School, workspaces: Workspaces, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def post(_: WebClient, channel: str, **__: Any) -> dict[str, str]:
        told.append(channel)
        return {"ts": "1.0"}

    monkeypatch.setattr(WebClient, "chat_postMessage", post)
    monkeypatch.setattr("bot.outbox.members", lambda *_: ["U1", "U3", "U4"])
    with school.database.write() as session:
        people.meet(session, TEAM, [Member("U1", "in", is_admin=True), Member("U2", "out", is_admin=True), Member("U4", "none")])
        people.meet(session, TEAM, [Member("U3", "gone", is_admin=True, is_deactivated=True)])
        session.add(Announcement(channel_id=channels.ensure(session, TEAM, "C0OPS").id, key="night-1", text="Good morning!", audience="admins"))
    Outbox(school.database, workspaces)._deliver()
    assert told == ["U1"]
