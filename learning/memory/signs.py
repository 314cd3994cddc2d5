"""Signs in a message: of lasting knowledge, of chatter, of a question, of thanks. English, as people type at work.

Each sign is a list of phrases, a regular expression each, separated by bars or line ends, and found as whole words.
"""

import re
from dataclasses import dataclass

from learning.memory.words import content_words

LAUGHTER = frozenset({"joy", "rolling_on_the_floor_laughing", "laughing", "sweat_smile", "stuck_out_tongue", "clown_face", "upside_down_face", "grin", "smile"})

POINTED = 3  # words with a meaning that must follow an aside for the sentence to say something
_FLAGS = re.IGNORECASE | re.DOTALL
_DAYS = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?s?"
_MONTHS = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = rf"\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTHS}\b|{_MONTHS} \d{{1,2}}\b"


def _any(phrases: str, begins: bool = False) -> re.Pattern[str]:
    """Any of the phrases as whole words, anywhere or only at the beginning."""
    joined = "|".join(phrase.strip() for line in phrases.strip().splitlines() for phrase in re.split(r" \| ", line.strip().strip("|")))
    return re.compile(rf"^\W*(?:{joined})\b" if begins else rf"\b(?:{joined})\b", _FLAGS)


@dataclass(frozen=True)
class Sign:
    """Counts once, however often it is found. Positive points: what people write when they tell all. Negative: when they chat."""

    points: float
    pattern: re.Pattern[str]


