"""Claims: work is a row that one process holds for a while. A holder that falls silent loses it; whoever publishes checks its generation."""

from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from learning.records import Announcement, Night, Question, Reading, Telling, Work, now

Row = TypeVar("Row", Night, Question, Announcement, Reading, Telling)


def claim(session: Session, table: type[Row], seconds: float, *conditions: ColumnElement[bool]) -> Row | None:
    """Take the oldest row that waits, or whose holder fell silent. One conditional UPDATE: two processes never both get it."""
    free = claimable(table)
    oldest = select(table.id).where(free, *conditions).order_by(table.id).limit(1).scalar_subquery()
    values = {"state": Work.RUNNING, "lease_until": now() + timedelta(seconds=seconds), "heartbeat_at": now(), "generation": table.generation + 1}
    taken = session.scalars(update(table).where(table.id == oldest, free).values(values).returning(table), execution_options={"populate_existing": True})
    return taken.one_or_none()


def claimable(table: type[Row]) -> ColumnElement[bool]:
    """Waiting, or running with a lease that ran out."""
    return or_(table.state == Work.WAITING, and_(table.state == Work.RUNNING, table.lease_until < now()))


def renew(session: Session, row: Row, seconds: float, **values: Any) -> bool:
    """Hold on to a claim, and note progress. False when it was lost."""
    return _still_mine(session, row, lease_until=now() + timedelta(seconds=seconds), heartbeat_at=now(), **values)


def release(session: Session, row: Row) -> bool:
    """Give a claim back, to be taken again."""
    return _still_mine(session, row, state=Work.WAITING, lease_until=None)


def finish(session: Session, row: Row, state: Work, **values: Any) -> bool:
    """End the work. False, and nothing written, when the claim was lost meanwhile."""
    return _still_mine(session, row, state=state, lease_until=None, finished_at=now(), **values)


def _still_mine(session: Session, row: Row, **values: Any) -> bool:
    table = type(row)
    mine = (table.id == row.id, table.generation == row.generation, table.state == Work.RUNNING)
    return session.execute(update(table).where(*mine).values(**values).returning(table.id)).first() is not None
