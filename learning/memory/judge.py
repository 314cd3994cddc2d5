"""How certainly a lesson answers a question: logistic regression on the evidence, its squares and its products.

The coefficients, in `judge.json`, were fitted once, on sets of the learning benchmark that are not measured, in channels of two to seventy lessons, of which a
part was taught and the rest asked about all the same (`python -m tests.benchmarks.fit_guard` writes the file).
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from learning.memory.evidence import FEATURES

Floats = NDArray[np.float64]
FILE = Path(__file__).with_name("judge.json")
FAR = 3.0  # standard deviations; beyond that a product of two would say more than was ever seen


def log_odds(features: Sequence[float]) -> float:
    """Nats for the lesson being the right answer; `features` are those of `evidence.FEATURES`."""
    fitted = _fitted()
    return float(np.dot(fitted["coefficients"], expanded(np.array([features]), fitted["mean"], fitted["deviation"])[0]))


def expanded(features: Floats, mean: Floats, deviation: Floats) -> Floats:
    """(questions, features) to (questions, 1 + features + pairs): a constant, the features in standard deviations, all products of two."""
    plain = np.clip((features - mean) / deviation, -FAR, FAR)
    pairs = [plain[:, a] * plain[:, b] for a, b in combinations_with_replacement(range(len(FEATURES)), 2)]
    return np.stack([np.ones(len(plain)), *plain.T, *pairs], 1)


@lru_cache(maxsize=1)
def _fitted() -> dict[str, Floats]:
    return {name: np.array(numbers) for name, numbers in json.loads(FILE.read_text()).items() if name != "features"}
