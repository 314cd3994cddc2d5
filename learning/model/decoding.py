"""Forward passes for answers: prompts are read into slots of a key and value cache, and all slots go on by one token at a time.

Rows with different adapters, or none, share every pass: the frozen products are computed for all rows at once, and each row's own low-rank product is added.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from learning.model.adapters import Adapter
from learning.model.base_model import BaseModel
from learning.model.layers import NOTHING, Delta, Layers
from learning.model.loading import load_base
from learning.model.mixing import Mixture, Runs
from learning.model.packing import Vocabulary, packed

LONGEST = 4096  # tokens of prompt and answer


@dataclass
class Slot:
    """A sequence in the cache: whose adapter it speaks with, and how many of its tokens are there."""

    adapter: Adapter
    length: int = 0


@dataclass(frozen=True)
class Reading:
    """New tokens of a slot; what follows the last `scored` of them is wanted.

    The last of them may be a tree (SpecInfer: Miao et al., 2024): `after` says of each which of these it comes after, by number; -1: what is before them all.
    """

    slot: int
    tokens: Sequence[int]
    scored: int = 1
    after: Sequence[int] = ()

    @cached_property
    def seen(self) -> Tensor:
        """Which of these tokens each sees: (tokens, tokens)."""
        seen = torch.ones(len(self.tokens), len(self.tokens), dtype=torch.bool).tril()
        straight = len(self.tokens) - len(self.after)
        for row, before in enumerate(self.after, straight):
            seen[row, straight:row] = seen[straight + before, straight:row] if before >= 0 else False
        return seen


class Decoder:
    """The frozen base with a cache of `slots` sequences. Use it from one thread."""

    def __init__(self, base: BaseModel, slots: int, dtype: torch.dtype) -> None:
        model = load_base(base, dtype)
        self.layers, self.first, self.count = Layers(model, base.name), base.shape.first_layer, base.shape.layers
        self.embed, self.norm, self.vocabulary = model.model.embed_tokens.weight.detach(), model.model.norm, Vocabulary(model.lm_head.weight.detach())
        self.context = min(int(model.config.max_position_embeddings), LONGEST)
        self.slots: list[Slot | None] = [None] * slots
        self.usual: tuple[Tensor, Tensor] | None = None  # (tokens, width) below any adapter's layers, and the keys and values up to there
        groups, width = self.layers.groups, self.layers.width
        self.share = self.layers.heads // groups  # query heads to a key
        self.device = self.layers.device
        self.cache = _blank((self.count, 2, slots, groups, self.context, width), dtype, self.device)  # keys, values
        self._mixture = Mixture(slots)
        for layer in self.layers.layers:
            layer.products = [packed(product) for product in layer.products]  # type: ignore[arg-type]  # a packed product stands for a plain one

    @torch.inference_mode()
    def expect(self, tokens: Sequence[int]) -> None:
        """What prompts usually begin with. The layers below any adapter's make the same of it for all: that is computed here, once. No slot may be taken."""
        hidden = self._begun(self.embed[self._tensor(tokens)], 0, 0, self.first, ())
        below = self.cache[: self.first, :, 0, :, : len(tokens)]
        self.usual = hidden, below.clone()
        below.zero_()

    @torch.inference_mode()
    def begin(self, slot: int, adapter: Adapter, usual: bool = False) -> int:
        """Take a slot; returns how many tokens it holds already, where its prompt begins as `usual`. Each adapter's layers read those once."""
        held = self.slots[slot] = Slot(adapter)
        if usual and self.usual is not None:
            hidden, below = self.usual
            held.length = len(hidden)
            mine = self.cache[:, :, slot, :, : held.length]
            mine[: self.first] = below
            if adapter.beginning is None:
                self._begun(hidden, slot, self.first, self.count, adapter.layers)
                adapter.beginning = mine[self.first :].clone()
            else:
                mine[self.first :] = adapter.beginning
        return held.length

    def _begun(self, hidden: Tensor, slot: int, first: int, last: int, deltas: Sequence[Sequence[Delta | None]]) -> Tensor:
        """The first tokens of a slot through the layers `first` … `last` - 1, into the cache; `deltas` are those of just these layers, or none at all."""
        turned, mask = self.layers.turned(torch.arange(len(hidden), device=self.device)[None]), self._unseen(0, Reading(slot, [0] * len(hidden)).seen)

        def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
            return self._attend_alone(number, (query, key, value), slot, 0, mask)

        for number in range(first, last):
            hidden = self.layers.layer(number, hidden, turned, deltas[number - first] if deltas else NOTHING, attend)
        return hidden

    def length(self, slot: int) -> int:
        """How many tokens a slot holds."""
        return self._held(slot).length

    @torch.inference_mode()
    def end(self, slot: int) -> None:
        """Leave a slot; nothing of what was said in it stays in memory."""
        if held := self.slots[slot]:
            self.cache[:, :, slot, :, : held.length + 1] = 0
        self.slots[slot] = None

    @torch.inference_mode()
    def take_back(self, slot: int, tokens: int) -> None:
        """The last so many tokens of a slot were not said after all: nothing of them stays in memory."""
        held = self._held(slot)
        held.length -= tokens
        self.cache[:, :, slot, :, held.length : held.length + tokens] = 0

    def rest(self) -> None:
        """Nobody asks: let go of what was kept for the last mixture of adapters."""
        self._mixture.clear()

    @torch.inference_mode()
    def read(self, readings: Sequence[Reading]) -> dict[int, Tensor]:
        """New tokens of some slots into the cache; for each slot log-probabilities (scored, vocabulary)."""
        readings = sorted(readings, key=lambda reading: id(self._held(reading.slot).adapter))
        held = [self._held(reading.slot) for reading in readings]
        lengths = [len(reading.tokens) for reading in readings]
        starts = [slot.length for slot in held]
        positions = torch.cat([start + reading.seen.sum(1) - 1 for start, reading in zip(starts, readings, strict=True)]).to(self.device)
        masks = [self._unseen(start, reading.seen) for start, reading in zip(starts, readings, strict=True)]
        for slot, length in zip(held, lengths, strict=True):
            slot.length += length  # at once: where a layer fails, `end` erases all of it
        owners = groupby(zip(held, lengths, strict=True), key=lambda pair: pair[0].adapter)
        runs = [(adapter, sum(length for _, length in pairs)) for adapter, pairs in owners]

        def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
            parts = zip(*(torch.split(rows, lengths) for rows in (query, key, value)), strict=True)
            each = zip(parts, readings, starts, masks, strict=True)
            return torch.cat([self._attend_alone(number, part, reading.slot, start, mask) for part, reading, start, mask in each])

        hidden, turned = self.embed[self._tensor([token for reading in readings for token in reading.tokens])], self.layers.turned(positions[None])
        for number in range(self.count):
            hidden = self.layers.layer(number, hidden, turned, self._of_runs(runs, number), attend)
        ends = torch.tensor(lengths).cumsum(0).tolist()
        wanted = torch.cat([torch.arange(end - reading.scored, end) for end, reading in zip(ends, readings, strict=True)])
        logprobs = self._logprobs(hidden[wanted.to(self.device)])
        return {reading.slot: part for reading, part in zip(readings, torch.split(logprobs, [reading.scored for reading in readings]), strict=True)}

    @torch.inference_mode()
    def step(self, tokens: dict[int, int]) -> Tensor:
        """One more token for some slots; in their order log-probabilities (slots, vocabulary) of what follows.

        Slots below the highest that were not asked compute along, which is cheaper than copying. What that writes lies just past their end, where their next
        token overwrites it.
        """
        rows, groups = max(tokens) + 1, self.layers.groups
        held = [slot.length if slot else 0 for slot in self.slots[:rows]]
        lengths, longest = self._tensor(held), max(held) + 1
        every = torch.arange(max(rows, longest), device=self.device)
        unseen, every = (every[:longest] > lengths[:, None]).repeat_interleave(groups, 0)[:, None], every[:rows]
        mask = torch.zeros(unseen.shape, dtype=self.cache.dtype, device=self.device).masked_fill(unseen, float("-inf"))
        deltas = self._mixture.of([self._held(n).adapter if n in tokens else None for n in range(rows)], self.count - self.first)

        def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
            self.cache[number, :, every, :, lengths] = torch.stack([key, value], 1)
            keys, values = self.cache[number, :, :rows, :, :longest].flatten(1, 2)  # of so few queries plain products are faster than a fused attention
            scores = torch.baddbmm(mask, query.reshape(rows * groups, self.share, -1), keys.transpose(1, 2), alpha=self.layers.width**-0.5)
            return torch.bmm(scores.softmax(-1), values).view(rows, -1)

        hidden, turned = self.embed[self._tensor([tokens.get(n, 0) for n in range(rows)])], self.layers.turned(lengths[None])
        for number in range(self.count):
            hidden = self.layers.layer(number, hidden, turned, deltas[number - self.first] if number >= self.first else NOTHING, attend)
        for n in tokens:
            self._held(n).length += 1
        return self._logprobs(hidden[self._tensor(list(tokens))])

    def _logprobs(self, hidden: Tensor) -> Tensor:
        return torch.log_softmax(self.vocabulary(self.norm(hidden)), -1)

    def _tensor(self, numbers: Sequence[int]) -> Tensor:
        return torch.tensor(numbers, device=self.device)

    def _held(self, slot: int) -> Slot:
        held = self.slots[slot]
        assert held is not None
        return held

    def _attend_alone(self, number: int, part: Sequence[Tensor], slot: int, start: int, mask: Tensor) -> Tensor:
        """One sequence's new tokens among its own; heads that share a key are queries one after the other."""
        query, key, value = part
        length, groups = len(query), self.layers.groups
        past = self.cache[number, :, slot, :, : start + length]
        past[0, :, start:], past[1, :, start:] = key.transpose(0, 1), value.transpose(0, 1)
        asked = query.reshape(length, groups, self.share, -1).permute(1, 2, 0, 3).reshape(groups, self.share * length, -1)
        mixed = functional.scaled_dot_product_attention(asked, past[0], past[1], attn_mask=mask)
        return mixed.view(groups, self.share, length, -1).permute(2, 0, 1, 3).reshape(length, -1)

    def _unseen(self, start: int, seen: Tensor) -> Tensor:
        """(share · length, start + length): which tokens each new one sees, all that were there before among them."""
        return functional.pad(seen, (start, 0), value=True).repeat(self.share, 1).to(self.device)

    def _of_runs(self, runs: Sequence[tuple[Adapter, int]], number: int) -> Sequence[Delta | None]:
        """The deltas of a layer where each adapter has a run of rows."""
        if number < self.first or not any(adapter.layers for adapter, _ in runs):
            return NOTHING
        mine = [(adapter.layers[number - self.first] if adapter.layers else NOTHING, rows) for adapter, rows in runs]
        return mine[0][0] if len(mine) == 1 else [Runs([(deltas[place], rows) for deltas, rows in mine]) for place in range(len(NOTHING))]


def _blank(shape: Sequence[int], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Zeros, since what is masked still counts where it is no number; on a processor memory is taken when it is written, which torch's own zeros do at once."""
    if device.type != "cpu":
        return torch.zeros(*shape, dtype=dtype, device=device)
    return torch.from_numpy(np.zeros(math.prod(shape) * dtype.itemsize, dtype=np.uint8)).view(dtype).view(*shape)
