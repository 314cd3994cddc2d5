"""The engine: one base, many adapters, continuous batching. A prompt that arrives is read into a free slot, and all slots go on together, token by token."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from itertools import chain, count, islice

import torch
from torch import Tensor

from learning.errors import NightschoolError
from learning.model.adapters import Adapter, AdapterRefused, Adapters
from learning.model.answering import NO_ADAPTER, Answering, Generated, Request
from learning.model.base_model import BaseModel
from learning.model.decoding import Decoder, Reading
from learning.model.drafting import Draft, agreed
from learning.model.loading import give_back
from learning.model.openings import FIRST, SKIMMED
from learning.model.rendering import renderer

MOST_ROWS = 12  # that are answered at once
MOST_WAITING = 256
LONGEST_OPENING = 64  # tokens
HOTTEST = 2.0


class Busy(NightschoolError):
    """Too many requests are waiting."""


class Engine:
    """Owns the model; everything that computes happens on one thread.

    That thread must also be the first to compute: OpenMP (libgomp) counts the pools of all threads, and where there are more than processors it lets them
    sleep between two products, which doubles the time of a token.
    """

    def __init__(self, base: BaseModel, threads: int = 2, dtype: torch.dtype = torch.float32) -> None:
        speaker = renderer(base.folder)
        self.base, self.stop_ids = base, speaker.stop_ids
        self.adapters = Adapters(base, dtype)
        self.beginning = speaker.beginning
        self._plain = Adapter(NO_ADAPTER, None)
        self._waiting: OrderedDict[str, deque[Answering]] = OrderedDict()  # channels take turns, and so do those that ask much at once
        self._together = count()
        self._news = threading.Condition()
        self._answering: dict[int, Answering] = {}
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._serve, args=(threads, dtype, ready), name="engine", daemon=True)
        self._thread.start()
        ready.result()

    @property
    def alive(self) -> bool:
        """Does it still compute?"""
        return self._thread.is_alive()

    @property
    def context(self) -> int:
        """Tokens of prompt and answer together, at most."""
        return self._decoder.context

    def submit(self, request: Request) -> "Future[Generated]":
        """Queue a request; cancelling its future frees its slot. Raises AdapterRefused (unknown adapter, impossible prompt) and Busy (too many wait)."""
        self._queue([request], request.adapter)
        return request.result

    def submit_all(self, requests: Sequence[Request]) -> "list[Future[Generated]]":
        """Queue requests that share passes in the same way each time, while nobody else asks: then they are rounded, and so answered, the same each time."""
        self._queue(requests, f"together {next(self._together)}")
        return [request.result for request in requests]

    def _queue(self, requests: Sequence[Request], turn: str) -> None:
        answering = [Answering(request, self._adapter(request)) for request in requests]
        with self._news:
            if sum(not waiting.request.result.cancelled() for queue in self._waiting.values() for waiting in queue) >= MOST_WAITING:
                raise Busy("the engine is busy: too many questions are waiting")
            self._waiting.setdefault(turn, deque()).extend(answering)
            self._news.notify()

    def _adapter(self, request: Request) -> Adapter:
        """The adapter that is to answer, unless the request is refused."""
        if not request.prompt:
            raise AdapterRefused("the prompt is empty", 400)
        if request.max_tokens < 1 or not 0 <= request.scored < len(request.prompt):
            raise AdapterRefused("at least one token must be asked for, and only tokens after the first can be scored", 400)
        if not (0 <= request.temperature <= HOTTEST and 0 <= request.seed < 2**63):
            raise AdapterRefused(f"a temperature lies between 0 and {HOTTEST:g}, a seed between 0 and 2^63", 400)
        if not 0 <= request.opening <= LONGEST_OPENING:
            raise AdapterRefused(f"an answer's opening has at most {LONGEST_OPENING} tokens", 400)
        if len(request.prompt) + request.max_tokens + (FIRST * SKIMMED if request.opening else 0) > self.context:
            raise AdapterRefused(f"the prompt has {len(request.prompt)} tokens; with the answer it exceeds the context of {self.context}", 400)
        if not all(type(token) is int and 0 <= token < len(self._decoder.embed) for token in chain(request.prompt, *request.drafts)):
            raise AdapterRefused("the prompt, or a draft, holds a token that this base model does not have", 400)
        return self._plain if request.adapter == NO_ADAPTER else self.adapters.use(request.adapter)

    def _serve(self, threads: int, dtype: torch.dtype, ready: "Future[None]") -> None:
        torch.set_num_threads(threads)  # holds for the thread that says it
        try:
            self._decoder = Decoder(self.base, MOST_ROWS, dtype)
            if self.beginning:
                self._decoder.expect(self.beginning)
            give_back()
        except Exception as error:  # whoever builds the engine must hear of it, not wait for ever
            ready.set_exception(error)
            return
        ready.set_result(None)
        while True:
            self._admit(self._next(MOST_ROWS - len(self._answering)))
            self._guarded(range(MOST_ROWS), self._go_on)

    def _next(self, most: int) -> list[Answering]:
        """Those that have waited longest, one of each channel in turn; sleeps while there is nothing to do."""
        with self._news:
            if not self._waiting and not self._answering:
                self._decoder.rest()
            while not self._waiting and not self._answering:
                self._news.wait()
            chosen: list[Answering] = []
            while self._waiting and len(chosen) < most:
                name, queue = self._waiting.popitem(last=False)
                answering = queue.popleft()
                if not answering.request.result.cancelled():
                    chosen.append(answering)
                if queue:
                    self._waiting[name] = queue
            return chosen

    def _admit(self, new: list[Answering]) -> None:
        """Read the prompts of new requests into free slots."""
        free = [slot for slot, held in enumerate(self._decoder.slots) if held is None]
        for slot, answering in zip(free, new, strict=False):
            self._answering[slot] = answering
        slots = free[: len(new)]
        self._guarded(slots, lambda: self._read(slots))

    def _read(self, slots: Sequence[int]) -> None:
        """All but what prompts usually begin with."""
        readings, drafts = [], {}
        for slot in slots:
            answering = self._answering[slot]
            request = answering.request
            usual = list(request.prompt[: len(self.beginning)]) == self.beginning and request.scored < len(request.prompt) - len(self.beginning)
            known = self._decoder.begin(slot, answering.adapter, usual)
            answering.begin()
            drafts[slot] = answering.proposal()
            readings.append(_ahead(slot, request.prompt[known:], request.scored + 1, answering, drafts[slot]))
        read = self._decoder.read(readings) if readings else {}
        for slot, logprobs in read.items():
            answering = self._answering[slot]
            if scored := answering.request.scored:
                said = torch.tensor(answering.request.prompt[-scored:], device=logprobs.device)
                answering.prompt_logprobs = logprobs[:scored].gather(1, said[:, None])[:, 0].tolist()
                read[slot] = logprobs[scored:]
        self._take(read, drafts)

    def _go_on(self) -> None:
        """One more token for every slot, or as many as a draft foresees, or what it takes to tell which draft it is."""
        for slot in [slot for slot, answering in self._answering.items() if answering.request.result.cancelled()]:
            self._free(slot)
        drafts = {slot: answering.proposal() for slot, answering in self._answering.items()}
        unread = {slot: answering.unread(self._decoder.length(slot)) for slot, answering in self._answering.items()}
        alone = {slot: tokens[0] for slot, tokens in unread.items() if len(tokens) == 1 and not drafts[slot]}
        ahead = [_ahead(slot, tokens, min(1, len(tokens)), self._answering[slot], drafts[slot]) for slot, tokens in unread.items() if slot not in alone]
        if ahead:
            self._take(self._decoder.read(ahead), drafts)
        if alone:
            self._take(dict(zip(alone, torch.split(self._decoder.step(alone), 1), strict=True)), {})

    def _take(self, read: Mapping[int, Tensor], drafts: Mapping[int, Draft]) -> None:
        """What the model would say after each token that it read: of each slot, log-probabilities (1 + drafted tokens, vocabulary).

        What is chosen joins the answer, as far as the draft had the same; a finished answer leaves its slot.
        """
        read, drafts = dict(read), dict(drafts)
        for slot in [slot for slot in read if self._answering[slot].openings]:
            if following := self._open(slot, read.pop(slot)):
                read[slot], drafts[slot] = following
        if not read:
            return
        chosen = torch.cat([self._answering[slot].chosen(logprobs) for slot, logprobs in read.items()])
        likely = torch.cat(list(read.values())).gather(1, chosen[:, None])[:, 0]
        said = iter(zip(chosen.tolist(), likely.tolist(), strict=True))
        for slot, logprobs in read.items():
            draft = drafts.get(slot, ())
            rows = list(islice(said, len(logprobs)))
            right = agreed(draft, [token for token, _ in rows])
            if not any(self._say(slot, token, logprob) for token, logprob in rows[: right + 1]) and right < len(draft):
                self._decoder.take_back(slot, len(draft) - right)

    def _open(self, slot: int, logprobs: Tensor) -> "tuple[Tensor, Draft] | None":
        """What follows each token that was read to tell how the answer opens; once that is certain, the opening is said.

        Returns, where the draft that was read whole opens so, what follows there, as for any draft, and the rest of it.
        """
        answering = self._answering[slot]
        assert answering.openings
        tree = answering.openings.tree
        likeliest = answering.openings.told(logprobs)
        agrees = likeliest is not None and tuple(tree.draft[: len(likeliest)]) == likeliest
        straight = len(tree.draft) - 1 if agrees else 0
        self._decoder.take_back(slot, len(tree.tokens) - straight)
        if likeliest is None:
            return None
        each, answering.openings = answering.openings.each(likeliest), None
        ended = any(self._say(slot, token, logprob) for token, logprob in zip(likeliest, each, strict=True))
        if ended or not agrees:
            return None
        last = len(logprobs) - len(tree.tokens) + len(likeliest) - 1  # the row of what follows the opening
        return logprobs[last : last + 1 + straight - len(likeliest)], tree.draft[len(likeliest) : -1]

    def _say(self, slot: int, token: int, logprob: float) -> bool:
        """One token joins a slot's answer; was it the last?"""
        answering = self._answering[slot]
        answering.tokens.append(token)
        answering.logprobs.append(logprob)
        if answering.request.heard:
            answering.request.heard(token, logprob)
        stopped = token in self.stop_ids
        ended = stopped or len(answering.tokens) >= answering.request.max_tokens
        if ended:
            self._free(slot)
            with suppress(InvalidStateError):  # cancelled in this very moment
                answering.request.result.set_result(Generated(answering.tokens, answering.logprobs, stopped, answering.prompt_logprobs))
        return ended

    def _free(self, slot: int) -> None:
        self._decoder.end(slot)
        del self._answering[slot]

    def _guarded(self, slots: Sequence[int], work: Callable[[], None]) -> None:
        """A failing pass must not end the engine; those whose slots it was about are told."""
        try:
            work()
        except Exception as error:  # whatever torch raises
            for slot in set(slots) & set(self._answering):
                result = self._answering[slot].request.result
                self._free(slot)
                with suppress(InvalidStateError):
                    result.set_exception(error)


def _ahead(slot: int, tokens: Sequence[int], scored: int, answering: Answering, draft: Draft) -> Reading:
    """What a slot is to read, and what may come after it: the rest of a draft, or a tree of openings."""
    if answering.openings is None:
        return Reading(slot, [*tokens, *draft], scored + len(draft))
    tree = answering.openings.tree
    return Reading(slot, [*tokens, *tree.tokens], scored + len(tree.tokens), tree.after)
