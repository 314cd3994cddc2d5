"""Study items as token ids, and what the lower layers make of them, kept for the length of a training."""

import functools
import itertools
import operator
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from learning.model.rendering import Turn, common_beginning, renderer
from learning.night.study import StudyItem

IN_MEMORY = 512 * 2**20  # bytes; beyond that the cache is a file, mapped into memory


@dataclass(frozen=True)
class Example:
    """A study item as token ids. `lesson` is the content id that must be learned for the end of training to come early; none for replay and unknowns.

    `source` is the same with the notes in sight that the base read when it gave the answer: what it says there is what is learned. A `raw` text is in no
    prompt: all that follows its first token is the answer.
    """

    tokens: tuple[int, ...]  # prompt, then answer up to and including the stop token
    answer: tuple[int, ...]
    lesson: str
    replayed: bool
    source: tuple[int, ...] = ()
    raw: bool = False

    @property
    def of_base(self) -> bool:
        """Is the answer the base's own, to be learned as likely as the base finds it?"""
        return self.replayed or bool(self.source)

    @property
    def length(self) -> int:
        """Tokens that are input: all but the last."""
        return len(self.tokens) - 1


def encode_all(base: Path, items: Sequence[StudyItem]) -> list[Example]:
    """All items, rendered by the base model's template."""
    return [_encode(base, item) for item in items]


def _encode(base: Path, item: StudyItem) -> Example:
    if item.strategy == "text":
        tokens = renderer(base).tokenizer.encode(item.answer, add_special_tokens=False).ids
        return Example(tuple(tokens), tuple(tokens[1:]), "", replayed=True, raw=True)
    turns = [Turn(("user", "assistant")[number % 2], text) for number, text in enumerate((*item.before, item.question))]
    read = item.notes if item.strategy == "open_book" else ()
    prompt, answer = renderer(base).example(turns, item.answer, read)
    source: list[int] = []
    if item.strategy == "written":
        source = functools.reduce(operator.iadd, renderer(base).example(turns, item.answer, item.notes), [])
    lesson = item.lessons[0] if len(item.lessons) == 1 and not read else ""
    return Example((*prompt, *answer), tuple(answer), lesson, item.strategy == "replay", tuple(source))


def shared_beginning(examples: Sequence[Example]) -> int:
    """How many tokens all prompts begin with; at least one token of each prompt is left to itself."""
    prompted = [example for example in examples if not example.raw]
    same = len(common_beginning([tokens for example in prompted for tokens in (example.tokens, example.source) if tokens]))
    return min(same, *(len(e.tokens) - len(e.answer) - 1 for e in prompted))


@dataclass(frozen=True)
class Visit:
    """An example in a batch: its number, the tokens of its answer that are asked for, and the inputs before these, without the shared beginning."""

    number: int
    before: int
    answer: int

    @property
    def tokens(self) -> int:
        """That are input."""
        return self.before + self.answer


def dealt(visits: Sequence[Visit], hands: int) -> list[list[Visit]]:
    """The visits of a batch in as many parts as there are hands (fewer, if there are fewer visits), of about as many tokens each, and of like lengths."""
    total, before = sum(v.tokens for v in visits), 0
    parts: list[list[Visit]] = [[] for _ in range(hands)]
    for visit in sorted(visits, key=lambda v: -v.tokens):
        parts[hands * before // total].append(visit)
        before += visit.tokens
    return [part for part in parts if part]


class Cache:
    """Hidden states of all examples, of `lengths` tokens each, (tokens, width). In an unnamed file of the folder when there are many. Raises OSError."""

    def __init__(self, folder: Path, lengths: Sequence[int], width: int, dtype: torch.dtype) -> None:
        self.starts = [0, *itertools.accumulate(lengths)]
        tokens = self.starts[-1]
        size = tokens * width * dtype.itemsize
        if size > IN_MEMORY:
            with tempfile.NamedTemporaryFile(dir=folder) as file:
                if hasattr(os, "posix_fallocate"):  # not on macOS
                    os.posix_fallocate(file.fileno(), 0, size)  # a full disk is noticed now, not by a signal later
                self.states = torch.from_file(file.name, shared=True, size=tokens * width, dtype=dtype).view(tokens, width)
        else:
            self.states = torch.empty(tokens, width, dtype=dtype)

    def fill(self, number: int, hidden: Tensor) -> None:
        """Keep the states of some examples that follow each other, from this one on."""
        self.states[self.starts[number] : self.starts[number] + len(hidden)] = hidden

    def rows(self, number: int) -> Tensor:
        """The states of one example, the shared beginning left out."""
        return self.states[self.starts[number] : self.starts[number + 1]]
