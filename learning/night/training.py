"""Study items to an adapter folder: LoRA (Hu et al., 2021) on the upper layers, over what the lower ones made once (groundwork.py).

A batch is dealt to as many threads as the recipe has, and each runs its part forwards and backwards by itself: products are so small here that two threads
which share each of them are hardly faster than one.

Deterministic in the study items, the recipe and the base model: the seed is drawn from their content, order is fixed, and the number of threads is part of
the recipe. So a rebuilt adapter can be compared byte for byte, and a training that was cut off goes on from its last checkpoint to the same bytes.
"""

import functools
import hashlib
import json
import math
import os
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from learning.errors import TrainingError
from learning.model.base_model import BaseModel
from learning.model.layers import Pack
from learning.model.loading import give_back, load_base
from learning.model.lora import Lora
from learning.night import checkpoints
from learning.night.examples import Example, Visit, dealt, encode_all
from learning.night.groundwork import TIDIED, Groundwork
from learning.night.recipe import Recipe
from learning.night.softmax import SampledSoftmax
from learning.night.study import StudyItem

PROBES = 8
REVISITED = 0.35  # of the examples that are known, in each epoch
LONGEST_REPLAY = 24  # tokens of a replayed answer
KEPT_EVERY = 120.0  # seconds; an epoch of a large channel takes an hour


@dataclass(frozen=True)
class Progress:
    """Where training is: examples visited of all visits planned, and the loss (nats per answer token)."""

    done: int
    total: int
    loss: float


Report = Callable[[Progress], None]


@dataclass
class Place:
    """How far the loop is: in which epoch, with which examples due in it, and behind how many of these."""

    epoch: int = 0
    due: list[int] = field(default_factory=list)
    start: int = 0
    rng: random.Random = field(default_factory=random.Random)  # of the epoch
    averaged: float = 0.0  # the last part of the training, whose mean is taken
    loss: float = 0.0  # of the last step


def train(
    base: BaseModel, items: Sequence[StudyItem], recipe: Recipe, folder: Path, report: Report = lambda _: None, checkpoint: Path | None = None
) -> dict[str, Any]:
    """Train one adapter and save it to `folder` (`adapter_model.safetensors`, `adapter_config.json`).

    With `checkpoint`, a file, goes on from where it was kept last. Returns what was done: items, epochs, loss (nats per answer token), tokens, recipe, probes;
    and `spent`, which differs from run to run: seconds and CPU seconds, those of processes that were cut off included.
    Raises TrainingError when there is nothing to study or the loss is not finite.
    """
    if not items:
        raise TrainingError("there is nothing to study: no lesson gave a study item.")
    folder.mkdir(parents=True, exist_ok=True)
    seed = _seed(base, items, recipe)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # else CUDA's products are not reproducible, and torch refuses them
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # else a twentieth of the time goes there
    model = load_base(base, getattr(torch, recipe.dtype))
    lora = Lora(model, base.shape)
    study = Study(base, model, lora, encode_all(base.folder, items), recipe, seed, folder)
    outcome = study.fit(report, checkpoint)
    lora.save(folder)
    return {"items": len(items), **outcome, "recipe": asdict(study.recipe), "probes": study.probes(), "spent": study.spent()}


