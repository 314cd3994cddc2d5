"""Where the guard's coefficients come from: a logistic fit on sets that are not measured, of which a part was taught and all is asked about.

python -m tests.benchmarks.fit_guard     (half an hour on two cores; prints the coefficients for learning/memory/guard.py)

Two channels are only looked up in, as on a lesson's first day; one has had its night, so that what the weights say can count. What was gathered stays in
`.bench/guard.json`, and is fitted again as long as it lies there.
"""

import json
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import numpy as np

from learning.answers import Answerer
from learning.memory import guard
from learning.memory.guard import Heard
from learning.model.reading import Reader
from tests.benchmarks import material
from tests.benchmarks.classroom import Classroom, classroom
from tests.benchmarks.material import Taught
from tests.benchmarks.table import FOLDER

RISKS = (0.01, 0.02, 0.035, 0.05)  # shares of all questions that are answered wrongly
FOLDS = 5
HEARD = slice(6, 8)  # where among the features is what the weights say
GATHERED = FOLDER / "guard.json"

Row = tuple[tuple[float, ...], bool]  # what speaks for a lesson, its reading last; and whether it is the right one


@dataclass(frozen=True)
class Question:
    """One question: of which set and kind it is, and its candidates."""

    of: str
    rows: Sequence[Row]


def gather() -> list[Question]:
    """The development set with three lessons in ten taken away, and channels asked what they were taught and what not."""
    everything = material.lessons("development")
    taught = random.Random(0).sample(everything, 7 * len(everything) // 10)
    found = asked_in("development", taught, [(question, lesson if lesson in taught else None) for lesson in everything for question in lesson.asked.values()])
    for size, night in ((60, False), (40, True)):
        channel = material.channel(size, 0, fresh=False)
        asked: list[tuple[str, Taught | None]] = [(question, lesson) for lesson in channel for question in lesson.asked.values()]
        strange = material.unknown(channel, fresh=False)
        found += asked_in(f"channel of {size}", channel, [*asked, *((row["question"], None) for row in strange)], night)
    return found


def asked_in(name: str, lessons: Sequence[Taught], asked: Sequence[tuple[str, Taught | None]], night: bool = False) -> list[Question]:
    """A channel of its own for some questions."""
    with classroom() as room:
        room.teach([lesson.text for lesson in lessons])
        if night:
            room.sleep()
        return asked_about(name, room, asked)


def asked_about(name: str, room: Classroom, asked: Sequence[tuple[str, Taught | None]]) -> list[Question]:
    """For each question the candidates, and whether it is them; a question about what was not taught comes with None."""
    known, answerer, reading = room.knowledge(), Answerer(room.client, room.school.speaker), Reader(room.client, room.school.speaker)

    def one(question: str, wanted: Taught | None) -> Question:
        learned = answerer.from_weights(question, known, [])
        heard = Heard(learned.sources, learned.weakest) if learned else Heard()
        evident = [(hit, features) for hit, features in guard.evidence(question, known.lessons, known.alike, heard) if not hit.parts]
        likely = reading(question, [hit.lesson.text for hit, _ in evident])
        rows = [((*f, guard.lead(number, likely)), bool(wanted and wanted.is_right(hit.lesson.text))) for number, (hit, f) in enumerate(evident)]
        return Question(f"{name}, {'unknown' if wanted is None else 'families' if wanted.family else 'free-form'}", rows)

    with ThreadPoolExecutor(8) as pool:
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
    """Gather, unless it was done; fit with and without what the weights say, and with and without reading."""
    if not GATHERED.exists():
        GATHERED.parent.mkdir(parents=True, exist_ok=True)
        GATHERED.write_text(json.dumps([asdict(question) for question in gather()]))
    questions = [[(tuple(features), right) for features, right in question["rows"]] for question in json.loads(GATHERED.read_text())]
    print(len(questions), "questions,", sum(any(right for _, right in found) for found in questions), "with the right lesson among the candidates")
    show("_LOOKED_UP", [[(features[:-1], right) for features, right in found] for found in questions])
    show("_READ", questions)
    show("without what the weights say", [[((*f[: HEARD.start], *f[HEARD.stop :]), right) for f, right in found] for found in questions])


if __name__ == "__main__":
    main()
