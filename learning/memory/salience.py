"""How much a lesson matters, and why: who taught it, who agreed, how often it was asked for, how old it is.

Everything is read from what is logged, and nothing is kept: who takes a reaction back takes its effect back.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from learning.memory import log
from learning.records import Channel, Lesson, LessonSource, Question, Reaction

AGREES = frozenset("+1 thumbsup white_check_mark heavy_check_mark ballot_box_with_check brain pushpin 100 heart raised_hands ok_hand tada star bulb".split())
DISAGREES = frozenset("-1 thumbsdown x no_entry no_entry_sign negative_squared_cross_mark wastebasket".split())
FOR_ORIGIN = {"taught": 3.0}  # of what was noticed in messages, and approved
NOTICED = 2.0
FOR_A_PERSON, MOST_PEOPLE = 0.5, 6
HALF_LIFE = 180.0  # days in which half of what is no longer told or asked about fades

Place = tuple[int, str]  # a channel, by id, and the ts of a message


@dataclass(frozen=True)
class Salience:
    """The weight of a lesson, more is studied first; `agree` and `disagree` count people, `asked` answers that rested on it; `why` says it in a line."""

    weight: float
    agree: int
    disagree: int
    asked: int
    why: str


def answered_by(question: Question) -> set[int]:
    """Ids of the lessons that a question was answered with. "Remember …", "forget …" and what was asked back are no questions, whatever they rest on."""
    answer = question.answer or {}
    return set(answer.get("lessons", ())) if answer.get("how") not in ("noted", "asked_back") else set()


def salience(session: Session, channel: Channel, lessons: Sequence[Lesson], moment: datetime) -> dict[int, Salience]:
    """Of each lesson, by id. What was asked and voted in direct messages counts, too, where a lesson of the channel answered it."""
    places: dict[Place, set[int]] = {}
    for lesson in lessons:
        for ts in (lesson.source_ts, lesson.post_ts):
            if ts:
                places.setdefault((channel.id, ts), set()).add(lesson.id)
    ids = {lesson.id for lesson in lessons}
    for source in session.scalars(select(LessonSource).where(LessonSource.lesson_id.in_(ids))):
        places.setdefault((channel.id, source.ts), set()).add(source.lesson_id)
    asked: dict[int, int] = {}
    direct = select(Channel.id).where(Channel.team_id == channel.team_id, Channel.is_direct)
    here = or_(Question.channel_id == channel.id, Question.channel_id.in_(direct))
    for question in session.scalars(select(Question).where(here, Question.answer.is_not(None))):
        for lesson_id in answered_by(question) & ids:
            asked[lesson_id] = asked.get(lesson_id, 0) + 1
            if question.reply_ts:
                places.setdefault((question.channel_id, question.reply_ts), set()).add(lesson_id)
    rooms, times = ({place[part] for place in places} for part in (0, 1))
    said = (
        reaction for some in log.batched(str(ts) for ts in times)
        for reaction in session.scalars(select(Reaction).where(Reaction.channel_id.in_(rooms), Reaction.ts.in_(some)))
    )  # fmt: skip
    votes = _votes(said, places, {lesson.id: lesson.author for lesson in lessons})
    return {lesson.id: _of(lesson, votes.get(lesson.id, {}), asked.get(lesson.id, 0), moment) for lesson in lessons}


def _votes(reactions: Iterable[Reaction], places: Mapping[Place, set[int]], authors: Mapping[int, str]) -> dict[int, dict[str, int]]:
    """Each person's vote on each lesson: 1 or -1. Nobody votes for what they taught themselves; who is of two minds does not count."""
    votes: dict[int, dict[str, int]] = {}
    for reaction in reactions:
        name = reaction.emoji.split("::")[0]
        vote = 1 if name in AGREES else -1 if name in DISAGREES else 0
        for lesson_id in places.get((reaction.channel_id, reaction.ts), ()) if vote else ():
            if reaction.author != authors[lesson_id] or vote < 0:
                cast = votes.setdefault(lesson_id, {})
                cast[reaction.author] = vote if cast.get(reaction.author, vote) == vote else 0
    return votes


def _of(lesson: Lesson, votes: Mapping[str, int], asked: int, moment: datetime) -> Salience:
    agree, disagree = sum(vote > 0 for vote in votes.values()), sum(vote < 0 for vote in votes.values())
    days = max(0.0, (moment - lesson.created_at).total_seconds() / 86_400)
    earned = FOR_A_PERSON * (min(agree, MOST_PEOPLE) - 2 * min(disagree, MOST_PEOPLE)) + math.log2(1 + asked)
    weight = FOR_ORIGIN.get(lesson.origin, NOTICED) + earned + 0.5 ** (days / HALF_LIFE)
    parts = ["taught" if lesson.origin == "taught" else "noticed and approved", f"{days:.0f} days old"]
    parts += [f"{agree} agreed"] if agree else []
    parts += [f"{disagree} disagreed"] if disagree else []
    parts += [f"asked for {asked} times" if asked > 1 else "asked for once"] if asked else []
    parts += [f"holds until {lesson.valid_until}"] if lesson.valid_until else []
    return Salience(round(weight, 2), agree, disagree, asked, ", ".join(parts))
