"""The command line: one thin function per command."""

import json
import sys
from importlib import metadata
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from bot.cli import conversations, knowledge, nights, running, workspaces
from learning.errors import NightschoolError

app = typer.Typer(help="A Slack bot that learns each channel by heart.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  context_settings={"help_option_names": ["-h", "--help"]})  # fmt: skip
for part in (knowledge, nights, conversations, running, workspaces):
    app.add_typer(part.app)


def _version(wanted: bool) -> None:
    if wanted:
        print(metadata.version("nightschool"))
        raise typer.Exit


@app.callback()
def options(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False) -> None:
    """A Slack bot that learns each channel by heart."""


def main() -> None:
    """Run a command; an expected failure is one line, and exit code 1."""
    try:
        app()
    except NightschoolError as error:
        _fail(str(error))
    except DBAPIError as error:
        _fail(f"the database refused ({error.orig}): check the disk space of NIGHTSCHOOL_HOME, and that no other program holds the file.")
    except UnicodeError:
        _fail("an argument, or .env, is no text in UTF-8: type or save it as UTF-8.")
    except OSError as error:
        _fail(f"{error.strerror or error} ({error.filename or 'no file'}): check permissions and disk space, then try again.")


def _fail(message: str) -> None:
    print(f"nightschool: {json.dumps(message)[1:-1] if chr(10) in message else message}", file=sys.stderr)
    raise SystemExit(1)