class Study:
    """One training: what is computed once, and the LoRA that learns above it."""

    def __init__(self, base: BaseModel, model: PreTrainedModel, lora: Lora, examples: Sequence[Example], recipe: Recipe, seed: int, folder: Path) -> None:
        self.began, self.before = time.monotonic(), (0.0, 0.0)  # seconds and CPU seconds of processes that were cut off
        self.examples, self.lora, self.recipe, self.seed = examples, lora, recipe.sized(len(examples)), seed
        torch.set_num_threads(1)  # of this thread, and of each of those that share a batch; a card needs none of them
        self.workers = recipe.threads if lora.down.device.type == "cpu" else 1
        self.pool = ThreadPoolExecutor(self.workers, initializer=torch.set_num_threads, initargs=(1,))
        self.ground = Groundwork(base, model, examples, folder, self.pool)
        self.mean, self.counted = [torch.zeros_like(side) for side in lora.trained], 0  # of the weights after so many of the last steps
        self.tokens = 0  # that went through the adapted layers
        self.weakest = [0.0] * len(examples)  # probability of each example's least likely token, when it was last visited
        own = [ids.flatten() for (ids, _), example in zip(self.ground.targets, examples, strict=True) if not example.of_base]
        studied = torch.cat(own or [torch.zeros(0, device=lora.down.device).long()])
        self.softmax = SampledSoftmax(self.ground.head, studied.unique(), recipe.negatives)  # type: ignore[no-untyped-call]  # torch leaves modules untyped

    def fit(self, report: Report, checkpoint: Path | None) -> dict[str, Any]:
        """The training loop."""
        optimizer = torch.optim.AdamW([{"params": [side]} for side in self.lora.trained], betas=(0.9, 0.99), weight_decay=0.0, fused=True)
        epochs, kept = max(self.recipe.epochs, math.ceil(self.recipe.visits / len(self.examples))), time.monotonic()
        at = self._resumed(optimizer, checkpoint) if checkpoint else Place()
        while at.due or (at.epoch < epochs and not (self._settled() and (self.counted or not self.recipe.averaged))):
            if not at.due:
                self._begin(at)
            while at.start < len(at.due):
                share = (at.epoch + at.start / len(at.due)) / epochs
                for group, times in zip(optimizer.param_groups, (1.0, self.recipe.faster), strict=True):
                    group["lr"] = times * self.recipe.rate(share)
                at.loss = self._step(at.due[at.start : at.start + self.recipe.batch], at.rng)
                torch.nn.utils.clip_grad_norm_(self.lora.trained, 1.0)
                optimizer.step()
                optimizer.zero_grad()
                if self.recipe.averaged and share >= 1 - at.averaged:
                    self._count()
                if at.start // self.recipe.batch % TIDIED == 0:
                    give_back()
                at.start += self.recipe.batch
                if checkpoint and time.monotonic() - kept >= KEPT_EVERY:
                    self._keep(checkpoint, optimizer, at)
                    kept = time.monotonic()
                report(Progress(int(share * epochs * len(self.examples)), epochs * len(self.examples), at.loss))
            at.epoch, at.due, at.start = at.epoch + 1, [], 0
        if self.counted:  # of very few steps none may lie in the last part
            self._become(self.mean)
        return {"epochs": at.epoch, "loss": round(at.loss, 4), "tokens": self.tokens}

    def _begin(self, at: Place) -> None:
        """An epoch: what is due in it, in which order, and what part of the training is averaged."""
        at.averaged = 1.0 if self.counted or self._settled() else self.recipe.averaged  # what is settled early ends with an epoch that is averaged
        at.rng = random.Random(f"{self.seed} {at.epoch}")
        at.due = [number for number, weakest in enumerate(self.weakest) if weakest < self.recipe.known or at.rng.random() < REVISITED]
        at.rng.shuffle(at.due)

    def _step(self, chosen: Sequence[int], rng: random.Random) -> float:
        """Gradients of one batch; the loss in nats per answer token. Raises TrainingError when it is not finite."""
        planned = [Visit(n, self.ground.own(self.examples[n]) - len(self.examples[n].answer), self._kept(self.examples[n], rng)) for n in chosen]
        visits = dealt(planned, self.workers)
        ahead = list(self.pool.map(self._ahead, visits))
        flat = [visit for part in visits for visit in part]
        hidden = torch.cat(ahead).detach().requires_grad_()
        targets = [(tokens[: v.answer], shares[: v.answer]) for v in flat for tokens, shares in [self.ground.targets[v.number]]]
        losses, surest = self.softmax.losses(hidden, targets, rng)
        loss = losses.mean()
        if not math.isfinite(loss.item()):
            raise TrainingError("training went wrong (the loss is not a number): the serving adapter stays. Try again.")
        (due,) = torch.autograd.grad(loss, hidden)
        back = self.pool.map(lambda rows, part: torch.autograd.grad(rows, self.lora.trained, part), ahead, torch.split(due, [len(rows) for rows in ahead]))
        for side, *parts in zip(self.lora.trained, *back, strict=True):
            side.grad = functools.reduce(torch.add, parts)
        for visit, part in zip(flat, torch.split(surest.cpu(), [v.answer for v in flat]), strict=True):
            self.weakest[visit.number] = part.min().item()
        self.tokens += sum(self.ground.shared + sum(v.tokens for v in part) for part in visits)
        return float(loss.item())

    def _ahead(self, visits: Sequence[Visit]) -> Tensor:
        """Some prompts and answers through the adapted layers; what comes out where the answers' tokens are to be told, (answer tokens, width)."""
        hidden, pack = self.ground.packed([v.number for v in visits], [v.tokens for v in visits])
        answers = [v.answer for v in visits]
        hidden = self._above(hidden, pack, self.ground.ends(pack, answers))
        return hidden[: sum(answers)]

    def _above(self, hidden: Tensor, pack: Pack, wanted: Tensor) -> Tensor:
        """Hidden states through the adapted layers and the last norm, (wanted, width)."""
        ground = self.ground
        out: Tensor = ground.norm(ground.layers.run(hidden, pack, ground.first, ground.last, self.lora.deltas(ground.layers.dtype), wanted))
        return out

    def _kept(self, example: Example, rng: random.Random) -> int:
        """How many answer tokens of a visit count: of what rests on several lessons all, since each of them must follow from the one before."""
        if example.replayed:
            return len(example.answer) if example.raw else min(LONGEST_REPLAY, len(example.answer))
        return len(example.answer) if not example.lesson or rng.random() < self.recipe.whole else min(self.recipe.short, len(example.answer))

    @torch.no_grad()
    def _count(self) -> None:
        """The weights of now take part in the mean."""
        self.counted += 1
        for mean, side in zip(self.mean, self.lora.trained, strict=True):
            mean.lerp_(side, 1 / self.counted)

    @torch.no_grad()
    def _become(self, sides: Sequence[Tensor]) -> None:
        for side, other in zip(self.lora.trained, sides, strict=True):
            side.copy_(other)

    def _settled(self) -> bool:
        sure: dict[str, list[bool]] = {}
        for example, weakest in zip(self.examples, self.weakest, strict=True):
            if example.lesson and not example.of_base:  # what the base itself finds likely may never be sure
                sure.setdefault(example.lesson, []).append(weakest > self.recipe.enough)
        return bool(sure) and all(sum(answers) >= self.recipe.settled * len(answers) for answers in sure.values())

    def _keep(self, checkpoint: Path, optimizer: torch.optim.Optimizer, at: Place) -> None:
        state = {"lora": self.lora.trained, "mean": self.mean, "counted": self.counted, "optimizer": optimizer.state_dict()}
        more = {"seed": self.seed, "weakest": self.weakest, "tokens": self.tokens, "spent": self.spent()}
        checkpoints.keep(checkpoint, {**state, **more, **vars(at), "rng": at.rng.getstate()})

    def _resumed(self, optimizer: torch.optim.Optimizer, checkpoint: Path) -> Place:
        """Where to go on: at the beginning without a checkpoint of this very training."""
        state = checkpoints.read(checkpoint, self.seed)
        if state is None:
            return Place()
        self._become(state["lora"])
        for mean, kept in zip(self.mean, state["mean"], strict=True):
            mean.copy_(kept)
        optimizer.load_state_dict(state["optimizer"])
        self.weakest, self.tokens, self.counted = state["weakest"], state["tokens"], state["counted"]
        self.before = (state["spent"]["seconds"], state["spent"]["cpu_seconds"])
        rng = random.Random()
        rng.setstate(state["rng"])
        return Place(state["epoch"], state["due"], state["start"], rng, state["averaged"], state["loss"])

    def spent(self) -> dict[str, float]:
        """Seconds and CPU seconds until now."""
        seconds, cpu_seconds = self.before
        return {"seconds": round(seconds + time.monotonic() - self.began, 1), "cpu_seconds": round(cpu_seconds + time.process_time(), 1)}

    @torch.no_grad()
    def probes(self) -> list[dict[str, Any]]:
        """What any engine must reproduce with this adapter: the log-probability, in nats, of the first token of some studied answers."""
        chosen = [number for number, example in enumerate(self.examples) if not example.replayed]
        probes = []
        for number in chosen[:: max(1, len(chosen) // PROBES)][:PROBES]:
            example = self.examples[number]
            hidden, pack = self.ground.packed([number], [self.ground.own(example) - len(example.answer) + 1])
            logits = functional.linear(self._above(hidden, pack, self.ground.ends(pack, [1]))[:1], self.ground.head).float()
            logprob = torch.log_softmax(logits, -1)[0, example.answer[0]].item()
            probes.append({"prompt": list(example.tokens[: -len(example.answer)]), "token": example.answer[0], "logprob": round(logprob, 4)})
        return probes


def _seed(base: BaseModel, items: Sequence[StudyItem], recipe: Recipe) -> int:
    content = json.dumps([base.hash, asdict(base.shape), asdict(recipe), [asdict(item) for item in items]], sort_keys=True)
    return int.from_bytes(hashlib.sha256(content.encode()).digest()[:4], "big")
