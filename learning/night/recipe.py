"""How to study: the recipe measured for each base model."""

import math
from dataclasses import dataclass, replace
from typing import Any

from learning.model.base_model import BaseModel
from learning.model.loading import fast_dtype

WARM_UP = 0.1  # of the steps


@dataclass(frozen=True)
class Recipe:
    """How to study. `batch` counts examples.

    `short` answer tokens are enough in most visits, all but a share of `whole`: which lesson it is, is decided there, and the rest is known by heart soon.
    Examples that were answered with every token above `known` are visited less often. Training ends early once in every lesson the weakest
    token of nearly all examples (`settled`) has a probability above `enough` (0.5 suffices for greedy recall: arXiv 2605.30260).
    Of a small channel the adapter is the mean of what the weights were after each step of the last part of it, `averaged` (SWA: Izmailov et al., 2018).
    """

    epochs: int = 3
    visits: int = 960  # at least, but for the end that comes early: a channel of two lessons needs more epochs
    learning_rate: float = 1e-3
    averaged: float = 0.5
    faster: float = 8.0  # how many times as fast the B matrices learn (LoRA+: Hayou et al., 2024)
    batch: int = 8
    many: int = 1_200  # examples, some forty lessons: from so many on batches are twice as large, which takes a quarter less time on two threads
    short: int = 8
    whole: float = 0.3
    known: float = 0.95
    enough: float = 0.5
    settled: float = 0.98
    negatives: int = 2048  # tokens outside of all answers that each step holds down, drawn anew (sampled softmax: Jean et al., 2015)
    threads: int = 2
    dtype: str = "float32"  # of the frozen base; LoRA itself is always float32

    def sized(self, examples: int) -> "Recipe":
        """The recipe for so many examples: from `many` on, batches are twice as large and the rate √2 times as high, and it falls; a level one unlearns."""
        return self if examples < self.many else replace(self, batch=2 * self.batch, learning_rate=math.sqrt(2) * self.learning_rate, averaged=0.0)

    def rate(self, share: float) -> float:
        """The learning rate at a share of the training: up in a straight line, then level where weights are averaged, else down along a cosine."""
        if share < WARM_UP or self.averaged:
            return self.learning_rate * min(1.0, 0.04 + share / WARM_UP)
        return self.learning_rate * (0.5 + 0.5 * math.cos(math.pi * (share - WARM_UP) / (1 - WARM_UP)))


def recipe_for(base: BaseModel, threads: int) -> Recipe:
    """The recipe measured for a base model. `tiny` knows no language: it takes longer steps to learn its few sentences, too long ones for a mean, and has
    little to hold down."""
    tiny: dict[str, Any] = {
        "learning_rate": 5e-3, "faster": 4.0, "epochs": 8, "averaged": 0.0, "short": 1_000, "visits": 2_000, "settled": 2.0, "negatives": 256,
    }  # fmt: skip
    return Recipe(threads=threads, dtype=fast_dtype(), **(tiny if base.name == "tiny" else {}))
