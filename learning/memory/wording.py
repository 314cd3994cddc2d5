"""Messages made self-contained: who "I" and "we" are, who was mentioned, which day "tomorrow" is; greetings and asides dropped."""

import html
import re
from collections.abc import Mapping
from datetime import date

from learning.memory.dates import Dated, absolute

_LINK = re.compile(r"<(?P<target>[^<>|]+)(?:\|(?P<label>[^<>]*))?>")
_GREETINGS = r"hi|hey|hello|good morning|ok(?:ay)?|so(?! (?:far|long|that|much|many|called)\b)|also|btw|oh|ah|yeah|and"
_CALLS = (
    "fyi|psa|heads[- ]up|friendly reminder|(?:just )?(?:to )?(?:let you know|so you know)|for the record|small but important|"
    "quick (?:note|reminder|one|q|question)|(?:does )?(?:anyone|anybody|somebody|someone)(?: else)? knows?|any idea|remind me"
)
_CALLS_OR_WORDS = "morning|well|right|reminder|update|tip|pro ?tip|announcement|note|important|attention|question|q"  # "Update the runbook": a verb
_ALL = "all|everyone|everybody|team|folks|people|ppl"
_TO_ALL = rf"(?:\s+(?:to\s+)?(?:{_ALL}|@?here|@?channel)\b(?=\s*[:,.!\-–—]))?"
_STOP = r"(?:\s*[:,.!…]+|\s+[\-–—]+(?=\s))"
_LEAD = re.compile(
    rf"^(?:(?:{_GREETINGS}|{_CALLS})\b(?![-@/.]\w){_TO_ALL}{_STOP}?\s*|(?:{_CALLS}|{_CALLS_OR_WORDS})\b{_TO_ALL}(?:{_STOP}\s*|\s+that\s+)"
    rf"|reminder\s+(?:to\s+(?={_ALL})|(?=(?:the|we|our|tomorrow|today)\b))|(?:{_ALL})(?:\s*[:,!]+|\s*[–—]+|\s*-+(?=\s))\s*)+",
    re.IGNORECASE,
)
_EMOJI = re.compile(r"(?<![\w:])(?::[a-z0-9_+\-]+:)+(?![\w:])|[\U0001F300-\U0001FAFF\u2600-\u27BF\u2B50\uFE0F]")  # not the minutes of 9:00-17:00
_CODE = re.compile(r"(`[^`]*`)")
_QUOTED = re.compile(r"^&gt;.*$", re.MULTILINE)  # what others said
_STRUCK = re.compile(r"(?<![\w~])~(?!\s)[^~\n]+(?<!\s)~(?![\w~/])")
_BOLD = re.compile(r"(?<![\w*])\*(?!\s)([^*\n]+)(?<!\s)\*(?![\w*./])")
_IRREGULAR = {"am": "is", "have": "has", "do": "does", "was": "was", "don't": "doesn't", "haven't": "hasn't", "go": "goes"}
_SAME = frozenset(
    """will would can could should must may might had did used took only also just moved now always never no not all both often still then soon each ever even
    rather sometimes cannot shall ought already please were got left built went made said told sent found lost bought sold paid put set kept gave wrote
    chose ran met held began cut came went saw knew thought brought broke spoke spent became fell grew stood taught caught cost hit shut split chosen
    felt led drew drove fed""".split()
)

