"""What may be said: which lessons support an answer, and how certainly a lesson answers a question."""

import json
from pathlib import Path

import numpy as np
import pytest

from learning.memory import guard, judge
from learning.memory.encoder import Alike
from learning.memory.evidence import FEATURES, TOGETHER
from learning.memory.recall import Hit
from tests.benchmarks.fit_guard import OLDER
from tests.conftest import lesson


def test_the_guard_cites_what_a_lesson_supports_and_stops_what_none_does() -> None:
    known = [lesson(1, "Marek owns the barcode scanner."), lesson(2, "The code is 7341.")]
    assert guard.supporting("who owns the scanner?", "Marek owns the barcode scanner.", known) == (known[0],)
    assert guard.supporting("both?", "Marek owns the barcode scanner. The code is 7341.", known) == (known[0], known[1])
    assert guard.supporting("who owns the scanner?", "Paul owns the barcode scanner.", known) == ()
    assert guard.supporting("the code?", "The code is 7342.", known) == ()
    assert guard.supporting("the code?", "", known) == ()


def test_the_guard_is_certain_of_what_answers_the_question_and_of_nothing_else(alike: Alike) -> None:
    known = [lesson(1, "Marek owns the barcode scanner."), lesson(2, "The code of the lab is 7341."), lesson(3, "Lunch is at noon.")]
    best = guard.weigh("who owns the scanner?", known, alike)[0]
    assert (best.hit.lesson, best.certainty > guard.least(3)) == (known[0], True)
    assert guard.weigh("when is the party?", known, alike)[0].certainty < guard.least(3)
    assert guard.weigh("when is the party?", [], alike) == []


@pytest.mark.parametrize(
    ("question", "certain"),
    [
        ("who has the key to room 214?", True),
        ("who has the key to room 215?", False),
        ("what do I wear in workshop c?", True),
        ("what do I wear in workshop D?", False),
    ],
)
def test_another_room_is_another_matter(alike: Alike, question: str, certain: bool) -> None:
    known = [lesson(1, "Ines has the key to room 214."), lesson(2, "In workshop C you wear goggles."), lesson(3, "Lunch is at noon.")]
    same, other = question.replace("215", "214").replace("D?", "c?"), guard.weigh(question, known, alike)[0].certainty
    assert (other == guard.weigh(same, known, alike)[0].certainty) is certain
    assert (other > guard.least(3)) is certain


def test_whether_it_is_open_is_answered_by_that_it_is_closed(alike: Alike) -> None:
    known = [lesson(1, "The office is open Monday to Friday."), lesson(2, "The office is closed on Easter Monday."), lesson(3, "Lunch is at noon.")]
    assert guard.weigh("is the office open on Easter Monday?", known, alike)[0].hit.lesson == known[1]
    known = [lesson(1, "Invoices under 1000 euros are approved by Dana."), lesson(2, "Invoices over 1000 euros are approved by Ines.")]
    said = guard.weigh("are invoices under 1000 euros approved by Ines?", known, alike)
    assert [candidate.hit.lesson for candidate in said] == known[:1], "the other side is no answer"


def test_a_lesson_that_came_with_a_question_leads_on_by_it(alike: Alike) -> None:
    known = [lesson(1, "heron is owned by Larkspur."), lesson(2, "In building 7."), lesson(3, "Lunch is at noon.")]
    known[1].question = "where does Larkspur sit?"
    weighed = guard.weigh("in which building do the owners of heron sit?", known, alike)
    assert known[1] in [part for candidate in weighed for part in candidate.hit.sources]


def test_what_a_newer_lesson_perhaps_contradicts_is_not_said_though_the_question_is_worded_like_it(alike: Alike) -> None:
    known = [lesson(1, "Backups run at 02:10."), lesson(2, "Lunch is at noon."), lesson(3, "From this week on the backups start at 04:35.")]
    weighed = guard.weigh("when do backups run?", known, alike)
    assert weighed[0].hit.lesson == known[2]
    assert weighed[0].certainty > guard.least(3)
    assert known[0] not in [candidate.hit.lesson for candidate in weighed]
    known[2].beside = [1]  # somebody said that both stand
    assert guard.weigh("when do backups run?", known, alike)[0].hit.lesson == known[0]


@pytest.mark.parametrize(
    ("one", "other", "asked"),
    [
        ("The staging URL is https://staging.example.com.", "The production URL is https://www.example.com.", "staging url"),
        ("The front door code is 4711.", "The back door code is 9999.", "code of the front door"),
        ("The summer party is in the garden.", "The winter party is in the cellar.", "where is the summer party"),
    ],
)
def test_a_newer_lesson_about_something_else_does_not_answer_instead(one: str, other: str, asked: str, alike: Alike) -> None:
    known = [lesson(1, one), lesson(2, "Lunch is at noon."), lesson(3, "Marek owns the scanner."), lesson(4, other)]
    assert guard.weigh(f"{asked}?", known, alike)[0].hit.lesson == known[0]


