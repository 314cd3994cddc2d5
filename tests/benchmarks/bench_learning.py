"""How well a channel is learned: by heart, asked in people's own words, against search on the same lessons.

    python -m tests.benchmarks.bench_learning [--full] [--only PART …]

Quick: one seed, a channel of 40 lessons, everything asked once. `--full`: three seeds, up to 500 lessons. Each part leaves its figures in
`.bench/learning/` when it is done. A run that was cut off goes on with the part, and with the night, in which it was (`--fresh` begins anew).
"""

import argparse
import json
import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from operator import ge, le

from learning.answers import Answer, Mode
from learning.memory import judge, recall
from learning.memory.general import QUESTIONS
from learning.model.rendering import Turn
from tests.benchmarks import fit_guard, material, rivals, sets
from tests.benchmarks.classroom import Classroom, classroom
from tests.benchmarks.long_run import nights
from tests.benchmarks.material import Taught, holds
from tests.benchmarks.race import race
from tests.benchmarks.rivals import Asked
from tests.benchmarks.table import FOLDER, PARTS, Figure, part, report

SEEDS = (2, 3, 1)  # not 0, which was looked at
AS_WRONG = ", as often wrong as auto"
GOALS = {20: 0.98, 40: 0.95, 100: 0.95, 200: 0.95, 500: 0.90}  # of recall by the weights, by how many lessons a channel has


def recall_of(size: int, seed: int, full: bool) -> list[Figure]:
    """A channel learned in one night, all its questions by weights and by auto, and what search would have said."""
    taught = material.channel(size, seed)
    with classroom(kept=part(f"recall-{size}-{seed}", full)) as room:
        card = room.learn([lesson.text for lesson in taught])
        known = room.knowledge()
        lessons = known.lessons
        asked = [
            Asked(lesson, manner, question, rivals.rank(lessons, kept, question))
            for lesson, kept in zip(taught, sorted(lessons, key=lambda kept: kept.id), strict=True)
            for manner, question in lesson.asked.items()
        ]
        questions = [a.question for a in asked]
        auto = room.ask(questions)
        marks = {
            "weights": _marks(asked, [a.answer for a in room.ask(questions, "weights")]), "auto": _marks(asked, [a.answer for a in auto]),
            "freely": _marks(asked, [a.answer for a in room.ask(questions, "freely")]),
        }  # fmt: skip
        strange = [row["question"] for row in material.unknown(taught)]
        quiet = room.ask(strange)
        wrong = statistics.mean([not right and not a.abstained for right, a in zip(marks["auto"], auto, strict=True)] + [not a.abstained for a in quiet])
        risks = []
        for label, search in rivals.searches(known.alike).items():
            found = [search(lessons, question) for question in [*questions, *strange]]
            right = [*_marks(asked, [text for text, _ in found[: len(asked)]]), *[False] * len(strange)]
            said = [rivals.Said(score, good) for (_, score), good in zip(found, right, strict=True)]
            for suffix, least in ((", calibrated", rivals.calibrated(search)), (AS_WRONG, rivals.at_risk(said, wrong)), (", always answering", float("-inf"))):
                marks[label + suffix] = [one.right and one.certainty >= least for one in said[: len(asked)]]
                risks.append(Figure(f"wrong answers, {label + suffix}", statistics.mean(not one.right and one.certainty >= least for one in said)))
        figures = [Figure(f"recall, {way}", statistics.mean(right), {"weights": GOALS.get(size)}.get(way)) for way, right in marks.items()]
        for stratum in sorted({s for a in asked for s in a.strata}):
            for way, goal in (("weights", 0.90), ("auto", None)):
                inside = [right for a, right in zip(asked, marks[way], strict=True) if stratum in a.strata]
                figures.append(Figure(f"recall, {way}, {stratum} ({len(inside)})", statistics.mean(inside), goal))
        best = max((statistics.mean(right), way) for way, right in marks.items() if way.endswith(AS_WRONG))[1]
        low, gain, high = rivals.paired(marks["auto"], marks[best])
        apart = 100 * abs(card["expected"] - statistics.mean(marks["weights"]))
        figures += [
            Figure(f"auto − {best}, points", 100 * gain, 5.0),
            Figure("the same, 95 % interval, low", 100 * low), Figure("the same, 95 % interval, high", 100 * high),
            *risks, *_unknown(taught, asked, auto, quiet), *_curves(room, taught, asked, f"risk-{size}-{seed}"), *_general(room),
            Figure("certainty asked for, nats", known.sure), Figure("exam, recall", card["recall"]),
            Figure("exam, expected in people's words", card["expected"]),
            Figure("exam's estimate and people's phrasings apart, points", apart, 5.0, le),
            Figure("CPU seconds a lesson", card["spent"]["cpu_seconds"] / size, 2.0, le),
            Figure("peak memory of training, GB", card["spent"]["peak_bytes"] / 1e9, 3.0, le),
        ]  # fmt: skip
        if seed == SEEDS[0] and (full or size <= 100):
            figures += rivals.prompted(room, asked)
        figures += _break_even(room, asked, auto)
    return [replace(figure, measure=f"{size} lessons: {figure.measure}") for figure in figures]


