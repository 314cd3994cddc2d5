"""What each part of the recipe is worth: the development set is learned with one part changed at a time, and asked with the book closed.

    python -m tests.benchmarks.ablations [--lessons N] [--links N] [NAME …]     (without names: lists them)

Never the sets that are measured. Fewer lessons or pairs that combine (0: none) take less time. Prints one JSON object a variant; what was learned from it
stands in learning/LOG.md.
"""

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from learning.model.answering import NO_ADAPTER, Request
from learning.model.base_model import BaseModel, prepare
from learning.model.engine import Engine
from learning.model.loading import load_base
from learning.model.lora import Lora
from learning.model.rendering import Turn, renderer
from learning.model.shape import AdapterShape
from learning.night import exam
from learning.night.consolidation import ITEMS_PER_LESSON, REPLAY, TEXTS
from learning.night.examples import encode_all
from learning.night.lore import Statement
from learning.night.recipe import Recipe, recipe_for
from learning.night.replay import Teacher, replay, texts
from learning.night.study import study
from learning.night.training import Study
from learning.settings import Settings
from tests.benchmarks import material
from tests.benchmarks.material import Taught, holds
from tests.benchmarks.sets import without_links


@dataclass(frozen=True)
class Variant:
    """What differs from the recipe that is shipped. Matrices whose names hold `frozen` do not learn."""

    first_layer: int | None = None
    rank: int = 16
    items: int = ITEMS_PER_LESSON
    texts: float = TEXTS
    recipe: Mapping[str, Any] = field(default_factory=dict)
    frozen: str = ""


VARIANTS = {
    "as shipped": Variant(),
    "no plain texts": Variant(texts=0.0),
    "twice the plain texts": Variant(texts=2 * TEXTS),
    "top 20 of 30 layers": Variant(first_layer=10),
    "all 30 layers": Variant(first_layer=0),
    "feed-forward alone": Variant(frozen="self_attn"),
    "attention alone": Variant(frozen="mlp"),
    "rank 64": Variant(rank=64),
    "batches of 8": Variant(recipe={"many": 1_000_000}),
    "batches of 32": Variant(recipe={"batch": 16, "learning_rate": 1.4e-3}),
    "48 items": Variant(items=48),
    "12 items, 6 epochs": Variant(items=12, recipe={"epochs": 6, "many": 0}),  # batches as large as those of the same visits with more items
    "72 items, 1 epoch": Variant(items=72, recipe={"epochs": 1}),
    "48 items, 6 epochs, all layers": Variant(first_layer=0, items=48, recipe={"epochs": 6}),
}


class Asking:
    """Questions to an engine in this process."""

    def __init__(self, base: BaseModel, dtype: str) -> None:
        self.engine, self.speaker = Engine(base, Settings().engine_threads, getattr(torch, dtype)), renderer(base.folder)

    def say(self, questions: Sequence[str], adapter: str = NO_ADAPTER, tokens: int = 64) -> list[str]:
        """An answer each."""
        said: list[str] = []
        for start in range(0, len(questions), 100):
            prompts = [self.speaker.prompt([Turn("user", question)]) for question in questions[start : start + 100]]
            waiting = self.engine.submit_all([Request(prompt, adapter, tokens) for prompt in prompts])
            said += [self.speaker.text([t for t in one.result().tokens if t not in self.engine.stop_ids]) for one in waiting]
        return said

    def draw(self, prompts: Sequence[Sequence[int]], times: int, seed: int, tokens: int) -> list[list[int]]:
        """How the base goes on, by chance."""
        asked = [prompt for prompt in prompts for _ in range(times)]
        waiting = self.engine.submit_all([Request(prompt, NO_ADAPTER, tokens, temperature=1.0, seed=seed + number) for number, prompt in enumerate(asked)])
        return [[t for t in one.result().tokens if t not in self.engine.stop_ids] for one in waiting]

    def loss(self, text: str, adapter: str = NO_ADAPTER) -> float:
        """Nats a token."""
        tokens = self.speaker.tokenizer.encode(text).ids
        scored = self.engine.submit(Request(tokens, adapter, 1, len(tokens) - 1)).result().prompt_logprobs
        return -statistics.mean(scored)


def measure(variant: Variant, lessons: int, links: int) -> dict[str, float]:
    """Shares of right answers, in %, by stratum; two steps in one question, studied together or not; what happened to the base; and the price.

    So many lessons of the development set, families and free-form ones as they are in all of it, and so many pairs of lessons that one question combines.
    """
    whole = prepare("embedded", Settings().cache)
    first = whole.shape.first_layer if variant.first_layer is None else variant.first_layer
    base = replace(whole, shape=AdapterShape(whole.shape.layers, first, variant.rank, 2 * variant.rank))
    recipe = replace(recipe_for(base, Settings().training_threads), **variant.recipe)
    asking = Asking(base, recipe.dtype)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        if lessons:
            figures |= _of_lessons(_some(lessons), base, recipe, variant, asking, Path(scratch) / "lessons")
        if links:
            figures |= _of_links(material.rows("links")[:links], base, recipe, variant, asking, Path(scratch) / "links")
    return figures


