"""What the bot wonders at the end of a night: what was asked and nobody had taught, lessons that contradict each other, and things it knows only by half."""

import html
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from textwrap import shorten
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from learning.memory import replacing
from learning.memory.encoder import Alike
from learning.memory.words import values
from learning.night import morning
from learning.night.lore import SISTERS, Lore, Statement, shapes
from learning.records import Announcement, Channel, Lesson, now

MOST = 2  # questions a night
MOST_SHOWN = 300  # characters of what somebody asked
AGAIN = timedelta(days=30)  # until the same is asked again
KIN = 3  # things of which two matters are known, before the lack of one at another thing is noticed


def wonders(session: Session, channel: Channel, known: Sequence[Lesson], since: datetime) -> list[dict[str, Any]]:
    """At most two questions to the channel.

    What is `said`; the question that an answer belongs to, if any (`asked`); and what it repeats: a `question` of somebody's, and `lessons` by their ids.
    """
    lately = (Announcement.channel_id == channel.id, Announcement.wonders.is_not(None), Announcement.created_at > now() - AGAIN)
    before = {wonder["said"] for told in session.scalars(select(Announcement.wonders).where(*lately)) for wonder in told or ()}
    lore = Lore([Statement.of(lesson) for lesson in known])
    found: list[dict[str, Any]] = []
    for wonder in (*_unanswered(session, channel, since), *_contradicting(known, session.info.get("alike")), *_half_known(known, lore)):
        if len(found) < MOST and wonder["said"] not in before:
            found.append(wonder)
    return found


def as_text(asked: Sequence[dict[str, Any]]) -> str:
    """How it asks; nothing where it wonders about nothing."""
    if not asked:
        return ""
    lines = [f"{number}. {wonder['said']}" for number, wonder in enumerate(asked, 1)]
    return "\n".join(["", "While I slept I wondered:", *lines, "Answer in this thread, and I propose it as a lesson."])


def _unanswered(session: Session, channel: Channel, since: datetime) -> Iterator[dict[str, Any]]:
    for text in morning.unanswered(session, channel.id, since):
        yield {"said": f"Somebody asked: {_shown(shorten(text, MOST_SHOWN, placeholder='…'))} Who knows?", "asked": text, "question": text, "lessons": []}


def _contradicting(known: Sequence[Lesson], alike: Alike | None) -> Iterator[dict[str, Any]]:
    """Lessons that a newer one may replace for good, where nobody has said so yet."""
    older = {lesson.id: lesson for lesson in known}
    for old_id, (*_, new) in replacing.contradicted(known, alike, excepting=True).items() if alike else ():
        if replacing.outlives(older[old_id], new):
            continue
        yield {"said": f"Which of these holds?\n• {_shown(older[old_id].text)}\n• {_shown(new.text)}", "asked": "", "question": "", "lessons": [old_id, new.id]}


def _half_known(known: Sequence[Lesson], lore: Lore) -> Iterator[dict[str, Any]]:
    """Of several things two matters are known, of one more only the first: what about the second?"""
    about: dict[str, dict[str, Statement]] = {}
    for statement in lore.statements:
        for name in (word for word in statement.content if word in lore.names and len(lore.about(word)) <= SISTERS):
            for shape in shapes(statement.text):
                about.setdefault(name, {})[shape] = statement
    both = Counter((has, too) for shapes_of in about.values() for has in shapes_of for too in shapes_of if has != too)
    for (has, too), count in sorted(both.items(), key=lambda pair: (-pair[1], pair[0])):
        lacking = [name for name in sorted(about) if has in about[name] and too not in about[name]]
        sister = next((about[name][too] for name in sorted(about) if has in about[name] and too in about[name]), None)
        if count >= KIN and len(lacking) == 1 and sister:
            told = sister.text.rstrip(".")
            matter = " ".join(word for word in sister.content if word not in values(sister.text.partition(" ")[2]) and word not in lore.names)
            resting = [lesson.id for lesson in known if lesson.digest in (sister.digest, about[lacking[0]][has].digest)]
            said = f"I know that {_shown(told)}. What about {_shown(lacking[0])}?"
            yield {"said": said, "asked": f"{lacking[0]} {matter}?", "question": "", "lessons": resting}


def _shown(text: str) -> str:
    """A text that shows as written, and pings nobody."""
    return html.escape(text, quote=False)
