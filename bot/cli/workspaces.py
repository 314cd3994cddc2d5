"""The workspaces that the app is installed in."""

import sys
from typing import Annotated

import typer
from cryptography.fernet import Fernet

from bot import show
from bot.cli.options import JsonOption, console, settings_now
from bot.workspaces import WorkspaceError, Workspaces
from learning.database import open_database

app = typer.Typer()
group = typer.Typer(help="Workspaces beside that of NIGHTSCHOOL_SLACK_BOT_TOKEN, in which the same app is installed.", no_args_is_help=True)
app.add_typer(group, name="workspace")


@group.command("list")
def listed(as_json: JsonOption = False) -> None:
    """The workspaces, that of the settings first."""
    teams = _workspaces().teams()
    if as_json:
        show.rows([{"workspace": team_id} for team_id in teams], as_json)
    else:
        print("\n".join(teams))


@group.command()
def add() -> None:
    """Take a workspace's bot token, asked for or from standard input, and keep it encrypted."""
    token = typer.prompt("Bot token (xoxb-…)", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    console.print(f"The bot speaks in {_workspaces().install(token.strip())}, too. `nightschool up` answers there at once.")


@group.command()
def remove(team_id: Annotated[str, typer.Argument(help="Slack's id, such as T024BE7LD.")]) -> None:
    """Forget a workspace's token. What was learned there stays, until it is forgotten there."""
    if not _workspaces().remove(team_id):
        raise WorkspaceError(f"no token of {team_id!r} is kept; `nightschool workspace list` shows which are.")
    console.print(f"The token of {team_id} is gone.")


@group.command()
def key() -> None:
    """Print a new key for NIGHTSCHOOL_TOKEN_KEY, which several hosts with one database have to share."""
    print(Fernet.generate_key().decode())


def _workspaces() -> Workspaces:
    settings = settings_now()
    return Workspaces(settings, open_database(settings))
