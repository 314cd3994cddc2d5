"""Messages made self-contained: who "I" and "we" are, who was mentioned, which day "tomorrow" is; greetings and asides dropped."""

import html
import re
from collections.abc import Mapping
from datetime import date

from learning.memory.dates import Dated, absolute

_LINK = re.compile(r"<(?P<target>[^<>|]+)(?:\|(?P<label>[^<>]*))?>")
_LEAD = re.compile(
    r"^(?:(?:hi|hey|hello|morning|good morning|ok(?:ay)?|so|also|btw|oh|ah|well|right|yeah|and|fyi|psa|heads[- ]up|friendly reminder|reminder|question|q|update|tip|"
    r"small but important|announcement|for the record|note|pro ?tip|important|attention|(?:just )?(?:to )?(?:let you know|so you know)|"
    r"quick (?:note|reminder|one|q|question)|(?:does )?(?:anyone|anybody|somebody|someone)(?: else)? knows?|any idea|remind me)\b"
    r"(?:\s+(?:all|everyone|everybody|team|folks|people|ppl|@?here|@?channel)\b(?=\s*[:,.!\-–—]))?\s*[:,.!…\-–—]*\s*"
    r"|(?:all|everyone|everybody|team|folks|people|ppl)\s*[:,!\-–—]+\s*)+",
    re.IGNORECASE,
)
_EMOJI = re.compile(r":[a-z0-9_+\-]+:|[\U0001F300-\U0001FAFF\u2600-\u27BF\u2B50\uFE0F]")
_IRREGULAR = {"am": "is", "have": "has", "do": "does", "was": "was", "don't": "doesn't", "haven't": "hasn't", "go": "goes"}
_SAME = {
    "will",
    "would",
    "can",
    "could",
    "should",
    "must",
    "may",
    "might",
    "had",
    "did",
    "used",
    "took",
    "only",
    "also",
    "just",
    "moved",
    "now",
    "always",
    "never",
    "usually",
}


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
    for pattern, general in ((r"\b(?:i|we)['’]m\b", "you are"), (r"\b(?:am i|are we)\b", "are you"), (r"\b(?:my|our)\b", "your"), (r"\b(?:mine|ours)\b", "yours"),
                             (r"\b(?:i|we|me|us)\b(?![.\w])", "you")):  # fmt: skip
        asked = re.sub(pattern, general, asked, flags=re.IGNORECASE)
    return capital(asked)


def capital(text: str) -> str:
    """With a capital first letter, unless a code begins it."""
    first = text.split(maxsplit=1)[0] if text else ""
    return text[0].upper() + text[1:] if first.isalpha() or first.rstrip(",:'’s").isalpha() else text


def _people(text: str, speaker: str) -> str:
    """ "I" becomes the speaker, "we" the team."""
    parts = re.split(r"(`[^`]*`|\S+://\S+)", text)  # codes and links stay as they are
    for number in range(0, len(parts), 2):
        part = parts[number]
        part = re.sub(r"\bI['’]m\b", f"{speaker} is", part, flags=re.IGNORECASE)
        part = re.sub(r"\bI['’]ll\b", f"{speaker} will", part, flags=re.IGNORECASE)
        part = re.sub(r"\bI['’]ve\b", f"{speaker} has", part, flags=re.IGNORECASE)
        part = re.sub(r"\bI['’]d\b", f"{speaker} would", part, flags=re.IGNORECASE)
        part = re.sub(r"(?<![\w.])I (?P<verb>[a-z']+)", lambda m: f"{speaker} {_third(m['verb'])}", part, flags=re.IGNORECASE)
        part = re.sub(r"(?<![\w.])(?:I|me)\b(?![.\w]*\w)", speaker, part)
        part = re.sub(r"\b(?:me|myself)\b", speaker, part)
        part = re.sub(r"\b(?:my|mine)\b", f"{speaker}'s", part, flags=re.IGNORECASE)
        part = re.sub(r"\bwe['’]re\b", "the team is", part, flags=re.IGNORECASE)
        part = re.sub(r"\bwe['’]ve\b", "the team has", part, flags=re.IGNORECASE)
        part = re.sub(r"\bwe['’]ll\b", "the team will", part, flags=re.IGNORECASE)
        part = re.sub(r"\bwe (?P<verb>[a-z']+)", lambda m: f"the team {_third(m['verb'])}", part, flags=re.IGNORECASE)
        part = re.sub(r"\b(?:we|us)\b", "the team", part)
        part = re.sub(r"\b(?:We|Us)\b", "The team", part)
        part = re.sub(r"\b(?:our|ours)\b", "the team's", part, flags=re.IGNORECASE)
        parts[number] = part
    return "".join(parts)


def _third(verb: str) -> str:
    """A verb's third person."""
    low = verb.lower()
    if low in _IRREGULAR:
        return _IRREGULAR[low]
    if low in _SAME or low.endswith("ed") or low.endswith("n't"):
        return low
    if low == "are":
        return "is"
    return low[:-1] + "ies" if re.search(r"[^aeiou]y$", low) else low + ("es" if re.search(r"(s|x|z|ch|sh)$", low) else "s")
