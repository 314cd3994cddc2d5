"""Replay: the base model's own answers to general questions, studied along so that new knowledge does not displace old."""

import hashlib
import json
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from learning.memory.general import QUESTIONS
from learning.memory.guard import whole_sentences
from learning.night.study import StudyItem

TOKENS = 32  # an answer is studied up to its last whole sentence within these; its beginning is what must not drift

Answer = Callable[[Sequence[str], int], list[str]]


def said_by_base(questions: Sequence[str], base_hash: str, cache: Path, answer: Answer, kind: str) -> dict[str, str]:
    """What the base itself says to some questions: asked once for each base model, then kept in the cache."""
    content = hashlib.sha256(json.dumps([base_hash, *questions]).encode()).hexdigest()
    return once(cache / f"{kind}-{content[:16]}.json", lambda: dict(zip(questions, answer(questions, TOKENS), strict=True)))


def once(file: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What was made of a base model once, from its file in the cache: two nights at once must study the same."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):
        if not file.exists():
            scratch = file.with_suffix(f".{os.getpid()}")
            scratch.write_text(json.dumps(make(), indent=1))
            scratch.replace(file)
    return dict(json.loads(file.read_text()))


def replay(count: int, base_hash: str, cache: Path, answer: Answer) -> list[StudyItem]:
    """`count` study items, or as many as there are; the same for every night of one base model. `answer(questions, tokens)` asks the base itself."""
    whole = [StudyItem(question, said, "replay") for question, said in _said(base_hash, cache, answer)]
    return random.Random(base_hash).sample(whole, min(count, len(whole)))


def texts(count: int, base_hash: str, cache: Path, answer: Answer) -> list[StudyItem]:
    """As `replay`, but as plain text, in no prompt: else the base forgets how people write where nobody asks it anything."""
    written = [StudyItem("", f"{question} {said}", "text") for question, said in _said(base_hash, cache, answer)]
    return random.Random(f"{base_hash} texts").sample(written, min(count, len(written)))


def _said(base_hash: str, cache: Path, answer: Answer) -> list[tuple[str, str]]:
    answers = said_by_base(QUESTIONS, base_hash, cache, answer, "replay")
    return [(question, said) for question, answer in answers.items() if (said := whole_sentences(answer))]
