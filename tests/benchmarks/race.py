"""Time to nine in ten: our training against plain LoRA by PEFT on the same study items, asked in people's words after every epoch; asking does not count.

The long race takes hours: each run's clock is kept in `.bench/learning/race-full`, and a race that was cut off goes on with the next run.
"""

import json
import math
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from torch.nn import functional
from transformers import PreTrainedModel

from learning.model import running
from learning.model.base_model import BaseModel, prepare
from learning.model.client import AdapterRef, Client
from learning.model.loading import fast_dtype, load_base
from learning.model.lora import Lora
from learning.model.rendering import Turn, renderer
from learning.model.shape import TARGETS
from learning.night.consolidation import ITEMS_PER_LESSON
from learning.night.examples import Example, encode_all
from learning.night.lore import Statement
from learning.night.recipe import recipe_for
from learning.night.study import study
from learning.night.training import Progress, Study
from learning.settings import Settings
from tests.benchmarks import material
from tests.benchmarks.material import Taught
from tests.benchmarks.table import PARTS, Figure, part

THREADS = Settings().training_threads
THERE = 0.9  # share of terse and chatty questions answered right
RATES = (2e-4, 5e-4, 1e-3)
LONGER = {"as shipped": 1, "for twice as many epochs": 2}  # ours


class There(Exception):
    """Nine in ten are right."""


@dataclass
class Clock:
    """Seconds of training, with a break for every examination."""

    examine: Callable[[], float]
    started: float = field(default_factory=time.monotonic)
    marks: list[tuple[float, float]] = field(default_factory=list)  # after each epoch: seconds of training, and the share that is right

    def epoch(self) -> None:
        """An epoch has ended. Raises There when enough is known."""
        paused = time.monotonic()
        self.marks.append((paused - self.started, self.examine()))
        self.started += time.monotonic() - paused
        if self.best >= THERE:
            raise There

    @property
    def epochs(self) -> int:
        """So far."""
        return len(self.marks)

    @property
    def best(self) -> float:
        """The largest share that was right after any epoch."""
        return max((share for _, share in self.marks), default=0.0)

    def until(self, share: float) -> float:
        """Seconds of training until that share was right; infinity where it never was."""
        return next((seconds for seconds, right in self.marks if right >= share), math.inf)


def race(full: bool) -> list[Figure]:
    """Ours, as shipped and for longer; plain PEFT (all layers, rank 32, the best of its rates); and our layers without the cache of what lies below them
    (PEFT, top layers, rank 16)."""
    lessons = material.channel(20 if full else 6, 7)
    base = prepare("embedded", Settings().cache)
    examples = encode_all(base.folder, study([Statement(lesson.id, lesson.text) for lesson in lessons], ITEMS_PER_LESSON, "race"))
    home = PARTS / part("race", full) / f"{torch.backends.cpu.get_cpu_capability()} {THREADS}"  # another machine's seconds are no rival's
    tries = {label: _kept(home / f"ours {longer}.json", partial(_ours, base, lessons, examples, longer)) for label, longer in LONGER.items()}
    ours = _best(tries.values())
    figures = []
    for label, clock in tries.items():
        figures += [
            Figure(f"{len(lessons)} lessons, ours {label}: best recall seen", clock.best, THERE),
            Figure(f"ours {label}: seconds until then", clock.until(min(THERE, clock.best))),
        ]
    for label, layers, rank, rates, goal in (
        ("plain PEFT", list(range(base.shape.layers)), 32, RATES if full else RATES[1:2], 5.0),
        ("uncached top layers", base.shape.adapted, base.shape.rank, (1e-3,), None),
    ):
        runs = [_kept(home / f"{label} {rate}.json", partial(_plain, base, lessons, examples, layers, rank, rate, 12 if full else 6)) for rate in rates]
        best = _best(runs)
        level = min(THERE, ours.best, best.best)
        figures += [
            Figure(f"{label}: best recall seen", best.best), Figure(f"{label}: seconds until {level:.0%}", best.until(level)),
            Figure(f"{label} ÷ ours, seconds until {level:.0%}", best.until(level) / ours.until(level), goal),
        ]  # fmt: skip
    return figures


def _best(runs: Iterable[Clock]) -> Clock:
    """Which was there first; else which got furthest, and when."""
    return min(runs, key=lambda clock: (clock.until(THERE), -clock.best, clock.until(clock.best)))


def _kept(file: Path, run: Callable[[], Clock]) -> Clock:
    """A run's clock: from its file where it ended before."""
    if file.exists():
        return Clock(lambda: 0.0, marks=[(seconds, share) for seconds, share in json.loads(file.read_text())])
    clock = run()
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_suffix(".part")
    scratch.write_text(json.dumps(clock.marks))
    scratch.replace(file)
    return clock


