from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from learning.memory import noticing, wording
from learning.memory.dates import absolute
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
    ("text", "becomes", "until"),
    [
        ("the office is closed tomorrow", "the office is closed Tuesday 3 March 2026", date(2026, 3, 3)),
        ("closed on friday", "closed on Friday 6 March 2026", date(2026, 3, 6)),
        ("we meet next friday", "we meet Friday 13 March 2026", date(2026, 3, 13)),
        ("the train leaves on thursdays", "the train leaves on thursdays", None),
        ("every sunday night it is wiped", "every sunday night it is wiped", None),
        ("from 16 march the cleaners come early", "from Monday 16 March 2026 the cleaners come early", None),
        ("sign up by april 3rd", "sign up by Friday 3 April 2026", date(2026, 4, 3)),
        ("the price holds till end of march", "the price holds till Tuesday 31 March 2026", date(2026, 3, 31)),
        ("the party is on the 5th of october", "the party is on Monday 5 October 2026", date(2026, 10, 5)),
        ("as of this week Kofi owns it", "as of the week of Monday 2 March 2026 Kofi owns it", None),
        ("it happens in 2 weeks", "it happens on Monday 16 March 2026", date(2026, 3, 16)),
        ("it was on 3 may 2024", "it was on Friday 3 May 2024", date(2024, 5, 3)),
        ("offsite is on Friday, January 2, 2027", "offsite is on Saturday 2 January 2027", date(2027, 1, 2)),
        ("valid until Friday, 5 June 2026", "valid until Friday 5 June 2026", date(2026, 6, 5)),
        ("the deadline is 2 May, 2025", "the deadline is Friday 2 May 2025", date(2025, 5, 2)),
        ("only tier 1 may access the vault", "only tier 1 may access the vault", None),
        ("closed on friday 6 march", "closed on Friday 6 March 2026", date(2026, 3, 6)),
        ("31 february is no date", "31 february is no date", None),
    ],
)
def test_relative_dates_become_absolute_and_tell_when_a_lesson_expires(text: str, becomes: str, until: date | None) -> None:
    dated = absolute(text, date(2026, 3, 2))
    assert (dated.text, dated.until) == (becomes, until)


def test_a_date_long_gone_is_next_years() -> None:
    assert absolute("we open again on 5 january", date(2026, 12, 20)).until == date(2027, 1, 5)


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("heads up: we moved to the annex", "The team moved to the annex"),
        ("fyi I own the scanner, ask me", "Ana owns the scanner, ask Ana"),
        ("I'm on call and my number is 4711", "Ana is on call and Ana's number is 4711"),
        ("our wiki is at https://we.example/my/us now", "The team's wiki is at https://we.example/my/us now"),
        ("we have `we` and `my_key` in there", "The team has `we` and `my_key` in there"),
        ("team day is in may", "Team day is in may"),
        ("team: the door is open", "The door is open"),
    ],
)
def test_who_speaks_is_named(text: str, becomes: str) -> None:
    assert wording.resolve(text, "Ana", date(2026, 3, 2)).text == becomes


def test_markup_is_read_in_full() -> None:
    text = "ask <@U2> in <#C1|ops>, see <https://x.example/a|the page> &amp; <mailto:a@b.example|a@b.example> :tada:"
    assert wording.plain(text, SETTING.names) == "ask Ben Okafor in #ops, see the page (https://x.example/a) & a@b.example"


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
