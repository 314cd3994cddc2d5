"""The command line: one thin function per command."""

import json
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import track
from sqlalchemy.exc import OperationalError

from bot import checks, show, supervisor
from learning import registry
from learning.answers import Answerer, Mode
from learning.errors import NightschoolError
from learning.memory import channels, lessons
from learning.model import running
from learning.night import forgetting, nights
from learning.records import Night, Work, now
from learning.school import School, open_school
from learning.settings import Settings

app = typer.Typer(help="A Slack bot that learns each channel by heart.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(stderr=True)

ChannelOption = Annotated[str, typer.Option("-c", "--channel", help="A channel id, or '#name'; created when it is new.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
FileOption = Annotated[Path | None, typer.Option("--file", help="A file with one entry a line.", exists=True, dir_okay=False)]
MODES = "auto: what the bot does. weights: the adapter alone. search: the best lesson, no model. prompt: four lessons in the prompt. base: neither."
YOU = "you"  # author of what is taught on the command line


@app.command()
def teach(channel: ChannelOption, text: Annotated[str, typer.Argument()] = "", file: FileOption = None, as_json: JsonOption = False) -> None:
    """Teach a channel something: TEXT, 'Q: … A: …', or the lines of a file."""
    school = _school()
    with school.database.write() as session:
        room = channels.by_handle(session, channel)
        taught = [lessons.teach(session, room, entry, YOU) for entry in _entries(text, file)]
    show.rows([{"lesson": lesson.id, "status": lesson.status, "text": lesson.text} for lesson in taught], as_json)


@app.command("lessons")
def list_lessons(channel: ChannelOption, as_json: JsonOption = False) -> None:
    """What a channel was taught."""
    school = _school()
    with school.database.write() as session:
        room = channels.by_handle(session, channel)
        unproven = {lesson.id for lesson in lessons.unproven(session, room)}
        known = lessons.in_force(session, room)
    show.rows([{"lesson": x.id, "status": x.status, "in_weights": x.id not in unproven, "text": x.text} for x in known], as_json)


@app.command()
def ask(
    channel: ChannelOption, question: Annotated[str, typer.Argument()] = "", file: FileOption = None,
    mode: Annotated[str, typer.Option(help=MODES)] = "auto",
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Ask a channel."""
    if mode not in get_args(Mode):
        raise typer.BadParameter(f"{mode!r} is none of {', '.join(get_args(Mode))}", param_hint="--mode")
    questions = _entries(question, file)
    school = _school()
    with school.database.write() as session:
        knowledge = school.knowledge(session, channels.by_handle(session, channel))
    with running.engine(school.settings) as client:
        answerer = Answerer(client, school.speaker)
        for asked in questions:
            show.answer(answerer.answer(asked, knowledge, mode), as_json)  # type: ignore[arg-type]  # checked above


@app.command()
def sleep(channel: ChannelOption, as_json: JsonOption = False) -> None:
    """Hold a night now: study, train, examine, and promote the new adapter if it passed."""
    started = time.monotonic()
    school = _school()
    with school.database.write() as session:
        night = nights.open_another(session, channels.by_handle(session, channel), now().date(), "sleep")
    with show.watching(console) as watch:
        held = nights.hold_night(school, night.id, watch) or _await_night(school, night)
    show.night(held, _candidate(school, held), round(time.monotonic() - started, 1), as_json)
    if held.state == Work.FAILED:
        raise NightschoolError(held.error or "the night failed")


@app.command()
def forget(
    channel: ChannelOption, text: str, yes: Annotated[bool, typer.Option("--yes", help="Do not ask; the best match goes.")] = False, as_json: JsonOption = False
) -> None:
    """Forget a lesson: it stops being used at once, the adapter is rebuilt without it, and a receipt is written."""
    school = _school()
    with school.database.write() as session:
        room = channels.by_handle(session, channel)
        found = lessons.find(session, room, text)[: 1 if yes else None]
        left = forgetting.unfinished(session, room)
    for request_id in left:  # an earlier call was cut off
        console.print("finishing what was to be forgotten before …")
        _carry_out(school, request_id)
    if not found:
        raise NightschoolError("nothing like that was taught here: see `nightschool lessons`.")
    if not yes:
        for lesson in found:
            console.print(f"  {lesson.text}", markup=False)
        typer.confirm("Forget this?", abort=True, err=True)
    with school.database.write() as session:
        request = lessons.forget(session, room, [lesson.id for lesson in found], YOU)
    if request is None:
        raise NightschoolError("somebody else had it forgotten just now.")
    show.receipt(_carry_out(school, request.id), as_json)


@app.command()
def adapters(channel: ChannelOption, as_json: JsonOption = False) -> None:
    """The versions of a channel's adapter, newest first."""
    school = _school()
    with school.database.write() as session:
        versions = registry.versions(session, channels.by_handle(session, channel))
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
def rollback(channel: ChannelOption, to: Annotated[int | None, typer.Option(help="Version number.")] = None, as_json: JsonOption = False) -> None:
    """Let an earlier version serve."""
    school = _school()
    with school.database.write() as session:
        chosen = registry.rollback(session, channels.by_handle(session, channel), to)
    show.rows([{"adapter": chosen.name, "state": chosen.state}], as_json)


@app.command()
def status(as_json: JsonOption = False) -> None:
    """What each channel knows and what is going on."""
    show.rows(checks.channels_status(_school()), as_json)


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Check model, database, broker, tokens and disk, and say what to do."""
    found = checks.all_checks(_settings())
    show.checks(found, as_json)
    if not all(check.ok for check in found if check.needed):
        raise typer.Exit(1)


@app.command()
def prepare() -> None:
    """Fetch and convert the base model, so that everything works offline afterwards."""
    school = _school()
    console.print(f"The base model {school.base.name!r} is ready in {school.base.folder}.")


@app.command()
def up() -> None:
    """Run bot, engine, workers, beat and an embedded Valkey until Ctrl-C."""
    settings = _settings()
    checks.assert_tokens(settings)
    open_school(settings, console.print)
    over = _until_told()
    with supervisor.up(settings, console.print) as set_up:
        set_up.ready(over)
        console.print(f"Nightschool is up on {settings.home}. Ctrl-C stops it; logs are in {settings.home / 'logs'}.")
        while not over.wait(0.5):
            set_up.tend()
    console.print("Stopped.")


@app.command()
def sandbox(port: Annotated[int, typer.Option(help="Port on localhost.")] = 4173) -> None:
    """Run a Slack workspace on localhost, with a page to chat in."""
    from bot.sandbox import server, workspace

    over = _until_told()
    with server.running(port) as site:
        console.print(f"A workspace is open at {site}. Point a bot at it:")
        console.print(f"  NIGHTSCHOOL_SLACK_API_URL={site}/api/ SLACK_BOT_TOKEN={workspace.BOT_TOKEN} SLACK_APP_TOKEN={workspace.APP_TOKEN} nightschool up")
        over.wait()


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", envvar="NIGHTSCHOOL_DEMO_ONCE", help="Exit after the story.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Save the chat as an SVG picture.")] = None,
    port: Annotated[int, typer.Option(help="Port of the page to chat in.")] = 4173,
) -> None:
    """Play the whole story against the sandbox: ask, teach, sleep, ask again, forget; then stay up to chat with."""
    from bot import demo as story

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both end the story wherever it is
    if not story.play(_settings(), once=once, picture=picture, port=port):
        raise typer.Exit(1)


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        raise NightschoolError(f"the setting NIGHTSCHOOL_{'_'.join(map(str, first['loc'])).upper()} is wrong: {first['msg']}.") from None


def _school() -> School:
    return open_school(_settings(), lambda text: console.print(f"{text} …"))


def _entries(text: str, file: Path | None) -> Sequence[str]:
    """The argument, or the lines of a file. Exactly one of them."""
    if bool(text) == bool(file):
        raise typer.BadParameter("give either a text or --file")
    entries = [line for line in file.read_text().splitlines() if line.strip()] if file else [text]
    return track(entries, console=console, transient=True) if len(entries) > 20 else entries  # type: ignore[return-value]


def _await_night(school: School, night: Night) -> Night:
    """Somebody else holds the night, or another of this channel: wait for it to end."""
    while True:
        with school.database.read() as session:
            current = session.get_one(Night, night.id)
        if current.state not in (Work.WAITING, Work.RUNNING):
            return current
        held = nights.hold_night(school, night.id)
        if held:
            return held
        time.sleep(0.5)


def _carry_out(school: School, request_id: int) -> dict[str, Any]:
    """Rebuild and write the receipt, or wait for the worker that is at it."""
    with show.watching(console) as watch:
        while True:
            receipt = forgetting.carry_out(school, request_id, watch)
            if receipt:
                return receipt
            time.sleep(0.5)


def _candidate(school: School, night: Night) -> str | None:
    with school.database.read() as session:
        return registry.candidate_name(session, night)


def _until_told() -> threading.Event:
    """Set by Ctrl-C and by SIGTERM."""
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    return over


def main() -> None:
    """Run a command; an expected failure is one line, and exit code 1."""
    try:
        app()
    except NightschoolError as error:
        _fail(str(error))
    except OperationalError as error:
        _fail(f"the database refused ({error.orig}): check the disk space of NIGHTSCHOOL_HOME, and that no other program holds the file.")
    except OSError as error:
        _fail(f"{error.strerror or error} ({error.filename or 'no file'}): check permissions and disk space, then try again.")


def _fail(message: str) -> None:
    print(f"nightschool: {json.dumps(message)[1:-1] if chr(10) in message else message}", file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    main()
