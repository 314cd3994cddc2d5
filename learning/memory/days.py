"""Which day words name, seen from the day on which they are said, and how it is written: "by next friday", "24-26 december", "in two weeks"."""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SATURDAY = 5
MONTHS = tuple(name.lower() for name in calendar.month_name[1:])
DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
# Where a sentence ends: not after "Dr.", "No." before a number, or the number of a line
STOP = re.compile(r"(?:[!?;]|(?<!\b(?-i:Dr|Mr|Ms|No|Nr|St))(?<!\b(?-i:Mrs))(?<!\bapprox)(?<!^\d)\.)\s+(?=\S)")
_BEFORE_MAY = re.compile(r"(?:\b(?:on|by|until|till?|through|thru|to|from|of|the|before|after|since|starting|is|for|and)|[:,])\s+$|^$")
_NUMBER = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "six": 6}
_LONG_AGO, LATELY = timedelta(days=120), timedelta(days=45)  # a date without a year is last year's if lately, and next year's if this year's is long ago


Named = Callable[[re.Match[str], date], date | None]  # which day words name, said on a day; None when there is no such day
Shown = Callable[[date], str]


@dataclass(frozen=True)
class Rule:
    """Words that name a day, or the first of some `days`, which day that is, and how it is written; a group `lead` of the pattern stays as it is."""

    pattern: str
    day: Named
    shown: Shown
    days: int = 1


def sentence_of(before: str, after: str) -> str:
    """The sentence that spans the end of `before` and the beginning of `after`."""
    return STOP.split(before)[-1] + re.split(rf"{STOP.pattern}|[.!?;]$", after)[0]


def weekdays(sentence: str) -> set[str]:
    """The weekdays that a sentence names without a date, as their first three letters."""
    return {day[:3].lower() for day in re.findall(rf"\b{DAY}\b(?!,?\s+\d{{1,2}}\s+{_MONTH})", sentence, re.IGNORECASE)}


def _dated(day: str, month: str, year: str) -> date | None:
    return _day_of(year, str(_month(month)), day)


def _day_of(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _of_may(match: re.Match[str], said_on: date) -> date | None:
    """The fifth of May; but tier 1 may access the vault."""
    month = match["m"]
    plainly = month != "may" or match["ordinal"] or _BEFORE_MAY.search(match.string[: match.start()])
    return _on(match["d"], month, said_on) if plainly or match["weekday"] else None


def _on(day: str, month: str, said_on: date) -> date | None:
    for year, back in ((said_on.year - 1, LATELY), (said_on.year, _LONG_AGO), (said_on.year + 1, _LONG_AGO)):
        on = _dated(day, month, str(year))
        if on and on > said_on - back:
            return on
    return None


def _month(name: str) -> int:
    return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(name.lower()[:3]))


def _in_days(match: re.Match[str], said_on: date) -> date | None:
    """ "We move in two weeks"; but keys expire in 90 days, always."""
    return None if _ALWAYS.search(match.string[: match.start()]) else said_on + _span(match["n"], match["unit"])


def _named(match: re.Match[str], said_on: date) -> date | None:
    """The friday that is meant; none where it is said of every one: "open from monday to friday", "runs on sunday and on wednesday"."""
    sentence = sentence_of(match.string[: match.start()], match.string[match.start() :])
    every = _FROM_TO.search(sentence) or (_WEEKLY.search(sentence) and len(weekdays(sentence)) > 1)
    return None if every and not match["next"] else _weekday(match["w"], said_on, match["next"] == "next")


def _month_end(month: int, said_on: date) -> date:
    year = said_on.year + (month < said_on.month)
    return date(year, month, calendar.monthrange(year, month)[1])


def _span(number: str, unit: str) -> timedelta:
    return timedelta(days=(int(number) if number.isdigit() else _NUMBER[number.lower()]) * (7 if unit.lower() == "week" else 1))


def _week_end(match: re.Match[str], said_on: date) -> date:
    """Friday; said at a weekend, Sunday."""
    return _monday(said_on) + timedelta(days=11 if match["next"] else 4 if said_on.weekday() < SATURDAY else 6)