_TELLING = (
    Sign(3, _any("""
        fyi | psa | heads[- ]?up | reminder | friendly reminder | small but important | important | known (?:bug|issue) | rule of thumb | announcement
        for the record | pro ?tip | tip | note to | new rule | update
    """, begins=True)),
    Sign(2.5, _any("""
        fyi | psa | heads[- ]?up | reminder | for the record | rule of thumb | learned the hard way | turns out | please note | note that | pls note
        new rule | policy | just so (?:you|everyone|everybody) knows?
    """)),
)  # fmt: skip
_CHANGE = (
    Sign(2, _any(r"""
        now | no longer | not? \w+(?: \w+)? any ?more | any ?more | from now on | as of | effective | starting | instead of | previously | used to be
        before it was | was \d+
    """)),
    Sign(1.5, _any("""
        moved to | moves to | moving to | switched to | switching to | changed | changes | replaces? | replaced | takes? over | took over | taking over
        renamed | is called | are called | going forward
    """)),
    Sign(1.5, re.compile(r"\bfrom (?:today|tomorrow|now|next|\d|monday|tuesday|wednesday|thursday|friday|\w+ \d)", _FLAGS)),
)  # fmt: skip
_DEFINITION = (
    Sign(1.5, _any("""
        owns? | owned by | owner | responsible | in charge | approves? | signs? | handles? | covers | covering | contact | maintain(?:s|ed)
        goes? (?:to|through|via) | belongs? to
    """)),
    Sign(1.5, re.compile(
        r"\b(?:lives? (?:in|on|at|under|behind)|is (?:on|at|in|under|behind) (?:the|our|room|a|[#`])|stored in|kept (?:in|for|\d)"
        r"|hosted (?:on|at)|located)\b", _FLAGS)),
    Sign(1.5, _any(r"""
        costs? | capped | limit(?:ed)? | max(?:imum)? | min(?:imum)? | at (?:most|least) | up to | valid (?:for|until) | deadline | due | expires?
        closes? | closed | opens? | open (?:from|until) | hours | budget | quota
    """)),
    Sign(1.5, _any("""
        must | have to | has to | needs? to | needs? (?:a|an|the|`) | never | always | only | required | mandatory | make sure | do not | not allowed | allowed
        don'?t (?:use|ever|forget|answer|put|touch|book|order|reply|push|merge)
    """)),
    Sign(1, re.compile(r"\b(?:pls|please) (?!can\b|help\b)\w+", _FLAGS)),
    Sign(1, re.compile(
        r"\b(?:if|when(?:ever)?) (?:you|it|the|an?|somebody|someone|they|your|there)\b"
        r".*(?:,|then|\b(?:use|ask|go|run|call|press|set|send|put|write|tell|take|check|ping)\b)", _FLAGS)),
    Sign(1, re.compile(r"\b(?:is|are) (?:the|our) (?:new|official|main|default|only|right)\b|\bthe (?:new|official|correct|right) \w+", _FLAGS)),
    Sign(1, re.compile(r"\b(?:use|run|ask|ping|press|set|call|book|send|put|write to|log in|sign up|go to)\b (?:the|a|an|`|\w+@|#|@|<|https?)", _FLAGS)),
)  # fmt: skip
_CONCRETE = (
    Sign(1.5, _any(rf"""
        (?:every|each) (?:\w+ )?(?:day|week|month|quarter|year|night|morning|{_DAYS}) | (?:mon|tues|wednes|thurs|fri|satur|sun)days
        daily | weekly | monthly | nightly | quarterly | biweekly | fortnightly
    """)),
    Sign(1, re.compile(r"\b\d{1,2}[:.h]\d{2}\b|\b\d{1,2} ?(?:am|pm|h)\b|\b\d{1,2} ?[–-] ?\d{1,2}\b|\bat \d{1,2}\b|\bnoon\b|\bmidnight\b", _FLAGS)),
    Sign(1, re.compile(rf"\b(?:{_DATE})|\b\d{{4}}-\d\d-\d\d\b|\b(?:on|by|until|till|next) {_DAYS}\b|\btomorrow\b", _FLAGS)),
    Sign(1, re.compile(r"[`]|\b\w+@\w|(?<!\w)#\w|\b\w+-\d+\b|\b[A-Z]{2,}\d*\b|\bv\d|\bport \d|\b\w+\.\w+\.\w+", _FLAGS)),
    Sign(1, re.compile(
        r"\b\d+(?:[.,]\d+)? ?(?:%|days?|hours?|min(?:utes?|s)?|months?|weeks?|years?|euros?|eur|usd|gb|tb|mb|kg|g|ml|l|°|degrees|per"
        r"|people|k|m|px|mm|cm|bar|v)\b"
        r"|[€$£]\s?\d|\d\s?[€$£]", _FLAGS)),
    Sign(1.5, re.compile(
        rf"\b(?:tomorrow|today|on {_DAYS}|{_DATE})\b.*(?:\b\d{{1,2}}[:.]\d{{2}}|\bclosed|\bno \w+)|\bclosed\b.*(?:{_DATE})", _FLAGS)),
    Sign(3, re.compile(r"https?://\S.*?\w \w+ \w|\w \w+ \w.*?https?://", _FLAGS)),
)  # fmt: skip
_CHAT = (
    Sign(-5, re.compile(r"\?\s*(?:[:;]-?[)(/p]|\W)*$", _FLAGS)),
    Sign(-2.5, re.compile(r"\?", _FLAGS)),
    Sign(-4, re.compile(
        r"^\W*(?:anyone|anybody|does|do|did|is|are|can|could|should|would|who|what|what'?s|where|when|why|how|which|any)\b[^.!]*\?", _FLAGS)),
    Sign(-4, _any(r"""
        i think | i guess | i suppose | maybe | might | probably | perhaps | not sure | no idea | dunno | iirc | afaik | i heard | i believe | rumou?r
        apparently | supposedly | presumably | i wonder | wondering | feels like | seems | could be | should be (?:the same|fine|ok|there|back) | what if
        imagine | if we ever | thinking out loud | at some point | someday | would be (?:nice|great|cool|fun|lovely) | i'?d (?:love|like|rather)
        we should | shall we | let'?s | hopefully | i hope | fingers crossed | in theory | would(?:n'?t)? (?:be|it)
    """)),
    Sign(-3, re.compile(
        r"\b(?:lol|lmao|haha\w*|rofl|jk|just kidding|joke|kidding|hehe|omg|ugh|argh|yikes|rip|wtf|meme|officially my|discuss|cool cool|/s)\b"
        r"|😂|🤣|😅|:joy:", _FLAGS)),
    Sign(-2.5, _any(r"""
        brb | afk | on it | looking(?: into)? | checking | restarting | rerunning | rebooting | deploying | pushing | merging | rolling back
        back (?:up|online|now|in) | done | fixed | going for | lunch\? | coffee\? | running late | be late | stuck in | working on | trying
        will (?:look|check|see|try) | i'?ll (?:look|check|see|try|do|be|take|have|get|bring|send|ask|post|ping)
    """)),
    Sign(-2, _any(r"""
        (?:is|are|was|were|looks?|still|seems?) (?:down|red|broken again|slow|stuck|failing|flaky|weird|loud|cold|hot|late|sick|tired|hungry|dead inside)
        right now | at the moment | currently | again | so far | this morning | all day | last night | yesterday | last week | weekend
        just (?:got|saw|had|did|asked|came|finished|went|called)
    """)),
    Sign(-2, _any("""
        i | i'?m | i'?ve | i'?d | i'?ll | my | me | he | she | his | her | they | that | this | it | it'?s | that'?s | these | those | yeah | yep | nah | no
        nope | same | lol | haha | ok | okay | oh | thanks? | thx | ty | congrats | happy | good | great | nice | love | wow | sorry | welcome | who | why
        whoever
    """, begins=True)),
    Sign(-1.5, _any("""
        love | hate | favou?rite | feel | felt | happy | sad | funny | weird | crazy | insane | hilarious | beautiful | lovely | gorgeous | terrible | awful
        great job | well done | congrats | thanks | thank you | thx | cheers | kudos | birthday | kid | kids | wife | husband | dentist | doctor | sick
        vacation | holiday pics | weather | snow | rain(?:ing)? | cat | dog | weekend plans
    """)),
    Sign(-1.5, re.compile(r"!{2,}|\.{3}\s*$|…\s*$|:\)|:D|;\)|:P", _FLAGS)),
    Sign(-1.5, _any("officially | literally | honestly | basically | technically | apparently | obviously | somehow | whatever | anyway | allegedly")),
)  # fmt: skip
_GOOD = (*_TELLING, *_CHANGE, *_DEFINITION, *_CONCRETE)

