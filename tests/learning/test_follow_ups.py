"""Questions that lean on the turns before them, in full."""

from collections.abc import Sequence

import pytest

from learning.memory.encoder import Alike
from learning.memory.follow_ups import Exchange, asks, in_full, leans, tells_more
from learning.memory.guard import weigh
from learning.records import Lesson
from tests.conftest import lesson

KNOWN = (
    "Marek owns heron.", "heron runs on port 7100.", "quince is owned by Hanneke.", "The pottery kiln is fired on Thursdays.",
    "Ask Leonie for the key to the pottery kiln.",
    "Silver customers get an answer within 16 hours.", "Bronze customers get an answer within 48 hours.", "Lunch is at noon.",
)  # fmt: skip
HERON = ("who owns heron?", "Marek owns heron.")
KILN = ("when is the pottery kiln fired?", "The pottery kiln is fired on Thursdays.")
BRONZE = ("how fast do we answer bronze customers?", "Bronze customers get an answer within 48 hours.")


@pytest.fixture
def known() -> list[Lesson]:
    return [lesson(number, text) for number, text in enumerate(KNOWN, 1)]


def answered_by(question: str, before: Sequence[Exchange], known: Sequence[Lesson], alike: Alike) -> tuple[str, float]:
    """The lesson that the surest way to ask finds, and how surely."""
    others = [one for one in known if one.text not in {said for _, said in before}]
    found = [candidate for way in in_full(question, before, known) for candidate in weigh(way.text, others, alike) if way.may_be(candidate.hit)]
    best = max(found, key=lambda candidate: candidate.certainty, default=None)
    return (best.hit.lesson.text, best.certainty) if best else ("", float("-inf"))


@pytest.mark.parametrize(
    ("question", "before", "wanted"),
    [
        ("and its port?", HERON, 1),
        ("what about quince?", HERON, 2),
        ("and who has the key?", KILN, 4),
        ("who has its key then", KILN, 4),
        ("and silver?", BRONZE, 5),
        ("and the port?", HERON, 1),
    ],
)
def test_a_question_that_leans_is_answered_as_if_it_had_been_asked_in_full(
    question: str, before: Exchange, wanted: int, known: list[Lesson], alike: Alike
) -> None:
    text, certainty = answered_by(question, [before], known, alike)
    assert text == KNOWN[wanted]
    assert certainty > 1.0


@pytest.mark.parametrize("question", ["and the owner?", "the owner?", "what about the maintainer?"])
def test_more_of_the_same_is_asked_in_other_words_than_the_lesson_has(question: str, known: list[Lesson], alike: Alike) -> None:
    text, certainty = answered_by(question, [("which port does heron run on?", "heron runs on port 7100.")], known, alike)
    assert text == KNOWN[0]
    assert certainty > 1.0


def test_more_of_the_same_is_told_of_nothing_else(known: list[Lesson], alike: Alike) -> None:
    assert answered_by("and the port?", [("who owns quince?", "quince is owned by Hanneke.")], known, alike)[1] < 0


@pytest.mark.parametrize(
    ("asked", "said", "question", "wanted"),
    [
        ("when does the Annex open?", "The Annex opens at 9:00.", "and the canteen?", "The canteen opens at 7:30."),
        ("what is the wifi password in Fern?", "The wifi password in Fern is tulip9.", "and in the kitchen?", "The wifi password in the kitchen is rose4."),
        ("how fast do we anser bronze customers?", BRONZE[1], "and silver?", "Silver customers get an answer within 16 hours."),
    ],
)
def test_the_same_of_another_is_found_whatever_else_was_said(asked: str, said: str, question: str, wanted: str, known: list[Lesson], alike: Alike) -> None:
    further = [lesson(20, said), lesson(21, "The canteen opens at 7:30."), lesson(22, "The wifi password in the kitchen is rose4.")]
    text, certainty = answered_by(question, [(asked, said)], [*known, *further], alike)
    assert text == wanted
    assert certainty > 1.0


