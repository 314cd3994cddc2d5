from dataclasses import replace
from pathlib import Path

import pytest

from learning.answers import Answerer, Knowledge
from learning.memory import guard
from learning.memory.encoder import Alike
from learning.model.base_model import BaseModel
from learning.model.client import AdapterRef, AdapterUnusable, Client
from learning.model.rendering import Turn, renderer
from tests.conftest import lesson


@pytest.fixture
def answerer(tiny: BaseModel, shared_engine: Client) -> Answerer:
    return Answerer(shared_engine, renderer(tiny.folder))


@pytest.fixture
def known(alike: Alike) -> Knowledge:
    taught = [lesson(1, "Marek owns the barcode scanner."), lesson(2, "Lunch is at noon.")]
    return Knowledge(None, taught, taught, alike, guard.least(len(taught)))


def test_a_thread_that_is_too_long_or_does_not_alternate_is_cut_and_answered(answerer: Answerer, known: Knowledge) -> None:
    before = [Turn("user", "log line 1 " * 3_000), Turn("user", "and?"), Turn("assistant", "Hm."), Turn("user", "well")]
    assert "Marek" in answerer.answer("who owns the barcode scanner?", known, before=before).answer
    assert answerer.answer("and its owner?", known, before=before).answer


def test_a_question_longer_than_any_context_is_no_error(answerer: Answerer, known: Knowledge) -> None:
    assert "Marek" in answerer.answer("who owns the barcode scanner? " + "9 " * 5_000, known, "search").answer
    assert answerer.answer("北京" * 5_000, known).abstained


def test_asked_in_other_words_a_lesson_is_found_by_its_meaning(answerer: Answerer, known: Knowledge) -> None:
    answer = answerer.answer("what time do we eat midday meal?", known)
    assert (answer.how, answer.sources, answer.prompt_tokens) == ("recall", [known.lessons[1]], 0)


def test_what_a_reader_garbles_speaks_for_itself(answerer: Answerer, known: Knowledge) -> None:
    answer = answerer.answer("what time do we eat midday meal?", replace(known, reads=True))  # the tiny base reads nonsense
    assert (answer.answer, answer.prompt_tokens > 0) == ("Lunch is at noon.", True)


def test_what_an_unusable_adapter_should_know_is_looked_up(answerer: Answerer, known: Knowledge, tmp_path: Path) -> None:
    missing = replace(known, adapter=AdapterRef("C1@v9", tmp_path / "gone"))
    said = answerer.answer("who owns the barcode scanner?", missing)
    assert (said.how, said.adapter) == ("recall", None)
    with pytest.raises(AdapterUnusable):
        answerer.answer("who owns the barcode scanner?", missing, "weights")


def test_what_nobody_taught_is_not_answered(answerer: Answerer, known: Knowledge) -> None:
    answer = answerer.answer("who approves our travel expenses?", known)
    assert answer.abstained
    assert answer.certainty < known.sure
