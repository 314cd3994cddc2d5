"""Kinds of value: what a statement tells (a person, a place, a time, …), and what a question asks for."""

import re

from learning.memory.caches import remembered
from learning.memory.vocabulary import is_name, is_ordinary
from learning.memory.words import STOPWORDS, words

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
_WEEKDAY = r"(mon|tues|wednes|thurs|fri|satur|sun)days?"
_MONTH = r"(january|february|march|april|june|july|august|september|october|november|december)"
_DAY = rf"\b{_WEEKDAY}\b|\b(week(ly|end|day)s?|daily|every (day|night|morning|evening))\b"
_DATE = (
    rf"\b({_MONTH}|monthly|quarterly|yearly|month|quarter|year)\b|\b(in|of|until|till|by|since|from) may\b|\bmay \d|\d(st|nd|rd|th)? may\b"
    r"|\b\d+(st|nd|rd|th)\b(?! floor)|\b\d{4}-\d\d"
)
_CLOCK = r"\d:\d\d|\b\d+ ?[ap]\.?m\b|\b(noon|midnight|o.?clock)\b"
_NUMBER_WORD = r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|sixty|ninety"
_SPAN = (
    rf"\b(\d+|{_NUMBER_WORD}|few|couple of)[ -](working |business )?(seconds?|secs?|minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?|years?|nights?)\b"
    r"|\b(an?|half an?) (minute|hour|day|week|month|year|night)\b|\b(hourly|daily|weekly|monthly|quarterly|yearly|every)\b"
)
_PLACE = (
    r"#\w|\b(inside|outside|upstairs|downstairs)\b"
    r"|\b(floor|level|room|building|lab|desk|hall|office|shelf|aisle|dock|bay|platform|track|cupboard|basement|garage|corner|drawer|cellar|attic|yard|gate|door"
    r"|folder|wiki|page|drive|board|site)\b"
    r"|\b(in|at|to|on|under|behind|near|next to|from|into|via|over|above|below|between|opposite)\b"
    rf" (?!(the )?((about|around|only|just|week|day|version|under|over) )?(\d|(\w+ )?({_WEEKDAY}|{_MONTH}|may)\b"
    r"|(\w+ )?(time|case|charge|morning|evening|week|month|year)\b|(end|start|beginning) of (the )?(day|week|month|quarter|year)\b))"
)
# What a question asks for, by its words, and how a statement that holds it looks. Finer than `_KINDS`: who asks for the hour is not served with a weekday.
_ASKED = tuple(
    (name, re.compile(asked, re.IGNORECASE), re.compile(held, 0 if name == "code" else re.IGNORECASE))
    for name, asked, held in (
        ("hour", r"\b(what|which) (hours?|times?(?! zone))\b|\bhow (late|early)\b|(?<!an )(?<!\d )(?<!many )\bhours?\b|\bo.?clock\b|\bwhen exactly\b", _CLOCK),
        ("day", r"\b(what|which) (week)?days?\b|\bweekday\b|\b(what|which) date\b|\bdate of\b|\b(what|which) (month|week)\b", f"{_DAY}|{_DATE}"),
        ("when", r"\bwhen\b(?! (i|we|you|he|she|they|somebody|someone|the|a|an|it|my|our)\b)|\b(until|till) (when|what)\b|\b(deadline|by when|how soon)\b",
         f"{_CLOCK}|{_DAY}|{_DATE}|{_SPAN}"),
        ("span", r"\bhow (long|quick\w*|fast|old|often|soon|much time)\b|\bhow many (second|minute|hour|day|week|month|year|night)s?\b|\binterval\b", _SPAN),
        ("count", r"\bhow (many|big|large|high|tall|heavy|wide|deep|far|much)\b|\bnumber of\b|\b(capacity|port|limit|maximum|size)\b|\bwhat number\b",
         rf"\d|\b({_NUMBER_WORD}|dozen)\b"),
        ("phone", r"\b(tele)?phone\b|\bextension\b|\bdial\b", r"\b\+?\d[\d /-]{2,}\b"),
        ("email", r"\be-?mail\b|\bmail address\b", r"@\w"),
        ("link", r"\b(link|url|website|web ?page|web address)\b", r"https?://|www\.|\.(example|com|org|io|net)\b"),
        ("money", r"\b(price|costs?|fee|expensive|budget|euros|dollars)\b|\bhow much (is|does|do|money)\b",
         r"[€$£\d]|\b(euros?|dollars?|pounds?|cents?|eur|usd)\b"),
        ("percent", r"\b(percent\w*|discount|rate)\b|%", r"%|\bpercent\b"),
        ("temperature", r"\b(temp|temps|temperature|degrees)\b|\bhow (warm|cold|hot)\b", r"\d ?°|\bdegrees\b|\b\d+(\.\d+)? ?c\b"),
        ("person", r"\bwho(m|se)?\b|\b(which|what) (person|colleague|man|woman|team)\b|\bcontact (person )?(for|at|of)\b", r"\bteam\b|\bask @?\w+|@\w+"),
        ("place",
         r"\bwhere\b|\b(which|what|in which|in what) (room|floor|building|level(?! of)|place|channel|area|lab|office(?! hours)|hall|desk)\b|\blocation\b",
         _PLACE),
        ("channel", r"\bchannel\b", r"#\w"),
        ("version", r"\bversion\b", r"\d+\.\d|\bv\d"),
        ("reason", r"\bwhy\b|\breason\b|\bhow come\b", r"\b(because|since|so|otherwise|due|as)\b"),
        ("code", r"\b(code|pin|password|ticket|runbook|page|id)\b", r"\b[A-Z]{1,6}-?\d+\b|\d{3,}|[`\"]|[a-z]_[a-z]"),
    )
)  # fmt: skip


@remembered(20_000)
def kinds(text: str) -> tuple[str, ...]:
    """The kinds of value in a statement."""
    low = text.lower()
    found = [kind for kind, pattern in _KINDS if re.search(pattern, low)]
    capital = [word for word in words(text) if word[:1].isupper() and not word.isupper() and word.lower() not in STOPWORDS and not is_ordinary(word)]
    named = any(is_name(word) if text.lstrip().startswith(word) else word for word in capital)  # how a sentence begins is a capital anyhow
    return (*found, "person") if named and _DONE_BY_PEOPLE.search(text) else tuple(found)


@remembered(2_000)
def asked_for(question: str) -> frozenset[str]:
    """The kinds of value that a question asks for, by its question words; none when it has none."""
    return frozenset(name for name, asked, _ in _ASKED if asked.search(question))


@remembered(20_000)
def held_kinds(text: str) -> frozenset[str]:
    """The kinds of value, of those that questions ask for, that a statement holds."""
    found = {name for name, _, looks in _ASKED if looks.search(text)}
    return frozenset(found | {"person"} if "person" in kinds(text) else found)


def fits(question: str, text: str) -> float:
    """The share, 0 to 1, of the kinds of value asked for that a text holds; a half where none is asked for."""
    wanted = asked_for(question)
    return len(wanted & held_kinds(text)) / len(wanted) if wanted else 0.5
