"""Members of a workspace: their names, their clocks, and whether they are still there."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from learning.database import add_missing
from learning.memory.log import batched
from learning.records import Person


@dataclass(frozen=True)
class Member:
    """A member as Slack tells of one. `time_zone` is an IANA name."""

    slack_id: str
    name: str
    time_zone: str | None = None
    is_bot: bool = False
    is_deactivated: bool = False
    is_admin: bool = False


def meet(session: Session, team_id: str, members: Iterable[Member]) -> None:
    """Note members, new and changed; an opt-out stays."""
    told = {member.slack_id: member for member in members}
    for some in batched(told):
        add_missing(session, Person, [{"team_id": team_id, "slack_id": slack_id} for slack_id in some])
        for person in session.scalars(select(Person).where(Person.team_id == team_id, Person.slack_id.in_(some))):
            member = told[person.slack_id]
            person.name, person.time_zone = member.name or person.name, member.time_zone or person.time_zone
            person.is_bot, person.is_deactivated, person.is_admin = member.is_bot, member.is_deactivated, member.is_admin


def names(session: Session, team_id: str) -> Mapping[str, str]:
    """What people are called, by id."""
    named = select(Person).where(Person.team_id == team_id, Person.name != "")
    return {person.slack_id: person.name for person in session.scalars(named)}


def admins(session: Session, team_id: str) -> list[str]:
    """Ids of a workspace's admins."""
    there = (Person.team_id == team_id, Person.is_admin.is_(True), ~Person.is_deactivated)
    return list(session.scalars(select(Person.slack_id).where(*there).order_by(Person.slack_id)))


def looks_at(session: Session, team_id: str, slack_id: str, channel: str) -> None:
    """Note which channel somebody has open beside the bot; empty: none."""
    add_missing(session, Person, [{"team_id": team_id, "slack_id": slack_id}])
    session.get_one(Person, (team_id, slack_id)).viewing = channel or None


def usual_time_zone(session: Session, team_id: str, member_ids: Collection[str]) -> str | None:
    """The most common time zone of people who are still there; of equally common ones the first by name."""
    counted: Counter[str] = Counter()
    for some in batched(member_ids):
        there = (Person.team_id == team_id, Person.slack_id.in_(some), ~Person.is_bot, ~Person.is_deactivated, Person.time_zone.is_not(None))
        counted.update(zone for zone in session.scalars(select(Person.time_zone).where(*there)) if zone)
    return min(counted, key=lambda zone: (-counted[zone], zone)) if counted else None
