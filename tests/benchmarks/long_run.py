"""Months in one channel: ten new lessons a night, some of which replace or end older ones, and what is still known at the end.

Goes on where it was cut off: the channel and what was marked so far lie in `.bench/learning/nights-full`.

    python -m tests.benchmarks.long_run     (what the nights show that were held so far of the long run)
"""

import json
import random
import statistics
from collections.abc import Sequence
from itertools import pairwise
from operator import le
from pathlib import Path

from tests.benchmarks import material
from tests.benchmarks.classroom import Classroom, classroom
from tests.benchmarks.material import Taught
from tests.benchmarks.table import PARTS, Figure, part, report

A_NIGHT, FEW = 10, 6  # new lessons, in the long run and in the short one
REPLACING = 3  # every so many nights one lesson is replaced, and another forgotten


def nights(full: bool) -> list[Figure]:
    """Thirty nights, or three."""
    return run(part("nights", full), *((30, A_NIGHT) if full else (3, FEW)))


def run(kept: str, count: int, new: int) -> list[Figure]:
    """Nights with some new lessons each: every night's lessons at the end, against just after that night; and what was right one night and wrong the next."""
    home = PARTS / kept
    marks = _marks_so_far(home)
    plan, changes = _plan(count, new)
    with classroom(kept=kept) as room:
        for night in range(len(marks), count):
            marks.append(_one(room, plan, changes, night, new))
            (home / "marks.part").write_text(json.dumps(marks))
            (home / "marks.part").replace(home / "marks.json")
    return _figures(marks, new)


def _figures(marks: Sequence[dict[str, bool]], new: int) -> list[Figure]:
    count = len(marks)
    last = marks[-1]
    fresh = {question: right for night in reversed(marks) for question, right in night.items() if question in last}  # as it was when first asked
    lost = [100 * (statistics.mean(fresh[q] for q in asked) - statistics.mean(last[q] for q in asked)) for asked in _by_night(marks, last)]
    flips = [sum(right and not later[q] for q, right in earlier.items() if q in later) / len(earlier) for earlier, later in pairwise(marks)]
    return [
        Figure(f"{count} nights: lessons at the end", count * new),
        Figure(f"{count} nights: recall at the end, auto", statistics.mean(last.values()), 0.95),
        Figure(f"{count} nights: points lost since a lesson's own night, mean", statistics.mean(lost), 2.0, le),
        Figure(f"{count} nights: points lost, worst night", max(lost), 2.0, le),
        Figure(f"{count} nights: right → wrong a night, of all questions", statistics.mean(flips or [0.0]), 0.01, le),
    ]


def _marks_so_far(home: Path) -> list[dict[str, bool]]:
    """For each night held so far: question -> was it answered right."""
    file = home / "marks.json"
    return json.loads(file.read_text()) if file.exists() else []


def _plan(count: int, new: int) -> tuple[list[Taught], dict[int, tuple[dict[str, str], str]]]:
    """The lessons in order of teaching; and for some nights a replacing lesson with what it replaces, and the id of a lesson to forget."""
    rng = random.Random("nights")
    lessons = material.channel(count * new, seed=2)
    rng.shuffle(lessons)
    pairs = iter(material.rows("fresh_replaced"))
    changes = {}
    for night in range(REPLACING - 1, count, REPLACING):
        pair = next(pairs)
        changes[night] = ({"old": pair["old"]["text"], "new": pair["new"]["text"]}, rng.choice(lessons[: night * new]).text)
    return lessons, changes


def _one(room: Classroom, plan: list[Taught], changes: dict[int, tuple[dict[str, str], str]], night: int, count: int) -> dict[str, bool]:
    new = plan[night * count : (night + 1) * count]
    old = [pair["old"] for at, (pair, _) in changes.items() if at == night + 1]  # taught the night before it is replaced
    room.teach([*(lesson.text for lesson in new), *old])
    if night in changes:
        pair, gone = changes[night]
        room.teach([pair["new"]])
        room.forget(gone)
    room.sleep()
    forgotten = {gone for at, (_, gone) in changes.items() if at <= night}
    asked = [(lesson, question) for lesson in plan[: (night + 1) * count] if lesson.text not in forgotten for question in lesson.asked.values()]
    said = room.ask([question for _, question in asked])
    return {question: lesson.is_right(a.answer) for (lesson, question), a in zip(asked, said, strict=True)}


def _by_night(marks: list[dict[str, bool]], last: dict[str, bool]) -> list[list[str]]:
    """The questions that each night brought, of those that are still asked at the end."""
    seen: set[str] = set()
    groups = []
    for night in marks:
        groups.append([question for question in night if question not in seen and question in last])
        seen |= set(night)
    return [group for group in groups if group]


if __name__ == "__main__":
    if so_far := _marks_so_far(PARTS / part("nights", full=True)):
        report("learning/nights-so-far", _figures(so_far, A_NIGHT))
    else:
        print("no night of the long run was held yet: python -m tests.benchmarks.bench_learning --full --only nights")