def _next_month(match: re.Match[str], said_on: date) -> date:
    return date(said_on.year + said_on.month // 12, said_on.month % 12 + 1, 1)


def _next_year(match: re.Match[str], said_on: date) -> date:
    return date(said_on.year + 1, 1, 1)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _weekday(name: str, said_on: date, next_week: bool) -> date:
    """The coming one; "next friday" said in the same week means the week after, but for what lies within a day or two of its end."""
    number = next(n for n, day in enumerate(DAYS) if day.startswith(name.lower()[:3]))
    coming = said_on + timedelta(days=(number - said_on.weekday() - 1) % 7 + 1)
    return coming + timedelta(days=7) if next_week and _monday(coming) == _monday(said_on) else coming


def _long(on: date) -> str:
    return f"{on:%A} {on.day} {on:%B %Y}"


def _week(monday: date) -> str:
    return f"the week of {_long(monday)}"


def _in_week(monday: date) -> str:
    return f"in {_week(monday)}"


def _whole_month(on: date) -> str:
    return f"{on:%B %Y}"


def _in_month(on: date) -> str:
    return f"in {_whole_month(on)}"


def _whole_year(on: date) -> str:
    return f"{on.year}"


def _in_year(on: date) -> str:
    return f"in {on.year}"


def _soon(on: date) -> str:
    return f"on {_long(on)}"


def _short(on: date) -> str:
    return f"{on.day} {on:%B %Y}"


MONTH_FIRST = re.compile(rf"\b(?P<month>{_MONTH})\.?\s+(?P<days>\d{{1,2}}\s*[-–]\s*\d{{1,2}})\b(?!\s*[-–:.]\s*\d)", re.IGNORECASE)
_ALWAYS = re.compile(
    r"\b(?:expire|lapse|arrives?|answers?|repl(?:y|ies)|responds?|usually|(?:is|are) (?:done|delivered|shipped|processed|answered)"
    r"|are (?:deleted|removed|purged|erased|wiped|rotated|archived|paid|refunded|kept))\b[^.!?;]*$",
    re.IGNORECASE,
)
_WEEKLY = re.compile(
    r"\b(?:is|are)\s+(?:open|staffed|available|reachable|served|cleaned|emptied|collected|delivered|held)\b"
    r"|\b(?:runs?|opens?|closes?|meets?|happens?|works?|every|mov(?:ed|es|ing)|switch(?:ed|es))\b",
    re.IGNORECASE,
)
_FROM_TO = re.compile(rf"\b{DAY}\s*(?:to|-|–|through|until|till)\s*{DAY}\b", re.IGNORECASE)
_AFTER = r"(?P<lead>\b(?:as of|since|from|until|till|til|through|thru|by|for|before|after|in|starting)\s+)"
_BY_ITSELF = r"(?<!\bof )(?<!\bto )(?<!\bthe )(?<!\bwithin )(?<!\bduring )(?<!\bover )(?<!\binto )\b"
_LED = r"(?P<lead>\b(?:on|by|until|till|til|through|thru|from|starting|since|as of|before|after|for|is|and|or)\s+)"
_NAMED = rf"{_LED}(?:(?P<next>next|this|coming)\s+)?(?P<w>{DAY})\b"
_OTHER_DAY = rf"(?:the\s+)?(?:\d{{1,2}}(?:st|nd|rd|th)?\b(?!:\d\d|\s*[ap]m\b)|\d{{4}}|{_MONTH})"  # a date that follows says which; an hour does not
_NOT_THE_NEXT = r"\s+(?:week\b|after next|in\s+(?:a|one|two|three|\d+)\s+weeks?)"
_WEEKDAY = rf"(?P<weekday>\b{DAY},?\s+)?"
_ALONE = r"(?<!\d[-–])(?<!\d [-–])(?<!\d [-–] )"  # not the second of 24-26 december, which is said already
_NUMBERED = r"(?P<d>\d{1,2})(?P<ordinal>st|nd|rd|th)?"
_DAY_FIRST = rf"{_WEEKDAY}(?:the\s+)?{_ALONE}\b{_NUMBERED}\s+(?:of\s+)?(?P<m>{_MONTH})\b(?:\.(?=[\s,]*(?-i:[a-z\d])))?"
WITH_YEAR = (
    Rule(rf"{_WEEKDAY}(?<![\w.-])(?P<y>\d{{4}})-(?P<m>\d{{2}})-(?P<d>\d{{2}})(?![\w-])", lambda m, _: _day_of(m["y"], m["m"], m["d"]), date.isoformat),
    Rule(rf"{_WEEKDAY}(?<![\w.-])(?P<d>\d{{1,2}})\.(?P<m>\d{{1,2}})\.(?P<y>\d{{4}})(?![\w-])", lambda m, _: _day_of(m["y"], m["m"], m["d"]), _long),
    Rule(rf"{_DAY_FIRST},?\s*(?P<y>\d{{4}})\b", lambda m, _: _dated(m["d"], m["m"], m["y"]), _long),
    Rule(rf"{_WEEKDAY}\b(?P<m>{_MONTH})\.?\s+{_NUMBERED}\s*,?\s*(?P<y>\d{{4}})\b", lambda m, _: _dated(m["d"], m["m"], m["y"]), _long),
)  # fmt: skip
WITHOUT_YEAR = (
    Rule(
        rf"(?P<lead>\b\d{{1,2}}\s*[-–]\s*)(?P<d>\d{{1,2}})\s+(?:of\s+)?(?P<m>(?<=of ){_MONTH}|(?!may\s+[a-z]){_MONTH})\b\.?(?:,?\s*(?P<y>\d{{4}})\b)?",
        lambda m, said: _dated(m["d"], m["m"], m["y"]) if m["y"] else _on(m["d"], m["m"], said), _short,
    ),
    Rule(rf"{_DAY_FIRST}(?!,?\s*\d{{4}})", _of_may, _long),
    Rule(rf"{_WEEKDAY}\b(?P<m>{_MONTH})\.?\s+{_NUMBERED}\b(?!\s*[:.]\d|,?\s*\d{{4}})", lambda m, said: _on(m["d"], m["m"], said), _long),
    Rule(rf"\b(?:the\s+)?end\s+of\s+(?P<m>{_MONTH})\b(?!\s*\d)", lambda m, said: _month_end(_month(m["m"]), said), _long),
)  # fmt: skip
RELATIVE = (
    Rule(r"\b(?:the\s+)?end\s+of\s+(?:the\s+|this\s+)?month\b", lambda m, said: _month_end(said.month, said), _long),
    Rule(r"\b(?:the\s+)?end\s+of\s+next\s+month\b", lambda m, said: _month_end(said.month % 12 + 1, said), _long),
    Rule(r"\b(?:the\s+)?end\s+of\s+(?:(?P<next>next\s)|the\s|this\s)?\s*year\b", lambda m, said: date(said.year + bool(m["next"]), 12, 31), _long),
    Rule(r"\b(?:the\s+)?end\s+of\s+(?:(?P<next>next\s)|the\s|this\s)?\s*week\b", _week_end, _long),
    Rule(r"\b(?:the\s+)?day\s+after\s+tomorrow\b", lambda m, said: said + timedelta(days=2), _long),
    Rule(r"\b(?:tomorrow|tmrw|tmw|tomorow)\b(?:['’]s)?", lambda m, said: said + timedelta(days=1), _long),
    Rule(r"\b(?:today|tonight|this\s+(?:morning|afternoon|evening))\b(?:['’]s)?", lambda m, said: said, _long),
    Rule(r"\byesterday\b(?:['’]s)?", lambda m, said: said - timedelta(days=1), _long),
    Rule(r"\bin\s+(?P<n>\d{1,2}|a|one|two|three|four|six)\s+(?P<unit>day|week)s?\b", _in_days, _soon),
    Rule(rf"{_AFTER}next\s+week\b(?!['’])", lambda m, said: _monday(said) + timedelta(days=7), _week, days=7),
    Rule(r"\bnext\s+week\b(?!['’])", lambda m, said: _monday(said) + timedelta(days=7), _in_week, days=7),
    Rule(rf"{_AFTER}this\s+week\b(?!['’])", lambda m, said: _monday(said), _week, days=7),
    Rule(r"\bthis\s+week\b(?!['’])", lambda m, said: _monday(said), _in_week, days=7),
    Rule(rf"{_AFTER}next\s+month\b(?!['’])", _next_month, _whole_month),
    Rule(rf"{_BY_ITSELF}next\s+month\b(?!['’])", _next_month, _in_month, days=31),
    Rule(rf"{_AFTER}next\s+year\b(?!['’])", _next_year, _whole_year),
    Rule(rf"{_BY_ITSELF}next\s+year\b(?!['’])", _next_year, _in_year, days=366),
    Rule(rf"{_NAMED}(?!s)(?![.,]*[\s(–-]+{_OTHER_DAY})(?!{_NOT_THE_NEXT})(?!\s+(?:morning|afternoon|evening|night)s\b)", _named, _long),
    Rule(rf"\b(?P<next>next|this|coming)\s+(?P<w>{DAY})\b(?!s)", lambda m, said: _weekday(m["w"], said, m["next"] == "next"), _long),
)  # fmt: skip
WEEKDAY = RELATIVE[-2]  # "on friday"
RULES = (*WITH_YEAR, *WITHOUT_YEAR, *RELATIVE)
