"""A channel's statements among one another: which words are rare, what each is about, and which tell the same of different things."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from learning.memory import words
from learning.memory.kinds import kinds
from learning.memory.names import Names, of_one_name
from learning.memory.vocabulary import SYNONYMS
from learning.memory.words import STOPWORDS, content_words, stem, values
from learning.records import Lesson

SISTERS = 12  # statements about one thing, at most: what more of them hold is no name
ALIKE = 0.4  # how much two statements must have in common to tell the same of two things
SURELY = 2.0  # what counts as all in common
RARE = 4.0  # nats of rarity beyond which a word tells no more
_NUMBERED = re.compile(r"\d+[a-z]$", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """A lesson as study sees it: its content id and its text. Nothing that differs between two histories."""

    digest: str
    text: str
    question: str | None = None
    asked: tuple[str, ...] = ()  # by people, who agreed with the answer

    @classmethod
    def of(cls, lesson: Lesson, asked: tuple[str, ...] = ()) -> "Statement":
        """A lesson as study sees it."""
        return cls(lesson.digest, lesson.text, lesson.question, asked)

    @property
    def said(self) -> str:
        """All that it says, the question that came with it included."""
        return f"{self.question or ''} {self.text}".strip()

    @cached_property
    def content(self) -> list[str]:
        """Words that carry meaning, in order, each once; those of the question that came with it first."""
        return list(dict.fromkeys(content_words(self.said)))

    @cached_property
    def stems(self) -> frozenset[str]:
        """Stems of the content words."""
        return frozenset(map(stem, self.content))


class Lore:
    """All statements of a channel. By stem, `holding`: the numbers of the statements that hold it; `naming`: those that name one thing by it."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.statements = statements
        self.names = Names([statement.said for statement in statements])
        self.holding: dict[str, set[int]] = {}
        for number, statement in enumerate(statements):
            for word in statement.stems:
                self.holding.setdefault(word, set()).add(number)
        self.naming, self._siblings, self._telling = cache(self._of_one_thing), cache(self._paired), cache(self._told_of)

    def entities(self, statement: Statement) -> list[str]:
        """What a statement is about, where a few others are about it, too: names, as written, and the 6B of a ward 6B."""
        return [
            word
            for word, about in ((word, self.naming(stem(word))) for word in statement.content if word in self.names or _NUMBERED.match(word))
            if 1 < len(about) <= SISTERS and statement in about
        ]

    def subject(self, statement: Statement) -> str | None:
        """Of these, the one that the fewest others are about."""
        return min(self.entities(statement), key=lambda word: len(self.naming(stem(word))), default=None)

    def about(self, entity: str) -> list[Statement]:
        """The statements that hold a word."""
        return [self.statements[number] for number in sorted(self.holding.get(stem(entity), ()))]

    def _of_one_thing(self, name: str) -> list[Statement]:
        holders = [self.statements[number] for number in sorted(self.holding.get(name, ()))]
        same = of_one_name(name, [statement.said for statement in holders]) if len(holders) > 1 else [True] * len(holders)
        return [statement for statement, one in zip(holders, same, strict=True) if one]

    @cached_property
    def alike(self) -> dict[str, list[Statement]]:
        """Statements by the shape of their values: of one kind, though perhaps in quite different words."""
        found: dict[str, list[Statement]] = {}
        for statement in self.statements:
            for shape in shapes(statement.text):
                found.setdefault(shape, []).append(statement)
        return found

    def siblings(self, statement: Statement) -> list[tuple[Statement, float]]:
        """Statements that tell of something else what this one tells of its subject, each with a weight: how much alike is told of both things, in all."""
        subject = self.subject(statement)
        return self._siblings(stem(subject)).get(statement.digest, []) if subject else []

    def rarity(self, word: str) -> float:
        """Inverse document frequency of a word's stem, in nats."""
        return math.log(1 + len(self.statements) / max(1, len(self.holding.get(stem(word), ()))))

    def points_at_one(self, chosen: Sequence[str]) -> bool:
        """Is there only one statement that holds all these words?"""
        holders = [self.holding.get(stem(word), set()) for word in chosen]
        return bool(holders) and len(set.intersection(*holders)) == 1

    def _paired(self, name: str) -> dict[str, list[tuple[Statement, float]]]:
        """By digest, what `siblings` says of each statement about a name."""
        mine, paired = self.naming(name), dict[str, list[tuple[Statement, float]]]()
        for other in self._subjects:
            theirs = self.naming(other)
            if 1 < len(theirs) <= 2 * len(mine) and self.holding[name].isdisjoint(self.holding[other]):
                pairs = list(self._counterparts(mine, theirs))
                akin = sum(common for *_, common in pairs) / (len(mine) + len(theirs) - len(pairs))
                for one, two, _ in pairs:
                    paired.setdefault(one.digest, []).append((two, akin**4))
        return paired

    @cached_property
    def _subjects(self) -> list[str]:
        return sorted({stem(subject) for statement in self.statements if (subject := self.subject(statement))})

    def _counterparts(self, mine: Sequence[Statement], theirs: Sequence[Statement]) -> Iterator[tuple[Statement, Statement, float]]:
        """Which statements about two things tell the same of them, and how much they have in common; the last two left over go together, too."""
        left, right, found = list(mine), list(theirs), 0
        for common, one, two in sorted(((self._common(one, two), one, two) for one in mine for two in theirs), key=lambda c: (-c[0], c[1].digest, c[2].digest)):
            if common > ALIKE and one in left and two in right:
                yield one, two, min(common, SURELY)
                left.remove(one)
                right.remove(two)
                found += 1
        if len(left) == len(right) == 1 and found > 1:
            yield left[0], right[0], 0.0

    def _common(self, one: Statement, other: Statement) -> float:
        """What two statements have in common: `SURELY` for values of the same shapes, and something for each word."""
        (mine, said), (theirs, told) = self._telling(one), self._telling(other)
        same = len(mine & theirs) / max(1, len(mine | theirs))
        return SURELY * same + math.fsum(min(self.rarity(word), RARE) / RARE for word in said & told)  # exact, whatever the order of a set

    def _told_of(self, statement: Statement) -> tuple[frozenset[str], frozenset[str]]:
        """What is told of a subject: the shapes of values, and stems of words and of what could be said instead."""
        told = [word for word in statement.content if word not in self.names and not _NUMBERED.match(word) and word not in values(statement.text)]
        likes = {stem(part) for word in told for said in SYNONYMS.get(stem(word), ()) for part in said.split() if part not in STOPWORDS}
        return frozenset(shapes(statement.text.replace(self.subject(statement) or "", ""))), frozenset({*map(stem, told), *likes})


def shapes(text: str) -> set[str]:
    """The shapes of the values in a statement: `OPS-214` and `KB-88` have one, two months have one, two amounts in percent have one."""
    found = {"%"} if re.search(r"%|\bpercent\b", text) else set()
    for word in words.words(text):
        low = word.lower()
        if low in words.MONTHS:
            found.add("month")
        elif low in words.WEEKDAYS or low.rstrip("s") in words.WEEKDAYS:
            found.add("weekday")
        elif word[0] == "#":
            found.add("#")
        elif re.search(r"\d", word):
            found.add(_shape(word))
    return found or ({"person"} if "person" in kinds(text) else set())


def _shape(number: str) -> str:
    """Of a code its letters and digits by kind; of a number whether it is short."""
    if re.search(r"[A-Za-z]", number):
        return re.sub(r"[A-Za-z]+", "a", re.sub(r"\d+", "9", number))
    return "9" if len(number) < 3 else re.sub(r"\d+", "99", number)
