"""Relative dates made absolute: a lesson must read the same next month. English, as people at work write it."""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = tuple(name.lower() for name in calendar.month_name[1:])
_DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_NUMBER = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "six": 6}
_LONG_AGO, LATELY = timedelta(days=120), timedelta(days=45)  # a date without a year is last year's if lately, and next year's if this year's is long ago

_START = r"\b(?:from|starting|since|as of|effective|beginning|after)\s+(?:(?:on|the|next|this|coming)\s+)*"
_END = r"\b(?:until|till|til|through|thru|by|before|expires?|deadline|due|ends?|closes?)\b(?:\s+(?:is|on|the|end|of|next|this))*\s*"
_FLAGS = re.IGNORECASE | re.ASCII
_HOUR = r"(?:\d{1,2}(?:[:.]\d\d)?\s*(?:[ap]m|h|o.?clock)?|noon|midnight|eod|end\s+of\s+(?:the\s+)?day)"
_UNTIL = re.compile(rf"\b(?:until|till|til|through|thru)\s+(?:the\s+|{_HOUR},?\s+(?:on\s+)?)?$", re.IGNORECASE)
_AFTERWARDS = re.compile(r"\b(?:then|afterwards?|after that|thereafter)\b", re.IGNORECASE)
_AS_OF = re.compile(r"\b(?:as of|starting|effective)\s+(?:from\s+|on\s+)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Dated:
    """A text with its dates absolute, and the last day on which it holds, where it has one."""

    text: str
    until: date | None


Named = Callable[[re.Match[str], date], date | None]  # which day words name, said on a day; None when there is no such day
Shown = Callable[[date], str]


@dataclass(frozen=True)
class _Rule:
    """Words that name a day, or the first of some `days`, which day that is, and how it is written; a group `lead` of the pattern stays as it is."""

    pattern: str
    day: Named
    shown: Shown
    days: int = 1


def absolute(text: str, said_on: date) -> Dated:
    """Make the dates of a text absolute, as seen from the day on which it was said."""
    found: list[tuple[date, str]] = []  # each date, of several days the last, and the words before it
    text = _MONTH_FIRST.sub(r"\g<days> of \g<month>", text)
    for rule in _RULES:

        def put(match: re.Match[str], rule: _Rule = rule) -> str:
            on = rule.day(match, said_on)
            if on is None:
                return match.group()
            found.append((on + timedelta(days=rule.days - 1), _before(match)))
            return _lead(match) + rule.shown(on)

        text = re.sub(rule.pattern, put, text, flags=_FLAGS)
    return Dated(text, _expiry([(on, before) for on, before in found if on >= said_on], text))


def settled(text: str, said_on: date) -> Dated:
    """The same of what is taught on purpose, where much holds for good: only days that end something, or begin it, are meant once. "Closed until friday",
    "as of tomorrow"; but not "it ships today", nor "from monday until friday"."""
    ends = [
        on for rule in _WITH_YEAR for match in re.finditer(rule.pattern, text, _FLAGS) if _UNTIL.search(_before(match)) and (on := rule.day(match, said_on))
    ]
    for rule in _RELATIVE:

        def put(match: re.Match[str], rule: _Rule = rule) -> str:
            before, on = _before(match), rule.day(match, said_on)
            if on is None or not _is_once(before, match.string[len(before) :]):
                return match.group()
            if _UNTIL.search(before):
                ends.append(on + timedelta(days=rule.days - 1))
            return _lead(match) + rule.shown(on)

        text = re.sub(rule.pattern, put, text, flags=_FLAGS)
    several = _AFTERWARDS.search(text) or len(re.split(r"[.!?;]\s+(?=\S)", text)) > 1  # what else it tells may hold on
    return Dated(text, None if several else max((on for on in ends if on >= said_on), default=None))


def _lead(match: re.Match[str]) -> str:
    return match.groupdict().get("lead") or ""


def _before(match: re.Match[str]) -> str:
    """All up to the words that name a day."""
    return match.string[: match.start() + len(_lead(match))]


def _sentence(before: str, after: str) -> str:
    """The one that both are of."""
    return re.split(r"[.!?;]\s", before)[-1] + re.split(r"[.!?;](?:\s|$)", after)[0]


def _is_once(before: str, after: str) -> bool:
    sentence, weekday = _sentence(before, after), re.match(rf"{_DAY}\b", after, re.IGNORECASE)
    if re.search(r"\b(?:every|each|always|weekly|daily)\b", sentence, re.IGNORECASE) or (weekday and len(_weekdays(sentence)) > 1):
        return False
    return bool(_UNTIL.search(before) or _AS_OF.search(before) or (re.search(r"\b(?:from|since)\s+$", before, re.IGNORECASE) and not weekday))


def _weekdays(sentence: str) -> set[str]:
    return {day[:3].lower() for day in re.findall(rf"\b{_DAY}\b(?!,?\s+\d{{1,2}}\s+{_MONTH})", sentence, re.IGNORECASE)}


def _expiry(found: list[tuple[date, str]], text: str) -> date | None:
    """The last day named, unless the text says what holds from a day on. What lay in the past when it was said ends nothing."""
    ends = [on for on, before in found if re.search(_END + "$", before, re.IGNORECASE)]
    if ends:
        return max(ends)
    if not found or any(re.search(_START + "$", before, re.IGNORECASE) for _, before in found):
        return None
    lasting = r"\b(now|from now on|no longer|any ?more|moved|every|always|never|(?:mon|tues|wednes|thurs|fri|satur|sun)days)\b"
    return None if re.search(lasting, text, re.IGNORECASE) else max(on for on, _ in found)


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
    plainly = (
        month != "may"
        or match["ordinal"]
        or re.search(r"\b(?:on|by|until|till|from|of|the|before|after|since|starting|is|for|and)\s+$|^$", match.string[: match.start()])
    )
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
    sentence = _sentence(match.string[: match.start()], match.string[match.start() :])
    every = _WEEKLY.search(sentence) and (len(_weekdays(sentence)) > 1 or _FROM_TO.search(sentence))
    return None if every and not match["next"] else _weekday(match["w"], said_on, match["next"] == "next")


def _month_end(month: int, said_on: date) -> date:
    year = said_on.year + (month < said_on.month)
    return date(year, month, calendar.monthrange(year, month)[1])


def _span(number: str, unit: str) -> timedelta:
    return timedelta(days=(int(number) if number.isdigit() else _NUMBER[number.lower()]) * (7 if unit.lower() == "week" else 1))


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


def _soon(on: date) -> str:
    return f"on {_long(on)}"


def _short(on: date) -> str:
    return f"{on.day} {on:%B %Y}"


_MONTH_FIRST = re.compile(rf"\b(?P<month>{_MONTH})\.?\s+(?P<days>\d{{1,2}}\s*[-–]\s*\d{{1,2}})\b(?!\s*[-–:.]\s*\d)", re.IGNORECASE)
_ALWAYS = re.compile(r"\b(?:expire|lapse|are (?:deleted|removed|purged|erased|wiped|rotated|archived|paid|refunded|kept))\b[^.!?;]*$", re.IGNORECASE)
_WEEKLY = re.compile(
    r"\b(?:is|are)\s+(?:open|staffed)\b|\b(?:runs?|opens?|closes?|meets?|happens?|works?|every|mov(?:ed|es|ing)|switch(?:ed|es))\b", re.IGNORECASE
)
_FROM_TO = re.compile(rf"\b{_DAY}\s*(?:to|-|–|through|until|till)\s*{_DAY}\b", re.IGNORECASE)
_AFTER = r"(?P<lead>\b(?:as of|since|from|until|till|by|for|before|after|in|starting)\s+)"
_LED = r"(?P<lead>\b(?:on|by|until|till|til|through|thru|from|starting|since|as of|before|after|for|is|and|or)\s+)"
_NAMED = rf"{_LED}(?:(?P<next>next|this|coming)\s+)?(?P<w>{_DAY})\b"
_OTHER_DAY = rf"(?:the\s+)?(?:\d{{1,2}}(?:st|nd|rd|th)?\b(?!:\d\d|\s*[ap]m\b)|\d{{4}}|{_MONTH})"  # a date that follows says which; an hour does not
_WEEKDAY = rf"(?P<weekday>\b{_DAY},?\s+)?"
_ALONE = r"(?<!\d[-–])(?<!\d [-–])(?<!\d [-–] )"  # not the second of 24-26 december, which is said already
_NUMBERED = r"(?P<d>\d{1,2})(?P<ordinal>st|nd|rd|th)?"
_DAY_FIRST = rf"{_WEEKDAY}(?:the\s+)?{_ALONE}\b{_NUMBERED}\s+(?:of\s+)?(?P<m>{_MONTH})\b\.?"
_WITH_YEAR = (
    _Rule(rf"{_WEEKDAY}(?<![\w.-])(?P<y>\d{{4}})-(?P<m>\d{{2}})-(?P<d>\d{{2}})(?![\w-])", lambda m, _: _day_of(m["y"], m["m"], m["d"]), date.isoformat),
    _Rule(rf"{_WEEKDAY}(?<![\w.-])(?P<d>\d{{1,2}})\.(?P<m>\d{{1,2}})\.(?P<y>\d{{4}})(?![\w-])", lambda m, _: _day_of(m["y"], m["m"], m["d"]), _long),
    _Rule(rf"{_DAY_FIRST},?\s*(?P<y>\d{{4}})\b", lambda m, _: _dated(m["d"], m["m"], m["y"]), _long),
    _Rule(rf"{_WEEKDAY}\b(?P<m>{_MONTH})\.?\s+{_NUMBERED}\s*,?\s*(?P<y>\d{{4}})\b", lambda m, _: _dated(m["d"], m["m"], m["y"]), _long),
)  # fmt: skip
_WITHOUT_YEAR = (
    _Rule(
        rf"(?P<lead>\b\d{{1,2}}\s*[-–]\s*)(?P<d>\d{{1,2}})\s+(?:of\s+)?(?P<m>(?<=of ){_MONTH}|(?!may\s+[a-z]){_MONTH})\b\.?(?:,?\s*(?P<y>\d{{4}})\b)?",
        lambda m, said: _dated(m["d"], m["m"], m["y"]) if m["y"] else _on(m["d"], m["m"], said), _short,
    ),
    _Rule(rf"{_DAY_FIRST}(?!,?\s*\d{{4}})", _of_may, _long),
    _Rule(rf"{_WEEKDAY}\b(?P<m>{_MONTH})\.?\s+{_NUMBERED}\b(?!\s*[:.]\d|,?\s*\d{{4}})", lambda m, said: _on(m["d"], m["m"], said), _long),
    _Rule(rf"\b(?:the\s+)?end\s+of\s+(?P<m>{_MONTH})\b(?!\s*\d)", lambda m, said: _month_end(_month(m["m"]), said), _long),
)  # fmt: skip
_RELATIVE = (
    _Rule(r"\b(?:the\s+)?end\s+of\s+(?:the\s+|this\s+)?month\b", lambda m, said: _month_end(said.month, said), _long),
    _Rule(r"\b(?:the\s+)?end\s+of\s+(?:(?P<next>next\s)|the\s|this\s)?\s*week\b", lambda m, said: _monday(said) + timedelta(11 if m["next"] else 4), _long),
    _Rule(r"\b(?:the\s+)?day\s+after\s+tomorrow\b", lambda m, said: said + timedelta(days=2), _long),
    _Rule(r"\b(?:tomorrow|tmrw|tmw|tomorow)\b(?:['’]s)?", lambda m, said: said + timedelta(days=1), _long),
    _Rule(r"\b(?:today|tonight|this\s+(?:morning|afternoon|evening))\b(?:['’]s)?", lambda m, said: said, _long),
    _Rule(r"\byesterday\b(?:['’]s)?", lambda m, said: said - timedelta(days=1), _long),
    _Rule(r"\bin\s+(?P<n>\d{1,2}|a|one|two|three|four|six)\s+(?P<unit>day|week)s?\b", _in_days, _soon),
    _Rule(rf"{_AFTER}next\s+week\b(?!['’])", lambda m, said: _monday(said) + timedelta(days=7), _week, days=7),
    _Rule(r"\bnext\s+week\b(?!['’])", lambda m, said: _monday(said) + timedelta(days=7), _in_week, days=7),
    _Rule(rf"{_AFTER}this\s+week\b(?!['’])", lambda m, said: _monday(said), _week, days=7),
    _Rule(r"\bthis\s+week\b(?!['’])", lambda m, said: _monday(said), _in_week, days=7),
    _Rule(rf"{_NAMED}(?!s)(?!,?\s+{_OTHER_DAY})(?!\s+(?:morning|afternoon|evening|night)s\b)", _named, _long),
    _Rule(rf"\b(?P<next>next|this|coming)\s+(?P<w>{_DAY})\b(?!s)", lambda m, said: _weekday(m["w"], said, m["next"] == "next"), _long),
)  # fmt: skip
_RULES = (*_WITH_YEAR, *_WITHOUT_YEAR, *_RELATIVE)