def _curves(room: Classroom, taught: Sequence[Taught], asked: Sequence[Asked], name: str) -> list[Figure]:
    """Risk over coverage, of all questions: by auto, and by the same guard over the same searches without the weights."""
    known, curves = room.knowledge(), {}
    strange = [row["question"] for row in material.unknown(taught)]
    for label, knowledge in (("weights and search", known), ("search alone", replace(known, adapter=None))):
        said = room.ask([*(a.question for a in asked), *strange], knowledge=replace(knowledge, sure=float("-inf")))
        right = [*_marks(asked, [a.answer for a in said[: len(asked)]]), *[False] * len(strange)]
        curves[label] = rivals.risk_and_coverage([rivals.Said(a.certainty, r) for a, r in zip(said, right, strict=True)])
    rivals.draw(curves, FOLDER / f"{name}.svg")
    figures = [Figure(f"guard over {label}: mean risk over all coverages", rivals.area(points)) for label, points in curves.items()]
    for label, points in curves.items():
        figures.append(Figure(f"guard over {label}: share answered with 2 % of it wrong", max((c for c, risk in points if risk <= 0.02), default=0.0)))
    return figures


def _break_even(room: Classroom, asked: Sequence[Asked], auto: Sequence[Answer]) -> list[Figure]:
    """Answers a night after which training is paid back: tokens trained on / (prompt tokens with the lesson looked up − prompt tokens of ours)."""
    known, speaker = room.knowledge(), room.school.speaker
    looked_up = statistics.mean(
        len(speaker.prompt([Turn("user", a.question)], [hit.lesson.text for hit in recall.search(known.lessons, a.question, 1)])) for a in asked
    )
    ours = statistics.mean(said.prompt_tokens for said in auto if said.prompt_tokens)
    trained = room.training()["tokens"]
    return [
        Figure("tokens trained on", trained), Figure("prompt tokens, lesson looked up (k = 1)", looked_up),
        Figure("answers a night that pay training back", trained / max(0.1, looked_up - ours)),
    ]  # fmt: skip


def _unknown(taught: Sequence[Taught], asked: Sequence[Asked], auto: Sequence[Answer], answers: Sequence[Answer]) -> list[Figure]:
    """Questions that nothing was taught about; and all that was said wrongly, over both."""
    strange = material.unknown(taught)
    silent = [a.abstained for a in answers]
    near = [quiet for quiet, row in zip(silent, strange, strict=True) if row["kind"] != "far"]
    wrong = [not a.lesson.is_right(said.answer) and not said.abstained for a, said in zip(asked, auto, strict=True)] + [not quiet for quiet in silent]
    cited = [mistaken and bool(said.sources) for mistaken, said in zip(wrong, [*auto, *answers], strict=True)]
    needless = [said.abstained and a.rank == 1 for a, said in zip(asked, auto, strict=True)]
    return [
        Figure(f"unknown, abstained ({len(silent)})", statistics.mean(silent), 0.90),
        Figure(f"unknown, near misses abstained ({len(near)})", statistics.mean(near) if near else 1.0, 0.90),
        Figure("abstained though a plain search knows", statistics.mean(needless), 0.05, le),
        Figure("wrong answers posted, all questions", statistics.mean(wrong), 0.02, le),
        Figure("wrong with a citation", statistics.mean(cited), 0.01, le),
    ]


