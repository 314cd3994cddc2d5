"""Messages made self-contained: who "I" and "we" are, who was mentioned, which day "tomorrow" is; greetings and asides dropped."""

import html
import re
from collections.abc import Mapping
from datetime import date

from learning.memory.dates import Dated, absolute

_LINK = re.compile(r"<(?P<target>[^<>|]+)(?:\|(?P<label>[^<>]*))?>")
_GREETINGS = "hi|hey|hello|morning|good morning|ok(?:ay)?|so|also|btw|oh|ah|well|right|yeah|and"
_CALLS = (
    "fyi|psa|heads[- ]up|friendly reminder|reminder|update|tip|pro ?tip|small but important|announcement|for the record|note|important|attention|"
    "(?:just )?(?:to )?(?:let you know|so you know)|quick (?:note|reminder|one|q|question)|question|q|"
    "(?:does )?(?:anyone|anybody|somebody|someone)(?: else)? knows?|any idea|remind me"
)
_ALL = "all|everyone|everybody|team|folks|people|ppl"
_LEAD = re.compile(
    rf"^(?:(?:{_GREETINGS}|{_CALLS})\b(?:\s+(?:{_ALL}|@?here|@?channel)\b(?=\s*[:,.!\-–—]))?\s*[:,.!…\-–—]*\s*|(?:{_ALL})\s*[:,!\-–—]+\s*)+",
    re.IGNORECASE,
)
_EMOJI = re.compile(r":[a-z0-9_+\-]+:|[\U0001F300-\U0001FAFF\u2600-\u27BF\u2B50\uFE0F]")
_IRREGULAR = {"am": "is", "have": "has", "do": "does", "was": "was", "don't": "doesn't", "haven't": "hasn't", "go": "goes"}
_SAME = frozenset(
    ["will", "would", "can", "could", "should", "must", "may", "might", "had", "did", "used", "took", "only", "also", "just", "moved", "now", "always", "never"]
)  # fmt: skip

# (what somebody says of themselves or of the team, what a third person would say): {who} is the speaker, {verb} takes the third person
_SPEAKER = (
    (r"\bI['’]m\b", "{who} is"), (r"\bI['’]ll\b", "{who} will"), (r"\bI['’]ve\b", "{who} has"), (r"\bI['’]d\b", "{who} would"),
    (r"(?<![\w.])I (?P<verb>[a-z']+)", "{who} {verb}"), (r"\b(?:me|myself)\b", "{who}"), (r"\b(?:my|mine)\b", "{who}'s"),
    (r"\bwe['’]re\b", "the team is"), (r"\bwe['’]ve\b", "the team has"), (r"\bwe['’]ll\b", "the team will"),
    (r"\bwe (?P<verb>[a-z']+)", "the team {verb}"), (r"\bours?\b", "the team's"), (r"\b(?:we|us)\b(?![.\w])", "the team"),
)  # fmt: skip
_ANYBODY = (
    (r"\b(?:i|we)['’]m\b", "you are"), (r"\b(?:am i|are we)\b", "are you"), (r"\b(?:my|our)\b", "your"), (r"\b(?:mine|ours)\b", "yours"),
    (r"\b(?:i|we|me|us)\b(?![.\w])", "you"),
)  # fmt: skip


def plain(text: str, names: Mapping[str, str]) -> str:
    """Slack's markup as text: people and channels by name, links in full, one line, no emoji."""

    def readable(match: re.Match[str]) -> str:
        target, label = match["target"], match["label"]
        if target.startswith("@"):
            return names.get(target[1:], label or target)
        if target.startswith("#"):
            return f"#{label}" if label else target
        if target.startswith("!"):
            return ""
        target = target.removeprefix("mailto:")
        return f"{label} ({target})" if label and label not in target else target

    text = _LINK.sub(readable, text)
    text = re.sub(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])", r"\1", html.unescape(text))
    return " ".join(_EMOJI.sub(" ", text).split())


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
                return instead.format(who=speaker, verb=_third(match.groupdict().get("verb") or ""))

            said = re.sub(pattern, put, said, flags=re.IGNORECASE)
        return said

    parts = re.split(r"(`[^`]*`|\S+://\S+)", text)
    return "".join(part if number % 2 else third_person(part) for number, part in enumerate(parts))


def _third(verb: str) -> str:
    """A verb's third person."""
    low = verb.lower()
    if low in _IRREGULAR:
        return _IRREGULAR[low]
    if low in _SAME or (low.endswith(("ed", "n't")) and low != "need"):
        return low
    if low == "are":
        return "is"
    return low[:-1] + "ies" if re.search(r"[^aeiou]y$", low) else low + ("es" if re.search(r"(s|x|z|ch|sh)$", low) else "s")
