"""Questions that nothing was taught about, near misses above all: a name nobody mentioned, or a matter that was not told of a known name."""

import random
from collections.abc import Callable

from learning.memory.kinds import kinds
from learning.memory.vocabulary import ASKING, SYNONYMS
from learning.memory.words import stem
from learning.night.asking import in_chat, in_other_words, some_words
from learning.night.lore import Lore

_SYLLABLES = (
    "ba be bi bo bu da de do fa fe ga go ka ke ko la le li lo lu ma me mi mo na ne no pa pe po ra re ri ro sa se so ta te ti to va ve vo za ze zo tri bra kel "
    "dor fen mar hal wes tor lin bor gan mer sten vik mond berg wick ford ley ster"
).split()
_MATTERS = tuple(SYNONYMS)
TRIES = 8


def unknown(lore: Lore, count: int, rng: random.Random) -> list[str]:
    """`count` questions; fewer where the statements leave no room for them."""
    asked: list[str] = []
    for _ in range(count * TRIES):
        if len(asked) >= count:
            break
        make: Callable[[Lore, random.Random], str | None] = rng.choices((other_name, other_matter, elsewhere), (40, 35, 25))[0]
        made = make(lore, rng)
        if made:
            asked.append(in_chat(made, rng, chatty=0.4))
    return asked


def other_name(lore: Lore, rng: random.Random) -> str | None:
    """A matter that was taught, for a name that occurs nowhere."""
    statement = rng.choice(lore.statements)
    chosen = some_words(lore, statement, rng, values_too=0)
    names = {word for word in chosen if word in lore.names}
    if not names:
        return None
    spoken = " ".join(_invented(rng) if word in names else in_other_words(word, rng, 0.3) for word in chosen)
    fitting = kinds(statement.text)
    return f"{rng.choice(ASKING[rng.choice(fitting)])} {spoken}" if fitting and rng.random() < 0.7 else spoken


def other_matter(lore: Lore, rng: random.Random) -> str | None:
    """A name that was taught, with a matter that nothing says of it."""
    statement = rng.choice(lore.statements)
    names = [word for word in statement.content if word in lore.names]
    if not names:
        return None
    name = max(names, key=lambda word: lore.rarity(word) + rng.random() / 2)
    told = {word for other in lore.about(name) for word in other.stems}
    told |= {stem(part) for word in sorted(told) for said in SYNONYMS.get(word, ()) for part in said.split()}
    matter = _matter_outside(told, rng)
    if matter is None:
        return None
    cue = f"{name} {matter}" if rng.random() < 0.5 else f"{matter} {rng.choice(('of', 'for', ''))} {name}"
    return f"{_any_asking(rng)} {cue}" if rng.random() < 0.6 else cue


def elsewhere(lore: Lore, rng: random.Random) -> str | None:
    """Two matters of working life that no statement mentions."""
    known = set(lore.holding)
    first, second = _matter_outside(known, rng), _matter_outside(known, rng)
    if first is None or second is None:
        return None
    return f"{_any_asking(rng)} {first} {second}" if rng.random() < 0.7 else f"{first} {second}"


def _matter_outside(known: set[str], rng: random.Random) -> str | None:
    for _ in range(TRIES):
        matter = rng.choice(_MATTERS)
        if not ({matter} | {stem(part) for said in SYNONYMS[matter] for part in said.split()}) & known:
            return rng.choice(SYNONYMS[matter])
    return None


def _any_asking(rng: random.Random) -> str:
    return rng.choice(ASKING[rng.choice(tuple(ASKING))])


def _invented(rng: random.Random) -> str:
    name = "".join(rng.choice(_SYLLABLES) for _ in range(rng.choice((2, 2, 3))))
    return name.capitalize() if rng.random() < 0.4 else name
