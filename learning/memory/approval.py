"""Who settles what is taught in a channel: anybody, a second person, or a workspace admin. Until then it is neither looked up nor studied.

And how much one person may teach.
"""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from learning.memory.statements import LessonError
from learning.records import Channel, Lesson, now

POLICIES = {
    "open": "anybody teaches me, and it counts at once",
    "reviewed": "what somebody teaches me counts once another person has approved it",
    "admins": "what is taught counts once a workspace admin has approved it",
}
MOST_AN_HOUR = 40  # lessons of one person in a channel
LARGE = 20  # members above which a second person looks at it, where no admin has said otherwise


def policy(channel: Channel) -> str:
    """The one that holds in a channel; where strangers are, an admin has to look at what they teach."""
    return channel.approval or ("admins" if channel.is_external else "reviewed" if (channel.members or 0) > LARGE else "open")


def by_whom(channel: Channel, lesson: Lesson) -> str:
    """Who has to approve a proposed lesson, in words."""
    return "somebody else" if policy(channel) == "reviewed" and lesson.origin == "taught" else "a workspace admin"


def may_forget(lesson: Lesson, user: str, admin: bool) -> bool:
    """May somebody have a lesson forgotten? What they taught or said themselves; admins anything."""
    return admin or lesson.author == user


def may_dismiss(channel: Channel, lesson: Lesson, user: str, admin: bool) -> bool:
    """May somebody dismiss a proposed lesson? Whoever suggested it may, too."""
    return lesson.author == user or may_settle(channel, lesson, user, admin)


def may_say(channel: Channel, lesson: Lesson, user: str, admin: bool) -> bool:
    """May somebody say whether a lesson takes others' places? Whoever taught it, whoever may approve it, and everybody where everybody may teach."""
    return lesson.author == user or policy(channel) == "open" or may_settle(channel, lesson, user, admin)


def may_settle(channel: Channel, lesson: Lesson, user: str, admin: bool) -> bool:
    """May somebody approve a proposed lesson? What was noticed in messages is for admins."""
    return admin or (by_whom(channel, lesson) == "somebody else" and lesson.author != user)


def assert_no_flood(session: Session, channel: Channel, author: str) -> None:
    """Raises LessonError where somebody in Slack teaches more than people do."""
    lately = (Lesson.channel_id == channel.id, Lesson.author == author, Lesson.origin == "taught", Lesson.created_at > now() - timedelta(hours=1))
    if author.startswith(("U", "W")) and (session.scalar(select(func.count()).select_from(Lesson).where(*lately)) or 0) >= MOST_AN_HOUR:
        raise LessonError(f"that is more than {MOST_AN_HOUR} lessons in an hour: go on later, or teach them from a file on the command line.")
