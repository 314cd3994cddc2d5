"""Kinds of value: what a statement tells (a person, a place, a time, …), and what a question asks for."""

import re
from functools import lru_cache

from learning.memory.words import MONTHS, STOPWORDS, WEEKDAYS, words

_KINDS = (
    ("time", r"\d:\d\d|\b\d+ ?[ap]m\b|\bnoon\b|\bmidnight\b|\b(mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(dai|week|month|quarter)ly\b|\bmornings?\b"
             r"|\bevenings?\b|\b\d+(st|nd|rd|th)\b|\b(january|february|march|april|june|july|august|september|october|november|december)\b"),
    ("duration", r"\b(\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve) (working |business )?(second|minute|hour|day|week|month|year)s?\b"),
    ("money", r"[€$£]|\b(euros?|dollars?|pounds?|cents?|eur|usd)\b"),
    ("percent", r"%|\bpercent\b"),
    ("temperature", r"\d ?°|\bdegrees\b|\b\d+ ?c\b"),
    ("channel", r"#\w"),
    ("address", r"@\w+\.|https?://|www\.|\.(example|com|org|io)\b"),
    ("version", r"\b\d+\.\d+(\.\d+)?\b"),
    ("count", r"\b\d+\b|\b(two|three|four|five|six|seven|eight|nine|ten|twelve)\b"),
    ("code", r"\b[a-z]{1,5}-?\d{2,}\b|[`\"]|\b\d{3,}\b|\bcalled\b|\bnamed\b|[a-z]_[a-z]"),
    ("reason", r"\b(because|since|so that|otherwise)\b"),
    ("place", r"#|\b(in|at|to|on|under|behind|from|into|near|next|floor|room|building)\b"),
)  # fmt: skip
_DONE_BY_PEOPLE = re.compile(
    r"\b(owns?|owner|approves?|sign\w*|leads?|manages?|maintain\w*|responsible|asks?|contact|handles?|decides?|ping|belongs|talk|teach\w*|taught|send"
    r"|looke?d? after|looks after|in charge|from|by|with|to|via|has|does|mrs?|ms|dr)\b", re.IGNORECASE,
)  # fmt: skip
_ASKED_BY = {
    "who": "person", "whom": "person", "whose": "person", "colleague": "person", "person": "person", "when": "time", "day": "time", "date": "time",
    "month": "time", "hour": "time", "till": "time", "until": "time", "deadline": "time", "where": "place", "room": "place", "channel": "channel",
    "percent": "percent", "discount": "percent", "port": "count", "number": "count", "code": "code", "long": "duration", "often": "duration",
    "version": "version", "why": "reason", "temperature": "temperature", "temp": "temperature", "warm": "temperature", "cold": "temperature",
    "hot": "temperature", "degrees": "temperature",
}  # fmt: skip


@lru_cache(maxsize=20_000)
def kinds(text: str) -> tuple[str, ...]:
    """The kinds of value in a statement."""
    low = text.lower()
    found = [kind for kind, pattern in _KINDS if re.search(pattern, low)]
    ordinary = STOPWORDS | WEEKDAYS | MONTHS
    named = any(word[:1].isupper() and not word.isupper() and word.lower() not in ordinary for word in words(text))
    return (*found, "person") if named and _DONE_BY_PEOPLE.search(text) else tuple(found)


def asked_for(question: str) -> set[str]:
    """The kinds of value that a question asks for, by its question words; none when it has none."""
    plain = (re.split(r"['’]", word)[0] for word in words(question.lower()))  # who's
    return {_ASKED_BY[word] for word in plain if word in _ASKED_BY}
