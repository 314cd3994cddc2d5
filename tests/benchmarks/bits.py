"""What fewer bits cost in recall: one night, asked of an engine that always uses four bits a weight (eight for the vocabulary), and of one that never does."""

import statistics
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from operator import le

import torch

from learning.model import packing
from learning.model.answering import Request
from learning.model.client import AdapterRef
from learning.model.engine import MOST_ROWS, Engine
from learning.model.loading import fast_dtype
from learning.model.rendering import Turn
from tests.benchmarks import material
from tests.benchmarks.classroom import Classroom, classroom
from tests.benchmarks.table import Figure

LESSONS = 100
TOKENS = 64
LIMITS = (packing.FEW_ROWS, packing.FEW_ASK)
ALWAYS, NEVER = 10**6, 0  # rows up to which fewer bits are used


def bits() -> list[Figure]:
    """Recall by the weights, closed-book, in people's words."""
    taught = material.channel(LESSONS, seed=0, fresh=False)
    with classroom() as room:
        room.teach([lesson.text for lesson in taught])
        room.sleep()
        adapter = room.knowledge().adapter
        assert adapter
        asked = [(lesson, question) for lesson in taught for question in lesson.asked.values()]
        marks = {}
        for label, rows in ((fast_dtype(), NEVER), ("four and eight bits", ALWAYS)):
            said = _said(room, adapter, [question for _, question in asked], rows)
            marks[label] = [lesson.is_right(text) for (lesson, _), text in zip(asked, said, strict=True)]
    plain, packed = marks.values()
    return [
        *(Figure(f"recall, {LESSONS} lessons, {label}", statistics.mean(right)) for label, right in marks.items()),
        Figure("recall lost by fewer bits, points", 100 * (statistics.mean(plain) - statistics.mean(packed)), 0.5, le),
        Figure("questions that only one of both answers right", sum(a != b for a, b in zip(plain, packed, strict=True))),
    ]


def _said(room: Classroom, adapter: AdapterRef, questions: Sequence[str], rows: int) -> list[str]:
    """By an engine in this process, on one thread: two engines with more would put each other to sleep. Fewer bits for up to so many rows."""
    usual = [dict(limits) for limits in LIMITS]
    for limits in LIMITS:
        limits.update(dict.fromkeys(limits, rows))
    try:
        engine = Engine(room.school.base, 1, getattr(torch, fast_dtype()))
        engine.adapters.load(adapter.name, adapter.folder)
        speaker = room.school.speaker
        prompts = [speaker.prompt([Turn("user", question)]) for question in questions]
        with ThreadPoolExecutor(MOST_ROWS) as pool:
            return [speaker.text(said.tokens) for said in pool.map(lambda prompt: engine.submit(Request(prompt, adapter.name, TOKENS)).result(), prompts)]
    finally:
        for limits, before in zip(LIMITS, usual, strict=True):
            limits.update(before)
