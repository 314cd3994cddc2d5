"""Names: words of no dictionary, and everyday words that a channel's lessons write as names ("the Palm House", "room Fern")."""

import re
from collections.abc import Sequence

from learning.memory.caches import CHANNELS, remembered
from learning.memory.vocabulary import is_name, is_ordinary
from learning.memory.words import STOPWORDS, stem, words

_POSSESSIVE = re.compile(r"['’]s?$")
_SENTENCE = re.compile(r"(?<=[.!?:;])\s+|\n+")


class Names:
    """The names of a channel: `word in names`, however it is written there."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.written = frozenset[str]().union(*map(written_as_names, texts))

    def __contains__(self, word: str) -> bool:
        return is_name(word) or (stem(word) in self.written and not is_ordinary(word))


names = remembered(CHANNELS)(Names)  # a channel's lessons change seldom, and are asked for often


@remembered(20_000)
def written_as_names(text: str) -> frozenset[str]:
    """Stems of the words that are capitalised inside a sentence."""
    inside = (word for sentence in _SENTENCE.split(text) for word in words(sentence)[1:])
    return frozenset(stem(word) for word in inside if word[0].isupper() and word.lower() not in STOPWORDS and not is_ordinary(word))


def of_one_name(name: str, texts: Sequence[str]) -> list[bool]:
    """Which of some texts, all of which hold this stem, name one thing by it: a single letter names nothing, nobody "kicks" the Kick, "the Quarry" is no
    quarry, and what follows a number is a unit."""
    written = [next(word for word in words(text) if stem(word) == name) for text in texts]
    bare = [_POSSESSIVE.sub("", word.lower()) for word in written]
    usual = max(bare, key=bare.count)
    alike = [
        plain == usual and len(plain) > 1 and not re.search(rf"\d\s*{re.escape(word)}\b", text) for text, word, plain in zip(texts, written, bare, strict=True)
    ]
    capital = any(same and name in written_as_names(text) for same, text in zip(alike, texts, strict=True))
    return [same and not (capital and word.islower()) for same, word in zip(alike, written, strict=True)]


def unnamed(text: str, known: Names) -> str:
    """A text that does not say whom or what it is about: near misses tell something else of the same thing."""
    return re.sub(r"[\w#@'’-]+", lambda found: "it" if found.group() in known else found.group(), text)
