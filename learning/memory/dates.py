"""Relative dates made absolute: a lesson must read the same next month. English, as people at work write it."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from learning.memory.days import DAY, MONTH_FIRST, RELATIVE, RULES, STOP, WEEKDAY, WITH_YEAR, WITHOUT_YEAR, Rule, sentence_of, weekdays

_START = r"\b(?:from|starting|since|as of|effective|beginning|after)\s+(?:(?:on|the|next|this|coming)\s+)*"
_END = r"\b(?:until|till|til|through|thru|by|before|expires?|deadline|due|ends?|closes?)\b(?:\s+(?:is|on|the|end|of|next|this))*\s*"
_FLAGS = re.IGNORECASE | re.ASCII
_HOUR = r"(?:\d{1,2}(?:[:.]\d\d)?\s*(?:[ap]m|h|o.?clock)?|noon|midnight|eod|end\s+of\s+(?:the\s+)?day)"
_UNTIL = re.compile(rf"\b(?:until|till|til|through|thru)\s+(?:the\s+|{_HOUR},?\s+(?:on\s+)?)?$", re.IGNORECASE)
_HOURLY = re.compile(rf"\b(?:until|till|til)\s+{_HOUR},?\s+(?:on\s+)?$", re.IGNORECASE)
_WEEKLY = re.compile(r"\b(?:is|are)\s+(?:open|taken|accepted|served|staffed)\b|\bopens?\b", re.IGNORECASE)
_IF = re.compile(r"\b(?:if|when(?:ever)?|once|unless|today|order(?:s|ed)?)\b", re.IGNORECASE)  # "what is ordered today arrives tomorrow"
_OUT = re.compile(
    r"(?:\b(?:is|are)|['’](?:s|re))\s+(?:closed|shut|down|away|off|out|ill|sick|cancell?ed|unavailable|offline)\b|\bno\s+\w+\s+(?=to(?:day|night)\b)",
    re.IGNORECASE,
)  # for once
_PAST = re.compile(r"\bsince\s+(?:the\s+)?$|(?<!\bis\s)(?<!\bare\s)(?<!\bbe\s)\b(?:took|left|went|joined|started|moved|switched)\b", re.IGNORECASE)
_TO_COME = re.compile(  # "moved to 30 june", "took over until friday" tell of a day that comes, whatever is past
    r"\b(?:to|until|till|til|through|thru|by|from|starting|beginning|effective|as of|before|for)\s+(?:(?:on|the)\s+)*$", re.IGNORECASE
)
_LASTING = r"\b(now|from now on|no longer|any ?more|moved|every|always|never|(?:mon|tues|wednes|thurs|fri|satur|sun)days)\b"
_AFTERWARDS = re.compile(r"\b(?:then|afterwards?|after that|thereafter)\b", re.IGNORECASE)
_AS_OF = re.compile(r"\b(?:as of|starting|effective)\s+(?:from\s+|on\s+)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Dated:
    """A text with its dates absolute, and the last day on which it holds, where it has one."""

    text: str
    until: date | None


def absolute(text: str, said_on: date) -> Dated:
    """Make the dates of a text absolute, as seen from the day on which it was said."""
    found: list[tuple[date, str]] = []  # each date, of several days the last, and the words before it
    text = MONTH_FIRST.sub(r"\g<days> of \g<month>", text)
    for rule in RULES:

        def put(match: re.Match[str], rule: Rule = rule) -> str:
            on = rule.day(match, said_on)
            if on is None:
                return match.group()
            if on > said_on and _PAST.search(sentence_of(_before(match), "").split(",")[-1]) and not _TO_COME.search(_before(match)):
                on = _years(on, -1) if rule in WITHOUT_YEAR else on - timedelta(days=7) if rule is WEEKDAY and not match["next"] else on
            found.append((on + timedelta(days=rule.days - 1), _before(match)))
            return _lead(match) + rule.shown(on)

        text = re.sub(rule.pattern, put, text, flags=_FLAGS)
    return Dated(text, _expiry([(on, before) for on, before in found if on >= said_on], text))


def settled(text: str, said_on: date) -> Dated:
    """The same of what is taught on purpose, where much holds for good: only days that end something, or begin it, are meant once. "Closed until friday",
    "as of tomorrow"; but not "it ships today", nor "from monday until friday"."""
    ends = [on for rule in WITH_YEAR for match in re.finditer(rule.pattern, text, _FLAGS) if _UNTIL.search(_before(match)) and (on := rule.day(match, said_on))]
    for rule in (*WITHOUT_YEAR, *RELATIVE):

        def put(match: re.Match[str], rule: Rule = rule) -> str:
            before, on = _before(match), rule.day(match, said_on)
            ends_then, bare = _UNTIL.search(before), rule in WITHOUT_YEAR
            if on is None or not _is_once(before, match.string[len(before) :]) or (bare and not ends_then):
                return match.group()
            if ends_then:
                on = _years(on, 1) if bare and on < said_on else on
                ends.append(on + timedelta(days=rule.days - 1))
            return _lead(match) + rule.shown(on)

        text = re.sub(rule.pattern, put, text, flags=_FLAGS)
    several = _AFTERWARDS.search(text) or STOP.search(text)  # what else it tells may hold on
    return Dated(text, None if several else max((on for on in ends if on >= said_on), default=None))


def _lead(match: re.Match[str]) -> str:
    return match.groupdict().get("lead") or ""


def _before(match: re.Match[str]) -> str:
    """All up to the words that name a day."""
    return match.string[: match.start() + len(_lead(match))]


def _years(on: date, more: int) -> date:
    return on.replace(year=on.year + more, day=28 if (on.month, on.day) == (2, 29) else on.day)


def _is_once(before: str, after: str) -> bool:
    sentence, weekday = sentence_of(before, after), re.match(rf"{DAY}\b", after, re.IGNORECASE)
    every = _HOURLY.search(before) and _WEEKLY.search(sentence)  # "open until 21:00 on Sunday": every one
    if re.search(r"\b(?:every|each|always|weekly|daily)\b", sentence, re.IGNORECASE) or (weekday and (every or len(weekdays(sentence)) > 1)):
        return False
    if re.match(rf"(?:tomorrow|tmrw|tmw|(?:next|this|coming)\s+(?:week|{DAY}))\b", after, re.IGNORECASE) and not _IF.search(sentence):
        return True
    if re.match(r"(?:today|tonight|this\s+(?:morning|afternoon|evening))\b", after, re.IGNORECASE) and _OUT.search(sentence):
        return True
    return bool(_UNTIL.search(before) or _AS_OF.search(before) or (re.search(r"\b(?:from|since)\s+$", before, re.IGNORECASE) and not weekday))


def _expiry(found: list[tuple[date, str]], text: str) -> date | None:
    """The day after "until". Else, unless the text holds for good or from a day on, the day of a deadline ("by", "ends"), or else the last day named. What lay
    in the past when it was said ends nothing; nor does a deadline end what holds for good ("from now on …; sign up by friday")."""
    lasts = any(re.search(_START + "$", before, re.IGNORECASE) for _, before in found) or re.search(_LASTING, text, re.IGNORECASE)
    ends = [on for on, before in found if _UNTIL.search(before) or (not lasts and re.search(_END + "$", before, re.IGNORECASE))]
    if ends or lasts:
        return max(ends, default=None)
    return max((on for on, _ in found), default=None)
