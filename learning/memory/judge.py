"""How certainly a lesson answers a question, and whether it takes several: logistic regression on the evidence.

The coefficients, in `judge.json`, were fitted once, on sets of the learning benchmark, in channels of one to seventy lessons (whether it takes several: up
to 230), of which a part was taught and the rest asked about all the same (`python -m tests.benchmarks.fit_guard` writes the file).
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from learning.memory.evidence import FEATURES, TOGETHER

Floats = NDArray[np.float64]
Model = Mapping[str, Floats]  # mean and deviation of the features, and the coefficients
FILE = Path(__file__).with_name("judge.json")
FAR = 3.0  # standard deviations; beyond that a product of two would say more than was ever seen


def log_odds(features: Sequence[float]) -> float:
    """Nats for a lesson, or several together, being the right answer; `features` are those of `evidence.FEATURES`."""
    return float(odds(_fitted()["answers"], np.array([features]))[0])


def several(alone: Sequence[float], together: Sequence[float], joint: Sequence[float]) -> float:
    """Nats for several lessons being the right answer where the surest one `alone` is not; both by their features, and the several by `evidence.TOGETHER`."""
    return float(odds(_fitted()["several"], np.array([compared(alone, together, joint)]), products=False)[0])


def compared(alone: Sequence[float], together: Sequence[float], joint: Sequence[float]) -> list[float]:
    """What tells whether it takes several lessons. The length of the question counts once."""
    return [*alone, *together[:-1], *joint]


def odds(fitted: Model, features: Floats, products: bool = True) -> Floats:
    """(questions, features) to (questions,), in nats."""
    total: Floats = expanded(features, fitted["mean"], fitted["deviation"], products) @ fitted["coefficients"]
    return total


def expanded(features: Floats, mean: Floats, deviation: Floats, products: bool = True) -> Floats:
    """(questions, features) to (questions, 1 + features + pairs): a constant, the features in standard deviations, and all products of two."""
    plain = np.clip((features - mean) / deviation, -FAR, FAR)
    pairs = [plain[:, a] * plain[:, b] for a, b in combinations_with_replacement(range(plain.shape[1]), 2)] if products else []
    return np.stack([np.ones(len(plain)), *plain.T, *pairs], 1)


@lru_cache(maxsize=1)
def _fitted() -> dict[str, Model]:
    told = json.loads(FILE.read_text())
    if (tuple(told.pop("features")), tuple(told.pop("together"))) != (FEATURES, TOGETHER):
        raise ValueError(f"{FILE} was fitted to other evidence: run `python -m tests.benchmarks.fit_guard`.")
    return {model: {name: np.array(numbers) for name, numbers in fitted.items()} for model, fitted in told.items()}
