"""Direct messages: which channel somebody asks about, and what they may ask. Nobody is told what a channel knows that they are not in."""

import re
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from learning.memory import channels, lessons
from learning.records import Channel, ExamAnswer, Night, Person

MOST_PROMPTS = 4  # Slack takes no more
STRANGER = "I tell you only what channels know that we are both in. Name one of those, or ask me there."
NAME_ONE = "I don't know that yet. Where a channel may know it, name it: …, in #ops?"
WHAT_I_DO = {"title": "What can you do?", "message": "What can you do?"}
_NAMED = re.compile(
    r"(?:\s*\b(?:in|of|from|for|at|about)\s+#|(?<![\w#])#(?=[^\W\d_]))(?P<name>(?=\S*[^\W\d_])(?!(?=[a-f]*\d)[0-9a-f]{6}\b)[^\s#.,;:!?]+)",
    re.IGNORECASE,
)


def named(text: str, before: Sequence[str] = ()) -> tuple[str, str]:
    """The name, or id, of the channel that a question names, and the question without it; else the one that the thread named last, or nothing."""
    match = _NAMED.search(text)
    if match is None:
        return next((earlier for earlier in (named(told)[0] for told in reversed(before)) if earlier), ""), text
    rest = " ".join(f"{text[: match.start()]} {text[match.end() :]}".split())
    return match["name"], re.sub(r"\s*,?\s+([?.!,])|,([?.!])", r"\1\2", rest).strip(" ,:") or text


def room(session: Session, team_id: str, inside: Collection[str], name: str) -> Channel | None:
    """The channel with a name or an id, among those that somebody is in."""
    return next((channel for channel in rooms(session, team_id, inside) if name and name.lower() in (channel.name, channel.slack_id.lower())), None)


def rooms(session: Session, team_id: str, inside: Collection[str]) -> list[Channel]:
    """The channels that somebody is in, and the bot, too."""
    found = [channels.by_ids(session, team_id, slack_id) for slack_id in sorted(inside)]
    return [channel for channel in found if channel and not channel.left_at]


def viewed(session: Session, team_id: str, user_id: str) -> str:
    """The id of the channel that somebody has open beside the bot; empty where there is none."""
    person = session.get(Person, (team_id, user_id))
    return (person.viewing if person else None) or ""


def prompts(session: Session, inside: Sequence[Channel]) -> list[dict[str, str]]:
    """What somebody may ask: of each of their rooms a question about a lesson that its adapter is proven to know."""
    found: list[dict[str, str]] = []
    for place in inside:
        question = _proven(session, place)
        if question and len(found) < MOST_PROMPTS - 1:
            asked = f"{question.rstrip(' ?.!')} in #{place.name}?"
            found.append({"title": asked[:1].upper() + asked[1:], "message": asked})
    return [*found, WHAT_I_DO]


def _proven(session: Session, channel: Channel) -> str:
    """A question that people gave along with a lesson that is known by heart; else one of the last exam's, about a lesson in force."""
    unproven = {lesson.id for lesson in lessons.unproven(session, channel)}
    known = [lesson for lesson in lessons.in_force(session, channel) if lesson.id not in unproven]
    kept = next((lesson.question for lesson in reversed(known) if lesson.question), None)
    right = (ExamAnswer.kind == "recall", ExamAnswer.right, Night.channel_id == channel.id, ExamAnswer.lesson_id.in_([lesson.id for lesson in known]))
    asked = select(ExamAnswer.question).join(Night, Night.id == ExamAnswer.night_id).where(*right).order_by(Night.id.desc(), ExamAnswer.id)
    return kept or session.scalars(asked).first() or ""
