"""Lessons that answer together."""

from collections.abc import Sequence

import pytest

from learning.memory import chains, guard, recall
from learning.memory.encoder import Alike
from learning.records import Lesson
from tests.conftest import lesson

KNOWN = (
    "heron is owned by the Cedar team.", "The Cedar team sits in building 42.", "The Birch team owns quince.", "osprey belongs to the Birch team.",
    "The Birch team runs tern, too.", "Lunch is at noon.", "Marek waters the ferns.",
)  # fmt: skip


@pytest.fixture
def known() -> list[Lesson]:
    return [lesson(number, text) for number, text in enumerate(KNOWN, 1)]


@pytest.mark.parametrize(
    ("question", "answered_by"),
    [
        ("in which building do the owners of heron sit?", [1, 2]),
        ("what does the Birch team own?", [3, 4, 5]),
        ("who owns heron?", [1]),
        ("when is lunch?", [6]),
    ],
)
def test_a_question_is_answered_by_as_many_lessons_as_it_takes(known: Sequence[Lesson], alike: Alike, question: str, answered_by: Sequence[int]) -> None:
    best = guard.weigh(question, known, alike)[0]
    assert sorted(lesson.id for lesson in best.hit.sources) == answered_by
    assert best.certainty > 0


def test_a_list_is_of_what_several_lessons_tell_whatever_else_the_question_names(alike: Alike) -> None:
    """The rarest word that the question shares with a lesson is "depend", but only one has it."""
    told = ("pelican depends on redis.", "pelican also needs rabbitmq.", "Without vault pelican does not start.", "Magnolia is heated with pellets.", *KNOWN)
    known, question = [lesson(number, text) for number, text in enumerate(told, 1)], "what are the dependencies of pelican?"
    found = chains.several(known, recall.nearest(known, question, alike, len(known)), question, alike)
    assert ([1, 2, 3], True) in [(sorted(one.id for one in hit.parts), listed) for hit, listed in found]


def test_of_two_steps_the_first_comes_first(known: Sequence[Lesson], alike: Alike) -> None:
    best = guard.weigh("which building do heron's owners sit in?", known[::-1], alike)[0]
    assert best.hit.lesson.text == "heron is owned by the Cedar team. The Cedar team sits in building 42."


@pytest.mark.parametrize(
    ("first", "second", "leads_on"),
    [
        ("heron is owned by the Cedar team.", "The Cedar team sits in building 42.", True),
        ("heron's owner is larkspur", "Larkspur sits in building 42.", True),
        ("Kestrel kicks in at 5.", "Kick the lower corner, building 42 sticks.", False),
        ("heron is graded by the Quarry team.", "Meet at the quarry behind building 42.", False),
        ("heron keeps 144 MB.", "tern keeps 12 MB in building 42.", False),
        ("Acker v. Hallam is about heron.", "Castell v. Dunn is heard in building 42.", False),
    ],
)
def test_what_is_written_otherwise_leads_nowhere(alike: Alike, first: str, second: str, leads_on: bool) -> None:
    known = [lesson(1, first), lesson(2, second), *(lesson(number, f"Shelf {number} is full.") for number in range(3, 9))]
    question = "in which building are the owners of heron?"
    found = chains.several(known, recall.nearest(known, question, alike, len(known)), question, alike)
    assert ({1, 2} in [{part.id for part in hit.parts} for hit, _ in found]) is leads_on


def test_who_does_a_thing_is_one_person() -> None:
    assert chains.asks_for_several("what does the Birch team own?")
    assert chains.asks_for_several("who all owns quince?")
    assert not chains.asks_for_several("who does the Thane loop?")