def _general(room: Classroom) -> list[Figure]:
    """Of the general questions that the base answers right, how many still are."""
    replayed = {_plain(question) for question in (*QUESTIONS, *room.replayed())}  # what is studied along is no measure
    rows = [row for row in material.rows("fresh_general") if _plain(row["question"]) not in replayed]
    base = room.ask([row["question"] for row in rows], "base")
    kept = [row for row, said in zip(rows, base, strict=True) if holds(said.answer, row["gold"])]
    figures = [Figure("general questions that the base answers right", len(kept), 50)]
    goals: dict[Mode, float] = {"freely": 0.95, "auto": 1.0}
    for mode, goal in goals.items():
        said = room.ask([row["question"] for row in kept], mode)
        figures.append(Figure(f"general questions, {mode}", statistics.mean(holds(a.answer, row["gold"]) for a, row in zip(said, kept, strict=True)), goal))
    known, losses = room.knowledge(), []
    for paragraph in (material.DATA / "general_text.txt").read_text().split("\n\n")[:12]:
        tokens = room.school.speaker.tokenizer.encode(paragraph).ids
        with_adapter, without = (room.client.score(tokens[:1], tokens[1:], adapter) for adapter in (known.adapter, None))
        losses.append((sum(without) - sum(with_adapter)) / len(with_adapter))
    return [*figures, Figure("loss on general text, nats above the base's", statistics.mean(losses), 0.05, le)]


def _plain(question: str) -> str:
    return " ".join(question.lower().strip(" ?.!").split())


def _marks(asked: Sequence[Asked], answers: Sequence[str]) -> list[bool]:
    return [a.lesson.is_right(answer) for a, answer in zip(asked, answers, strict=True)] if answers else []


def parts(full: bool) -> dict[str, Callable[[], list[Figure]]]:
    """What is measured, in order."""
    chosen: dict[str, Callable[[], list[Figure]]] = {}
    for size in (20, 100, 200, 500) if full else (40,):
        for seed in SEEDS if full else SEEDS[:1]:
            chosen[f"recall-{size}-{seed}"] = partial(recall_of, size, seed, full)
    others = (sets.replaced, sets.threads, sets.forgotten, sets.channels, nights, race)
    return chosen | {measure.__name__: partial(measure, full) for measure in others}


def _over_seeds(figures: Sequence[Figure]) -> list[Figure]:
    """The same measure taken with several seeds becomes its mean."""
    taken: dict[str, list[Figure]] = {}
    for figure in figures:
        taken.setdefault(figure.measure, []).append(figure)
    return [replace(same[0], value=statistics.mean(figure.value for figure in same)) for same in taken.values()]


def main() -> None:
    """Print the table and write `.bench/learning.json`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="three seeds, up to 500 lessons; hours")
    parser.add_argument("--only", nargs="*", help="just these parts")
    parser.add_argument("--fresh", action="store_true", help="measure parts again that were measured before")
    options = parser.parse_args()
    PARTS.mkdir(parents=True, exist_ok=True)
    judge.FILE = fit_guard.OLDER  # the coefficients that are shipped were fitted on what is asked here, too
    figures: dict[str, list[Figure]] = {}
    there = parts(options.full)
    chosen = [name for name in there if not options.only or any(name == wanted or name.startswith(f"{wanted}-") for wanted in options.only)]
    if not chosen:
        parser.error(f"there is no such part: {', '.join(there)}")
    for name in chosen:
        kept = PARTS / f"{part(name, options.full)}.part"
        schools = kept.with_suffix("")
        if options.fresh:
            shutil.rmtree(schools, ignore_errors=True)
        if options.fresh or not kept.exists():
            measured = there[name]()
            kept.write_text(json.dumps([{**asdict(replace(f, meets=ge)), "meets": f.meets is le} for f in measured], default=str))
            shutil.rmtree(schools, ignore_errors=True)
            report(f"learning/{name}", measured)
            figures[name] = measured
        else:
            figures[name] = [Figure(f["measure"], f["value"], f["goal"], le if f["meets"] else ge) for f in json.loads(kept.read_text())]
    report("learning", _over_seeds([figure for part in figures.values() for figure in part]))


if __name__ == "__main__":
    main()
