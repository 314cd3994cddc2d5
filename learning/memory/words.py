"""What a sentence is made of: words, stems, and values (the names, numbers and codes that make an answer right or wrong)."""

import hashlib
import re
from pathlib import Path

import Stemmer

from learning.memory.caches import remembered

_STOPWORDS = """
a about above after again all also am an and any anyone are as at be because been before being below between both but by can could did do does
doing down each every few for from further get go got had has have having he her here hers him his how i if in into is it its itself just know
let like me more most my need new no nor not now of off on once only or other our ours out over own please remind same she should so some
somebody someone such tell than thanks that the their theirs them then there these they this those through to too under until up us use used
very want was we were what when where which while who whom whose why will with would you your yours
"""
STOPWORDS = frozenset(_STOPWORDS.split())
WEEKDAYS = frozenset(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])
MONTHS = frozenset(["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"])
WORD = re.compile(r"[#@]?\w+(?:[-.@:/'’]\w+)*")
EMOJI = re.compile(r"(?<!\S):[\w+'-]+:(?!\S)")  # as Slack writes them
_CODE = re.compile(r"\d|[#@_/]|\w[.:]\w|[a-z][A-Z]|^[A-Z]{2,}$")
COMMON = frozenset((Path(__file__).parent / "common_words.txt").read_text().split())  # stems of the few thousand commonest words of written English
_stemmer = Stemmer.Stemmer("english")


def words(text: str) -> list[str]:
    """The words of a text, in order, as written; `heron-4`, `14:30`, `#ops` and `a@b.example` are one word each."""
    return WORD.findall(text)


@remembered(50_000)
def stem(word: str) -> str:
    """A word without case, possessive and inflection."""
    plain = re.sub(r"['’]s?$", "", word.lower())
    stemmed: str = _stemmer.stemWord(plain)
    return stemmed


def content_words(text: str) -> list[str]:
    """Words that carry meaning, in order, as written."""
    return [word for word in words(text) if word.lower() not in STOPWORDS or word in ("IT", "US")]  # a department, a country


def is_common(word: str) -> bool:
    """Is it an everyday word, rather than a name, a code or a term of one's own?"""
    low = word.lower()
    return stem(word) in COMMON or low in STOPWORDS or re.sub(r"['’](s|re|ve|ll|d|m)$|n['’]t$", "", low) in STOPWORDS | {"ca", "wo", "sha"}


def stems(text: str) -> list[str]:
    """Stems of the content words: what search compares."""
    return list(_stems(text))


@remembered(20_000)
def _stems(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in content_words(text))


def values(text: str) -> list[str]:
    """Names, numbers, codes, days and months in a text. A capitalised first word counts unless it is a plain stopword."""
    found = []
    for word in words(text):
        low = word.lower()
        if low in STOPWORDS and not word.isupper():
            continue
        if _CODE.search(word) or low in WEEKDAYS or low in MONTHS or word[:1].isupper():
            found.append(word)
    return found


def as_typed(question: str) -> str:
    """A question as people type it in a hurry."""
    return question.lower().rstrip("?!. ")


def normalised(text: str) -> str:
    """The same statement written with other case, spacing or final punctuation is one statement."""
    return " ".join(text.split()).rstrip(" .!").casefold()


def digest(text: str) -> str:
    """Content id of a statement: equal for equal lessons in any channel, at any time."""
    return hashlib.sha256(normalised(text).encode()).hexdigest()
