import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from bot import blocks
from learning.answers import Answerer, Knowledge, Mode
from learning.memory import guard
from learning.memory.encoder import Alike
from learning.model.base_model import BaseModel
from learning.model.client import AdapterRef, AdapterUnusable, Client, Completion, Heard
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


def test_a_question_that_leans_on_the_thread_is_answered_by_what_it_means_in_full(answerer: Answerer, known: Knowledge) -> None:
    taught = [*known.lessons, lesson(3, "The barcode scanner is charged in room 7."), lesson(4, "Dinner is at seven.")]
    wider = replace(known, lessons=taught, recalled=taught)
    before = [Turn("user", "who owns the barcode scanner?"), Turn("assistant", "Marek owns the barcode scanner.")]
    answer = answerer.answer("and where is it charged?", wider, before=before)
    assert (answer.question, answer.sources) == ("and where is it charged?", [taught[2]])
    meals = [Turn("user", "when is lunch?"), Turn("assistant", "Lunch is at noon.")]
    assert answerer.answer("and dinner?", wider, before=meals).sources == [taught[3]]
    assert answerer.answer("and breakfast?", wider, before=meals).abstained


def test_what_was_said_in_a_thread_is_repeated_to_who_asks_for_it_alone(answerer: Answerer, known: Knowledge) -> None:
    before = [Turn("user", "when is lunch?"), Turn("assistant", "Lunch is at noon.")]
    assert answerer.answer("when is lunch?", known, before=before).answer == "Lunch is at noon."
    siblings = [*known.lessons, lesson(3, "The release train leaves on Thursdays."), lesson(4, "The hotfix train leaves on Mondays.")]
    wider = replace(known, lessons=siblings, recalled=siblings)
    trains = [Turn("user", "when does the release train leave?"), Turn("assistant", siblings[2].text)]
    assert answerer.answer("on which day does the release train leave?", wider, before=trains, sure_only=True).sources == [siblings[2]]


def test_what_a_reader_garbles_speaks_for_itself(answerer: Answerer, known: Knowledge) -> None:
    answer = answerer.answer("what time do we eat midday meal?", replace(known, reads=True))  # the tiny base reads nonsense
    assert (answer.answer, answer.prompt_tokens > 0) == ("Lunch is at noon.", True)


def test_what_an_unusable_adapter_should_know_is_looked_up(answerer: Answerer, known: Knowledge, tmp_path: Path) -> None:
    missing = replace(known, adapter=AdapterRef("C1@v9", tmp_path / "gone"))
    said = answerer.answer("who owns the barcode scanner?", missing)
    assert (said.how, said.adapter) == ("recall", None)
    with pytest.raises(AdapterUnusable):
        answerer.answer("who owns the barcode scanner?", missing, "weights")


@pytest.mark.parametrize(
    ("base", "length", "learned", "asked"), [(-1.0, 20, True, [8]), (-0.2, 20, True, [8, 20]), (-0.1, 20, False, [8, 20]), (-0.2, 5, False, [5])]
)
def test_the_base_reads_no_more_of_an_answer_than_it_takes(tiny: BaseModel, base: float, length: int, learned: bool, asked: list[int]) -> None:
    class Scoring(Client):
        read: ClassVar[list[int]] = []

        def score(self, prompt: Sequence[int], tokens: Sequence[int], adapter: AdapterRef | None = None) -> list[float]:
            self.read.append(len(tokens))
            return [base] * len(tokens)

    Scoring.read.clear()
    assert Answerer(Scoring("http://127.0.0.1:9"), renderer(tiny.folder))._learned([1], Completion([7] * length, [0.0] * (length + 1), 1, "C1@v1")) is learned
    assert Scoring.read == asked