_HEDGED = _any("""
    i think | i guess | i suppose | maybe | might | probably | perhaps | not sure | no idea | dunno | iirc | afaik | i heard | i believe | could be
    should be the same | guess(?:ing)? | don'?t know | try | have you tried | pretty sure | assume | presumably | i'?d say
""")
_THANKS = re.compile(_any("""
    thanks? | thank you | thx | thnx | ty | tysm | cheers | merci | perfect | brilliant | legend | lifesaver | life saver
    (?:that |did |it |this )*work(?:s|ed)
    that was it | that did it | did the trick | got it | found it | makes sense | confirmed | can confirm | correct | exactly | you star | saved me
    awesome | amazing | great | super | ah(?:h+)? | noted | good to know | fixed it | sorted | gotcha
""").pattern + "|👍|🙏|🙌|❤|⭐", _FLAGS)  # fmt: skip
_OBJECTS = _any("""
    no | nope | nah | not (?:any ?more|quite|true|right|really) | that'?s (?:wrong|old|outdated|not) | wrong | actually | wait | correction | outdated
    careful | didn'?t work | doesn'?t work | still (?:not|fails|broken)
""", begins=True)  # fmt: skip
_DOUBTS = re.compile(
    r"\bare you sure\b|\bbut\b|\bwrong\b|(?:\bnot|n['’]t)\s+(?:\w+\s+){0,2}(?:work\w*|right|correct|exactly|help\w*|confirmed|true|sure|it)\b", _FLAGS
)  # with a word of thanks or confirmation they still say no
_JOKES = re.compile(r"\b(?:lol|lmao|haha\w*|jk|just kidding|kidding|joke)\b|😂|🤣|/s\b", _FLAGS)
_ASKS = re.compile(r"\?|" + _any("""
    (?:\\w+[:,]? )?(?:who|what|what'?s|whats|where|where'?s|wheres|when|why|how|which|whose|does (?:any|some)one|do we)
    (?:\\w+[:,]? )?(?:anyone|anybody|any idea|is there|are there)
    (?:\\w+[:,]? )?(?:can (?:we|i|you|somebody|someone|any)|could (?:we|you|some))
""", begins=True).pattern, _FLAGS)  # fmt: skip
_INVERTED = re.compile(  # as questions are, also where they end with a full stop
    r"^\W*(?:\w+[:,]? )?(?:(?:who|whom|whose|what|where|when|why|how|which)(?:['’]?s\b|(?:\s+\w+)?\s+(?:is|are|was|were|do|does|did|can|could|should|will|would"
    r"|has|have)\b)|(?:is|are) there\b|do we\b|does (?:any|some)one\b|can\b|could\b|any idea\b|any(?:one|body)(?: else)? (?:knows?|has|have|got|seen)\b)",
    _FLAGS,
)
_STATES = re.compile(  # "When the light is red, hold the left button"; "Ana, who sits upstairs, has the key"; "Anyone who needs access asks Ana first."
    r"[.!]\W*$|^\W*(?:when|where)\s[^,]*,\s+\w+\s+\w+|^\W*\w+,\s+(?:who|which|whose)\s[^,]*,\s+\w+", _FLAGS
)
_CONFIDED = _any(r"""
    between (?:us|you and me|ourselves) | keep (?:it|this|that) (?:between|to yourself|quiet|private|secret|in(?:side)? (?:this|the))
    (?:do not|don'?t|never|not to be) (?:share|post|tell|forward|repeat|shared|posted|forwarded) | (?:strictly )?confidential | off the record
    (?:please )?(?:don'?t|do not) (?:make|spread) (?:it|this|that)
""")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)|\n+")
_ASIDE = _any(r"""
    sorry | thanks | thx | cheers | lol | haha | omg | ugh | yay | phew | you know why | don'?t panic | carry on | enjoy | good luck | have fun | rip | oops
    hope (?:that|this) helps | hth | yw | np | no worries | just saying | that'?s (?:it|all) | long story | fun fact | i know | sad | happy \w+ | see you
    love you | pls don'?t shoot | questions? (?:to|in) | was just | found it | done | great question | good question
""", begins=True)  # fmt: skip
_AFTER_ASIDE = re.compile(
    r"\s*(?:[^\w\s#@`$€£&<'’]|$)|\s+(?:for|everyone|everybody|all|folks|guys|team|again|so much|a lot|i|we|you|it|it['’]s|this|that|but|if)\b", _FLAGS
)


