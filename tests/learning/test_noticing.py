from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from learning.memory import noticing, signs
from learning.memory.noticing import Notice, Remark, Setting
from learning.night import dictation
from tests.benchmarks.bench_noticing import HERE, measure

SETTING = Setting({"U1": "Ana Silva", "U2": "Ben Okafor", "U3": "Cleo"}, ZoneInfo("Europe/Amsterdam"))
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def said(text: str, author: str = "U1", minute: int = 0, **reactions: set[str]) -> Remark:
    return Remark(f"{MONDAY.timestamp() + 60 * minute:.6f}", author, text, reactions=reactions)


def notice(*thread: Remark) -> list[Notice]:
    return noticing.by_rules(thread, SETTING)


@pytest.mark.parametrize(
    "doubt", ["that's not correct", "hm, not exactly right", "thanks, but that didn't work", "are you sure that is correct?", "is that confirmed?"]
)
def test_an_objection_confirms_nothing(doubt: str) -> None:
    assert not signs.thanks(doubt)
    assert signs.thanks("thanks, that worked! where is the other one?")


def test_an_aside_leaves_what_it_begins() -> None:
    assert signs.worth("Sorry, it's with Kofi at the front desk. It moved there.") == "it's with Kofi at the front desk. It moved there."


def test_a_word_of_the_matter_is_no_aside() -> None:
    for said in ("Happy hour is on Thursdays in the garden.", "Thanks to the new VPN nobody needs a token.", "Done tickets are archived every Friday."):
        assert signs.worth(said) == said


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ("When you deploy to prod, post in #releases first.", False),
        ("Anyone who needs access asks Ana first.", False),
        ("When the light is red, hold the left button", False),
        ("Dana, who sits upstairs, has the key", False),
        ("who owns quince", True),
        ("how do I reset it.", True),
        ("where is the van, I need it now", True),
        ("when the light is red, what do I press?", True),
    ],
)
def test_what_begins_like_a_question_may_be_none(said: str, asks: bool) -> None:
    assert signs.is_question(said) is asks


def test_an_announcement_is_proposed_with_its_speaker_and_source() -> None:
    remark = said("heads up: from today we deploy to heron-4 only, heron-2 is gone")
    (found,) = notice(remark)
    assert found.text == "From Monday 2 March 2026 the team deploys to heron-4 only, heron-2 is gone"
    assert (found.author, found.sources, found.rule, found.valid_until) == ("U1", (remark.ts,), "announced", None)


def test_an_answer_counts_once_somebody_confirmed_it() -> None:
    asked, answer = said("which port does the gateway listen on?", "U2"), said("8443, behind the proxy", "U1", 5)
    assert notice(asked, answer) == []
    for confirmed in ([answer, said("thanks, that worked", "U2", 9)], [said("8443, behind the proxy", "U1", 5, white_check_mark={"U3"})]):
        (found,) = notice(asked, *confirmed)
        assert (found.question, found.text, found.rule) == ("Which port does the gateway listen on?", "8443, behind the proxy", "answered")
        assert found.sources == (answer.ts, asked.ts)
    assert notice(asked, said("8443, behind the proxy", "U1", 5, white_check_mark={"U1"})) == [], "one's own reaction confirms nothing"


def test_guesses_and_corrected_answers_are_left_out() -> None:
    asked = said("which port does the gateway listen on?", "U2")
    guess, right = said("i think it's 9090?", "U3", 1), said("no, it's 8443 since the upgrade", "U1", 5)
    (found,) = notice(asked, guess, right, said("thanks!", "U2", 9))
    assert "8443" in found.text
    assert notice(asked, guess, said("thanks", "U2", 9)) == []


def test_a_mark_makes_the_difference() -> None:
    text = "orders that begin with 7 come from the marketplace"
    assert notice(said(text)) == []
    (found,) = notice(said(text, brain={"U2"}))
    assert found.rule == "marked"
    assert notice(said(text, brain={"U1"})) == []


@pytest.mark.parametrize(
    "text",
    [
        "lunch?",
        "the answer is always coffee",
        "is the wiki down or is it just me",
        "i think we should move to nomad at some point",
        "deploying now",
        "lol the port of rotterdam is down",
        "maybe the deadline is friday",
        "who owns the scanner?",
        "happy birthday ben!! the cake is in the kitchen",
    ],
)
def test_chatter_is_dropped(text: str) -> None:
    assert notice(said(text)) == []


def test_bots_and_silenced_people_say_nothing() -> None:
    text = "heads up: from today the staging database lives on heron-4"
    assert notice(Remark("1772442000.000100", "B1", text, is_bot=True)) == []
    assert notice(said("")) == notice(said("  \n ")) == []


@pytest.mark.timeout(60)
@pytest.mark.parametrize("unit", ["a", "?", "if you ", "https://x ", "so and also ", "on friday ", "`", "<a|", "we ", "a://", "1.", "not word word "])
def test_long_messages_are_not_read_and_hold_nothing_up(unit: str) -> None:
    for length in (noticing.LONGEST_READ, 40_000):
        text = (unit * length)[:length]
        notice(said(text, brain={"U2"}), said(text, "U2", 1, brain={"U1"}), said("thanks", "U3", 2))


def test_the_benchmark_of_conversations_written_apart_is_met() -> None:
    counts = measure(HERE / "held_out.jsonl")
    assert counts["messages"] >= 600
    assert counts["facts"] >= 100
    assert counts["found"] >= 0.60 * counts["facts"]
    assert counts["right"] >= 0.80 * counts["proposed"]


def test_what_a_capable_base_writes_is_checked_against_what_was_said() -> None:
    thread = [said("we put the staging db on heron-4 yesterday, heron-2 is history", "U2"), said("nice, and i think the port is 5433", "U3", 1)]
    written = """- Ben Okafor put the staging db on heron-4 on Sunday 1 March 2026.
- The staging db has the password hunter2.
- We moved it.
1. The port is 5433.
Is heron-2 history?"""
    found = dictation.by_writing(lambda prompt: written)(thread, SETTING)
    assert [notice.text for notice in found] == ["Ben Okafor put the staging db on heron-4 on Sunday 1 March 2026."]
    assert (found[0].author, found[0].rule) == ("U2", "written")
    assert dictation.by_writing(lambda prompt: pytest.fail("chatter is not read"))([said("lunch?")], SETTING) == []
    ruled = [said("heads up: the staging database now lives on heron-4")]
    assert [n.rule for n in dictation.by_writing(lambda prompt: "nothing")(ruled, SETTING)] == ["announced"]
    assert [n.rule for n in dictation.by_writing(lambda prompt: "The staging database lives on heron-4.")(ruled, SETTING)] == ["written"]