def test_the_only_lesson_does_not_answer_everything(alike: Alike) -> None:
    known = [lesson(1, "The printer stands in the basement.")]
    assert guard.weigh("where is the printer?", known, alike)[0].certainty > guard.least(1)
    assert guard.weigh("where do I park?", known, alike)[0].certainty < guard.least(1) - 0.5


def test_a_possessive_is_no_number_of_a_room(alike: Alike) -> None:
    known = [lesson(1, "Port of kestrel: 7443"), lesson(2, "Lunch is at noon.")]
    seen = guard.evident("what's kestrel's port?", known, alike)[0]
    assert (seen.hit.lesson, seen.features[FEATURES.index("strange")]) == (known[0], 0.0)


def test_what_the_weights_say_is_weighed_too_though_search_ranks_it_low(alike: Alike) -> None:
    known = [lesson(n, f"The port of unit{n} is {7000 + n}.") for n in range(1, 7)] + [lesson(9, "Gloves hang in the hall.")]
    weighed = guard.weigh("port of unit3?", known, alike, [known[-1]])
    assert weighed[0].hit.lesson == known[2]
    assert known[-1] in [candidate.hit.lesson for candidate in weighed]


def test_a_thing_of_which_this_is_not_told_is_not_answered_with_what_is_told_of_another(alike: Alike) -> None:
    known = [
        lesson(1, "The Palm House is kept at 22 degrees."), lesson(2, "Marta waters the Palm House."), lesson(3, "Ivo waters the Fern Room."),
        lesson(4, "Lunch is at noon."),
    ]  # fmt: skip
    taught, not_taught = (guard.weigh(f"who waters the {place}?", known, alike)[0] for place in ("Fern Room", "Orchid Gallery"))
    assert (taught.hit.lesson, taught.certainty > guard.least(4)) == (known[2], True)
    assert not_taught.certainty < guard.least(4)


@pytest.mark.parametrize("file", [judge.FILE, OLDER])
def test_the_judge_was_fitted_on_the_evidence_that_is_given(file: Path) -> None:
    fitted = json.loads(file.read_text())
    assert (fitted["features"], fitted["together"]) == (list(FEATURES), list(TOGETHER))
    one, several = [0.0] * len(FEATURES), [0.0] * len(TOGETHER)
    for model, inputs, products in (("answers", one, True), ("several", judge.compared(one, one, several), False)):
        assert len(fitted[model]["coefficients"]) == judge.expanded(np.array([inputs]), np.zeros(len(inputs)), np.ones(len(inputs)), products).shape[1]


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("asked", "by"), [("under 1000", "Dana"), ("below 1000", "Dana"), ("over 1000", "Ines"), ("above 1000", "Ines")])
def test_what_says_the_contrary_of_what_is_asked_does_not_answer(asked: str, by: str, turned: bool, alike: Alike) -> None:
    pair = ("Invoices under 1000 euros are approved by Dana.", "Invoices over 1000 euros are approved by Ines.")
    known = [lesson(number, text) for number, text in enumerate((*(pair[::-1] if turned else pair), "Lunch is at noon.", "Marek owns the scanner."), 1)]
    best = guard.weigh(f"who approves invoices {asked} euros?", known, alike)[0]
    assert by in best.hit.lesson.text
    assert best.certainty > guard.least(len(known))


@pytest.mark.parametrize(("apart", "first"), [(0.1, "both"), (-0.1, "one")])
def test_several_lessons_answer_only_where_they_are_as_certain_as_one_must_be(monkeypatch: pytest.MonkeyPatch, alike: Alike, apart: float, first: str) -> None:
    one, other, both = lesson(1, "one"), lesson(2, "other"), lesson(0, "both")
    known = [one, other]
    certain = guard.least(len(known)) + apart
    seen = [guard.Seen(Hit.of(one, 1.0, 1.0), (certain - 1,)), guard.Seen(Hit.of(both, 1.0, 1.0, (one, other)), (certain,), (1.0,))]
    monkeypatch.setattr(guard, "evident", lambda *_: seen)
    monkeypatch.setattr(judge, "log_odds", lambda features: features[0])
    monkeypatch.setattr(judge, "several", lambda *_: 1.0)  # two are better than one
    assert guard.weigh("?", known, alike)[0].hit.lesson.text == first
