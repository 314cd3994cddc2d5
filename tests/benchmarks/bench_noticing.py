"""How much of what people make known in conversation is noticed, and how much of what is proposed is true and self-contained.

    python -m tests.benchmarks.bench_noticing [--show]

Two sets of conversations, written by hand and annotated exhaustively. The rules were made on `development`; `held_out` was written apart from them, and its
figures are the ones that count. A proposal is right when it rests on a message that makes a fact known, holds what any good
wording of that fact must hold, and no word that only the moment explains.
"""

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from learning.memory import noticing
from learning.memory.noticing import Notice, Remark, Setting
from tests.benchmarks.table import Figure, report

HERE = Path(__file__).parent / "noticing"
ZONE = ZoneInfo("Europe/Amsterdam")
MOMENTARY = re.compile(r"\b(today|tomorrow|yesterday|tonight|next week|this week|i|i'm|i'll|i've|my|me|we|we're|our|us)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Fact:
    """A planted fact: the message that makes it known, what its wording must hold, and until when it is true."""

    message: str
    statement: str
    needs: Sequence[str]
    until: str | None


@dataclass(frozen=True)
class Conversation:
    """A channel's messages as threads, and the facts in them."""

    name: str
    setting: Setting
    threads: Sequence[Sequence[Remark]]
    facts: Sequence[Fact]


def read(file: Path) -> Iterator[Conversation]:
    """The conversations of a file."""
    header: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    for line in file.read_text().splitlines():
        row = json.loads(line)
        if "channel" in row:
            if rows:
                yield _conversation(header, rows)
            header, rows = row, []
        else:
            rows.append(row)
    yield _conversation(header, rows)


def _conversation(header: dict[str, Any], rows: Sequence[dict[str, Any]]) -> Conversation:
    ids = {handle: f"U0{handle.upper()}" for handle in header["people"]}
    threads: dict[int, list[Remark]] = {}
    facts = []
    for row in rows:
        at = datetime.fromisoformat(row["at"]).replace(tzinfo=ZONE)
        ts = f"{at.timestamp():.0f}.{row['id']:06d}"
        threads.setdefault(row.get("thread", row["id"]), []).append(
            Remark(
                ts, ids[row["who"]], in_markup(row["text"], ids), bool(row.get("bot")), {e: {ids[w] for w in by} for e, by in row.get("reactions", {}).items()}
            )
        )
        facts += [Fact(ts, fact["statement"], fact["needs"], fact.get("until")) for fact in row.get("facts", [])]
    return Conversation(header["channel"], Setting({ids[h]: n for h, n in header["people"].items()}, ZONE), list(threads.values()), facts)


def in_markup(text: str, ids: dict[str, str]) -> str:
    """Text as it was typed, in the markup in which Slack sends it."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"https?://[^\s,;)]*[^\s,;).!?]", r"<\g<0>>", text)
    return re.sub(r"@(\w+)", lambda m: f"<@{ids[m[1]]}>" if m[1] in ids else m[0], text)


def states(notice: Notice, fact: Fact) -> bool:
    """Does a proposal say a fact?"""
    if fact.message not in notice.sources:
        return False
    said = f"{notice.question or ''} {notice.text}".casefold()
    return all(any(option.casefold() in said for option in need.split("|")) for need in fact.needs)


def measure(file: Path, show: bool = False) -> dict[str, int]:
    """Counts of one set."""
    counts = dict.fromkeys(("messages", "facts", "found", "proposed", "right", "dated", "dated_right"), 0)
    for conversation in read(file):
        notices = [notice for thread in conversation.threads for notice in noticing.by_rules(thread, conversation.setting)]
        counts["messages"] += sum(map(len, conversation.threads))
        counts["facts"] += len(conversation.facts)
        counts["proposed"] += len(notices)
        for fact in conversation.facts:
            stated = [notice for notice in notices if states(notice, fact)]
            counts["found"] += bool(stated)
            if fact.until and stated:
                counts["dated"] += 1
                counts["dated_right"] += any(str(notice.valid_until) == fact.until for notice in stated)
            if show and not stated:
                print(f"MISSED  {fact.statement}  {fact.needs}")
        for notice in notices:
            said = f"{notice.question or ''} {notice.text}"
            right = any(states(notice, fact) for fact in conversation.facts) and not MOMENTARY.search(re.sub(r"`[^`]*`|\S*://\S*", "", said))
            counts["right"] += right
            if show:
                print("right  " if right else "WRONG  ", f"[{notice.rule}] {notice.question or ''} » {notice.text}  {notice.valid_until or ''}")
    return counts


def main() -> None:
    """Print the table and write `.bench/noticing.json`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--show", action="store_true", help="print each proposal and each miss of the development set")
    show = parser.parse_args().show
    figures = []
    for name in ("development", "held_out"):
        counts = measure(HERE / f"{name}.jsonl", show and name == "development")
        counted = name == "held_out"  # the other set shaped the rules
        found, right = counts["found"] / counts["facts"], counts["right"] / counts["proposed"]
        figures += [
            Figure(f"{name}: messages", counts["messages"], 600 if counted else None),
            Figure(f"{name}: facts", counts["facts"], 100 if counted else None),
            Figure(f"{name}: facts proposed", found, 0.60 if counted else None),
            Figure(f"{name}: proposals true and self-contained", right, 0.80 if counted else None),
            Figure(f"{name}: expiry right, of facts proposed that expire", counts["dated_right"] / max(1, counts["dated"])),
        ]
    report("noticing", figures)


if __name__ == "__main__":
    main()
