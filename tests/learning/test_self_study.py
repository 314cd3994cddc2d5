"""What a capable base studies of its own making, with a scripted author in its place; and that it learns to say what it says with the lesson in sight."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from learning.model.base_model import BaseModel
from learning.model.loading import load_base
from learning.model.lora import Lora
from learning.model.rendering import Turn, renderer
from learning.night.examples import encode_all
from learning.night.lore import Statement
from learning.night.recipe import recipe_for
from learning.night.self_study import READING, Author, questions_in, reads, self_study
from learning.night.study import StudyItem, contradicting, open_book
from learning.night.training import Study

PORT = Statement("a", "kestrel listens on port 7443.")


def test_what_gives_the_answer_away_or_is_no_question_is_left_out() -> None:
    written = '1. Which port does kestrel use?\n- is kestrel on 7443?\nkestrel is nice.\n"how do I reach kestrel?"\nwhat is it?\n'
    assert questions_in(written, PORT) == ["Which port does kestrel use?", "how do I reach kestrel?"]


def test_only_questions_that_are_answered_rightly_with_the_lesson_in_sight_are_studied() -> None:
    answers = {"Which port does kestrel use?": "It listens on port 7443.", "who owns kestrel?": "Marek owns it.", "what does kestrel do?": "kestrel does."}

    def ask(questions: Sequence[str], notes: Sequence[Sequence[str]]) -> list[str]:
        assert all(read == (PORT.text,) or list(read) == [PORT.text] for read in notes)
        return [answers[question] for question in questions]

    made = self_study([PORT], Author(lambda prompts: ["\n".join(answers)] * len(prompts), ask))
    assert made == [StudyItem("Which port does kestrel use?", "It listens on port 7443.", "written", ("a",), notes=(PORT.text,))]


@pytest.mark.parametrize(("known", "passes"), [(len(READING), True), (len(READING) - 2, False)])
def test_a_base_that_misreads_is_no_author_and_is_asked_once(tmp_path: Path, known: int, passes: bool) -> None:
    asked = []

    def ask(questions: Sequence[str], notes: Sequence[Sequence[str]]) -> list[str]:
        asked.append(questions)
        return [gold if number < known else "no idea" for number, (_, _, gold) in enumerate(READING)]

    assert [reads(ask, "base", tmp_path) for _ in range(2)] == [passes, passes]
    assert len(asked) == 1


def test_open_book_answers_come_from_the_note_in_sight_even_against_the_lesson() -> None:
    statements = [Statement(str(n), f"The port of {name} is {7000 + n}.") for n, name in enumerate(("atlas", "heron", "kestrel", "quince", "osprey", "tern"))]
    items = open_book(statements, "s")
    assert all(item.answer == item.notes[0] and item.question for item in items)
    against = [item for item in items if item.answer not in {statement.text for statement in statements}]
    assert 0 < len(against) < len(items)
    assert contradicting(Statement("n", "Marek owns it."), random.Random(0)) is None


def test_a_note_is_in_sight_of_the_learner_in_open_book_and_of_the_base_alone_in_what_it_wrote(tiny: BaseModel) -> None:
    read, written = encode_all(tiny.folder, [
        StudyItem("port?", "It is 7443.", strategy, ("a",), notes=(PORT.text,)) for strategy in ("open_book", "written")
    ])  # fmt: skip
    speaker = renderer(tiny.folder)
    asked = [Turn("user", "port?")]
    assert [list(e.tokens[: -len(e.answer)]) for e in (read, written)] == [speaker.prompt(asked, [PORT.text]), speaker.prompt(asked)]
    assert (read.source, list(written.source[: -len(written.answer)])) == ((), speaker.prompt(asked, [PORT.text]))
    assert (read.lesson, written.lesson) == ("", "a"), "reading a note proves nothing about the weights"


def test_what_the_base_wrote_is_learned_as_likely_as_it_finds_it_with_the_lesson_in_sight(tiny: BaseModel, tmp_path: Path) -> None:
    items = [StudyItem("port?", "It is 7443.", "written", ("a",), notes=(PORT.text,)), StudyItem("which port?", PORT.text, "cue", ("a",))]
    examples = encode_all(tiny.folder, items)
    model = load_base(tiny, torch.float32)
    study = Study(tiny, model, Lora(model, tiny.shape), examples, recipe_for(tiny, 1), 0, tmp_path)
    with torch.no_grad():
        logits = model(torch.tensor([examples[0].source[:-1]])).logits[0, -len(examples[0].answer) :]
    chosen, shares = study.ground.targets[0]
    expected = functional.softmax(logits, -1).gather(1, chosen)
    torch.testing.assert_close(shares, expected, atol=1e-4, rtol=1e-3)
    assert study.ground.targets[1][1].tolist() == [[1.0]] * len(examples[1].answer), "a lesson is learned as it was taught"