@pytest.mark.parametrize(
    ("said", "how", "answered"),
    [
        ("marek owns the barcode scanner", "weights", "marek owns the barcode scanner"),
        ("Marek owns the barcode scanner. Lunch is at noon.", "weights", "Marek owns the barcode scanner."),
        ("The barcode scanner is owned!", "recall", "Marek owns the barcode scanner."),
        ("Lunch is at noon.", "recall", "Marek owns the barcode scanner."),
    ],
)
def test_of_what_the_weights_say_the_lesson_that_answers_is_said_if_all_of_it_is_there(
    tiny: BaseModel, known: Knowledge, tmp_path: Path, said: str, how: str, answered: str
) -> None:
    speaker = renderer(tiny.folder)

    class Saying(Client):
        def complete(self, *asked: object, **more: object) -> Completion:
            tokens = speaker.answer(said)
            return Completion(tokens, [0.0] * len(tokens), 1, "C1@v1")

        def score(self, prompt: Sequence[int], tokens: Sequence[int], adapter: AdapterRef | None = None) -> list[float]:
            return [-1.0] * len(tokens)

    learned = replace(known, adapter=AdapterRef("C1@v1", tmp_path))
    answer = Answerer(Saying("http://127.0.0.1:9"), speaker).answer("who owns the barcode scanner?", learned)
    assert (answer.how, answer.answer, answer.sources) == (how, answered, [known.lessons[0]])


def test_what_nobody_taught_is_not_answered(answerer: Answerer, known: Knowledge) -> None:
    answer = answerer.answer("who approves our travel expenses?", known)
    assert answer.abstained
    assert answer.certainty < known.sure


def test_who_was_not_addressed_must_be_surer(answerer: Answerer, known: Knowledge) -> None:
    asked = "who owns the barcode scanner?"
    hardly = replace(known, sure=answerer.answer(asked, known).certainty - 0.1)
    assert [answerer.answer(asked, hardly, sure_only=alone).abstained for alone in (False, True)] == [False, True]


@pytest.mark.parametrize(("mode", "by_heart"), [("auto", True), ("weights", True), ("freely", False), ("base", False)])
def test_by_heart_a_lesson_is_said_or_that_it_is_not_known_and_freely_anything(
    tiny: BaseModel, known: Knowledge, tmp_path: Path, mode: Mode, by_heart: bool
) -> None:
    speaker, allowed = renderer(tiny.folder), list[set[str]]()

    class Hearing(Client):
        def complete(self, *asked: object, drafts: Sequence[Sequence[int]] = (), opening: int = 0, **more: object) -> Completion:
            allowed.append({speaker.text(draft) for draft in drafts} if opening else set())
            return Completion(speaker.answer(guard.ABSTENTION), [0.0], 1, "C1@v1")

    learned = replace(known, adapter=AdapterRef("C1@v1", tmp_path), learned=known.lessons[:1])
    Answerer(Hearing("http://127.0.0.1:9"), speaker).answer("who owns the barcode scanner?", learned, mode)
    assert allowed[0] == ({known.lessons[0].text, guard.ABSTENTION} if by_heart else set()), "what the adapter was not trained on is none of it"


def test_what_is_general_the_base_answers_sentence_by_sentence_but_not_for_who_did_not_ask_it(tiny: BaseModel, known: Knowledge) -> None:
    speaker, heard = renderer(tiny.folder), list[str]()

    class Speaking(Client):
        def complete(
            self, prompt: Sequence[int], adapter: AdapterRef | None = None, max_tokens: int = 64, told: Heard | None = None, **_: object
        ) -> Completion:
            tokens = speaker.answer("The capital of Latvia is Riga. It lies on the Daugava.")
            assert adapter is None
            assert told
            for count in range(1, len(tokens)):
                assert told(tokens[:count], [-0.01] * count)
            return Completion(tokens, [-0.01] * len(tokens), len(prompt), None)

    answerer, asked = Answerer(Speaking("http://127.0.0.1:9"), speaker), "what is the capital of Latvia?"
    answer = answerer.answer(asked, known, say=heard.append)
    assert (answer.how, answer.answer, answer.sources) == ("general", "The capital of Latvia is Riga. It lies on the Daugava.", [])
    assert heard[0] == "The capital of Latvia is Riga."
    assert answerer.answer(asked, known, sure_only=True).abstained
    assert blocks.origin(answer, {}).endswith("general knowledge, not from this channel")


def test_the_nearest_lesson_is_named_where_it_is_likelier_than_not_what_was_meant(answerer: Answerer, known: Knowledge) -> None:
    asked = "who owns the barcode scanner?"
    answer = answerer.answer(asked, replace(known, sure=math.inf))
    assert (answer.abstained, answer.near) == (True, known.lessons[0])
    assert answerer.answer("who approves our travel expenses?", known).near is None
