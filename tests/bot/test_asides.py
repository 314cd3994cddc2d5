"""Direct messages: what was taught there, what a named channel knows, and the channel that is open beside the bot; and what it suggests to ask."""

import pytest

from bot import asides
from bot.sandbox.people import Person
from bot.sandbox.workspace import TEAM
from learning import registry
from learning.memory import channels, lessons
from learning.memory.salience import salience
from learning.night import nights
from learning.records import Adapter, AdapterLesson, AdapterState, ExamAnswer, now
from tests.conftest import Running, how


@pytest.fixture
def direct(bot: Running) -> Person:
    return Person(bot.site, "U0BEN", "D0BEN")


@pytest.mark.parametrize(
    ("text", "name", "rest"),
    [
        ("where are the keys in #ops?", "ops", "where are the keys?"),
        ("#ops: who has the van?", "ops", "who has the van?"),
        ("ask #C0OPS when lunch is", "C0OPS", "ask when lunch is"),
        ("who is number #1?", "", "who is number #1?"),
        ("when is lunch?", "", "when is lunch?"),
        ("what is the status of PR #42b?", "", "what is the status of PR #42b?"),
        ("what is the plan in #2027-planning?", "2027-planning", "what is the plan?"),
    ],
)
def test_a_question_may_name_a_channel(text: str, name: str, rest: str) -> None:
    assert asides.named(text) == (name, rest)


def test_a_thread_goes_on_with_the_channel_that_it_named() -> None:
    assert asides.named("and when?", ["where is lunch in #ops?", "thanks"]) == ("ops", "and when?")


def test_what_is_taught_in_a_direct_message_is_known_there_alone(bot: Running, direct: Person) -> None:
    assert "Noted" in direct.command("/teach", "My locker is number 88.")["text"]
    mine = direct.ask("what number is my locker?")
    assert (how(mine), mine["text"]) == ("recall", "My locker is number 88.")
    assert how(bot.ben.ask("what number is my locker?")) == "abstained"
    assert how(Person(bot.site, "U0CLEO", "D0CLEO").ask("what number is my locker?")) == "abstained"


def test_a_direct_message_has_nights_and_an_adapter_of_its_own(bot: Running, direct: Person) -> None:
    direct.command("/teach", "My shelf is the third from the left.")
    with bot.school.database.write() as session:
        mine = channels.find(session, "D0BEN")
        assert mine
        assert mine in channels.active(session)
        night = nights.open_another(session, mine, now().date(), "nightly")
    held = nights.hold_night(bot.school, night.id)
    assert held
    assert held.verdict == "promoted"
    with bot.school.database.read() as session:
        serving = {channel.slack_id: registry.serving(session, channel) for channel in channels.active(session)}
    assert [slack_id for slack_id, adapter in serving.items() if adapter] == ["D0BEN"]


def test_a_channel_that_is_named_answers_whoever_is_in_it(bot: Running, direct: Person) -> None:
    bot.ben.command("/teach", "The ladder is kept behind the furnace.")
    assert how(direct.ask("where is the ladder kept?")) == "abstained"
    named = direct.ask("where is the ladder kept, in <#C0OPS|ops>?")
    assert named["text"] == "The ladder is kept behind the furnace."
    assert direct.ask("where is the ladder kept in #ops?")["text"] == "The ladder is kept behind the furnace."
    assert direct.ask("where is the ladder kept in #nowhere?")["text"] == asides.STRANGER
    bot.ana.act("kick", channel="C0OPS", user="U0BEN")
    assert direct.ask("where is the ladder kept in #ops?")["text"] == asides.STRANGER
    bot.ana.act("invite", channel="C0OPS", user="U0BEN")


def test_the_channel_that_is_open_beside_it_is_asked_where_nothing_else_answers(bot: Running, direct: Person) -> None:
    bot.ben.command("/teach", "The saw is sharpened by Ulla.")
    direct.act("look_at", user="U0BEN", channel="C0OPS")
    assert direct.wait(lambda: direct.ask("who sharpens the saw?")["text"] == "The saw is sharpened by Ulla.")
    direct.act("look_at", user="U0BEN")
    assert direct.wait(lambda: how(direct.ask("who sharpens the saw?")) == "abstained")


def test_it_suggests_what_it_is_proven_to_know(bot: Running, direct: Person) -> None:
    assert direct.prompts()[-1] == asides.WHAT_I_DO
    assert "I learn each channel by heart" in direct.ask(asides.WHAT_I_DO["message"])["text"]
    bot.ben.command("/teach", "The anvil stands beside the door.")
    with bot.school.database.write() as session:
        ops = channels.find(session, "C0OPS")
        assert ops
        night = nights.open_night(session, ops, now().date(), "nightly", 7)
        night.state, night.verdict = "done", "promoted"
        session.add(Adapter(id=700, channel_id=ops.id, night_id=night.id, version=7, name="C0OPS@v7", state=AdapterState.SERVING, base_hash="another"))
        anvil = next(lesson for lesson in lessons.in_force(session, ops) if "anvil" in lesson.text)
        session.flush()
        session.add(AdapterLesson(adapter_id=700, lesson_id=anvil.id, proven=True))
        session.add(ExamAnswer(night_id=night.id, lesson_id=anvil.id, kind="recall", question="anvil stands?", answer="", right=True))
    direct.wait(lambda: {"title": "Anvil stands in #ops?", "message": "anvil stands in #ops?"} in direct.prompts())
    with bot.school.database.write() as session:
        lessons.forget(session, channels.ensure(session, TEAM, "C0OPS"), [anvil.id], "U0BEN")
    direct.wait(lambda: "anvil" not in str(direct.prompts()))


def test_what_a_named_channel_could_not_answer_is_taught_to_that_channel(bot: Running, direct: Person) -> None:
    reply = bot.noted(direct.ask("where are the spare gaskets, in #ops?"))
    direct.click(reply["ts"], "teach_me")
    window = direct.window()
    assert "Everybody in #ops will see it" in str(window["blocks"])
    assert direct.submit(lesson="The spare gaskets are in crate 7.") == {}
    with bot.school.database.read() as session:
        room = channels.find(session, "C0OPS")
        assert room
        assert [lesson.question for lesson in lessons.in_force(session, room) if "gaskets" in lesson.text] == ["where are the spare gaskets?"]
    answer = bot.noted(direct.ask("where are the spare gaskets, in #ops?"))
    assert "crate 7" in answer["text"]
    direct.click(answer["ts"], "feedback", "bad")
    with bot.school.database.read() as session:
        room = channels.find(session, "C0OPS")
        assert room
        taught = [lesson for lesson in lessons.in_force(session, room) if "gaskets" in lesson.text]
        weighed = salience(session, room, taught, now())
    assert [(of.asked, of.disagree) for of in weighed.values()] == [(1, 1)], "it counts where the lesson is"
