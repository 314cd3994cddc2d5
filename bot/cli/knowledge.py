"""What a channel knows: teach, list, ask, forget."""

import time
from typing import Annotated, Any, cast, get_args

import typer

from bot import show
from bot.cli.options import YOU, ChannelOption, FileOption, JsonOption, NewChannelOption, console, entries_of, open_here, tracked
from learning.answers import Answerer, Mode
from learning.errors import NightschoolError
from learning.memory import channels, finding, lessons, settling
from learning.memory.salience import salience
from learning.memory.statements import LessonError, told
from learning.model import running
from learning.night import forgetting
from learning.records import LessonStatus, now
from learning.school import School

app = typer.Typer()
MODES = (
    "auto: what the bot does. weights: the lesson that the adapter finds likeliest. freely: whatever the adapter says. "
    "search: the best lesson, no model. prompt: four lessons in the prompt. base: neither."
)


@app.command()
def teach(channel: NewChannelOption, text: Annotated[str, typer.Argument()] = "", file: FileOption = None, as_json: JsonOption = False) -> None:
    """Teach a channel something: TEXT, 'Q: … A: …', or the lines of a file."""
    entries = entries_of(text, file)
    school = open_here()
    with school.database.write() as session:
        room = channels.by_handle(session, channel)
        for number, entry in enumerate(entries, 1):  # all of them, or none
            try:
                told(entry, now().date())
            except LessonError as error:
                raise NightschoolError(f"nothing was taught; lesson {number} of {file}: {error}" if file else str(error)) from None
    rows = []
    for entry in tracked(entries):  # one by one, each judged before: a bot that runs beside must not wait for all
        with school.database.read() as session:
            settling.consider(session, room, entry)
        with school.database.write() as session:
            lesson = lessons.teach(session, room, entry, YOU)
            replaced = ", ".join(str(old.id) for old in lessons.replaced(session, lesson))
        rows.append({"lesson": lesson.id, "status": lesson.status, "replaces": replaced, "text": lesson.told})
    show.rows(rows, as_json)


@app.command("lessons")
def list_lessons(
    channel: ChannelOption,
    why: Annotated[bool, typer.Option("--why", help="with each lesson's weight, and what it comes from")] = False,
    as_json: JsonOption = False,
) -> None:
    """What a channel was taught."""
    school = open_here()
    with school.database.write() as session:
        room = channels.known(session, channel)
        unproven = {lesson.id for lesson in lessons.unproven(session, room)}
        known = lessons.in_force(session, room)
        matter = salience(session, room, known, now())
    rows = [{"lesson": x.id, "status": x.status, "in_weights": x.id not in unproven, "text": x.told} for x in known]
    show.rows([row | {"weight": matter[x.id].weight, "why": matter[x.id].why} if why else row for row, x in zip(rows, known, strict=True)], as_json)


@app.command()
def ask(
    channel: ChannelOption, question: Annotated[str, typer.Argument()] = "", file: FileOption = None,
    mode: Annotated[str, typer.Option(help=MODES)] = "auto",
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Ask a channel."""
    if mode not in get_args(Mode):
        raise typer.BadParameter(f"{mode!r} is none of {', '.join(get_args(Mode))}", param_hint="--mode")
    questions = entries_of(question, file)
    school = open_here()
    with school.database.write() as session:
        knowledge = school.knowledge(session, channels.known(session, channel))
    with running.engine(school.settings) as client:
        answerer = Answerer(client, school.speaker)
        for asked in tracked(questions):
            show.answer(answerer.answer(asked, knowledge, cast(Mode, mode)), as_json)


@app.command()
def forget(
    channel: ChannelOption,
    text: Annotated[str, typer.Argument(help="A lesson's number, or words of it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; the best match goes, if it holds all of these words.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Forget a lesson: it stops being used at once, the adapter is rebuilt without it, and a receipt is written."""
    school = open_here()
    with school.database.write() as session:
        room = channels.known(session, channel)
        found = finding.find(session, room, text)
        left = forgetting.unfinished(session, room)
    if left and not found:  # an earlier call was cut off, perhaps this one's
        show.receipt([_carry_out(school, request_id) for request_id in left][-1], as_json)
        return
    if not found:
        raise NightschoolError("nothing like that was taught here: see `nightschool lessons`.")
    if yes and not finding.surely_meant(text, found[0]):
        raise NightschoolError(f"not surely meant: {found[0].told} Name it by its number ({found[0].id}), or by words that it holds.")
    for lesson in found[: 1 if yes else None]:
        console.print(f"  {lesson.id}  {lesson.told}{'  (replaced)' * (lesson.status == LessonStatus.SUPERSEDED)}", markup=False)
    if not yes:
        typer.confirm("Forget this?" if len(found) == 1 else f"Forget all {len(found)}?", abort=True, err=True)
    with school.database.write() as session:
        request = lessons.forget(session, room, [lesson.id for lesson in found[: 1 if yes else None]], YOU)
    if request is None:
        raise NightschoolError("somebody else had it forgotten just now.")
    for request_id in left:  # an earlier call was cut off
        console.print("finishing what was to be forgotten before …")
        _carry_out(school, request_id)
    show.receipt(_carry_out(school, request.id), as_json)


def _carry_out(school: School, request_id: int) -> dict[str, Any]:
    """Rebuild and write the receipt, or wait for the worker that is at it."""
    with show.watching(console) as watch:
        while True:
            receipt = forgetting.carry_out(school, request_id, watch)
            if receipt:
                return receipt
            time.sleep(0.5)
