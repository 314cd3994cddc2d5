"""What the commands share: options, settings, and the school they work in."""

import signal
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import track

from learning.errors import NightschoolError
from learning.memory import statements
from learning.school import School, open_school
from learning.settings import Settings

console = Console(stderr=True, soft_wrap=True)  # commands that are shown can be copied

ChannelOption = Annotated[str, typer.Option("-c", "--channel", help="A channel id, or '#name'.")]
NewChannelOption = Annotated[str, typer.Option("-c", "--channel", help="A channel id, or '#name'; begun when it is new.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
FileOption = Annotated[Path | None, typer.Option("--file", help="A file with one entry a line.", exists=True, dir_okay=False)]
YOU = "you"  # author of what is done on the command line


def settings_now() -> Settings:
    """The settings of this command. Raises NightschoolError for one that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        raise NightschoolError(f"the setting NIGHTSCHOOL_{'_'.join(map(str, first['loc'])).upper()} is wrong: {first['msg']}.") from None


def open_here() -> School:
    """The school in the data folder. Raises NightschoolError."""
    return open_school(settings_now(), lambda text: console.print(f"{text} …"))


def entries_of(text: str, file: Path | None) -> list[str]:
    """The argument, or the lines of a file. Exactly one of them. Raises NightschoolError for a file that is no text."""
    if bool(text) == bool(file):
        raise typer.BadParameter("give either a text or --file")
    try:
        return statements.lines(file.read_text("utf-8-sig")) if file else [text]
    except UnicodeDecodeError:
        raise NightschoolError(f"{file} is no text in UTF-8: save it as UTF-8.") from None


def tracked(entries: Sequence[str]) -> Iterable[str]:
    """One after the other, with a bar where there are many."""
    return track(entries, console=console, transient=True) if len(entries) > 20 else entries


def until_told() -> threading.Event:
    """Set by Ctrl-C and by SIGTERM."""
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    return over
