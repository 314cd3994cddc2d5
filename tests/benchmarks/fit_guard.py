"""Where the guard's coefficients come from: a logistic fit on sets that are not measured, of which a part was taught and all is asked about.

python -m tests.benchmarks.fit_guard     (some minutes; prints the coefficients for learning/memory/guard.py)
"""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from learning.memory import guard, recall
from learning.memory.encoder import Alike
from learning.memory.guard import Reading
from learning.model.reading import Reader
from learning.records import Lesson
from tests.benchmarks import material
from tests.benchmarks.classroom import classroom
from tests.benchmarks.material import Taught

Row = tuple[tuple[float, ...], bool]  # what speaks for a lesson, its reading last; and whether it is the right one
RISKS = (0.01, 0.02, 0.035, 0.05)  # shares of all questions that are answered wrongly
FOLDS = 5


def asked_about(taught: Sequence[Taught], asked: Sequence[tuple[str, Taught | None]], alike: Alike, reading: Reading) -> list[list[Row]]:
    """For each question the nearest lessons, and whether it is them; a question about what was not taught comes with None."""
    lessons = [Lesson(id=number, text=lesson.text) for number, lesson in enumerate(taught)]

    def one(question: str, wanted: Taught | None) -> list[Row]:
        hits = recall.nearest(lessons, question, alike, len(lessons))
        likely = reading(question, [hit.lesson.text for hit in hits[: guard.READ]])
        return [
            ((*guard.evidence(question, hit, hits, alike), guard.lead(number, likely)), bool(wanted and wanted.is_right(hit.lesson.text)))
            for number, hit in enumerate(hits[: guard.READ])
        ]

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda pair: one(*pair), asked))


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


def show(name: str, questions: Sequence[Sequence[Row]]) -> None:
    """The coefficients; and by cross-validation, how many questions the surest lesson would answer rightly and wrongly at which certainty and risk."""
    print(name, "=", tuple(fit([row for rows in questions for row in rows])))
    order, judged = random.Random(0).sample(range(len(questions)), len(questions)), []
    for fold in range(FOLDS):
        held_out = set(order[fold::FOLDS])
        coefficients = fit([row for number in order if number not in held_out for row in questions[number]])
        judged += [max((float(np.dot(coefficients, (1.0, *row))), right) for row, right in questions[number]) for number in held_out]
    for least in (-0.5, 0.0, 0.5, 1.0, 1.5, 2.0):
        said = [right for certainty, right in judged if certainty >= least]
        print(f"  at least {least}: {sum(said)} right, {len(said) - sum(said)} wrong of {len(questions)}")
    for risk in RISKS:
        wrong = sorted((certainty for certainty, right in judged if not right), reverse=True)[int(risk * len(judged)) :]
        print(f"  at most {risk:.1%} wrong: {sum(right for certainty, right in judged if not wrong or certainty > wrong[0])} right")


def main() -> None:
    """Take three lessons in ten of the development set away; and ask a channel of sixty what it was taught and what not."""
    everything, channel = material.lessons("development"), material.channel(60, 0, fresh=False)
    taught = random.Random(0).sample(everything, 7 * len(everything) // 10)
    with classroom() as room:
        alike, reading = room.school.alike, Reader(room.client, room.school.speaker)
        asked = [(question, lesson if lesson in taught else None) for lesson in everything for question in lesson.asked.values()]
        rows = asked_about(taught, asked, alike, reading)
        asked = [(question, lesson) for lesson in channel for question in lesson.asked.values()]
        rows += asked_about(channel, [*asked, *((row["question"], None) for row in material.unknown(channel, fresh=False))], alike, reading)
    print(len(rows), "questions,", sum(any(right for _, right in found) for found in rows), "with the right lesson among the nearest")
    show("_LOOKED_UP", [[(features[:-1], right) for features, right in found] for found in rows])
    show("_READ", rows)


if __name__ == "__main__":
    main()
