"""Importing a large export, killed on the way, and learning what was only said in it.

    python -m tests.benchmarks.bench_import [--messages 20000] [--base embedded]

A script makes the export. The importing process is watched for its peak of memory; a second import of the same is killed three times
with SIGKILL. Then the proposals that state the ten facts are approved, one night is held, and the adapter alone is asked, in other words.
"""

import argparse
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from operator import le
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from learning.database import Database, open_database
from learning.publication import read_manifest
from learning.records import Channel, Lesson, Message, Person, Reaction
from learning.settings import Settings
from tests.benchmarks.export import FACTS, TEAM, make
from tests.benchmarks.table import Figure, report

MEMORY = 300.0  # MB


def command(home: Path, base: str, *arguments: str) -> subprocess.Popen[str]:
    """`nightschool …` in a process of its own."""
    environment = {**os.environ, "NIGHTSCHOOL_HOME": str(home), "NIGHTSCHOOL_BASE_MODEL": base}
    return subprocess.Popen([sys.executable, "-m", "bot.cli", *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def said(home: Path, base: str, *arguments: str) -> list[dict[str, Any]]:
    """What a command prints with `--json`."""
    process = command(home, base, *arguments, "--json")
    output, _ = process.communicate()
    assert process.returncode == 0, (arguments, output)
    return [json.loads(line) for line in output.splitlines()]


def state(home: Path) -> tuple[set[Any], ...]:
    """All that an import writes, by what it means."""
    with database_of(home).read() as session:
        ids = {channel.id: channel.slack_id for channel in session.scalars(select(Channel))}
        messages = {(ids[m.channel_id], m.ts, m.author, m.text, m.thread_ts, m.edited_ts) for m in session.scalars(select(Message))}
        reactions = {(ids[r.channel_id], r.ts, r.author, r.emoji) for r in session.scalars(select(Reaction))}
        return messages, reactions, {(p.slack_id, p.name, p.time_zone) for p in session.scalars(select(Person))}


def database_of(home: Path) -> Database:
    """The database of a data folder."""
    return open_database(Settings(home=home))


def killed(home: Path, export: Path, shares: tuple[float, ...], messages: int) -> int:
    """Import, killing the process each time that a share of the messages is there; how often it was killed."""
    kills = 0
    for share in shares:
        process = command(home, "tiny", "import", str(export))
        while process.poll() is None:
            if (home / "nightschool.db").exists() and imported(home) >= share * messages:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
            time.sleep(0.005)
    command(home, "tiny", "import", str(export)).wait()
    return kills


def imported(home: Path) -> int:
    """Messages in the log so far."""
    try:
        with database_of(home).read() as session:
            return session.scalar(select(func.count()).select_from(Message)) or 0
    except OperationalError:  # the tables are being made
        return 0


def learned(home: Path, base: str) -> tuple[int, int, dict[str, Any]]:
    """Approve the proposals that state the facts, hold a night, ask the adapter alone: facts proposed, answered right, and the night."""
    for arguments in (("attest", "--workspace", TEAM, "--yes"), ("learn", "-c", "#ops", "on")):
        assert command(home, base, *arguments).wait() == 0
    proposed = said(home, base, "proposals", "-c", "#ops")
    chosen = [row["proposal"] for fact in FACTS for row in proposed if fact.gold in row["text"]]
    said(home, base, "approve", "-c", "#ops", *map(str, chosen))
    (night,) = said(home, base, "sleep", "-c", "#ops")
    questions = home / "questions.txt"
    questions.write_text("\n".join(fact.question for fact in FACTS))
    answers = said(home, base, "ask", "-c", "#ops", "--mode", "weights", "--file", str(questions))
    for fact, answer in zip(FACTS, answers, strict=True):
        print("right" if fact.gold.casefold() in answer["answer"].casefold() else "WRONG", "|", fact.question, "|", answer["answer"])
    return len(chosen), sum(fact.gold.casefold() in answer["answer"].casefold() for fact, answer in zip(FACTS, answers, strict=True)), night


def prompt_tokens(home: Path, base: str) -> list[Figure]:
    """What an answer costs to read: with the four best lessons in the prompt, and by all that the bot has; and what the night cost, in tokens trained on."""
    questions, means = str(home / "questions.txt"), {}
    for mode in ("prompt", "auto"):
        answers = said(home, base, "ask", "-c", "#ops", "--mode", mode, "--file", questions)
        means[mode] = statistics.mean(answer["prompt_tokens"] for answer in answers if answer["prompt_tokens"])  # what is quoted was asked by heart first
    (adapter,) = (home / "adapters").iterdir()
    trained = read_manifest(adapter)["training"]["tokens"]
    return [
        Figure("prompt tokens an answer, four lessons in the prompt", means["prompt"]), Figure("prompt tokens an answer, ours", means["auto"]),
        Figure("prompt tokens, four lessons in the prompt ÷ ours", means["prompt"] / means["auto"]), Figure("tokens trained on", trained),
        Figure("answers that pay the night's training back", trained / max(0.1, means["prompt"] - means["auto"])),
    ]  # fmt: skip


def main() -> None:
    """Print the table and write `.bench/import.json`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=20_500)
    parser.add_argument("--base", default="embedded")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        export = make(root / "export.zip", options.messages)
        started = time.monotonic()
        (summary,) = said(root / "whole", "tiny", "import", str(export))
        seconds = time.monotonic() - started
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        kills = killed(root / "cut", export, (0.2, 0.5, 0.8), summary["messages"])
        figures = [
            Figure("messages imported in one pass", summary["added"], 20_000), Figure("messages a second", summary["messages"] / seconds),
            Figure("peak memory of the import, MB", peak, MEMORY, le), Figure("killed on the way", kills, 3),
            Figure("same state after the kills (1: yes)", float(state(root / "cut") == state(root / "whole")), 1),
        ]  # fmt: skip
        found, right, night = learned(root / "whole", options.base)
        figures += [
            Figure("facts only said in conversation, proposed, of 10", found, 10), Figure("answered by the weights after one night, of 10", right, 8),
            Figure("seconds of the night", night["seconds"]),
        ]  # fmt: skip
        figures += prompt_tokens(root / "whole", options.base)
        lessons = database_of(root / "whole")
        with lessons.read() as session:
            figures.append(Figure("proposals in all", session.scalar(select(func.count()).select_from(Lesson)) or 0))
    report("import", figures)


if __name__ == "__main__":
    main()
