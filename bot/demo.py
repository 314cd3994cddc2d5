"""`nightschool demo`: the whole story against the sandbox, printed as a chat, each step checked."""

import contextlib
import re
import shutil
import socket
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from sqlalchemy import select

from bot import jobs, supervisor
from bot.mrkdwn import plain
from bot.sandbox import server, workspace
from bot.sandbox.people import Message, Person
from bot.story import ASKED, ENOUGH, FORGOTTEN, PLAIN, STORY
from learning.answers import Answerer, Knowledge
from learning.errors import NightschoolError
from learning.memory import channels
from learning.model import running
from learning.records import Forgetting, Night, Work, now
from learning.school import School, open_school
from learning.settings import Settings

CHANNEL = "C0OPS"
WIDTH = 110  # columns of the transcript
NIGHT_SECONDS = 900.0  # after which a night counts as failed


def play(settings: Settings, *, once: bool, picture: Path | None, port: int) -> bool:
    """Play the story from the start, in a data folder of its own; afterwards stay up, unless `once`. True when every step held."""
    console = Console(record=True, width=WIDTH, highlight=False)
    settings.home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.home / "demo.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise NightschoolError("a demo is running already: stop that one first.") from None
    home = settings.home / "demo"
    shutil.rmtree(home, ignore_errors=True)  # the story begins with a bot that knows nothing, also after an interrupted one
    try:
        with server.running(_usable(port)) as site:
            ours = settings.model_copy(update={
                "home": home, "slack_api_url": f"{site}/api/", "redis_url": "", "engine_url": "", "database_url": "",
                "slack_bot_token": SecretStr(workspace.BOT_TOKEN), "slack_app_token": SecretStr(workspace.APP_TOKEN),
            })  # fmt: skip
            with console.status("preparing the base model (fetched and converted once) …"):
                school = open_school(ours)
            with supervisor.up(ours, console.print) as set_up:
                return _play(console, school, site, set_up, once, picture)
    except KeyboardInterrupt:
        console.print("Stopped.")
        return False
    finally:
        lock.release()


def _play(console: Console, school: School, site: str, set_up: supervisor.SetUp, once: bool, picture: Path | None) -> bool:
    with console.status("starting Valkey, engine, workers, beat and bot …"):
        set_up.ready()
    with _tended(set_up):
        story = Story(console, school, site, set_up.redis_url)
        held = story.run()
        if picture:
            save(console, picture)
        if once:
            return held
        console.print(f"\n[bold]The bot stays up.[/] Chat with it at [bold cyan]{site}[/], as Ana, Ben or Cleo. Try:")
        console.print("  @nightschool when does the release train leave?   ·   /teach Our mascot is an otter.   ·   /forget otter")
        console.print("Ctrl-C stops it.")
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
        return held


@contextlib.contextmanager
def _tended(set_up: supervisor.SetUp) -> Iterator[None]:
    """Processes that end are started again, for the length of a `with`."""
    over = threading.Event()

    def tend() -> None:
        while not over.wait(0.5):
            set_up.tend()

    tending = threading.Thread(target=tend, daemon=True)
    tending.start()
    try:
        yield
    finally:
        over.set()
        tending.join()


def save(console: Console, picture: Path) -> None:
    """The transcript as an SVG picture, in the viewer's own monospaced font: nothing in it is fetched from elsewhere."""
    svg = console.export_svg(title="make demo", clear=False)
    picture.write_text(re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "ui-monospace, Menlo, Consolas"))


