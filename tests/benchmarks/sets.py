"""The smaller sets: follow-ups, two steps in one question, lists, what replaces what, two channels, and forgetting."""

import random
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import le
from unittest import mock

from learning import publication
from learning.night import combining
from learning.night.lore import Lore
from tests.benchmarks import material
from tests.benchmarks.classroom import Classroom, classroom
from tests.benchmarks.material import holds
from tests.benchmarks.rivals import iterative
from tests.benchmarks.table import Figure, part


def threads(full: bool) -> list[Figure]:
    """Follow-ups, two steps in one question, lists: each set in a channel of its own. Every other link between two lessons is kept out of study."""
    figures = []
    some = None if full else 10
    for file, label, goal in (("fresh_followups", "follow-ups", 0.90), ("fresh_links", "two-hop", 0.60), ("fresh_lists", "aggregation", 0.60)):
        entries = material.rows(file)[:some]
        untrained = [[lesson["text"] for lesson in entry["lessons"]] for entry in entries[1::2]] if file == "fresh_links" else []
        with classroom(kept=f"{part('threads', full)}/{label}") as room, without_links(untrained):
            room.learn([lesson["text"] for entry in entries for lesson in entry["lessons"]])
            before = [[text for _, text in entry.get("turns", [])] for entry in entries]
            known = room.knowledge()
            for mode in ("weights", "auto"):
                said = room.ask([entry["question"] for entry in entries], mode, before)
                right = [holds(a.answer, entry["gold"]) for a, entry in zip(said, entries, strict=True)]
                figures.append(Figure(f"{label}, {mode} ({len(right)})", statistics.mean(right), goal if mode == "weights" else None))
                if untrained:
                    figures.append(Figure(f"{label}, {mode}, never studied together ({len(untrained)})", statistics.mean(right[1::2])))
            found = [" ".join(iterative(known.lessons, entry["question"], len(entry["gold"]) if file == "fresh_lists" else 2)) for entry in entries]
            right = [holds(text, entry["gold"]) for text, entry in zip(found, entries, strict=True)]
            figures.append(Figure(f"{label}, iterative search", statistics.mean(right)))
    return figures


@contextmanager
def without_links(apart: Sequence[Sequence[str]]) -> Iterator[None]:
    """Study makes no question that needs two lessons of one of these groups."""
    made = combining.links

    def links(lore: Lore) -> Iterator[combining.Link]:
        return (link for link in made(lore) if not any(all(statement.text in group for statement in link.of) for group in apart))

    with mock.patch.object(combining, "links", links):
        yield


def replaced(full: bool) -> list[Figure]:
    """Lessons that contradict what the weights say: before the night and after."""
    entries = material.rows("fresh_replaced")[: None if full else 10]
    questions = [question for entry in entries for question in entry["ask"]]
    pairs = [entry for entry in entries for _ in entry["ask"]]
    with classroom() as room:
        room.teach([entry["old"]["text"] for entry in entries])
        room.sleep()
        room.teach([entry["new"]["text"] for entry in entries])
        figures = []
        for moment in ("taught today", "after the night"):
            if moment == "after the night":
                room.sleep()
            said = room.ask(questions)
            new = [holds(a.answer, entry["new"]["gold"]) for a, entry in zip(said, pairs, strict=True)]
            old = [holds(a.answer, entry["old"]["gold"]) and not fresh for a, entry, fresh in zip(said, pairs, new, strict=True)]
            figures += [Figure(f"replaced, {moment}: new value", statistics.mean(new), 0.95), Figure(f"replaced, {moment}: old value", sum(old), 0, le)]
    return figures


def channels(full: bool) -> list[Figure]:
    """Two channels with contradicting lessons, each asked the same."""
    entries = material.rows("two_channels")[: None if full else 12]
    own, leaked = [], 0
    for mine, other in (("one", "two"), ("two", "one")):
        with classroom(kept=f"{part('channels', full)}/{mine}") as room:
            room.learn([entry[mine]["text"] for entry in entries])
            asked = [question for entry in entries for question in entry["ask"]]
            pairs = [entry for entry in entries for _ in entry["ask"]]
            own += [holds(a.answer, entry[mine]["gold"]) for a, entry in zip(room.ask(asked, "weights"), pairs, strict=True)]
            leaked += sum(holds(a.answer, entry[other]["gold"]) for a, entry in zip(room.ask(asked, "freely"), pairs, strict=True))
    return [Figure("two channels: each its own, weights", statistics.mean(own), 0.95), Figure("two channels: the other's value", leaked, 0, le)]


def forgotten(full: bool) -> list[Figure]:
    """Forgetting: the rebuilt adapter against one whose history never had the lesson, in histories with other lessons and other orders."""
    count = 20 if full else 6
    with classroom("embedded" if full else "tiny") as room:
        same = sum(is_as_if_never_taught(room, number) for number in range(count))
    return [Figure(f"forgotten: rebuilt adapters byte-identical, of {count} histories ({'embedded' if full else 'tiny'})", same, count)]


def is_as_if_never_taught(room: Classroom, number: int) -> bool:
    """One history with a lesson that was forgotten, and its twin that never had it: are their adapters the same bytes?"""
    rng = random.Random(f"history {number}")
    secret, *kept = (lesson.text for lesson in rng.sample(material.lessons("lessons_a", "lessons_b"), 5))
    made = []
    for twin, order in ((f"C{number}A", [secret, *kept]), (f"C{number}B", kept[::-1])):
        channel = room.other(twin)
        channel.teach(rng.sample(order, len(order)) if twin.endswith("A") else order)
        channel.sleep()
        if secret in order:
            channel.forget(secret)
        adapter = channel.knowledge().adapter
        assert adapter
        made.append((adapter.folder / publication.WEIGHTS).read_bytes())
    return made[0] == made[1]