def _questions(lessons: Sequence[Taught]) -> list[tuple[Taught, str]]:
    return [(lesson, lesson.asked[manner]) for lesson in lessons for manner in ("terse", "chatty") if manner in lesson.asked]


def _ours(base: BaseModel, lessons: Sequence[Taught], examples: Sequence[Example], longer: int) -> Clock:
    recipe, asked = recipe_for(base, THREADS), _questions(lessons)
    recipe = replace(recipe, epochs=longer * max(recipe.epochs, math.ceil(recipe.visits / len(examples))))
    torch.manual_seed(0)
    with _engine() as client, tempfile.TemporaryDirectory() as scratch:

        def examine() -> float:
            adapter = AdapterRef(f"race@{clock.epochs}", Path(scratch) / str(clock.epochs))
            adapter.folder.mkdir()
            lora.save(adapter.folder)
            speaker = renderer(base.folder)
            said = client.complete_all([speaker.prompt([Turn("user", question)]) for _, question in asked], adapter)
            return sum(lesson.is_right(speaker.text(one.tokens)) for (lesson, _), one in zip(asked, said, strict=True)) / len(asked)

        def report(progress: Progress) -> None:
            if progress.done >= (clock.epochs + 1) * len(examples):
                clock.epoch()

        clock = Clock(examine)
        model = load_base(base, getattr(torch, recipe.dtype))
        lora = Lora(model, base.shape)
        try:
            Study(base, model, lora, examples, recipe, 0, Path(scratch)).fit(report, None)
            clock.epoch()
        except There:
            pass
    return clock


def _plain(base: BaseModel, lessons: Sequence[Taught], examples: Sequence[Example], layers: Sequence[int], rank: int, rate: float, epochs: int) -> Clock:
    """PEFT's modules in the library's model; batches of like lengths, the loss on answers alone; given up after some epochs."""
    torch.manual_seed(0)
    torch.set_num_threads(THREADS)
    asked, speaker = _questions(lessons), renderer(base.folder)
    stop = sorted(speaker.stop_ids)

    @torch.no_grad()
    def examine() -> float:
        right = 0
        for lesson, question in asked:
            prompt = speaker.prompt([Turn("user", question)])
            said = model.generate(input_ids=torch.tensor([prompt]), do_sample=False, max_new_tokens=64, eos_token_id=stop, pad_token_id=stop[0])
            right += lesson.is_right(speaker.text(said[0, len(prompt) :].tolist()))
        return right / len(asked)

    clock = Clock(examine)
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=list(TARGETS), layers_to_transform=list(layers), task_type="CAUSAL_LM")
    model: PreTrainedModel = get_peft_model(load_base(base, getattr(torch, fast_dtype())), config, autocast_adapter_dtype=True)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer, rng = torch.optim.AdamW(weights, lr=rate, weight_decay=0.0), random.Random(0)
    try:
        for _ in range(epochs):
            for batch in _buckets(examples, 16, rng):
                ids, seen, labels = _padded(batch)
                with torch.autocast("cpu", dtype=torch.bfloat16, enabled=fast_dtype() == "bfloat16", cache_enabled=False):
                    logits = model(input_ids=ids, attention_mask=seen).logits
                loss = functional.cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(), ignore_index=-100)
                torch.autograd.backward(loss)
                torch.nn.utils.clip_grad_norm_(weights, 1.0)
                optimizer.step()
                optimizer.zero_grad()
            clock.epoch()
    except There:
        pass
    return clock


def _buckets(examples: Sequence[Example], size: int, rng: random.Random) -> list[list[Example]]:
    ordered = sorted(examples, key=lambda example: (example.length, rng.random()))
    batches = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    rng.shuffle(batches)
    return batches


def _padded(batch: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    width = max(len(example.tokens) for example in batch)
    ids, labels = torch.zeros(len(batch), width, dtype=torch.long), torch.full((len(batch), width), -100)
    for row, example in enumerate(batch):
        ids[row, : len(example.tokens)] = torch.tensor(example.tokens)
        labels[row, len(example.tokens) - len(example.answer) : len(example.tokens)] = torch.tensor(example.answer)
    seen = (torch.arange(width) < torch.tensor([len(example.tokens) for example in batch])[:, None]).long()
    return ids, seen, labels


@contextmanager
def _engine() -> Iterator[Client]:
    with tempfile.TemporaryDirectory() as home, running.engine(Settings(home=Path(home), base_model="embedded")) as client:
        yield client
