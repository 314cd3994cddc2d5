"""What a mention may be besides a question, by its form: remember, forget, that an answer was wrong, thanks, and whose question it leaves it to."""

import re
from dataclasses import dataclass
from typing import Literal

from learning.memory.words import EMOJI

_BREAK = r"(?:(?!:[\w+'-]+:)[\s,:;!…]|\.+(?!\w)|[-–—*•]+(?=\s))*"  # up to what is told, which may begin with a sign: "#ops", "-18 degrees", "$500"
_ALL = r"(?:all|everything|anything|what (?:i|we) (?:said|told you|taught you))"
_NOTING = r"(?:note|learn|save|keep in mind|fyi|for the record)"
_DENIED = (
    r"(?:(?:that|this|it|(?:your|the|that|this)\s+answer)\s*(?:['’]?s|\s+is|\s+was)\s+(?:(?:completely|totally|just)\s+)?"
    r"(?:wrong|incorrect|false|outdated|out\s+of\s+date|(?:not|no\s+longer)\s+(?:quite\s+)?(?:right|true|correct))"
    r"|(?:that|this|it)\s+(?:is|was)n['’]?t\s+(?:quite\s+)?(?:right|true|correct)|you(?:\s+are|['’]?re)\s+wrong)"
)
_FORMS: tuple[tuple[Literal["remember", "forget", "wrong"], re.Pattern[str]], ...] = (
    ("remember", re.compile(rf"remember\b(?P<that>\s+(?:that|this)\b|\s*:(?!\w))?{_BREAK}(?P<rest>.+)", re.IGNORECASE | re.DOTALL)),
    (
        "remember",  # in other words, where it can be nothing else
        re.compile(rf"(?:{_NOTING}\b(?P<that>\s+(?:that|this)\b|\s*:(?!\w))|(?:don['’]?t|never)\s+forget\s+(?P<too>that)\b){_BREAK}(?P<rest>.+)", re.I | re.S),
    ),
    ("forget", re.compile(rf"forget\b(?:\s+(?:that|(?:{_ALL}\s+)?about)\b)?{_BREAK}(?P<rest>.+)", re.IGNORECASE | re.DOTALL)),
    (
        "wrong",
        re.compile(
            rf"(?:{_DENIED}|(?=\w+\s*(?:[:;,!.]|$))(?:wrong|incorrect|outdated)|(?:not\s+(?:true|right|correct)|correction)(?=\s*[:;,!.–—-]|$))\b"
            r"(?:\s*[:;,.!–—-]+\s*|\s+(?=(?:it|he|she|they)\b)|(?=\W*$)|\s+(?P<denied>))(?P<rest>.*)",
            re.IGNORECASE | re.DOTALL,
        ),
    ),
)
_EMPTY = re.compile(r"(?:\W|\b(?:sorry|thanks?|thank you|thx|please|pls|any ?more|though|i think|again|bot|nightschool)\b)*", re.IGNORECASE)
_BEFORE = re.compile(  # what people say before they come to it
    r"(?:(?<!\S):[\w+'-]+:(?!\S)|\W|(?:hi|hello|hey|ok|okay|so|well|oh|no|actually|sorry|but|also|please|pls|plz|thanks|nightschool|bot)\b"
    r"|(?:can|could|would|will) you(?=\W+(?:(?:please|pls|also)\W+)?(?:remember|forget)\b))*",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"(?:who|whom|whose|what|when|where|which|how|why|if|whether)\b", re.IGNORECASE)
_GOES_ON = re.compile(r":\s+\w|,\s+(?!(?:please|pls|thanks|thx)\b)\w+(?:\W+\w+){2}", re.IGNORECASE)  # "how we deploy: run make ship"
THIS = re.compile(
    r"(?:(?:all|everything) )?(?:the )?(?:above|this|that|it|thread|messages?|conversation)(?: (?:above|thread|message|conversation))?\W*",
    re.IGNORECASE,
)
_HANDS_OVER = re.compile(
    r"(?:\W|\b(?:can|could|do|does|would|will|you|your|any|please|pls|anybody|anyone|the|that|this|it|one|to|us|me|have|an?|what|help|with|out|here|hey|hi|hello|ok"
    r"|answer|idea|ideas|know|say|tell|thoughts?|clue|question|about|think|nightschool)\b)*",
    re.IGNORECASE,
)
_GREETING = r"(?:hi|hello|hey|good (?:morning|afternoon|evening))(?: (?:there|all|nightschool|bot))?"
_HELP = re.compile(
    r"(help(?: me)?|what (can|do) you (do|know)|what are you(?: for)?|who (?:are|made) you|how do you (?:work|learn)"
    r"|how (?:do|can|should) (?:i|we) (?:teach|train|use) you"
    rf"|what (?:have|did) you learn(?:ed|t)?(?: today| so far| yet| here)?|{_GREETING})\W*",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"(?:(?:great|ok|perfect|cool|nice|super|got it|good)\W+)?(?:thanks|thank you|thx|ty|cheers)(?: (?:a lot|so much|again|nightschool|bot))?\W*", re.IGNORECASE
)
_NOTED = re.compile(
    r"(?:[^\w?]|\b(?:good bot|got it|never ?mind|nvm|ok|okay|great|nice|perfect|cool|super|awesome|wow|lol|haha|yep|yeah|no worries|noted|understood|fine|done"
    r"|nightschool)\b|\+1)+",
    re.IGNORECASE,
)

Kind = Literal["remember", "forget", "wrong", "answer", "help", "thanks", "nothing"]
_SHORT: tuple[tuple[re.Pattern[str], Kind], ...] = ((_HELP, "help"), (_THANKS, "thanks"), (_NOTED, "nothing"))


@dataclass(frozen=True)
class Instruction:
    """What to do, and what with."""

    kind: Kind
    rest: str


def instruction(text: str) -> Instruction | None:
    """None for what is a question after all ("remember when we shipped?", "can you remember the code?")."""
    plain = " ".join(EMOJI.sub(" ", text).split())
    before = (_BEFORE.match(text.strip()) or [""])[0]
    said = text.strip()[len(before) :]
    if text.strip() and not plain:
        return Instruction("nothing", "")
    for form, kind in _SHORT:
        if form.fullmatch(plain) or form.fullmatch(said):
            return Instruction(kind, "")
    for verb, form in _FORMS:
        match = form.fullmatch(said)
        if match is None:
            continue
        if verb == "wrong":
            return _denial(said, match)
        asked_to = re.search(r"\byou\b", before, re.IGNORECASE) is not None
        rest = match["rest"].rstrip(" ?") if asked_to else match["rest"]
        if verb == "remember" and not match["that"] and (asked_to or (_QUESTION.match(rest) and not _GOES_ON.search(rest))):
            return None  # "can you remember the code?", "remember who owns the van"
        return None if rest.endswith("?") else Instruction(verb, rest)
    return None


def _denial(said: str, match: re.Match[str]) -> Instruction | None:
    if match["rest"].endswith("?") or (match["denied"] is not None and re.match(r"it\s+was\b", said, re.IGNORECASE)):
        return None  # "it was wrong of them to close": of no answer
    return Instruction("wrong", "" if match["denied"] is not None or _EMPTY.fullmatch(match["rest"]) else match["rest"])


def hands_over(text: str) -> bool:
    """Does somebody who calls the bot into a thread leave it to what was asked there ("any idea?")?"""
    return _HANDS_OVER.fullmatch(text) is not None
