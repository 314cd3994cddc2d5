"""What never changes in a training, computed once: what the lower layers make of all examples, and which tokens each answer is to have.

With LoRA on the upper layers only, the layers below them see the same in every epoch, and back-propagation ends above them.
"""

import itertools
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from learning.model.base_model import BaseModel
from learning.model.layers import Layers, Pack
from learning.model.loading import give_back
from learning.night.examples import Cache, Example, shared_beginning
from learning.night.softmax import ROUND, Targets

TEACHER = 20  # of the base's likeliest tokens, kept for each token of an answer that it gave itself
CHUNK = 32  # examples at once
WIDE = 4 * ROUND  # rows of a product with the whole vocabulary
TIDIED = 8  # after so many chunks or steps: else what was freed between what is kept adds up to a gigabyte with a hundred lessons


class Groundwork:
    """The examples of a training as hidden states below the adapted layers. Raises OSError."""

    @torch.no_grad()
    def __init__(self, base: BaseModel, model: PreTrainedModel, examples: Sequence[Example], folder: Path, pool: Executor) -> None:
        self.layers, self.examples = Layers(model, base.name), examples
        self.first, self.last = base.shape.first_layer, base.shape.layers
        self.embed, self.norm, self.head = model.model.embed_tokens, model.model.norm, model.lm_head.weight.detach()
        self.shared = shared_beginning(examples)
        self.prompt = next(example.tokens for example in examples if not example.raw)[: self.shared]
        self.cache = Cache(folder, list(map(self.own, examples)), self.head.shape[1], self.layers.dtype)
        self.beginning = self._below([((*self.prompt, 0), False)])[0][: self.shared].clone()
        self.targets: list[Targets] = []  # of each example
        for chunk, targets in enumerate(pool.map(self._prepared, range(0, len(examples), CHUNK))):
            self.targets += targets
            if chunk % TIDIED == 0:
                give_back()

    def own(self, example: Example) -> int:
        """Tokens of an example that are input, and not of the beginning that it shares."""
        return example.length - (0 if example.raw else self.shared)

    def packed(self, numbers: Sequence[int], lengths: Sequence[int]) -> tuple[Tensor, Pack]:
        """Hidden states (tokens, width) of some examples, of each so many tokens, behind the beginning that they share; filled up to an even number."""
        pack = self._pack(lengths, [self.examples[number].raw for number in numbers])
        own = torch.cat([self.cache.rows(number)[:length] for number, length in zip(numbers, lengths, strict=True)])
        return functional.pad(torch.cat([self.beginning, own.to(self.layers.device)]), (0, 0, 0, pack.spare)), pack

    def ends(self, pack: Pack, answers: Sequence[int]) -> Tensor:
        """The rows of a pack where its sequences' answers, of so many tokens, are to be told; and some more to an even number."""
        ends = itertools.islice(itertools.accumulate(pack.lengths, initial=self.shared), 1, None)
        rows = torch.cat([torch.arange(end - answer, end) for end, answer in zip(ends, answers, strict=True)])
        return functional.pad(rows, (0, -len(rows) % ROUND)).to(self.layers.device)

    def _pack(self, lengths: Sequence[int], raw: Sequence[bool]) -> Pack:
        return self.layers.pack(self.shared, lengths, raw, -(self.shared + sum(lengths)) % ROUND)

    @torch.no_grad()
    def _prepared(self, start: int) -> list[Targets]:
        """Fill the cache with a chunk's states; its targets."""
        chunk = self.examples[start : start + CHUNK]
        hidden, pack = self._below([(example.tokens[: example.length], example.raw) for example in chunk])
        self.cache.fill(start, hidden[self.shared : len(hidden) - pack.spare])
        taught = [start + place for place, example in enumerate(chunk) if example.of_base]
        likely = iter(self._taught(taught) if taught else ())
        device = self.layers.device
        own = [(torch.tensor(example.answer, device=device)[:, None], torch.ones(len(example.answer), 1, device=device)) for example in chunk]
        return [next(likely) if example.of_base else target for example, target in zip(chunk, own, strict=True)]

    def _below(self, rows: Sequence[tuple[Sequence[int], bool]]) -> tuple[Tensor, Pack]:
        """What the lower layers make of some rows of token ids, raw or with the beginning that all prompts share."""
        own = [ids[0 if raw else self.shared :] for ids, raw in rows]
        pack = self._pack(list(map(len, own)), [raw for _, raw in rows])
        ids = [*self.prompt, *(token for row in own for token in row), *self.prompt[:1] * pack.spare]
        return self.layers.run(self.embed(torch.tensor(ids, device=self.layers.device)), pack, 0, self.first), pack

    def _taught(self, numbers: Sequence[int]) -> list[Targets]:
        """For each token of each answer the base's likeliest tokens, with its notes in sight where it had some, and how likely they are."""
        examples = [self.examples[number] for number in numbers]
        if any(example.source for example in examples):
            hidden, pack = self._below([((example.source or example.tokens)[:-1], example.raw) for example in examples])
        else:
            hidden, pack = self.packed(numbers, list(map(self.own, examples)))
        answers = [len(example.answer) for example in examples]
        hidden = self.norm(self.layers.run(hidden, pack, self.first, self.last, wanted=self.ends(pack, answers)))
        likely = [functional.softmax(functional.linear(rows, self.head).float(), -1).topk(TEACHER) for rows in torch.split(hidden, WIDE)]
        shares, tokens = (torch.split(torch.cat(parts)[: sum(answers)], answers) for parts in zip(*likely, strict=True))
        return list(zip(tokens, shares, strict=True))
