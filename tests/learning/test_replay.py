import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

from learning.memory.general import QUESTIONS
from learning.model.base_model import BaseModel
from learning.model.rendering import renderer
from learning.night.exam import GENERAL
from learning.night.replay import BLOCK, MOST, OF_QUESTION, Teacher, replay, texts


class Base:
    """A base that answers everything alike; what it asks itself goes round: a question, one that the exam asks, and one that is too long."""

    def __init__(self, tiny: BaseModel, cache: Path, answer: str = "It is blue. And so") -> None:
        self.asked, self.drawn, self.said, encode = list[str](), set[int](), answer, renderer(tiny.folder).tokenizer.encode
        own = (encode(f"How deep is lake {name}?").ids for name in itertools.count(1))
        of_exam, long = encode(GENERAL[0][0].upper()).ids, [5] * OF_QUESTION
        self.thoughts = itertools.cycle((lambda: next(own), lambda: of_exam, lambda: long))
        self.teacher = Teacher("base", renderer(tiny.folder), cache, self.answer, self.draw)

    def answer(self, questions: Sequence[str], tokens: int) -> list[str]:
        self.asked += questions
        return [self.said] * len(questions)

    def draw(self, prompts: Sequence[Sequence[int]], times: int, seed: int, tokens: int) -> list[list[int]]:
        self.drawn.update(range(seed, seed + len(prompts) * times))
        return [thought()[:tokens] for thought in itertools.islice(self.thoughts, len(prompts) * times)]


def test_a_large_channel_studies_more_questions_than_anybody_wrote_and_none_of_the_exams(tiny: BaseModel, tmp_path: Path) -> None:
    base = Base(tiny, tmp_path)
    few, many = replay(10, base.teacher), replay(len(QUESTIONS) + 30, base.teacher)
    assert [item.answer for item in few] == ["It is blue."] * 10
    assert many[:10] == few
    assert {item.question for item in many[: len(QUESTIONS)]} == set(QUESTIONS)
    assert all(item.question.startswith("How deep is lake") for item in many[len(QUESTIONS) :])
    assert len(many) == len(QUESTIONS) + 30
    assert len(base.asked) == len(set(base.asked)), "what was asked once is kept"


def test_what_there_is_comes_again_in_a_very_large_channel(tiny: BaseModel, tmp_path: Path) -> None:
    base = Base(tiny, tmp_path)
    many = [item.question for item in replay(5_000, base.teacher)]
    assert len(many) == 5_000
    assert len(QUESTIONS) < len(set(many)) == len(base.asked) <= MOST * BLOCK


def test_few_are_asked_for_a_small_channel(tiny: BaseModel, tmp_path: Path) -> None:
    base = Base(tiny, tmp_path)
    replay(10, base.teacher)
    assert len(base.asked) == BLOCK
    assert not base.drawn


@pytest.mark.parametrize(("said", "count"), [("It is blue. And so", 70), ("never a whole sentence", 0)])
def test_plain_texts_are_whole_sentences_each_drawn_by_its_own_seed(tiny: BaseModel, tmp_path: Path, said: str, count: int) -> None:
    base = Base(tiny, tmp_path)
    words = renderer(tiny.folder).tokenizer.encode(said).ids
    base.thoughts = itertools.repeat(lambda: words)
    written = texts(70, base.teacher)
    assert len(written) == count
    assert all(item.answer.endswith("is blue.") for item in written)
    assert len({item.answer for item in written}) >= count / 4, "they begin differently"
    assert len(base.drawn) <= 4 * BLOCK
    drawn = set(base.drawn)
    assert texts(70, base.teacher) == written
    assert base.drawn == drawn, "what was written once is kept"
