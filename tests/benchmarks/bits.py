"""What four bits cost in recall: one channel, learned in one night, asked by engines that compute all products in four bits, and none."""

import statistics
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from operator import le

import torch

from learning.model import packing
from learning.model.client import AdapterRef
from learning.model.engine import MOST_ROWS, Engine, Request
from learning.model.loading import fast_dtype
from learning.model.rendering import Turn
from tests.benchmarks import material
from tests.benchmarks.classroom import Classroom, classroom
from tests.benchmarks.table import Figure

LESSONS = 100
TOKENS = 64
ALWAYS, NEVER = 10**6, 0  # rows up to which a product is computed in four bits


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
        for label, rows in ((fast_dtype(), NEVER), ("four bits", ALWAYS)):
            with_rows = dict.fromkeys(packing.FEW_ROWS, rows)
            said = _said(room, adapter, [question for _, question in asked], with_rows)
            marks[label] = [lesson.is_right(text) for (lesson, _), text in zip(asked, said, strict=True)]
    plain, packed = marks.values()
    return [
        *(Figure(f"recall, {LESSONS} lessons, {label}", statistics.mean(right)) for label, right in marks.items()),
        Figure("recall lost by four bits, points", 100 * (statistics.mean(plain) - statistics.mean(packed)), 0.5, le),
        Figure("questions that only one of both answers right", sum(a != b for a, b in zip(plain, packed, strict=True))),
    ]


def _said(room: Classroom, adapter: AdapterRef, questions: Sequence[str], few_rows: Mapping[torch.dtype, int]) -> list[str]:
    """By an engine in this process, on one thread: two engines with more would put each other to sleep."""
    usual = dict(packing.FEW_ROWS)
    packing.FEW_ROWS.update(few_rows)
    try:
        engine = Engine(room.school.base, 1, getattr(torch, fast_dtype()))
        engine.adapters.load(adapter.name, adapter.folder)
        speaker = room.school.speaker
        prompts = [speaker.prompt([Turn("user", question)]) for question in questions]
        with ThreadPoolExecutor(MOST_ROWS) as pool:
            return [speaker.text(said.tokens) for said in pool.map(lambda prompt: engine.submit(Request(prompt, adapter.name, TOKENS)).result(), prompts)]
    finally:
        packing.FEW_ROWS.update(usual)
