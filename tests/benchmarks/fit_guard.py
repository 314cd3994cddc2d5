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
from learning.memory.guard import ABSTENTION, Confidence
from learning.model.rendering import Turn
from tests.benchmarks import material
from tests.benchmarks.classroom import Classroom, classroom
from tests.benchmarks.material import Taught

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
    return guard.evidence(question, cited, known.lessons, confidence), bool(taught and taught.is_right(text))


def looked_up(room: Classroom, question: str, taught: Taught | None) -> Row | None:
    """The same of the lesson that covers the question best."""
    hits = recall.nearest(room.knowledge().lessons, question)
    return (guard.evidence_of(question, hits), bool(taught and taught.is_right(hits[0].lesson.text))) if hits else None


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


def main() -> None:
    """Teach, ask, fit."""
    everything = material.lessons("development")
    taught = random.Random(0).sample(everything, 7 * len(everything) // 10)
    with classroom() as room:
        room.teach([lesson.text for lesson in taught])
        print(room.sleep().report_card)
        asked = [(question, lesson if lesson in taught else None) for lesson in everything for question in lesson.asked.values()]
        for name, judge in (("_BY_HEART", by_heart), ("_LOOKED_UP", looked_up)):
            with ThreadPoolExecutor(8) as pool:
                rows = [row for row in pool.map(lambda pair, judge=judge: judge(room, *pair), asked) if row]
            coefficients = fit(rows)
            print(name, "=", tuple(coefficients), f"({len(rows)} rows, {sum(right for _, right in rows)} right)")
            scores = [(coefficients[0] + sum(c * f for c, f in zip(coefficients[1:], row, strict=True)), right) for row, right in rows]
            for least in (-0.5, 0.0, 0.5, 1.0, 1.5, 2.0):
                said = [right for score, right in scores if score >= least]
                print(f"  at least {least}: {sum(said)} right, {len(said) - sum(said)} wrong")


if __name__ == "__main__":
    main()
