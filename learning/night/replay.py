"""Replay: what the base model says and writes by itself, studied along so that new knowledge does not displace old.

A channel of hundreds of lessons needs more of it than anybody would write down. So the base is asked some general questions, and then asks itself: what it says
after the mere beginning of a prompt is a question, as its own training had them (Magpie: Xu et al., 2024). Plain text it writes after a word or two.
"""

import hashlib
import itertools
import json
import math
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock

from learning.memory.general import QUESTIONS
from learning.memory.guard import whole_sentences
from learning.model.rendering import Renderer
from learning.night.exam import GENERAL
from learning.night.study import StudyItem

TOKENS = 32  # an answer is studied up to its last whole sentence within these; its beginning is what must not drift
OF_QUESTION, OF_TEXT = 40, 64  # tokens at most; a question that is longer is left out, a text is cut to whole sentences
BLOCK = 64  # are made at once, and kept
MOST = 10  # blocks of a kind: making them takes minutes, once for each base model
OPENINGS = (
    "The", "In the", "When", "Most", "If", "A", "There", "Many", "After", "How", "To", "One", "Every", "People", "Some", "By", "He", "She", "They", "It is",
    "We", "For", "At", "On", "As", "With", "Although", "Before", "During", "Each", "This", "What",
)  # fmt: skip

Answer = Callable[[Sequence[str], int], list[str]]  # questions, tokens at most; what the base says
Draw = Callable[[Sequence[Sequence[int]], int, int, int], list[list[int]]]  # prompts, times each, a seed, tokens at most; how the base goes on, by chance


@dataclass(frozen=True)
class Teacher:
    """The base itself. What it was once asked is kept in `cache`: two nights at once, and those that are held again, must study the same."""

    hash: str
    speaker: Renderer
    cache: Path
    answer: Answer
    draw: Draw


def said_by_base(questions: Sequence[str], teacher: Teacher, kind: str) -> dict[str, str]:
    """What the base itself says to some questions, whatever comes."""
    return _once(teacher, kind, questions, lambda: dict(zip(questions, teacher.answer(questions, TOKENS), strict=True)))


def replay(count: int, teacher: Teacher) -> list[StudyItem]:
    """`count` questions with the base's own answers, some hundreds of them different; none where it says no whole sentence. The same for every night."""
    given = random.Random(teacher.hash).sample(QUESTIONS, len(QUESTIONS))

    def block(number: int) -> dict[str, str]:
        questions = given[number * BLOCK : (number + 1) * BLOCK] or _drawn_questions(teacher, number)
        return dict(zip(questions, teacher.answer(questions, TOKENS), strict=True))

    blocks = (_once(teacher, "replay", [number, *given], partial(block, number)) for number in itertools.count())
    return [StudyItem(question, text, "replay") for question, text in _whole(count, blocks)]


def texts(count: int, teacher: Teacher) -> list[StudyItem]:
    """As `replay`, but plain text, in no prompt: else the base forgets how people write where nobody asks it anything."""
    prompts = [teacher.speaker.tokenizer.encode(opening, add_special_tokens=False).ids for opening in OPENINGS]
    times = BLOCK // len(OPENINGS)

    def block(number: int) -> dict[str, str]:
        drawn = teacher.draw(prompts, times, number * BLOCK, OF_TEXT)
        return {str(n): teacher.speaker.text([*prompts[n // times], *tokens]) for n, tokens in enumerate(drawn)}

    blocks = (_once(teacher, "texts", [number, OF_TEXT, *OPENINGS], partial(block, number)) for number in itertools.count())
    return [StudyItem("", text, "text") for _, text in _whole(count, blocks)]


def _drawn_questions(teacher: Teacher, number: int) -> list[str]:
    """What the base asks itself; nothing that the exam asks."""
    drawn = teacher.draw([teacher.speaker.beginning], BLOCK, number * BLOCK, OF_QUESTION)
    asked = dict.fromkeys(teacher.speaker.text(tokens) for tokens in drawn if len(tokens) < OF_QUESTION)
    examined = {question.casefold() for question, _ in GENERAL}
    return [question for question in asked if question and question.casefold() not in examined]


def _whole(count: int, blocks: Iterator[dict[str, str]]) -> list[tuple[str, str]]:
    """The first `count` that hold a whole sentence, cut to that; what there is comes again where that is less."""
    said = (pair for block in itertools.islice(blocks, min(MOST, 2 * math.ceil(count / BLOCK))) for pair in block.items())
    whole = list(itertools.islice(((asked, text) for asked, whole in said if (text := whole_sentences(whole))), count))
    return list(itertools.islice(itertools.cycle(whole), count))


def _once(teacher: Teacher, kind: str, of: Sequence[Any], make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    content = hashlib.sha256(json.dumps([teacher.hash, *of]).encode()).hexdigest()
    return once(teacher.cache / f"{kind}-{content[:16]}.json", make)


def once(file: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What was made of a base model once, from its file in the cache."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):
        with suppress(FileNotFoundError, ValueError):  # after a power cut it may be empty
            return dict(json.loads(file.read_text()))
        made, scratch = json.dumps(make(), indent=1), file.with_suffix(f".{os.getpid()}")
        scratch.write_text(made)
        scratch.replace(file)
    return dict(json.loads(made))
