"""What an engine is asked, and how far it is with the answer."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from learning.model.adapters import Adapter
from learning.model.drafting import Draft, proposal
from learning.model.openings import Openings

NO_ADAPTER = "__base__"  # a row without an adapter


@dataclass(frozen=True)
class Request:
    """A prompt to continue by up to `max_tokens`, and how many of the prompt's last tokens are themselves to be scored.

    `drafts` are answers that are likely, the likeliest first: they save passes, and but for rounding change nothing. The likeliest tokens are said; with a
    `temperature` they are drawn instead, without drafts, for one `seed` always the same. With an `opening`, of so many tokens, the answer opens as one of the
    drafts does, the one that is likeliest to open so.
    """

    prompt: Sequence[int]
    adapter: str = NO_ADAPTER
    max_tokens: int = 64
    scored: int = 0
    drafts: Sequence[Draft] = ()
    temperature: float = 0.0
    seed: int = 0
    opening: int = 0
    heard: Callable[[int, float], None] | None = None  # told of each token and its log-probability as soon as it is there, on the engine's thread
    result: "Future[Generated]" = field(default_factory=Future, compare=False)


@dataclass(frozen=True)
class Generated:
    """Token ids with their log-probabilities, in nats; the stop token is included when generation ended by itself."""

    tokens: list[int]
    logprobs: list[float]
    stopped: bool
    prompt_logprobs: list[float]  # of the prompt's last `scored` tokens


@dataclass
class Answering:
    """A request in a slot."""

    request: Request
    adapter: Adapter
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    prompt_logprobs: list[float] = field(default_factory=list)
    openings: Openings | None = None  # until it is certain which is said

    def begin(self) -> None:
        """A slot is free for it."""
        if self.request.opening and any(len(draft) > 1 for draft in self.request.drafts) and not self.request.temperature:
            self.openings = Openings(self.request.drafts, min(self.request.opening, self.request.max_tokens), self.request.max_tokens)

    @cached_property
    def _luck(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.request.seed)

    def chosen(self, logprobs: Tensor) -> Tensor:
        """The tokens to say, (tokens,): the likeliest, or drawn by the Gumbel-max trick (Gumbel, 1954). `logprobs` is (tokens, vocabulary)."""
        if self.request.temperature:
            noise = -torch.empty(logprobs.shape).exponential_(generator=self._luck).log()
            logprobs = logprobs / self.request.temperature + noise.to(logprobs.device)
        return logprobs.argmax(-1)

    def unread(self, held: int) -> list[int]:
        """Tokens of prompt and answer that a slot which holds so many has yet to read."""
        prompt = self.request.prompt
        return [*prompt[held:], *self.tokens[max(0, held - len(prompt)) :]]

    def proposal(self) -> Draft:
        """What may come next; one token less than may be said, since the model says one more than it reads."""
        if self.request.temperature or self.openings:
            return ()
        return proposal(self.request.drafts, self.tokens, self.request.max_tokens - len(self.tokens) - 1)
