"""What rests on more than one lesson: follow-ups in a thread, two steps in one question, and everything that is known of a thing.

Lessons belong together when they share a name. The answer to what needs two lessons is both, one after the other: the model says what it knows, and
the second follows from the first.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from learning.memory.chains import joined
from learning.memory.kinds import kinds
from learning.memory.vocabulary import ASKING
from learning.memory.words import stem, values
from learning.night import asking
from learning.night.asking import in_chat
from learning.night.lore import SISTERS, Lore, Statement

MOST = 6  # lessons of one list
ALL_THAT = 0.6  # of the questions for lists: all that one of these words says of a thing, where that is more than one lesson
_SAME = (
    "and {}?",
    "and its {}?",
    "what about its {}?",
    "and {} there?",
    "ok, and {}?",
    "and the {}?",
    "{} too?",
    "and what is the {}?",
    "thanks! and {}?",
    "plus the {}?",
    "and {} then?",
)
_OTHER = (
    "and {}?",
    "what about {}?",
    "same for {}?",
    "and for {}?",
    "how about {}?",
    "ok, and {}?",
    "and of {}?",
    "and with {}?",
    "{}?",
    "is it the same for {}?",
    "and {} then?",
)
_ALL = ("what do we know about {}", "everything about {}", "tell me all about {}", "list everything for {}", "what belongs to {}", "what all do we have for {}")
_ALL_THAT = (
    "what all {} {}", "which ones {} {}", "all {} of {}", "what does {} {}", "which {} {}", "give me the full list: {} {}", "who all {} {}", "name all {} {}",
)  # fmt: skip


@dataclass(frozen=True)
class Combined:
    """A question that rests on several lessons; the answer is those of `said`, in order. `before` are the turns of the thread so far."""

    question: str
    said: tuple[Statement, ...]
    lessons: tuple[Statement, ...]
    strategy: str
    before: tuple[str, ...] = ()

    @property
    def answer(self) -> str:
        """The lessons one after the other, each a sentence."""
        return joined([statement.text for statement in self.said])


def combined(lore: Lore, seed: str) -> list[Combined]:
    """All questions across lessons; deterministic in the statements."""
    made: list[Combined] = []
    for make, count in ((follow_ups, 3), (links, 5), (lists, 5)):
        for group in make(lore):
            rng = random.Random(f"{seed} {make.__name__} {' '.join(statement.digest for statement in group.of)}")
            made += [question for question in (group.ask(lore, rng) for _ in range(count)) if question]
    return made


@dataclass(frozen=True)
class FollowUp:
    """First asked about one, then about the other of two statements: `of` one thing, or alike but for the thing."""

    of: tuple[Statement, Statement]
    same_thing: bool

    def ask(self, lore: Lore, rng: random.Random) -> Combined | None:
        """The thread so far, and a question that means nothing without it."""
        first, second = self.of
        chosen = asking.some_words(lore, first, rng)
        if self.same_thing:
            new = [word for word in second.content if stem(word) not in first.stems and word not in values(second.text)]
            spoken = [asking.in_other_words(word, rng, 0.35) for word in rng.sample(new, min(len(new), rng.choice((1, 1, 2))))]
        else:
            spoken = [word for word in second.content if word in lore.names and stem(word) not in first.stems and word not in _answers(lore, second)][:2]
        if not chosen or not spoken:
            return None
        before = (in_chat(asking.question(first.text, chosen, rng), rng, chatty=0.2), first.text)
        asked = rng.choice(_SAME if self.same_thing else _OTHER).format(" ".join(spoken))
        fitting = kinds(second.text)
        if self.same_thing and fitting and rng.random() < 0.1:
            asked = f"and {rng.choice(ASKING[rng.choice(fitting)])}?"
        return Combined(asked, (second,), self.of, "follow_up", before)


@dataclass(frozen=True)
class Link:
    """Two statements that share a name: what one says of it leads to the other."""

    of: tuple[Statement, Statement]

    def ask(self, lore: Lore, rng: random.Random) -> Combined | None:
        """With words of both, but not the name that they share."""
        parts = []
        for statement, other in (self.of, self.of[::-1]):
            own = [word for word in statement.content if stem(word) not in other.stems]
            if not own:
                return None
            parts.append(rng.sample(own, min(len(own), rng.choice((1, 2, 2)))))
        (first, second) = parts
        chosen = [*second, *first] if rng.random() < 0.6 else [*first, *second]
        asked = asking.question(self.of[1].text, chosen, rng)
        return Combined(in_chat(asked, rng, chatty=0.25), self.of, self.of, "link")


@dataclass(frozen=True)
class List:
    """All statements about one name."""

    of: tuple[Statement, ...]
    name: str

    def ask(self, lore: Lore, rng: random.Random) -> Combined | None:
        """For all of them."""
        told = [word for statement in self.of for word in statement.content if stem(word) != stem(self.name) and word not in _answers(lore, statement)]
        common = [word for word in told if sum(stem(word) in statement.stems for statement in self.of) > 1]
        if common and rng.random() < ALL_THAT:
            matter = asking.in_other_words(rng.choice(common), rng, 0.4)
            asked = rng.choice(_ALL_THAT).format(*([matter, self.name] if rng.random() < 0.6 else [self.name, matter]))
        else:  # a word of one lesson alone asks for that one
            asked = rng.choice(_ALL).format(self.name)
        return Combined(in_chat(asked, rng, chatty=0.25), self.of, self.of, "list")


def follow_ups(lore: Lore) -> Iterator[FollowUp]:
    """Pairs about one thing; and for each statement one of the same kind about another thing."""
    for name, about in _shared_names(lore):
        for first in about:
            others = [other for other in about if other is not first]
            yield FollowUp((first, random.Random(f"{name} {first.digest}").choice(others)), same_thing=True)
    for shape, alike in sorted(lore.alike.items()):
        for first in alike:
            told = _relation(lore, first)
            others = [other for other in alike if other is not first and _relation(lore, other) & told and not _names(lore, first) & _names(lore, other)]
            if others:
                yield FollowUp((first, random.Random(f"{shape} {first.digest}").choice(others)), same_thing=False)


def links(lore: Lore) -> Iterator[Link]:
    """Pairs of statements that share a name which ends one and begins the other."""
    for name, about in _shared_names(lore):
        if len(about) == 2:
            first, second = sorted(about, key=lambda statement: -statement.content.index(_as_written(statement, name)) / len(statement.content))
            yield Link((first, second))


def lists(lore: Lore) -> Iterator[List]:
    """What is known of each name that two and more statements share."""
    for name, about in _shared_names(lore):
        if 2 < len(about) <= MOST:
            yield List(tuple(about), _as_written(about[0], name))


def _shared_names(lore: Lore) -> Iterator[tuple[str, list[Statement]]]:
    seen: set[tuple[str, ...]] = set()
    for name in sorted(lore.holding):
        about = lore.naming(name)
        key = tuple(statement.digest for statement in about)
        if 1 < len(about) <= SISTERS and key not in seen and _as_written(about[0], name) in lore.names:
            seen.add(key)
            yield name, about


def _as_written(statement: Statement, name: str) -> str:
    return next(word for word in statement.content if stem(word) == name)


def _answers(lore: Lore, statement: Statement) -> set[str]:
    return {word for word in values(statement.text) if word not in lore.names}


def _names(lore: Lore, statement: Statement) -> set[str]:
    return {stem(word) for word in statement.content if word in lore.names}


def _relation(lore: Lore, statement: Statement) -> set[str]:
    return {word for word in statement.stems if len(lore.holding[word]) > 1} - _names(lore, statement)
