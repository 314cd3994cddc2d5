"""What the weights are measured against, on the same lessons and questions: searches of several kinds, and lessons in the prompt."""

import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from learning.memory import recall
from learning.memory.encoder import Alike
from learning.model.rendering import Turn
from learning.records import Lesson
from tests.benchmarks import material
from tests.benchmarks.classroom import Classroom
from tests.benchmarks.material import Taught
from tests.benchmarks.table import Figure

WRONG = 0.02  # of all questions: what our own guard is calibrated to

Search = Callable[[Sequence[Lesson], str], tuple[str, float]]


@dataclass(frozen=True)
class Asked:
    """One question about one lesson."""

    lesson: Taught
    manner: str
    question: str
    rank: int  # of the lesson in a plain search (BM25); 0 where it was not found

    @property
    def strata(self) -> list[str]:
        """Which groups it counts for."""
        return [f"{'families' if self.lesson.family else 'free-form'}, {self.manner}", *(["words differ (BM25 rank > 4)"] if not 0 < self.rank <= 4 else [])]


@dataclass(frozen=True)
class Said:
    """How certain an answer was, on its way's own scale, and whether it was right."""

    certainty: float
    right: bool


def rank(lessons: Sequence[Lesson], wanted: Lesson, question: str) -> int:
    """The place of a lesson in a plain search, from 1; 0 beyond the fifth."""
    return next((place for place, hit in enumerate(recall.search(lessons, question, 5), 1) if hit.lesson.id == wanted.id), 0)


def iterative(lessons: Sequence[Lesson], question: str, steps: int) -> list[str]:
    """Search, then search again with what was found."""
    found: list[Lesson] = []
    for _ in range(steps):
        hits = [hit.lesson for hit in recall.search(lessons, " ".join([question, *(lesson.text for lesson in found)]), steps + 1)]
        found += [lesson for lesson in hits if lesson not in found][:1]
    return [lesson.text for lesson in found]


def searches(alike: Alike) -> dict[str, Search]:
    """Ways to look a lesson up; each gives the best lesson's text and its score."""

    def word_for_word(lessons: Sequence[Lesson], question: str) -> tuple[str, float]:
        hits = recall.search(lessons, question, 1)
        return (hits[0].lesson.text, hits[0].score) if hits else ("", 0.0)

    def with_synonyms(lessons: Sequence[Lesson], question: str) -> tuple[str, float]:
        covered = recall.Coverage(lessons, question).all()
        return lessons[covered.index(max(covered))].text, max(covered)

    def dense(lessons: Sequence[Lesson], question: str) -> tuple[str, float]:
        near = alike(question, [lesson.text for lesson in lessons])
        return lessons[near.index(max(near))].text, max(near)

    def both(lessons: Sequence[Lesson], question: str) -> tuple[str, float]:
        hit = recall.nearest(lessons, question, alike, 1)[0]
        return hit.lesson.text, hit.score

    return {"search, word for word": word_for_word, "search, with synonyms": with_synonyms, "search, dense": dense, "search, words and meaning": both}


def calibrated(search: Search) -> float:
    """The least score at which a search answers at most `WRONG` of all questions wrongly, on the development set with three lessons in ten taken away."""
    everything, judged = material.lessons("development"), []
    for seed in range(3):
        taught = random.Random(seed).sample(everything, 7 * len(everything) // 10)
        shelf = [Lesson(id=number, text=lesson.text) for number, lesson in enumerate(taught)]
        for lesson in everything:
            for question in lesson.asked.values():
                text, score = search(shelf, question)
                judged.append((score, lesson in taught and lesson.is_right(text)))
    wrong = sorted((score for score, right in judged if not right), reverse=True)
    return wrong[int(WRONG * len(judged))] + 1e-9


def at_risk(said: Sequence[Said], allowed: float) -> float:
    """The least certainty at which at most this share of all questions is answered wrongly: chosen on the very questions, so in the rival's favour."""
    wrong = sorted((one.certainty for one in said if not one.right), reverse=True)
    return wrong[int(allowed * len(said))] + 1e-9 if len(wrong) > int(allowed * len(said)) else float("-inf")


def paired(ours: Sequence[bool], theirs: Sequence[bool]) -> tuple[float, float, float]:
    """Mean difference with its 95 % interval, by bootstrap over the questions."""
    differences = [float(a) - float(b) for a, b in zip(ours, theirs, strict=True)]
    rng = random.Random(0)
    means = sorted(statistics.mean(rng.choices(differences, k=len(differences))) for _ in range(1_000))
    return means[25], statistics.mean(differences), means[974]


def prompted(room: Classroom, asked: Sequence[Asked]) -> list[Figure]:
    """The base with lessons in its prompt, on a sample."""
    sample = random.Random(0).sample(list(asked), min(60, len(asked)))
    known = room.knowledge()
    figures = []
    for label, pick in (
        ("prompt, k = 1", lambda a: [hit.lesson.text for hit in recall.search(known.lessons, a.question, 1)]),
        ("prompt, k = 4", lambda a: [hit.lesson.text for hit in recall.search(known.lessons, a.question, 4)]),
        ("prompt, the right lesson", lambda a: [a.lesson.text]),
    ):  # fmt: skip
        right = []
        for adapter in (None, known.adapter) if label == "prompt, k = 1" else (None,):
            prompts = [room.school.speaker.prompt([Turn("user", a.question)], pick(a)) for a in sample]
            said = [room.school.speaker.text(done.tokens) for done in room.client.complete_all(prompts, adapter, 64)]
            right = [a.lesson.is_right(text) for a, text in zip(sample, said, strict=True)]
            figures.append(Figure(f"recall, {'adapter and ' if adapter else ''}{label} ({len(sample)})", statistics.mean(right)))
    return figures


def risk_and_coverage(said: Sequence[Said]) -> list[tuple[float, float]]:
    """(coverage, risk) as ever less certain answers are given: the share of all questions that is answered, and the share of these answers that is wrong."""
    points, wrong = [], 0
    for number, one in enumerate(sorted(said, key=lambda one: -one.certainty), 1):
        wrong += not one.right
        points.append((number / len(said), wrong / number))
    return points


def area(points: Sequence[tuple[float, float]]) -> float:
    """Mean risk over all coverages (AURC: Geifman & El-Yaniv, 2017)."""
    return statistics.mean(risk for _, risk in points)


def draw(curves: Mapping[str, Sequence[tuple[float, float]]], file: Path) -> None:
    """Risk over coverage, a line for each way to answer, as SVG."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    for label, points in curves.items():
        axes.plot([100 * coverage for coverage, _ in points], [100 * risk for _, risk in points], label=label)
    axes.axhline(2, color="grey", linewidth=0.8, linestyle=":")
    axes.set(xlabel="questions answered, %", ylabel="of these answered wrongly, %", xlim=(0, 100), ylim=(0, None))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file)
    pyplot.close(figure)
