"""Which of several drafts an answer opens as: the one whose first tokens are likeliest together.

Token by token, all lessons that begin alike are one, and where the model is unsure an everyday beginning wins. Here whole openings compete, as the titles of
documents do in generative retrieval (GENRE: De Cao et al., 2021). No beam is needed: with each further token an opening only becomes less likely, so what is
less likely already than a whole one need not be read to its end (branch and bound), and mostly one pass decides.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from torch import Tensor

from learning.model.drafting import Draft

FIRST, THEN = 3, 2  # openings that one pass reads: the likeliest by whoever asks, then the likeliest by the model
SKIMMED = 8  # tokens of all but the first of them: a rival has mostly lost by then
PASSES = 12  # of one search, at most

Opening = tuple[int, ...]


@dataclass(frozen=True)
class Tree:
    """What to read in one pass: tokens, and after which of them each comes, by number; -1: after what is read already.

    The first of them are a whole `draft`, but for its last token, which nothing need follow.
    """

    tokens: Sequence[int]
    after: Sequence[int]
    draft: Draft


class Openings:
    """The openings of some drafts, and how likely the model finds them so far.

    That a short draft ends there counts, too: else it would be as likely as all that begins with it. Whether the answer does is left to the model.
    """

    def __init__(self, drafts: Sequence[Draft], length: int, longest: int) -> None:
        """Openings of so many tokens; of a draft no more is read than the `longest` answer."""
        self._drafts: dict[Opening, Draft] = {}
        for draft in drafts:
            if len(draft) > 1:
                self._drafts.setdefault(tuple(draft[:length]), draft)
        self.all = tuple(self._drafts)
        self.longest, self.passes = longest, 0
        self.logprobs: dict[Opening, float] = {(): 0.0}  # of what openings begin with, in nats
        self._sorted = sorted(self.all)
        self._reading: list[Opening] = [()]
        self._plan(self.all[:FIRST])

    @property
    def tree(self) -> Tree:
        """What to read next."""
        numbers = {begun: number for number, begun in enumerate(begun for begun in self._reading if begun)}
        return Tree([begun[-1] for begun in numbers], [numbers.get(begun[:-1], -1) for begun in numbers], self._whole)

    def told(self, logprobs: Tensor) -> Opening | None:
        """What follows the prompt, the first time, and each token of the tree: log-probabilities (rows, vocabulary). What is said, once it is certain.

        After `PASSES` it is the best so far: a model that finds everything as likely knows nothing.
        """
        rows = [(row, begun, token) for row, begun in enumerate(self._reading) for token in self._following(begun)]
        values = logprobs[[row for row, *_ in rows], [token for *_, token in rows]].tolist()
        for (_, begun, token), value in zip(rows, values, strict=True):
            self.logprobs[*begun, token] = self.logprobs[begun] + value
        best = max((opening for opening in self.all if opening in self.logprobs), key=lambda opening: self.logprobs[opening])
        hopeful = [(self._most(opening), opening) for opening in self.all if opening not in self.logprobs]
        hopeful = sorted((pair for pair in hopeful if pair[0] > self.logprobs[best]), key=lambda pair: -pair[0])
        self.passes += 1
        self._reading = []
        self._plan([opening for _, opening in hopeful[:THEN]])
        return None if hopeful and self.passes < PASSES else best[: len(self._drafts[best]) - 1]

    def each(self, opening: Opening) -> list[float]:
        """The log-probability of each token of an opening that was read."""
        return [self.logprobs[opening[: n + 1]] - self.logprobs[opening[:n]] for n in range(len(opening))]

    def _plan(self, openings: Sequence[Opening]) -> None:
        """Read the draft of the first of these, and less of the others."""
        self._whole = tuple(self._drafts[openings[0]][: self.longest]) if openings else ()
        straight = [self._whole[:n] for n in range(1, len(self._whole))]
        aside = {opening[:n] for opening in openings[1:] for n in range(1, min(len(opening), SKIMMED))}
        self._reading += [*straight, *sorted(aside.difference(straight), key=len)]

    def _following(self, begun: Opening) -> set[int]:
        """The tokens that follow in some opening."""
        after = (*begun[:-1], begun[-1] + 1) if begun else ()
        alike = self._sorted[bisect_left(self._sorted, begun) : bisect_left(self._sorted, after) if begun else None]
        return {opening[len(begun)] for opening in alike if len(opening) > len(begun)}

    def _most(self, opening: Opening) -> float:
        """An upper bound: how likely it is as far as it was read."""
        read = takewhile(lambda n: opening[:n] in self.logprobs, range(len(opening)))
        return self.logprobs[opening[: max(read)]]
