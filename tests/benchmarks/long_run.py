"""Months in one channel: ten new lessons a night, some of which replace or end older ones, and what is still known at the end.

Every night trains from the clean base on the lessons that hold by then, so one night's adapter needs no other night: each is held by itself, in a school
that was told all that was said until then, in any order and on several machines at once.

    python -m tests.benchmarks.long_run [NIGHT …]     (holds these of the thirty, one after the other; then what all those show that were held so far)

Nights that were held before are not held again, whatever has changed since: each row names its code, and without `data/nights.jsonl` all begins anew.
"""

import json
import random
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import le
from typing import Any

from learning.answers import Answer
from tests.benchmarks import material
from tests.benchmarks.classroom import Classroom, classroom
from tests.benchmarks.material import Taught
from tests.benchmarks.table import PARTS, Figure, report

NIGHTS, A_NIGHT = 30, 10  # new lessons a night
SHORT, FEW = 3, 6  # the same, of the quick version
REPLACING = 3  # every so many nights one lesson is replaced, and another forgotten
HELD = material.DATA / "nights.jsonl"  # a row a night of the long run: ten hours on one core, so another machine goes on with what was held here
RIGHT, SILENT, WRONG = "+", ".", "x"


@dataclass(frozen=True)
class Change:
    """What else happens on a day: a lesson that was taught the day before is replaced, and one of an earlier day forgotten."""

    old: str
    new: str
    forgotten: str


def nights(full: bool) -> list[Figure]:
    """Thirty nights, those that were held before aside; or three."""
    if not full:
        return _figures({night: _hold(night, SHORT, FEW) for night in range(1, SHORT + 1)}, SHORT, FEW)
    before = _held()
    print(f"{len(before)} of {NIGHTS} nights were held before (code {', '.join(sorted({row['code'] for row in before.values()})) or 'none'}): see {HELD.name}.")
    hold(night for night in range(1, NIGHTS + 1) if night not in before)
    return _figures(_held(), NIGHTS, A_NIGHT)


def hold(wanted: Iterable[int]) -> None:
    """Nights of the long run, a row each when it is over."""
    for night in wanted:
        row = _hold(night, NIGHTS, A_NIGHT)
        with HELD.open("a") as file:
            file.write(json.dumps(row) + "\n")


def _held() -> dict[int, dict[str, Any]]:
    """The rows so far, by night; of several of one night the newest."""
    return {row["night"]: row for row in map(json.loads, HELD.read_text().splitlines())} if HELD.exists() else {}


def _hold(night: int, count: int, new: int) -> dict[str, Any]:
    """One night after all days up to it, or what is left of one that was cut off. Its row: how each question was answered, in the order of `_asked`; what it
    cost; and which code that was."""
    lessons, changes = _plan(count, new)
    asked = _asked(lessons, changes, night, new)
    code, home = _code(), PARTS / f"night-{night} of {count}"
    told = home / "told"
    if not told.exists() or told.read_text() != code:  # cut off while it was told, or by other code
        shutil.rmtree(home, ignore_errors=True)
    with classroom(kept=home.name) as room:
        if not told.exists():
            for day in range(1, night + 1):
                _tell(room, lessons[(day - 1) * new : day * new], changes, day)
            told.write_text(code)
        if room.knowledge().adapter is None:
            room.sleep()
        said = room.ask([question for _, question in asked])
        spent = room.card()["spent"]
    shutil.rmtree(home)
    answers = "".join(_mark(lesson, answer) for (lesson, _), answer in zip(asked, said, strict=True))
    return {"night": night, "answers": answers, "cpu_seconds": round(spent["cpu_seconds"]), "peak_gb": round(spent["peak_bytes"] / 1e9, 2), "code": code}


def _code() -> str:
    return subprocess.run(["git", "describe", "--always"], capture_output=True, text=True, cwd=material.DATA, check=True).stdout.strip()


def _mark(lesson: Taught, answer: Answer) -> str:
    return RIGHT if lesson.is_right(answer.answer) else SILENT if answer.abstained else WRONG


def _plan(count: int, new: int) -> tuple[list[Taught], dict[int, Change]]:
    """The lessons in order of teaching, and what else happens, by day."""
    rng = random.Random("nights")
    lessons = material.channel(count * new, seed=2)
    rng.shuffle(lessons)
    pairs = iter(material.rows("fresh_replaced"))
    changes = {}
    for day in range(REPLACING, count + 1, REPLACING):
        pair = next(pairs)
        changes[day] = Change(pair["old"]["text"], pair["new"]["text"], rng.choice(lessons[: (day - 1) * new]).text)
    return lessons, changes


def _tell(room: Classroom, lessons: Sequence[Taught], changes: Mapping[int, Change], day: int) -> None:
    room.teach([lesson.text for lesson in lessons])
    if day + 1 in changes:
        room.teach([changes[day + 1].old])
    if day in changes:
        room.teach([changes[day].new])
        room.forget(changes[day].forgotten)


def _asked(lessons: Sequence[Taught], changes: Mapping[int, Change], night: int, new: int) -> list[tuple[Taught, str]]:
    """The questions after a night: about all that was taught by then and not forgotten."""
    gone = {change.forgotten for day, change in changes.items() if day <= night}
    return [(lesson, question) for lesson in lessons[: night * new] if lesson.text not in gone for question in lesson.asked.values()]


def _figures(held: Mapping[int, Mapping[str, Any]], count: int, new: int) -> list[Figure]:
    """Every night's lessons after the last one held, against just after that night; and what was right one night and not the next, where both were held."""
    lessons, changes = _plan(count, new)
    answers = {night: dict(zip((question for _, question in _asked(lessons, changes, night, new)), row["answers"], strict=True)) for night, row in held.items()}
    end = max(answers)
    last, lost = answers[end], []
    for night in sorted(answers):
        own = [question for lesson in lessons[(night - 1) * new : night * new] for question in lesson.asked.values() if question in last]
        if own and night < end:
            lost.append(100 * statistics.mean((answers[night][q] == RIGHT) - (last[q] == RIGHT) for q in own))
    flips = [
        sum(answer == RIGHT and answers[after].get(question, RIGHT) != RIGHT for question, answer in answers[before].items()) / len(answers[before])
        for before, after in pairwise(sorted(answers))
        if after == before + 1
    ]
    return [
        Figure(f"{count} nights: held", len(held)),
        Figure(f"{count} nights: questions after night {end}", len(last)),
        Figure(f"{count} nights: recall then, auto", list(last.values()).count(RIGHT) / len(last), 0.95),
        Figure(f"{count} nights: answered wrongly then", list(last.values()).count(WRONG) / len(last), 0.02, le),
        Figure(f"{count} nights: points lost since a lesson's own night, mean of {len(lost)}", statistics.mean(lost or [0.0]), 2.0, le),
        Figure(f"{count} nights: points lost, worst night", max(lost, default=0.0), 2.0, le),
        Figure(f"{count} nights: right → not right a night, of all questions, mean of {len(flips)}", statistics.mean(flips or [0.0]), 0.01, le),
    ]


if __name__ == "__main__":
    hold(map(int, sys.argv[1:]))
    if so_far := _held():
        report("learning/nights-so-far", _figures(so_far, NIGHTS, A_NIGHT))
    else:
        print("no night of the long run was held yet: python -m tests.benchmarks.long_run 1")
