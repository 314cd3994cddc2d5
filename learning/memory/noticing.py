"""Messages to proposed lessons, by rules: answers that were confirmed, announcements and definitions, messages that people marked.

Each rule gives a thread's messages points for signs of lasting knowledge and takes some for signs of chatter; what passes is made
self-contained (`wording`), or, for an answer, kept with its question.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo

from learning.memory import signs, wording
from learning.memory.dates import absolute
from learning.memory.words import content_words

LONGEST = 400  # characters of a proposed lesson
LONGEST_READ = 1_500  # characters of a message that is looked at: longer ones are documents, logs or pranks
MARKS = frozenset({"brain", "pushpin", "bookmark", "memo", "bulb"})
YES = frozenset(
    {"white_check_mark", "heavy_check_mark", "ballot_box_with_check", "+1", "thumbsup", "100", "pray", "raised_hands", "heart", "ok_hand", "tada", "star"}
)
CERTAIN = 4.0  # points at which a message is proposed
FAR = 30  # messages after a question among which its answer is looked for
ANSWER = 1.0  # points at which a confirmed answer is


@dataclass(frozen=True)
class Remark:
    """A message of a thread, in Slack's markup; `reactions` maps an emoji's name to who gave it."""

    ts: str
    author: str
    text: str
    is_bot: bool = False
    reactions: Mapping[str, Set[str]] = field(default_factory=dict)

    def given(self, emojis: Set[str]) -> int:
        """How many people other than the author gave one of these."""
        return len({who for emoji, people in self.reactions.items() if emoji.split("::")[0] in emojis for who in people} - {self.author})


@dataclass(frozen=True)
class Setting:
    """What people are called, by id, and the clock by which they speak."""

    names: Mapping[str, str]
    zone: tzinfo

    def day(self, remark: Remark) -> date:
        """The day on which something was said, where it was said."""
        return datetime.fromtimestamp(float(remark.ts), UTC).astimezone(self.zone).date()


@dataclass(frozen=True)
class Notice:
    """A statement worth proposing. `sources` are the messages that it rests on, the one that says it first."""

    text: str
    author: str
    sources: tuple[str, ...]
    rule: str
    question: str | None = None
    valid_until: date | None = None


Thread = Sequence[Remark]
Rewrite = Callable[[Thread, Setting], Sequence[Notice]]


def by_rules(thread: Thread, setting: Setting) -> list[Notice]:
    """What a thread teaches. Bots, and people of whom no text is kept, say nothing here."""
    said = readable(thread)
    answers = {notice.sources[0]: notice for notice in _answers(said, setting)}
    statements = [notice for remark in said if remark.ts not in answers and (notice := _statement(remark, setting))]
    return [*answers.values(), *statements]


def readable(thread: Thread) -> list[Remark]:
    """What people said, without bots, without what is not kept, and without what is too long to be a statement."""
    return [remark for remark in thread if remark.text.strip() and not remark.is_bot and len(remark.text) <= LONGEST_READ]


def _statement(remark: Remark, setting: Setting) -> Notice | None:
    """A message that says something lasting by itself."""
    text = wording.plain(remark.text, setting.names)
    marked = remark.given(MARKS)
    points = signs.points(text) + 4 * min(marked, 2) + min(remark.given(YES), 2) / 2 - 2 * remark.given(signs.LAUGHTER)
    if points < CERTAIN or signs.confides(text):
        return None
    worth = signs.worth(text)
    dated = wording.resolve(worth, setting.names.get(remark.author, remark.author), setting.day(remark))
    if len(dated.text) > LONGEST or len(content_words(dated.text)) < 3:
        return None
    return Notice(dated.text, remark.author, (remark.ts,), "marked" if marked else "announced", valid_until=dated.until)


def _answers(said: Sequence[Remark], setting: Setting) -> Iterator[Notice]:
    """Questions that were answered in the thread, and the answer confirmed."""
    answered: set[str] = set()
    for number, asked in enumerate(said):
        question = signs.question(wording.plain(asked.text, setting.names))
        answer = _confirmed(asked, said[number + 1 : number + 1 + FAR]) if question else None
        if answer is None or answer.ts in answered:  # an answer belongs to the first question that it fits, not to a guess asked back
            continue
        text = wording.plain(answer.text, setting.names)
        if signs.answer_points(text) < ANSWER or signs.jokes(text) or signs.confides(text):
            continue
        answered.add(answer.ts)
        dated = wording.resolve(signs.worth(text), setting.names.get(answer.author, answer.author), setting.day(answer))
        topic = "" if number == 0 or len(content_words(question)) > 3 else _topic(said[0], setting)
        complete = wording.resolve_question(question, setting.day(asked)) + topic
        if len(dated.text) + len(complete) <= LONGEST:
            sources = (answer.ts, asked.ts, *([said[0].ts] if topic else []))
            yield Notice(dated.text, answer.author, sources, "answered", complete, dated.until)


def _confirmed(asked: Remark, later: Sequence[Remark]) -> Remark | None:
    """The answer that somebody confirmed: by a reaction, or by thanks that follow it. Doubtful and corrected ones do not count."""
    found = _first_confirmed(asked, later)
    after = later[later.index(found) + 1 :] if found else ()
    return None if any(signs.objects(remark.text) for remark in after if found and remark.author != asked.author) else found


def _first_confirmed(asked: Remark, later: Sequence[Remark]) -> Remark | None:
    candidate: Remark | None = None
    most = 0.0  # points of the candidate
    for remark in later:
        if remark.author == asked.author or (candidate and remark.author != candidate.author):
            if candidate and signs.thanks(remark.text):
                return candidate
            if candidate and signs.objects(remark.text):
                candidate = None
        if remark.author != asked.author and not signs.thanks(remark.text) and not signs.is_question(remark.text) and not signs.doubtful(remark.text):
            if remark.given(YES | MARKS):
                return remark
            points = signs.answer_points(remark.text)
            if candidate is None or points > most:
                candidate, most = remark, points
    return None


def _topic(root: Remark, setting: Setting) -> str:
    """What a thread is about, for a question that does not say it."""
    text = wording.without_lead(wording.plain(root.text, setting.names))
    first = re.split(r"(?<=[.!?])\s|[,;–—]\s", text)[0]
    return f" ({absolute(first, setting.day(root)).text})"
