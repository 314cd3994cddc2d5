"""Where the guard's coefficients come from: a logistic fit on the development set, of which seven in ten lessons are taught and all are asked about.

python -m tests.benchmarks.fit_guard     (ten minutes; prints the coefficients for learning/memory/guard.py)
"""

import math
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from learning.answers import LONGEST
from learning.memory import guard, recall
from learning.memory.encoder import Alike, encoder
from learning.memory.guard import ABSTENTION, Confidence
from learning.model.rendering import Turn
from learning.records import Lesson
from learning.settings import Settings
from tests.benchmarks import material
from tests.benchmarks.classroom import Classroom, classroom
from tests.benchmarks.material import Taught

SPLITS = 5  # into lessons that are taught and lessons that are not

Row = tuple[tuple[float, ...], bool]


def by_heart(room: Classroom, question: str, taught: Taught | None) -> Row | None:
    """What speaks for the answer from the weights, and whether it is right; nothing where it abstains or no lesson supports it."""
    known = room.knowledge()
    prompt = room.school.speaker.prompt([Turn("user", question)])
    said = room.client.complete(prompt, known.adapter, LONGEST)
    text = room.school.speaker.text(said.tokens)
    cited = guard.supporting(question, text, known.lessons)
    if not cited or text == ABSTENTION:
        return None
    confidence = Confidence(math.exp(min(said.logprobs)), 0.0)
    return guard.evidence(question, cited, known.lessons, confidence, known.alike), bool(taught and taught.is_right(text))


def looked_up(taught: Sequence[Taught], question: str, wanted: Taught | None, alike: Alike) -> Row:
    """The same of the lesson that is nearest to the question."""
    hits = recall.nearest([Lesson(id=number, text=lesson.text) for number, lesson in enumerate(taught)], question, alike)
    return guard.evidence_of(question, hits, alike), bool(wanted and wanted.is_right(hits[0].lesson.text))


def fit(rows: Sequence[Row], ridge: float = 1.0) -> list[float]:
    """Logistic regression by Newton's method, constant first."""
    features = np.array([(1.0, *row) for row, _ in rows])
    right = np.array([float(r) for _, r in rows])
    penalty = ridge * np.diag([0.0, *[1.0] * (features.shape[1] - 1)]) + 1e-6 * np.eye(features.shape[1])
    weights = np.zeros(features.shape[1])
    for _ in range(50):
        sure = 1 / (1 + np.exp(-features @ weights))
        weights -= np.linalg.solve((features * (sure * (1 - sure))[:, None]).T @ features + penalty, features.T @ (sure - right) + penalty @ weights)
    return [round(float(weight), 2) for weight in weights]


def show(name: str, rows: Sequence[Row]) -> None:
    """The coefficients, and what they would let through."""
    coefficients = fit(rows)
    print(name, "=", tuple(coefficients), f"({len(rows)} rows, {sum(right for _, right in rows)} right)")
    scores = [(coefficients[0] + sum(c * f for c, f in zip(coefficients[1:], row, strict=True)), right) for row, right in rows]
    for least in (-0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0):
        said = [right for score, right in scores if score >= least]
        print(f"  at least {least}: {sum(said)} right, {len(said) - sum(said)} wrong")


def main() -> None:
    """Take lessons away, ask, fit; then teach, ask, fit."""
    everything, alike = material.lessons("development"), encoder(Settings().cache).alike
    rows: list[Row] = []
    for seed in range(SPLITS):
        taught = random.Random(seed).sample(everything, 7 * len(everything) // 10)
        rows += [looked_up(taught, question, lesson if lesson in taught else None, alike) for lesson in everything for question in lesson.asked.values()]
    show("_LOOKED_UP", rows)
    taught = random.Random(0).sample(everything, 7 * len(everything) // 10)
    with classroom() as room:
        room.teach([lesson.text for lesson in taught])
        print(room.sleep().report_card)
        asked = [(question, lesson if lesson in taught else None) for lesson in everything for question in lesson.asked.values()]
        with ThreadPoolExecutor(12) as pool:
            show("_BY_HEART", [row for row in pool.map(lambda pair: by_heart(room, *pair), asked) if row])


if __name__ == "__main__":
    main()
