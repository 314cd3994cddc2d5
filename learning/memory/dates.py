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
_LONG_AGO = timedelta(days=120)  # a date without a year that lies further back is next year's

_START = r"\b(?:from|starting|since|as of|effective|beginning|after)\s+(?:(?:on|the|next|this|coming)\s+)*"
_END = r"\b(?:until|till|til|through|thru|by|before|expires?|deadline|due|ends?|closes?)\b(?:\s+(?:is|on|the|end|of|next|this))*\s*"


@dataclass(frozen=True)
class Dated:
    """A text with its dates absolute, and the last day on which it holds, where it has one."""

    text: str
    until: date | None


def absolute(text: str, said_on: date) -> Dated:
    """Make the dates of a text absolute, as seen from the day on which it was said."""
    found: list[tuple[date, str]] = []  # each date, and the words before it

    def fixed(day: Callable[[re.Match[str]], date | None], shown: Callable[[date], str] = _long) -> Callable[[re.Match[str]], str]:
        def put(match: re.Match[str]) -> str:
            on = day(match)
            if on is None:
                return match.group()
            lead = match.groupdict().get("lead") or ""
            found.append((on, match.string[max(0, match.start() - 30) : match.start()] + lead))
            return lead + shown(on)

        return put

    rules: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
        (rf"\b(?:{_DAY},?\s+)?(?:the\s+)?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m>{_MONTH})\b\.?(?!\s*\d{{4}})", fixed(lambda m: _on(m["d"], m["m"], said_on))),
        (rf"\b(?:{_DAY},?\s+)?(?P<m>{_MONTH})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*[:.]\d|,?\s*\d{{4}})", fixed(lambda m: _on(m["d"], m["m"], said_on))),
        (rf"\b(?:the\s+)?end\s+of\s+(?P<m>{_MONTH})\b(?!\s*\d)", fixed(lambda m: _month_end(_month(m["m"]), said_on))),
        (r"\b(?:the\s+)?end\s+of\s+(?:the|this)\s+month\b", fixed(lambda _: _month_end(said_on.month, said_on))),
        (r"\b(?:the\s+)?end\s+of\s+(?:the|this)\s+week\b", fixed(lambda _: said_on + timedelta(days=4 - said_on.weekday()))),
        (r"\b(?:the\s+)?day\s+after\s+tomorrow\b", fixed(lambda _: said_on + timedelta(days=2))),
        (r"\b(?:tomorrow|tmrw|tmw|tomorow)\b(?:'s|’s)?", fixed(lambda _: said_on + timedelta(days=1))),
        (r"\b(?:today|tonight|this\s+(?:morning|afternoon|evening))\b(?:'s|’s)?", fixed(lambda _: said_on)),
        (r"\byesterday\b(?:'s|’s)?", fixed(lambda _: said_on - timedelta(days=1))),
        (r"\bin\s+(?P<n>\d{1,2}|a|one|two|three|four|six)\s+(?P<unit>day|week)s?\b", fixed(lambda m: said_on + _span(m["n"], m["unit"]), lambda on: f"on {_long(on)}")),
        (r"(?P<lead>\b(?:as of|since|from|until|till|by|for|before|after|in|starting)\s+)next\s+week\b", fixed(lambda _: _monday(said_on) + timedelta(days=7), _week)),
        (r"\bnext\s+week\b", fixed(lambda _: _monday(said_on) + timedelta(days=7), lambda on: f"in {_week(on)}")),
        (r"(?P<lead>\b(?:as of|since|from|until|till|by|for|before|after|in|starting)\s+)this\s+week\b", fixed(lambda _: _monday(said_on), _week)),
        (r"\bthis\s+week\b", fixed(lambda _: _monday(said_on), lambda on: f"in {_week(on)}")),
        (rf"(?P<lead>\b(?:on|by|until|till|til|from|starting|since|as of|before|after|for|is|and|or)\s+)(?:(?P<next>next|this|coming)\s+)?(?P<w>{_DAY})\b(?!s)(?!\s+\d{{1,2}}\s+\w)",
         fixed(lambda m: _weekday(m["w"], said_on, m["next"] == "next"))),
        (rf"\b(?P<next>next|this|coming)\s+(?P<w>{_DAY})\b(?!s)", fixed(lambda m: _weekday(m["w"], said_on, m["next"] == "next"))),
    )  # fmt: skip
    for pattern, put in rules:
        text = re.sub(pattern, put, text, flags=re.IGNORECASE)
    return Dated(text, _expiry(found, text))


def _expiry(found: list[tuple[date, str]], text: str) -> date | None:
    """The last day named, unless the text says what holds from a day on."""
    ends = [on for on, before in found if re.search(_END + "$", before, re.IGNORECASE)]
    if ends:
        return max(ends)
    if not found or any(re.search(_START + "$", before, re.IGNORECASE) for _, before in found):
        return None
    lasting = r"\b(now|from now on|no longer|any ?more|moved|every|always|never|(?:mon|tues|wednes|thurs|fri|satur|sun)days)\b"
    return None if re.search(lasting, text, re.IGNORECASE) else max(on for on, _ in found)


def _on(day: str, month: str, said_on: date) -> date | None:
    try:
        on = date(said_on.year, _month(month), int(day))
        return on if on > said_on - _LONG_AGO else on.replace(year=on.year + 1)
    except ValueError:
        return None


def _month(name: str) -> int:
    return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(name.lower()[:3]))


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