def points(text: str) -> float:
    """How much a message looks like lasting knowledge; about 4 and more does."""
    length = len(text.split())
    brief = -3.0 if length < 5 else -1.0 if length < 7 else 0.0
    rambling = -1.5 if length > 60 else 0.0
    return brief + rambling + sum(sign.points for sign in (*_GOOD, *_CHAT) if sign.pattern.search(text))


def answer_points(text: str) -> float:
    """How much a reply looks like an answer: anything concrete."""
    concrete = sum(sign.points for sign in _GOOD if sign.pattern.search(text))
    names = len(re.findall(r"(?<!^)(?<![.!?] )\b[A-Z][a-z]+|\d+|`", text))
    return concrete / 2 + min(names, 3) / 2 + min(len(text.split()), 12) / 12 - (3 if doubtful(text) else 0)


def worth(text: str) -> str:
    """A message without its asides: sentences that only chat."""
    sentences = [sentence for sentence in _SENTENCE.split(text) if sentence.strip()]
    pointed = [sentence for sentence in map(_without_aside, sentences) if sentence]
    kept = [sentence for sentence in pointed if not (is_question(sentence) and len(sentences) > 1 and "http" not in sentence)]
    return " ".join(kept or sentences)


def _without_aside(sentence: str) -> str:
    """A sentence without the aside that begins it; nothing where little follows."""
    aside = _ASIDE.match(sentence)
    if aside and not _AFTER_ASIDE.match(sentence, aside.end()):  # "Happy hour is …", "Thanks to the VPN …"
        aside = None
    rest = sentence[aside.end() :].lstrip(" ,:;.!–—-") if aside else sentence
    return rest if not aside or len(content_words(rest)) >= POINTED else ""


def question(text: str) -> str:
    """The question in a message, without what stands around it; empty when there is none."""
    return next((sentence.strip() for sentence in _SENTENCE.split(text) if is_question(sentence)), "")


def is_question(text: str) -> bool:
    """Does it ask something?"""
    return bool(_ASKS.search(text) and ("?" in text or _INVERTED.search(text) or not _STATES.search(text)))


def doubtful(text: str) -> bool:
    """Is it a guess?"""
    return bool(_HEDGED.search(text))


def thanks(text: str) -> bool:
    """Does it thank, or confirm? What asks whether it is so does not."""
    told = " ".join(sentence for sentence in _SENTENCE.split(text) if not sentence.rstrip().endswith("?"))
    return len(text.split()) <= 16 and bool(_THANKS.search(told)) and not _DOUBTS.search(text)


def objects(text: str) -> bool:
    """Does it contradict what was said before?"""
    return bool(_OBJECTS.search(text) or (_THANKS.search(text) and _DOUBTS.search(text)))


def confides(text: str) -> bool:
    """Is it not meant for everybody?"""
    return bool(_CONFIDED.search(text))


def jokes(text: str) -> bool:
    """Is it not meant?"""
    return bool(_JOKES.search(text))
