"""Low-rank products of many adapters in one pass: runs of rows where prompts are read, a product for every row where answers go on.

Punica (Chen et al., 2023) and S-LoRA (Sheng et al., 2023) gather the matrices by row in kernels of their own; here each slot's matrices lie in one stack, and
are written there when the slot changes hands.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from learning.model.adapters import Adapter
from learning.model.layers import NOTHING, Delta, LowRank

Layered = list[Sequence[Delta | None]]  # for each adapted layer, the deltas of its products


@dataclass(frozen=True)
class Runs:
    """Runs of rows, each with a delta of its own, or none."""

    parts: Sequence[tuple[LowRank | None, int]]

    def __call__(self, inputs: Tensor, out: Tensor) -> Tensor:
        pieces = (torch.split(part, [rows for _, rows in self.parts]) for part in (inputs, out))
        return torch.cat([done if delta is None else delta(x, done) for x, done, (delta, _) in zip(*pieces, self.parts, strict=True)])


@dataclass(frozen=True)
class Rows:
    """A delta for every single row: down (rows, inputs, rank) and up (rows, rank, outputs)."""

    down: Tensor
    up: Tensor

    def __call__(self, inputs: Tensor, out: Tensor) -> Tensor:
        return torch.baddbmm(out[:, None], torch.bmm(inputs[:, None], self.down), self.up)[:, 0]


class Mixture:
    """The deltas of all slots side by side. What a slot's adapter brings is copied when another takes the slot, not when its neighbours change."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._owners: list[Adapter | None] = [None] * slots
        self._stacks: list[list[Rows]] = []  # by adapted layer and product, all slots
        self._views: dict[int, Layered] = {}  # the same for the first so many slots

    @torch.inference_mode()
    def clear(self) -> None:
        """Nobody asks: nothing of any adapter is kept, not even in memory that is free."""
        for rows in itertools.chain.from_iterable(self._stacks):
            rows.down.zero_()
            rows.up.zero_()
        self._owners, self._stacks, self._views = [None] * self.slots, [], {}

    def of(self, adapters: Sequence[Adapter | None], layers: int) -> Layered:
        """For each of so many adapted layers the deltas of these rows; of idle ones (None) nobody needs the result."""
        busy = list(dict.fromkeys(adapter for adapter in adapters if adapter is not None))
        if len(busy) == 1:
            return list(busy[0].layers) or [NOTHING] * layers
        like = next((adapter for adapter in busy if adapter.layers), None)
        if like is None:
            return [NOTHING] * layers
        if not self._stacks:
            self._stacks = [[_stack(delta, self.slots) for delta in layer] for layer in like.layers]
        for slot, adapter in enumerate(adapters):
            if adapter is not None and adapter is not self._owners[slot]:
                self._take(slot, adapter)
        if len(adapters) not in self._views:
            self._views[len(adapters)] = [[Rows(rows.down[: len(adapters)], rows.up[: len(adapters)]) for rows in layer] for layer in self._stacks]
        return self._views[len(adapters)]

    def _take(self, slot: int, adapter: Adapter) -> None:
        """Write an adapter's matrices into a slot's place; none are zeros."""
        self._owners[slot] = adapter
        for number, layer in enumerate(self._stacks):
            for place, rows in enumerate(layer):
                if adapter.layers:
                    delta = adapter.layers[number][place]
                    rows.down[slot], rows.up[slot] = delta.down, delta.up
                else:
                    rows.up[slot] = 0


def _stack(like: LowRank, slots: int) -> Rows:
    """Zeros: what was never written must stay a number."""
    return Rows(*(side.new_zeros(slots, *side.shape) for side in (like.down, like.up)))