# Where a pronoun begins and ends: not in me@acme.example, my.cnf, us-east-1 or /home/me; and the US, and phase I, are none.
_B, _E = r"(?<![\w./@-])", r"(?![\w@/-]|\.\w)"
_I = r"(?<!\bphase )(?<!\btype )(?<!\bpart )(?<!\blevel )(?<!\bclass )(?<!\btier )(?<!\bwar )" + _B + "I"
_US = r"(?<!\bthe )" + _B + r"(?-i:us)" + _E
# (what somebody says of themselves or of the team, what a third person would say): {who} is the speaker, {verb} takes the third person
_SPEAKER = (
    (rf"{_B}I['’]m\b", "{who} is"), (rf"{_B}I['’]ll\b", "{who} will"), (rf"{_B}I['’]ve\b", "{who} has"),
    (rf"{_B}I['’]d(?= (?:\w+ed|been|gone|had|left|made|seen|done)\b)", "{who} had"), (rf"{_B}I['’]d\b", "{who} would"),
    (r"\band I\b(?!['’.])", "and {who}"), (rf"{_I} (?P<verb>[a-z']+)", "{who} {verb}"),
    (rf"{_B}(?:me|myself){_E}", "{who}"), (rf"{_B}(?:my|mine){_E}", "{who}'s"),
    (rf"{_B}we['’]re\b", "the team is"), (rf"{_B}we['’]ve\b", "the team has"), (rf"{_B}we['’]ll\b", "the team will"),
    (rf"{_B}we (?P<verb>[a-z']+)", "the team {verb}"), (rf"{_B}ours?{_E}", "the team's"), (rf"{_B}we{_E}|{_US}", "the team"),
)  # fmt: skip
_WHO = "\0"  # put in last: somebody may be called Mine
_ANYBODY = (
    (rf"{_B}(?:i|we)['’]m\b", "you are"), (r"\b(?:am i|are we)\b", "are you"), (rf"{_B}(?:my|our){_E}", "your"), (rf"{_B}(?:mine|ours){_E}", "yours"),
    (rf"{_I}{_E}|{_B}(?:we|me){_E}|{_US}", "you"),
)  # fmt: skip


def plain(text: str, names: Mapping[str, str]) -> str:
    """Slack's markup as text: people and channels by name, links in full, one line, no emoji."""

    def readable(match: re.Match[str]) -> str:
        target, label = match["target"], match["label"]
        if target.startswith("@"):
            return names.get(target[1:], label or target)
        if target.startswith("#"):
            return f"#{label}" if label else target
        if target.startswith("!"):  # a group or a date is said by its label, "here" and "channel" say nothing
            return label or "" if target.startswith(("!subteam^", "!date^")) else ""
        target = target.removeprefix("mailto:")
        return f"{label} ({target})" if label and label not in target else target

    text = _LINK.sub(readable, _QUOTED.sub("", text))
    parts = _CODE.split(html.unescape(text))
    return " ".join("".join(part if number % 2 else _EMOJI.sub(" ", _BOLD.sub(r"\1", _STRUCK.sub("", part))) for number, part in enumerate(parts)).split())


def without_lead(text: str) -> str:
    """A message without what people say before they come to the point."""
    left = _LEAD.sub("", text, count=1).strip()
    return left or text


def resolve(text: str, speaker: str, said_on: date) -> Dated:
    """What somebody said on a day, said so that it holds for anybody on any day."""
    dated = absolute(without_lead(text), said_on)
    return Dated(capital(_people(dated.text, speaker)), dated.until)


def resolve_question(text: str, said_on: date) -> str:
    """A question as anybody could ask it, on any day."""
    asked = absolute(without_lead(text), said_on).text
    for pattern, general in _ANYBODY:
        asked = re.sub(pattern, general, asked, flags=re.IGNORECASE)
    return capital(asked)


def capital(text: str) -> str:
    """With a capital first letter, unless a code begins it."""
    first = next(iter(text.split(maxsplit=1)), "")
    return text[0].upper() + text[1:] if first.isalpha() or first.rstrip(",:'’s").isalpha() else text


def _people(text: str, speaker: str) -> str:
    """ "I" becomes the speaker, "we" the team; codes and links stay as they are."""

    def third_person(said: str) -> str:
        for pattern, instead in _SPEAKER:

            def put(match: re.Match[str], instead: str = instead) -> str:
                return instead.format(who=_WHO, verb=_third(match.groupdict().get("verb") or ""))

            said = re.sub(pattern, put, said, flags=re.IGNORECASE)
        return said.replace(_WHO, speaker)

    parts = re.split(r"(`[^`]*`|\S+://\S+)", text)
    return "".join(part if number % 2 else third_person(part) for number, part in enumerate(parts))


def _third(verb: str) -> str:
    """A verb's third person."""
    low = verb.lower()
    if low in _IRREGULAR:
        return _IRREGULAR[low]
    if low in _SAME or (low.endswith(("ed", "n't", "ly")) and low not in ("need", "apply", "rely", "supply", "reply", "comply", "fly")):
        return low
    if low == "are":
        return "is"
    return low[:-1] + "ies" if re.search(r"[^aeiou]y$", low) else low + ("es" if re.search(r"(s|x|z|ch|sh)$", low) else "s")
