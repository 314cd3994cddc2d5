"""Are two statements about one thing, of which they say something else, or the same about two: rooms 214 and 215, what Ana and what Priya speak?"""

import re
from itertools import chain, product, takewhile

from learning.memory.exceptions import says_changed
from learning.memory.telling import DATED, NUMBER, WHEN, telling
from learning.memory.words import normalised, stem, stems

_CODE = re.compile(r"[A-Z]|(?=.*[A-Za-z])(?=.*\d)[\w-]+")  # what tells one of many: A3, heron-2, team B
_NUMBERING = re.compile(r"\b(?:number|no\.?|nr\.?)\s+\w", re.IGNORECASE)
_COUNTED = re.compile(  # what goes by number
    r"(?<![\w-])(priority|prio|severity|level|tier|class|grade|group|phase|stage|step|shift|team|line|room|gate|floor|zone|building|dock|bay|shelf|door|platform"
    r"|section|plan|table|desk|locker|machine|printer|ward) (\d+)(?![\w:.,-]*\d)"
)
_LABEL = re.compile(r"\W*[\w -]+:\s")  # "Vacation: 28 days" is no room 28
# What many things may do or be ("Priya speaks Polish"), so that one more takes nothing from the others; "has the key" may be one.
_OF_MANY = re.compile(
    r"(?:(?:also|usually|always|often|only|now)\s+)*(?:(?:moved|joined|left|started|retired|returned"
    r"|speaks?|knows?|works?|lives?|sits?|likes?|loves|hates|drinks?|eats?|plays?|needs?|wants?|supports?"
    r"|depends|listens|belongs?|can|cannot|can['’]t|may|must|should|do(?:es)? not|do(?:es)?n['’]t|requires?|costs?|weighs?|contains?|seats?|connects?|uses?)\b"
    r"|(?:opens?|closes?|starts?|begins?|ends?|leaves?|arrives?|comes?|goes|returns?)\s+(?:at|on|in|from|to|by|every|daily)\b|takes?\s+\d"
    r"|(?:has|have|had)\s+(?!the\b|our\b)|(?:is|are|was|were)\s+(?:(?:not|no|also|still|a|an|in(?! charge\b)|on(?! call\b| duty\b)|at|from|near|vegan"
    r"|vegetarian|allergic)\b"
    r"|(?!used|needed|chosen|preferred|appointed|assigned|elected|named|called|responsible)\w+(?:ed|en|ilt|ible|able)\b))",
    re.IGNORECASE,
)
_OF_ONE = re.compile(
    r"(?:now\s+)?(?:owns?|leads?|runs?|manages?|maintains?|heads?|chairs?|(?:is|are|was)\s+(?:the|our|my|responsible|in charge|on (?:call|duty)))\b",
    re.IGNORECASE,
)
_OF_MANY_THINGS = re.compile(
    r"\b(?:speaks?|knows?|likes?|loves|hates|supports?|offers?|sells?|contains?|includes?|depends? on|(?:ships?|delivers?) to|(?:integrates?|works?) with)$",
    re.IGNORECASE,
)  # several at once
_LONGEST = 3  # words of a subject, at most
_ALL_OR_NONE = re.compile(r"\b(?:only|nobody|none|everyone|everybody|all)\b", re.IGNORECASE)  # beside these others do not stand


def are_of_two(new: str, old: str) -> bool:
    """Do two statements tell the same of two things, so that both hold?"""
    return _of_two_numbered(new, old) or bool(_OF_MANY.match(_told_of_both(*(DATED.sub(" ", text) for text in (new, old)))))


def may_be_of_two(new: str, old: str) -> bool:
    """May both hold: the same of two, or different things of two that go by number, or two things of which one may have many?"""
    told = _told_of_both(new, old)
    same = " ".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(normalised(new).split(), normalised(old).split(), strict=False)))
    several = _OF_MANY_THINGS.search(same) and not says_changed(new, old)
    return bool(several) or _of_siblings(new, old) or (bool(told) and not _OF_ONE.match(told))


def _told_of_both(new: str, old: str) -> str:
    """What two statements say in the same words of different subjects: "speaks Polish"; else nothing, also where a word tells of a change, or of amounts."""
    ours, theirs = normalised(new).split(), normalised(old).split()
    same = next((number for number, (one, other) in enumerate(zip(ours[::-1], theirs[::-1], strict=False)) if one != other), min(len(ours), len(theirs)))
    subjects = [ours[: len(ours) - same], theirs[: len(theirs) - same]]
    held = [set(stems(" ".join(subject))) for subject in subjects]
    if not all(0 < len(subject) <= _LONGEST for subject in subjects) or not (held[0] - held[1] and held[1] - held[0]):
        return ""
    if says_changed(new, old) or any(map(NUMBER.search, chain(*held))) or any(_ALL_OR_NONE.search(" ".join(subject)) for subject in subjects):
        return ""
    return " ".join(ours[len(ours) - same :])


def _of_two_numbered(new: str, old: str) -> bool:
    """Do two statements tell the same of two things that go by number: "Room 214 has a whiteboard." and "Room 215 has a whiteboard."?

    So where nothing but a number or code differs that is the first word or follows it, and that no word says has changed.
    """
    ours, theirs = telling(new), telling(old)
    if len(ours) != len(theirs) or says_changed(new, old):
        return False
    apart = [number for number, (one, other) in enumerate(zip(ours, theirs, strict=True)) if stem(one.text) != stem(other.text)]
    return len(apart) == 1 and apart[0] < min(2, len(ours) - 1) and _numbered(new, old, apart[0])


def _of_siblings(new: str, old: str) -> bool:
    """Do two statements tell different things of two that go by number: "tickets with priority 1 … an hour", "… priority 2 … a day"?

    A number right after the same noun differs, and so does something after it; where nothing else differs, the number is what has changed.
    """
    if says_changed(new, old):
        return False
    ours, theirs = (_COUNTED.findall(text.lower()) for text in (new, old))
    for (noun, number), (other_noun, other) in product(ours, theirs):
        if stem(noun) == stem(other_noun) and number != other:
            rest, other_rest = (set(stems(text.lower().partition(f"{noun} {value}")[2])) for text, value in ((new, number), (old, other)))
            return bool(rest and other_rest and rest != other_rest)
    return False


def _numbered(new: str, old: str, at: int) -> bool:
    """Is a word a number right after a noun ("room 214", not "the deposit is 300"), or a code with letters, in both; not a time, nor an amount at first?"""
    ours, theirs = telling(new), telling(old)
    found = [of[at].text for of in (ours, theirs)]
    beside = at == 0 or all(
        (of[1].number == of[0].number + 1 and not _LABEL.match(said)) or _NUMBERING.search(said) for of, said in ((ours, new), (theirs, old))
    )
    return beside and all(not WHEN.search(word) and (_CODE.fullmatch(word) or (at == 1 and word.isdigit())) for word in found)
