"""Questions that people really asked: the best material to study. Only where somebody agreed with the answer, and nobody disagreed."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from learning.memory.salience import AGREES, DISAGREES, answered_by
from learning.memory.words import content_words, is_common, stem, stems
from learning.records import Channel, Lesson, Question, Reaction, Work

MOST = 6  # of one lesson, the latest
LONGEST = 200  # characters


def confirmed_questions(session: Session, channel: Channel, lessons: Sequence[Lesson]) -> dict[int, tuple[str, ...]]:
    """By lesson id: the questions that were answered with that lesson alone, to somebody's liking. Read live, so a reaction that is taken back takes them back.

    Only of what was addressed to the bot, and where no strangers are.

    A question counts only if it names nothing that its lesson does not: it must not carry what another lesson says, least of all one that was forgotten.
    """
    by_id = {lesson.id: lesson for lesson in lessons}
    if channel.is_external:
        return {}
    answered = (Question.channel_id == channel.id, Question.state == Work.DONE, Question.reply_ts.is_not(None), Question.text != "", ~Question.must_be_sure)
    cast: dict[str, set[bool]] = {}
    for reaction in session.scalars(select(Reaction).where(Reaction.channel_id == channel.id, Reaction.ts.in_(select(Question.reply_ts).where(*answered)))):
        name = reaction.emoji.split("::")[0]
        if name in AGREES | DISAGREES:
            cast.setdefault(reaction.ts, set()).add(name in AGREES)
    found: dict[int, dict[str, None]] = {}
    for question in session.scalars(select(Question).where(*answered).order_by(Question.id.desc())):
        rested = [by_id.get(lesson_id) for lesson_id in sorted(answered_by(question))]
        if cast.get(question.reply_ts or "") == {True} and len(rested) == 1 and rested[0] and _stands_alone(question.text, rested[0]):
            found.setdefault(rested[0].id, {}).setdefault(question.text)
    shared = Counter(text for texts in found.values() for text in texts)
    return {lesson_id: tuple(sorted([text for text in texts if shared[text] == 1][:MOST])) for lesson_id, texts in found.items()}


def _stands_alone(question: str, lesson: Lesson) -> bool:
    """Is it short, does it ask by itself, and does it name nothing that the lesson does not?"""
    said, held = content_words(question), set(stems(lesson.said))
    strange = [word for word in said if stem(word) not in held and (not is_common(word) or any(letter.isdigit() for letter in word))]
    return len(question) <= LONGEST and len(said) > 1 and not strange
