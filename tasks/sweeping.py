"""Finding what was left: nights, forgettings and readings whose worker died, or whose message was lost."""

from datetime import timedelta

from bot import history, inbox
from learning.night import forgetting, nights
from learning.records import now
from tasks.app import app, school, settings
from tasks.forgetting import forget
from tasks.nightly import hold_night
from tasks.reindexing import reindex

KEPT = timedelta(days=7)  # Slack repeats an event for an hour


@app.task(name="nightschool.sweep")
def sweep() -> None:
    """Queue unfinished work again. Who is too late finds the row taken."""
    with school().database.read() as session:
        requests, left, readings = forgetting.unfinished(session), nights.abandoned(session), history.abandoned(session)
    for request in requests:
        forget.apply_async((request,), expires=settings.sweep_seconds)
    for reading in readings:
        reindex.apply_async((reading,), expires=settings.sweep_seconds)
    for night in left if not _queued("night") else ():
        hold_night.apply_async((night,), expires=settings.sweep_seconds)


@app.task(name="nightschool.tidy")
def tidy() -> None:
    """Let go of what is not needed any more, and of erased text that the database still has somewhere."""
    with school().database.write() as session:
        inbox.drop_events(session, now() - KEPT)
    school().database.scrub()


def _queued(queue: str) -> int:
    """Messages that no worker has taken yet: while one night trains, each sweep would put all others there again."""
    with app.connection_for_write() as connection:
        return int(connection.default_channel.client.llen(queue))
