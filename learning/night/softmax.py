"""A softmax over the tokens that matter in a training, with a few drawn ones that stand for all others."""

import math
import random
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

ROUND, COLUMNS = 32, 512  # of products: each size that was never seen costs oneDNN half a millisecond and half a megabyte, and more for wide ones
SPARE = 256  # tokens drawn beyond those wanted, in place of some that are targets
SMALL = 1e-6  # a probability below which differences are rounding
Targets = tuple[Tensor, Tensor]  # of an answer, both (tokens, choices): token ids, and how likely each should be


class SampledSoftmax:
    """Sampled softmax (Jean et al., 2015): the tokens of all lessons always take part, those of a replayed answer in its batch, `negatives` others as drawn."""

    def __init__(self, head: Tensor, studied: Tensor, negatives: int) -> None:
        """`head` is (vocabulary, width); `studied` are token ids, each once."""
        self.head, self.negatives = head, negatives
        others = torch.ones(len(head), dtype=torch.bool, device=head.device)
        others[studied] = False
        self.others, self.rows = others.nonzero()[:, 0], head[studied].contiguous()
        self.place = torch.zeros(len(head), dtype=torch.long, device=head.device)  # of a token among those of a step
        self.place[studied] = torch.arange(len(studied), device=head.device)

    def losses(self, hidden: Tensor, targets: Sequence[Targets], rng: random.Random) -> tuple[Tensor, Tensor]:
        """For `hidden` (tokens, width), the answers of `targets` one after the other: losses and the probability of the likeliest target, each (tokens,).

        A loss is the cross-entropy to a token's targets in nats; for replay that is, up to a constant, the KL divergence from the base. Probability that the
        targets leave open is one class of all other tokens together, so that nothing is sharpened that the base finds open."""
        wanted = torch.cat([ids.flatten() for ids, _ in targets]).unique()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        replayed = wanted[torch.isin(wanted, self.others)]  # the base's answers hold tokens that no lesson does
        drawn, known = torch.Generator().manual_seed(rng.getrandbits(32)), len(self.rows) + len(replayed)
        count = min(self.negatives + -(known + self.negatives) % COLUMNS, len(self.others))
        sampled = self.others[torch.randint(len(self.others), (count + SPARE if count else 0,), generator=drawn).to(self.others.device)]
        sampled = sampled[~torch.isin(sampled, replayed)][:count]
        self.place[replayed] = len(self.rows) + torch.arange(len(replayed), device=hidden.device)
        even = functional.pad(hidden, (0, 0, 0, -len(hidden) % ROUND))
        logits = functional.linear(even, torch.cat([self.rows, self.head.index_select(0, torch.cat([replayed, sampled]))]))[: len(hidden)].float()
        if len(sampled):  # a few stand for all
            correction = torch.zeros(logits.shape[1], device=logits.device)
            correction[-len(sampled) :] = math.log(max(1, len(self.others) - len(replayed)) / len(sampled))
            logits = logits + correction
        logprobs = functional.log_softmax(logits, -1)
        choices = max(ids.shape[1] for ids, _ in targets)
        ids = torch.cat([functional.pad(self.place[ids], (0, choices - ids.shape[1])) for ids, _ in targets])
        likely = torch.cat([functional.pad(shares, (0, choices - shares.shape[1])) for _, shares in targets])
        gathered = logprobs.gather(1, ids)
        left, kept = 1 - likely.sum(1), 1 - torch.where(likely > 0, gathered.exp(), 0.0).sum(1)
        losses = -(likely * gathered).sum(1) - left.clamp_min(0) * kept.clamp_min(SMALL).log()
        return losses, gathered[:, 0].detach().exp()
