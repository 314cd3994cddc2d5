"""Telling the demo's story on the terminal: a chat with quiet lines, verdicts, and the progress of a night."""

import re
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from sqlalchemy import select

from bot.mrkdwn import plain
from bot.sandbox.people import Message
from learning.records import UNFINISHED, Forgetting, Night
from learning.school import School

WIDTH = 110  # columns of the transcript
NIGHT_SECONDS = 900.0  # after which a night counts as failed


@dataclass
class Narrator:
    """Prints what happens, and remembers what did not hold."""

    console: Console
    failed: list[str] = field(default_factory=list)

    def watch_night(self, school: School, kind: str) -> Night:
        """Show a night's progress until it is over."""
        columns = (TextColumn("  {task.description:<10}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(), TimeRemainingColumn())
        deadline = time.monotonic() + NIGHT_SECONDS
        with Progress(*columns, console=self.console, transient=True) as bar:
            task, stage = bar.add_task("waiting", total=1.0), ""
            while time.monotonic() < deadline:
                with school.database.read() as session:
                    night = session.scalars(
                        select(Night).where(Night.kind == kind, Night.verdict.is_distinct_from("skipped")).order_by(Night.id.desc())
                    ).first()
                    finished = kind != "forget" or session.scalars(select(Forgetting.finished_at)).first()
                if night and night.state not in UNFINISHED and finished:
                    return night
                if night and night.stage != stage:
                    stage = night.stage
                    bar.reset(task, description=stage, total=1.0)
                bar.update(task, completed=night.progress if night else 0.0)
                time.sleep(0.25)
        raise TimeoutError(f"the night is not over after {NIGHT_SECONDS:.0f} s; its log is in {school.settings.home / 'logs'}")

    def chapter(self, title: str) -> None:
        """A heading."""
        self.console.print(f"\n[bold]{escape(title)}[/]")

    def said(self, who: str, text: str, quiet: str = "") -> None:
        """A line of the chat, with a quiet line below."""
        colour = "magenta" if who == "nightschool" else "cyan"
        for number, line in enumerate(_wrapped(text)):
            self.console.print(f"  [{colour}]{who if number == 0 else '':>11}[/]  {escape(line)}")
        for line in _wrapped(quiet):
            self.console.print(f"  {'':>11}  [dim]{escape(line)}[/]")

    def bot_said(self, message: Message) -> None:
        """What the bot wrote, with its quiet line."""
        sections = [b["text"]["text"] for b in message.get("blocks") or [] if b["type"] == "section"]
        quiet = [e["text"] for b in message.get("blocks") or [] if b["type"] == "context" for e in b["elements"]]
        self.said("nightschool", readable("\n".join(sections or [message["text"]])), readable(" ".join(quiet)))

    def check(self, what: str, held: bool) -> None:
        """Print a verdict, and remember a failure."""
        self.console.print(f"  {'':>11}  {'[green]✓[/]' if held else '[red]✗[/]'} [italic]{escape(what)}[/]")
        if not held:
            self.failed.append(what)

    def save(self, picture: Path) -> None:
        """The transcript as an SVG picture, in the viewer's own monospaced font: nothing in it is fetched from elsewhere."""
        svg = self.console.export_svg(title="make demo", clear=False)
        picture.write_text(re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "ui-monospace, Menlo, Consolas"))


def readable(text: str) -> str:
    """Slack markup as plain text, line by line."""
    for code, icon in {":brain:": "🧠", ":spiral_note_pad:": "🗒", ":globe_with_meridians:": "🌐", ":books:": "📚"}.items():
        text = text.replace(code, icon)
    return "\n".join(plain(line) for line in text.splitlines())


def _wrapped(text: str) -> list[str]:
    return [part for line in text.splitlines() for part in textwrap.wrap(line, WIDTH - 18)]