@pytest.mark.parametrize(("question", "before"), [("and golden ones?", BRONZE), ("and working students?", HERON)])
def test_the_same_of_something_that_nobody_told_of_is_answered_by_nothing(question: str, before: Exchange, known: list[Lesson], alike: Alike) -> None:
    assert answered_by(question, [before], known, alike) == ("", float("-inf"))


def test_a_thread_of_several_questions_is_about_what_the_first_was_about(known: list[Lesson], alike: Alike) -> None:
    before = [("and quince?", "quince is owned by Hanneke."), ("thanks, and lunch?", "Lunch is at noon.")]
    assert in_full("when is lunch?", before, known)[-1].text == "when is lunch?"
    assert answered_by("and its port?", [("who owns heron?", "Marek owns heron."), ("and who's Marek?", "I don't know that yet.")], known, alike)[0] == KNOWN[1]


def test_what_stands_alone_is_asked_as_it_is(known: list[Lesson]) -> None:
    assert [way.text for way in in_full("and its port?", [], known)] == ["and its port?"]
    assert [way.text for way in in_full("which port does heron use?", [KILN], known)] == ["which port does heron use?"]
    assert in_full("is there a key for heron?", [KILN], known)[-1].text == "is there a key for heron?"


@pytest.mark.parametrize("question", ["", "?", "and?", "it", "and the same too?", "\n", "🙂"])
def test_whatever_is_asked_there_is_a_way(question: str, known: list[Lesson]) -> None:
    assert in_full(question, [HERON, ("", ""), KILN], known)
    assert isinstance(leans(question), bool)


@pytest.mark.timeout(60)
def test_long_turns_take_no_long_time(known: list[Lesson]) -> None:
    log = "the kiln of heron is fired on " * 150
    assert len(in_full("and its port?", [(log, log)] * 3, known)) < 12
    assert len(in_full("and quince?", [(" ".join(f"word{n}" for n in range(300)), "")], known)) < 12


@pytest.mark.parametrize("question", ["and when is lunch?", "ok, when is lunch?"])
def test_another_question_after_a_thread_about_something_else_is_its_own(question: str, known: list[Lesson], alike: Alike) -> None:
    for before in (HERON, ("who is the boss?", "I don't know that yet.")):
        assert answered_by(question, [before], known, alike)[0] == "Lunch is at noon."


@pytest.mark.parametrize(
    ("question", "earlier", "more"),
    [
        ("and kegs?", "best before for cans?", True),
        ("and cans?", "best before for cans?", False),
        ("and who says so?", "best before for cans?", False),
        ("and bottles?", "best before for cans?", False),
    ],
)
def test_the_rest_of_what_was_just_said_is_known_to_be_there(question: str, earlier: str, more: bool) -> None:
    assert tells_more(question, earlier, lesson(1, "Best before is 9 months for cans and 3 months for kegs.")) == more


def test_a_name_of_several_words_is_replaced_as_a_whole(known: list[Lesson]) -> None:
    rooms = [lesson(1, "The alarm code at Mill Lane is 8807."), lesson(2, "The alarm code at the harbour is 5521."), lesson(3, "Mill Lane opens at 9:00.")]
    ways = in_full("and the harbour?", [("alarm code at Mill Lane?", rooms[0].text)], rooms)
    assert "alarm code at harbour?" in [way.text for way in ways]


def test_what_people_tell_each_other_in_a_thread_is_no_question() -> None:
    assert all(map(asks, ("and its port?", "and its port", "who owns quince", "what about quince", "do you know who owns it?", "can you tell me when?")))
    others = (
        "no, it leaves at 15:00",
        "I'll be late for lunch",
        "the database is down",
        "thanks, that helps",
        "are you coming to lunch?",
        "can someone fix heron?",
    )
    assert not any(map(asks, others))


@pytest.mark.timeout(60)
def test_a_message_of_any_shape_is_looked_at_at_once() -> None:
    assert not asks("?" * 100_000 + "x")  # minutes, if each mark were looked at with all that follow
    assert asks("well" + "?" * 100_000)
