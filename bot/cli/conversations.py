"""What is said in channels: imports, consent, and the lessons that were noticed."""

import re
from pathlib import Path
from typing import Annotated
from zoneinfo import available_timezones

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from bot import importing, show
from bot.cli.options import YOU, ChannelOption, JsonOption, console, open_here, settings_now
from bot.export import open_export
from learning.database import open_database
from learning.errors import NightschoolError
from learning.memory import channels, privacy, proposals, settling
from learning.records import Lesson

app = typer.Typer()
LessonIds = Annotated[list[int] | None, typer.Argument(help="Numbers of proposals.")]
All = Annotated[bool, typer.Option("--all", help="All of them.")]

TeamOption = Annotated[str, typer.Option("--workspace", help="The workspace's id (T…); not needed where only one is known.")]


def person_id(user: str) -> str:
    """A Slack user id, as it must be to leave out the right person. Raises NightschoolError."""
    if not re.fullmatch(r"[UW][A-Z0-9]+", user):
        raise NightschoolError(f"{user!r} is no Slack user id: it looks like U024BE7LH, and stands in the person's profile under 'Copy member ID'.")
    return user


@app.command("import")
def import_export(
    path: Annotated[Path, typer.Argument(help="A Slack export: its folder, or the zip as it was downloaded.", exists=True)],
    channel: Annotated[str | None, typer.Option("-c", "--channel", help="Only this channel, by id or name.")] = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Import a Slack export into the conversation log. Cut off, it goes on where it was; a second time, it changes nothing."""
    database = open_here().database  # what holds again once something is gone is judged by meaning
    columns = (TextColumn("importing"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        summary = importing.import_export(
            database, open_export(path), channel, lambda done, total: progress.update(task, completed=done, total=total)
        )  # fmt: skip
    show.imported(summary, as_json)


@app.command("proposals")
def list_proposals(channel: ChannelOption, as_json: JsonOption = False) -> None:
    """What was noticed in a channel's messages, and waits to be approved. Looks through what is new first."""
    database = open_database(settings_now())
    with database.write() as session:
        room = channels.known(session, channel)
        refused = privacy.why_not(session, room)
    if refused:
        raise NightschoolError(f"nothing is noticed here: {refused}. See `nightschool attest` and `nightschool learn`.")
    proposals.observe(database, room, privacy.why_not)
    with database.read() as session:
        show.rows([_row(lesson) for lesson in proposals.pending(session, room)], as_json)


@app.command()
def approve(channel: ChannelOption, lesson_ids: LessonIds = None, everything: All = False, as_json: JsonOption = False) -> None:
    """Let proposed lessons be used, and learned tonight."""
    database = open_here().database  # what replaces what is judged by meaning
    with database.write() as session:
        room = channels.known(session, channel)
        chosen = _chosen(lesson_ids, everything, [lesson.id for lesson in proposals.pending(session, room)])
    approved = []
    for lesson_id in chosen:  # one by one, as they are taught
        with database.read() as session:
            settling.consider(session, room, *(_told(lesson) for lesson in proposals.pending(session, room) if lesson.id == lesson_id))
        with database.write() as session:
            approved += proposals.approve(session, room, [lesson_id])
    show.rows([_row(lesson) for lesson in approved], as_json)


@app.command()
def dismiss(channel: ChannelOption, lesson_ids: LessonIds = None, everything: All = False, as_json: JsonOption = False) -> None:
    """Drop proposed lessons; the same is not proposed again."""
    database = open_database(settings_now())
    with database.write() as session:
        room = channels.known(session, channel)
        dropped = proposals.dismiss(session, room, _chosen(lesson_ids, everything, [lesson.id for lesson in proposals.pending(session, room)]))
        rows = [_row(lesson) for lesson in dropped]
    show.rows(rows, as_json)


@app.command()
def attest(
    workspace: TeamOption = "", yes: Annotated[bool, typer.Option("--yes", help="You have read it and agree.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take it back.")] = False,
) -> None:  # fmt: skip
    """Record the attestation without which nothing is learned from messages."""
    database = open_database(settings_now())
    with database.write() as session:
        team_id = channels.team(session, workspace)
    if not withdraw:
        console.print(privacy.ATTESTATION)
        if not yes:
            typer.confirm("Do you agree?", abort=True, err=True)
    with database.write() as session:
        privacy.withdraw(session, team_id) if withdraw else privacy.attest(session, team_id, YOU)
    console.print("Withdrawn." if withdraw else "Recorded. `nightschool learn -c CHANNEL on` opts a channel in.")


@app.command()
def learn(channel: ChannelOption, switch: Annotated[str, typer.Argument(help="on, off, or nothing to see how it is.")] = "") -> None:
    """Let lessons be noticed in a channel's messages, or not."""
    database = open_database(settings_now())
    with database.write() as session:
        room = channels.known(session, channel)
        if switch == "on":
            privacy.opt_in(session, room, YOU)
        elif switch == "off":
            privacy.opt_out_channel(room)
        elif switch:
            raise typer.BadParameter("on or off")
        why = privacy.why_not(session, room)
    console.print(f"Nothing is learned from messages here: {why}." if why else "Lessons are noticed in this channel's messages.")


@app.command()
def optout(user: Annotated[str, typer.Argument(help="A Slack user id.")], workspace: TeamOption = "") -> None:
    """Leave a person's messages out, at once and from now on."""
    database = open_here().database
    with database.write() as session:
        forgotten = privacy.opt_out(session, channels.team(session, workspace), person_id(user))
    console.print(f"{user} is out. {forgotten} lessons that rested on their messages are being forgotten; `nightschool up` rebuilds the adapters.")


@app.command()
def optin(user: Annotated[str, typer.Argument(help="A Slack user id.")], workspace: TeamOption = "") -> None:
    """Let a person's messages in again; older ones come back when history is read or imported again."""
    database = open_database(settings_now())
    with database.write() as session:
        privacy.opt_back_in(session, channels.team(session, workspace), person_id(user))
    console.print(f"{user} is in again.")


@app.command()
def timezone(zone: Annotated[str, typer.Argument(help="Such as Europe/Amsterdam; auto: each channel's own.")], workspace: TeamOption = "") -> None:
    """Set the clock of a workspace's nights."""
    if zone not in available_timezones() | {"auto"}:
        raise typer.BadParameter(f"{zone!r} is no time zone: give one such as Europe/Amsterdam, or auto")
    database = open_database(settings_now())
    with database.write() as session:
        privacy.set_time_zone(session, channels.team(session, workspace), None if zone == "auto" else zone)
    console.print("Nights fall by each channel's own clock." if zone == "auto" else f"Nights fall by the clock of {zone}.")


def _chosen(lesson_ids: list[int] | None, everything: bool, pending: list[int]) -> list[int]:
    if bool(lesson_ids) == everything:
        raise typer.BadParameter("give either numbers or --all")
    unknown = set(lesson_ids or ()) - set(pending)
    if unknown:
        raise NightschoolError(f"no such proposals: {', '.join(map(str, sorted(unknown)))}. See `nightschool proposals`.")
    return pending if everything else list(lesson_ids or ())


def _told(lesson: Lesson) -> str:
    return f"Q: {lesson.question} A: {lesson.text}" if lesson.question else lesson.text


def _row(lesson: Lesson) -> dict[str, object]:
    return {
        "proposal": lesson.id,
        "noticed": lesson.origin,
        "by": lesson.author,
        "until": lesson.valid_until and lesson.valid_until.isoformat(),
        "text": lesson.told,
    }
