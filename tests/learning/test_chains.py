"""Lessons that answer together."""

from collections.abc import Sequence

import pytest

from learning.memory import guard
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


def test_of_two_steps_the_first_comes_first(known: Sequence[Lesson], alike: Alike) -> None:
    best = guard.weigh("which building do heron's owners sit in?", known[::-1], alike)[0]
    assert best.hit.lesson.text == "heron is owned by the Cedar team. The Cedar team sits in building 42."