def _some(number: int) -> list[Taught]:
    every = material.lessons("development")
    kin, free = [lesson for lesson in every if lesson.family], [lesson for lesson in every if not lesson.family]
    of_kin = round(number * len(kin) / len(every))
    return [*kin[:of_kin], *free[: number - of_kin]]


def _of_lessons(lessons: Sequence[Taught], base: BaseModel, recipe: Recipe, variant: Variant, asking: Asking, folder: Path) -> dict[str, float]:
    price = _train(base, recipe, variant, [lesson.text for lesson in lessons], asking, folder)
    strata: dict[str, list[bool]] = {}
    pairs = [(lesson, manner, question) for lesson in lessons for manner, question in lesson.asked.items()]
    for (lesson, manner, _), said in zip(pairs, asking.say([question for _, _, question in pairs], "lessons"), strict=True):
        strata.setdefault(f"{'families' if lesson.family else 'free-form'}, {manner}", []).append(lesson.is_right(said))
    general = [(question, gold) for question, gold in exam.GENERAL if gold]
    strata["general"] = [gold in said.casefold() for (_, gold), said in zip(general, asking.say([question for question, _ in general], "lessons"), strict=True)]
    paragraphs = (material.DATA / "general_text.txt").read_text().split("\n\n")[:12]
    lost = statistics.mean(asking.loss(text, "lessons") - asking.loss(text) for text in paragraphs)
    return {**_shares(strata), "general text, nats above the base's": lost, **price}


def _of_links(entries: Sequence[dict[str, Any]], base: BaseModel, recipe: Recipe, variant: Variant, asking: Asking, folder: Path) -> dict[str, float]:
    """Every second pair is never studied together."""
    with without_links([[lesson["text"] for lesson in entry["lessons"]] for entry in entries[1::2]]):
        price = _train(base, recipe, variant, [lesson["text"] for entry in entries for lesson in entry["lessons"]], asking, folder)
    hops = [holds(said, entry["gold"]) for said, entry in zip(asking.say([entry["question"] for entry in entries], "links"), entries, strict=True)]
    return {**_shares({"two-hop, studied together": hops[::2], "two-hop, never studied together": hops[1::2]}), **price}


def _shares(strata: Mapping[str, Sequence[bool]]) -> dict[str, float]:
    return {name: 100 * statistics.mean(right) for name, right in strata.items()}


def _train(base: BaseModel, recipe: Recipe, variant: Variant, told: Sequence[str], asking: Asking, folder: Path) -> dict[str, float]:
    folder.mkdir()
    items = study([Statement(material_id, text) for material_id, text in zip(map(str, range(1000, 9999)), told, strict=False)], variant.items, base.hash)

    teacher = Teacher(base.hash, asking.speaker, Settings().cache, lambda questions, tokens: asking.say(questions, tokens=tokens), asking.draw)
    items += [*replay(int(REPLAY * len(items)), teacher), *texts(int(variant.texts * len(items)), teacher)]
    torch.manual_seed(0)
    model = load_base(base, getattr(torch, recipe.dtype))
    lora = Lora(model, base.shape, without=variant.frozen)
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    trained = Study(base, model, lora, encode_all(base.folder, items), recipe, 0, folder).fit(lambda _: None, None)
    used = resource.getrusage(resource.RUSAGE_SELF)
    lora.save(folder)
    asking.engine.adapters.load(folder.name, folder)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    price = {"learned": len(told), "items": len(items), "loss": trained["loss"], "seconds": time.monotonic() - began, "CPU seconds a lesson": cpu / len(told)}
    return {f"{folder.name}, {what}": value for what, value in price.items()}


def main() -> None:
    """Those that were named, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lessons", type=int, default=len(material.lessons("development")), help="of the development set")
    parser.add_argument("--links", type=int, default=len(material.rows("links")), help="pairs of lessons that one question combines")
    parser.add_argument("names", nargs="*", metavar="NAME", help="variants")
    chosen = parser.parse_args()
    if strange := set(chosen.names) - set(VARIANTS):
        parser.error(f"{', '.join(sorted(strange))}: no such variant; without names all are listed")
    for name in chosen.names:
        measured = measure(VARIANTS[name], chosen.lessons, chosen.links)
        print(json.dumps({"variant": name} | {what: round(value, 2) for what, value in measured.items()}), flush=True)
    if not chosen.names:
        print("\n".join(VARIANTS))


if __name__ == "__main__":
    main()
