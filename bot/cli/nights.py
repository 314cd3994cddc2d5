"""A channel's nights and adapters: sleep, reindex, versions, rollback."""

import time
from typing import Annotated

import typer

from bot import checks, history, progress, show
from bot.cli.options import YOU, ChannelOption, JsonOption, console, open_here
from learning import registry
from learning.errors import NightschoolError
from learning.memory import channels, privacy
from learning.night import nights
from learning.night.vigil import Watch
from learning.records import LOCAL, UNFINISHED, Night, Reading, Work, now
from learning.school import School

app = typer.Typer()


@app.command()
def sleep(channel: ChannelOption, as_json: JsonOption = False) -> None:
    """Hold a night now: study, train, examine, and promote the new adapter if it passed."""
    started = time.monotonic()
    school = open_here()
    with school.database.write() as session:
        night = nights.open_another(session, channels.known(session, channel), now().date(), "sleep")
    with show.watching(console) as watch:
        held = nights.hold_night(school, night.id, watch) or _await_night(school, night)
    _tell(school, held, started, as_json)


@app.command()
def reindex(channel: ChannelOption, as_json: JsonOption = False) -> None:
    """Read a channel's history in Slack, where it is opted in; then rebuild its adapter from all its lessons."""
    started = time.monotonic()
    school = open_here()
    with school.database.write() as session:
        room = channels.known(session, channel)
        refused = "no workspace has this channel" if room.team_id == LOCAL else privacy.why_not(session, room)
        if not refused:
            checks.assert_bot_token(school.settings)
        reading = None if refused else history.ask_for(session, room, YOU)[0]
        night = None if reading else nights.open_another(session, room, now().date(), "reindex")
    if reading:
        with show.watching(console) as watch:
            reading = _await_reading(school, reading, watch)
        if reading.state == Work.FAILED:
            raise NightschoolError(f"the history cannot be read ({reading.error}): see the message in the channel, and the log.")
        console.print(f"Its messages are not read: {reading.error}." if reading.state == Work.SKIPPED else progress.counts(reading))
    else:
        console.print(f"Its messages are not read: {refused}.")
    with school.database.read() as session:
        night = night or session.get_one(Night, reading.night_id if reading else 0)
    with show.watching(console) as watch:
        held = nights.hold_night(school, night.id, watch) or _await_night(school, night)
    _tell(school, held, started, as_json)


def _tell(school: School, held: Night, started: float, as_json: bool) -> None:
    """How a night ended. Raises NightschoolError when it failed."""
    show.night(held, _candidate(school, held), round(time.monotonic() - started, 1), as_json)
    if held.state == Work.FAILED:
        raise NightschoolError(held.error or "the night failed")


@app.command()
def adapters(channel: ChannelOption, as_json: JsonOption = False) -> None:
    """The versions of a channel's adapter, newest first."""
    school = open_here()
    with school.database.write() as session:
        versions = registry.versions(session, channels.known(session, channel))
        rows = [
            {
                "adapter": a.name,
                "state": a.state,
                "lessons": len(registry.lesson_ids(session, a)),
                "sha256": a.weights_sha256,
                "created": a.created_at.isoformat(),
            }
            for a in versions
        ]
    show.rows(rows, as_json)


@app.command()
def rollback(
    channel: ChannelOption, to: Annotated[int | None, typer.Option(help="Version number.")] = None,
    force: Annotated[bool, typer.Option("--force", help="One that did not pass its exam: the newest, or the one named.")] = False, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Let an earlier version serve."""
    school = open_here()
    with school.database.write() as session:
        room = channels.known(session, channel)
        channels.lock(session, room)
        chosen = registry.rollback(session, room, to, force)
    show.rows([{"adapter": chosen.name, "state": chosen.state}], as_json)


def _await_reading(school: School, reading: Reading, watch: Watch) -> Reading:
    """Read, or wait for the worker that is at it."""
    while True:
        done = history.read(school, reading.id, lambda now_at: watch("reading", now_at.share))
        if done:
            return done
        with school.database.read() as session:
            current = session.get_one(Reading, reading.id)
        if current.state not in UNFINISHED:
            return current
        if current.error:
            raise NightschoolError(f"Slack's history cannot be read now ({current.error}); `nightschool up` goes on with it for a day. Or run this again.")
        watch("reading", current.share)
        time.sleep(0.5)


def _await_night(school: School, night: Night) -> Night:
    """Somebody else holds the night, or another of this channel: wait for it to end."""
    while True:
        with school.database.read() as session:
            current = session.get_one(Night, night.id)
        if current.state not in UNFINISHED:
            return current
        held = nights.hold_night(school, night.id)
        if held:
            return held
        time.sleep(0.5)


def _candidate(school: School, night: Night) -> str | None:
    with school.database.read() as session:
        return registry.candidate_name(session, night)