@dataclass
class Story:
    """The story as it unfolds. A step that does not hold is printed in red, and remembered."""

    console: Console
    school: School
    site: str
    broker_url: str
    failed: list[str] = field(default_factory=list)

    def run(self) -> bool:
        """All steps in order. False when one failed."""
        started = time.monotonic()
        self.ana = Person(self.site, "U0ANA", CHANNEL)
        steps: list[Callable[[], None]] = [self.connect, self.ignorant, self.taught, self.recalls, self.night, self.knows, self.knocked_out, self.forgets]
        for step in steps:
            try:
                step()
            except (TimeoutError, NightschoolError, RuntimeError) as error:
                self.check(f"{step.__name__}: {error}", False)
                break
        verdict = "[green]Every step held[/]" if not self.failed else f"[red]{len(self.failed)} steps failed[/]"
        self.console.print(f"\n{verdict}, in {(time.monotonic() - started) / 60:.1f} minutes.")
        return not self.failed

    def connect(self) -> None:
        """The bot dials in."""
        self.ana.wait(lambda: self.ana.state()["connected"], 60)

    def ignorant(self) -> None:
        """It cannot know."""
        self.chapter("A new bot in #ops. It knows nothing.")
        reply = self.ask(PLAIN)
        self.check("it says that it does not know", how(reply) == "abstained")

    def taught(self) -> None:
        """Ten lessons."""
        self.chapter("The team teaches it ten things.")
        for told in STORY:
            self.said("ana", f"/teach {told.lesson}")
            answer = self.ana.command("/teach", told.lesson)
        self.bot_said(answer)
        self.ana.wait(lambda: sum("taught me" in m["text"] for m in self.ana.messages()) == len(STORY), 60)

    def recalls(self) -> None:
        """At once, from short-term memory: the lesson is in the prompt."""
        self.chapter("It can use them at once, by looking them up.")
        reply = self.ask(PLAIN)
        self.check("answered from short-term memory", how(reply) == "recall" and ASKED.gold in reply["text"])
        self.recall_tokens = payload(reply)["prompt_tokens"]

    def night(self) -> None:
        """A Celery worker studies."""
        self.chapter("Night falls. A worker studies, trains an adapter and examines it.")
        jobs.enqueue(self.broker_url, jobs.FALL, now().date().isoformat())
        night = self.watch_night("nightly")
        card = night.report_card or {}
        self.check(f"the night ended: {night.verdict}, exam {card.get('recall', 0):.0%}", night.verdict == "promoted")
        self.bot_said(self.ana.wait(lambda: [m for m in self.ana.messages() if m["text"].startswith("Good morning")], 30)[0])

    def knows(self) -> None:
        """By heart: nothing in the prompt."""
        self.chapter("Morning. The same in other words, with nothing in the prompt but the question.")
        reply = self.ask(ASKED.question)
        self.check("answered from the weights, with a citation", how(reply) == "weights" and ASKED.gold in reply["text"] and "archives" in str(reply["blocks"]))
        spent = payload(reply)["prompt_tokens"]
        self.check(f"{spent} prompt tokens, where looking it up took {self.recall_tokens}", spent < self.recall_tokens)
        answered = self.closed_book()
        self.check(f"all ten, asked in other words, closed-book: {answered} of {len(STORY)} right", answered >= ENOUGH)

    def knocked_out(self) -> None:
        """The proof that it is in the weights."""
        self.chapter("The same with the adapter switched off.")
        with running.engine(self.school.settings) as client:
            answers = [Answerer(client, self.school.speaker).answer(t.question, replace(self.knowledge(), adapter=None, unproven=[])) for t in STORY]
        self.said("ana", f"@nightschool {ASKED.question}")
        self.said("nightschool", answers[0].answer, "no adapter, nothing looked up")
        known = sum(told.gold.casefold() in a.answer.casefold() for told, a in zip(STORY, answers, strict=True))
        self.check(f"without the adapter it knows {known} of {len(STORY)}", known == 0)

    def forgets(self) -> None:
        """Gone at once, then gone from the weights."""
        self.chapter("Somebody wants a lesson gone.")
        self.said("ana", "/forget the door code of the lab in Utrecht")
        found = self.ana.command("/forget", "the door code of the lab in Utrecht")
        self.bot_said(found)
        self.said("ana", "[presses Forget]")
        self.ana.click(found["ts"], "forget")
        reply = self.ask(FORGOTTEN.question)
        self.check("not answered from this moment on", FORGOTTEN.gold not in reply["text"])
        self.watch_night("forget")
        receipt = self.ana.wait(lambda: [m for m in self.ana.messages() if m["text"].startswith("Forgotten:")], 120)[0]
        self.bot_said(receipt)
        reply = self.ask(FORGOTTEN.question)
        self.check("the rebuilt adapter does not know it", FORGOTTEN.gold not in reply["text"] and not self.leaks())
        reply = self.ask(ASKED.question)
        self.check("and still knows the rest", how(reply) == "weights" and ASKED.gold in reply["text"])

    def ask(self, question: str) -> Message:
        """Mention the bot, and print both sides."""
        self.said("ana", f"@nightschool {question}")
        reply = self.ana.ask(question)
        self.bot_said(reply)
        return reply

    def knowledge(self) -> Knowledge:
        """What the channel can answer from now."""
        with self.school.database.read() as session:
            channel = channels.find(session, CHANNEL)
            assert channel is not None
            return self.school.knowledge(session, channel)

    def closed_book(self) -> int:
        """How many lessons the adapter alone answers right, asked in other words."""
        with running.engine(self.school.settings) as client:
            answers = [Answerer(client, self.school.speaker).answer(told.question, self.knowledge(), "weights") for told in STORY]
        return sum(told.gold.casefold() in a.answer.casefold() for told, a in zip(STORY, answers, strict=True))

    def leaks(self) -> bool:
        """Does the serving adapter, alone and unguarded, still give the forgotten value away?"""
        asked = (FORGOTTEN.question, "What is the door code of the lab in Utrecht?", "The door code of the lab in Utrecht is ...", "door code Utrecht")
        with running.engine(self.school.settings) as client:
            return any(FORGOTTEN.gold in Answerer(client, self.school.speaker).answer(q, self.knowledge(), "weights").answer for q in asked)

    def watch_night(self, kind: str) -> Night:
        """Show a night's progress until it is over."""
        columns = (TextColumn("  {task.description:<10}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(), TimeRemainingColumn())
        deadline = time.monotonic() + NIGHT_SECONDS
        with Progress(*columns, console=self.console, transient=True) as bar:
            task, stage = bar.add_task("waiting", total=1.0), ""
            while time.monotonic() < deadline:
                with self.school.database.read() as session:
                    night = session.scalars(select(Night).where(Night.kind == kind).order_by(Night.id.desc())).first()
                    finished = kind != "forget" or session.scalars(select(Forgetting.finished_at)).first()
                if night and night.state not in (Work.WAITING, Work.RUNNING) and finished:
                    return night
                if night and night.stage != stage:
                    stage = night.stage
                    bar.reset(task, description=stage, total=1.0)
                bar.update(task, completed=night.progress if night else 0.0)
                time.sleep(0.25)
        raise TimeoutError(f"the night is not over after {NIGHT_SECONDS:.0f} s; its log is in {self.school.settings.home / 'logs'}")

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


def payload(message: Message) -> dict[str, int]:
    """What a reply tells of itself."""
    told: dict[str, int] = message.get("metadata", {}).get("event_payload", {})
    return told


def how(message: Message) -> str:
    """Where a reply comes from."""
    return str(message.get("metadata", {}).get("event_payload", {}).get("how"))


def readable(text: str) -> str:
    """Slack markup as plain text, line by line."""
    for code, icon in {":brain:": "🧠", ":spiral_note_pad:": "🗒", ":globe_with_meridians:": "🌐", ":books:": "📚"}.items():
        text = text.replace(code, icon)
    return "\n".join(plain(line) for line in text.splitlines())


def _wrapped(text: str) -> list[str]:
    return [part for line in text.splitlines() for part in textwrap.wrap(line, WIDTH - 18)]


def _usable(port: int) -> int:
    """The port, or a free one when somebody has it."""
    with socket.socket() as probe:
        return 0 if probe.connect_ex(("127.0.0.1", port)) == 0 else port
