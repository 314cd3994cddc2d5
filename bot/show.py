"""What the command line prints: one JSON object a line, or text for people."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from bot.checks import Check
from bot.importing import Summary
from learning.answers import Answer
from learning.night.forgetting import as_text
from learning.night.vigil import Watch
from learning.records import Night

console = Console(soft_wrap=True, highlight=False)
VERDICTS = {"promoted": "promoted, it answers now", "held": "held, what answered before still does"}
FROM = {"general": "general knowledge, not from this channel"}


def as_line(entry: Mapping[str, Any]) -> None:
    """One JSON object."""
    print(json.dumps(entry, ensure_ascii=False), flush=True)


def rows(entries: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """A table, or one object a line."""
    if as_json:
        for entry in entries:
            as_line(entry)
        return
    if not entries:
        console.print("Nothing yet.")
        return
    table = Table(*entries[0], box=None, header_style="bold")
    for entry in entries:
        table.add_row(*("" if value is None else escape(str(value)) for value in entry.values()))
    console.print(table)


def answer(said: Answer, as_json: bool) -> None:
    """An answer and where it comes from."""
    sources = [{"lesson": lesson.id, "text": lesson.text, "permalink": lesson.permalink} for lesson in said.sources]
    entry = {
        "question": said.question, "answer": said.answer, "abstained": said.abstained, "adapter": said.adapter, "sources": sources,
        "prompt_tokens": said.prompt_tokens, "completion_tokens": said.completion_tokens, "seconds": said.seconds,
    }  # fmt: skip
    if as_json:
        as_line(entry)
    else:
        console.print(said.answer, markup=False)
        source = ", ".join(f"lesson {lesson.id}" for lesson in said.sources) or FROM.get(said.how, "no lesson")
        console.print(f"[dim]{said.how} · {source} · {said.adapter or 'no adapter'} · {said.prompt_tokens} prompt tokens · {said.seconds:.1f} s[/]")
        if said.near:
            console.print(f"[dim]nearest: lesson {said.near.id}, {escape(said.near.told)}[/]")


def night(held: Night, adapter: str | None, seconds: float, as_json: bool) -> None:
    """How a night went."""
    card = held.report_card or {}
    if as_json:
        as_line({"night": held.id, "adapter": adapter, "verdict": held.verdict, "exam": card, "seconds": seconds})
    else:
        why = f"; {card['reason']}" if card.get("reason") else ""
        console.print(f"{VERDICTS.get(held.verdict or '', held.verdict)}: {adapter or 'no new adapter'}{why} ({seconds:.0f} s)")
        if "recall" in card:
            console.print(f"exam: {card['recall']:.0%} recalled closed-book; {card['proven']} of {card['lessons']} lessons proven")


def status(channels: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """What each channel knows and what is going on."""
    if as_json or not channels:
        rows(channels, as_json)
        return
    for channel in channels:
        name = f"#{channel['name']}" if channel["name"] else channel["channel"]
        console.print(f"[bold]{escape(name)}[/]  {channel['channel']} · {escape(channel['serving'] or 'no adapter')} · clock {channel['clock']}")
        known = f"{_count(channel['lessons'], 'lesson')}, {channel['in_weights']} of them in the weights, {channel['proposed']} proposed"
        learns = "learns from messages" if channel["learns_from_messages"] else "does not learn from messages"
        waiting = f" · {_count(channel['waiting_questions'], 'question')} waiting" if channel["waiting_questions"] else ""
        console.print(f"    {known} · {learns} · {escape(channel['night'] or 'no night yet')}{waiting}")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def imported(summary: Summary, as_json: bool) -> None:
    """What an import found."""
    if as_json:
        as_line({**vars(summary), "broken": [{"file": file, "why": why} for file, why in summary.broken]})
        return
    console.print(
        f"{_count(summary.messages, 'message')} of {_count(summary.channels, 'channel')}: {summary.added:,} new, {summary.changed:,} edited, "
        f"{summary.deleted:,} deleted; {_count(summary.files, 'file')} read, {summary.known_files:,} known already."
    )
    for file, why in summary.broken:
        console.print(f"[yellow]skipped[/] {escape(file)}: {escape(why)}")


def receipt(entry: Mapping[str, Any], as_json: bool) -> None:
    """What forgetting did."""
    as_line(entry) if as_json else console.print(as_text(dict(entry)), markup=False)


def checks(found: Sequence[Check], as_json: bool) -> None:
    """What the doctor found."""
    for check in found:
        if as_json:
            as_line({"check": check.name, "ok": check.ok, "detail": check.detail})
        else:
            mark = "[green]✓[/]" if check.ok else "[red]✗[/]" if check.needed else "[yellow]–[/]"
            console.print(f"{mark} {check.name}: {escape(check.detail)}")


@contextmanager
def watching(target: Console) -> Iterator[Watch]:
    """A bar with an estimate of the time left, for the stages of a night."""
    columns = (TextColumn("{task.description:<10}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn())
    with Progress(*columns, console=target, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def watch(stage: str, share: float) -> None:
            if stage not in tasks:
                for earlier in tasks.values():
                    bar.update(earlier, completed=1.0)
                tasks[stage] = bar.add_task(stage, total=1.0)
            bar.update(tasks[stage], completed=share)

        yield watch
