"""Study items to an adapter folder: LoRA (Hu et al., 2021) on the upper layers, activations below them computed once.

With LoRA on the upper layers only, what the lower layers compute for an example never changes. It is computed once per
example instead of once per epoch, and back-propagation ends where the adapted layers begin.

Deterministic in the study items, the recipe and the base model: the seed is drawn from their content, order is fixed, and
the number of threads is part of the recipe. So a rebuilt adapter can be compared byte for byte.
"""

import hashlib
import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers.masking_utils import create_causal_mask

from learning.errors import TrainingError
from learning.model.base_model import BaseModel
from learning.model.loading import load_base
from learning.model.rendering import renderer
from learning.model.shape import TARGETS
from learning.night.study import StudyItem

IGNORED = -100  # label of positions whose prediction does not count
PROBES = 8


@dataclass(frozen=True)
class Recipe:
    """How to study. `batch` counts examples; training ends early once `settled` of the lessons' answer tokens have a probability of `enough`."""

    epochs: int = 8
    learning_rate: float = 2e-3
    batch: int = 8
    enough: float = 0.6
    settled: float = 0.998
    threads: int = 2
    dtype: str = "float32"  # of the frozen base; LoRA itself is always float32


def recipe_for(base: BaseModel, threads: int) -> Recipe:
    """The recipe measured for a base model. `tiny` knows no language, and takes longer steps to learn its few sentences."""
    tiny = {"learning_rate": 5e-3, "epochs": 10} if base.name == "tiny" else {}
    return Recipe(threads=threads, dtype=fast_dtype(), **tiny)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Progress:
    """Where training is: batches done of all batches planned, and the loss (nats per answer token)."""

    done: int
    total: int
    loss: float


Report = Callable[[Progress], None]


@dataclass(frozen=True, order=True)
class Example:
    """A study item as token ids. `taught` is false for replay and unknown topics, which never hold up the end of training."""

    length: int
    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    taught: bool


@dataclass(frozen=True)
class Batch:
    """Examples of similar length, as the first adapted layer receives them."""

    hidden: torch.Tensor  # (examples, tokens, width)
    mask: torch.Tensor | None
    rotary: tuple[torch.Tensor, torch.Tensor]
    positions: torch.Tensor
    labels: torch.Tensor  # (examples, tokens)
    taught: torch.Tensor  # (answer tokens,): does the token belong to a lesson?


def train(base: BaseModel, items: Sequence[StudyItem], recipe: Recipe, folder: Path, report: Report = lambda _: None) -> dict[str, Any]:
    """Train one adapter and save it to `folder` (`adapter_model.safetensors`, `adapter_config.json`).

    Returns what was done: items, epochs, loss (nats per answer token), recipe, probes.
    Raises TrainingError when there is nothing to study or the loss is not finite.
    """
    if not items:
        raise TrainingError("there is nothing to study: no lesson gave a study item.")
    seed = _seed(base, items, recipe)
    torch.manual_seed(seed)
    torch.set_num_threads(recipe.threads)
    torch.use_deterministic_algorithms(True)
    dtype = getattr(torch, recipe.dtype)
    model = _adapted(base, dtype)
    examples = sorted(_encode(base, item) for item in items)  # by length, so that a batch pads little
    # The cache would keep the first step's copies of the weights for as long as the context lasts, and nothing would be learned.
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16, cache_enabled=False):
        batches = [_below(model, base, rows) for rows in _chunks(examples, recipe.batch)]
        outcome = _fit(model, base, batches, recipe, random.Random(seed), report)
    model.save_pretrained(folder)
    _steady_config(folder)
    return {"items": len(items), **outcome, "recipe": asdict(recipe), "probes": _probes(model, examples)}


def fast_dtype() -> str:
    """`bfloat16` where the processor multiplies it in hardware: about 1.7 times as fast there, and many times slower elsewhere."""
    return "bfloat16" if torch.cpu._is_avx512_bf16_supported() else "float32"


def _fit(model: PeftModel, base: BaseModel, batches: list[Batch], recipe: Recipe, rng: random.Random, report: Report) -> dict[str, Any]:
    """The training loop."""
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=recipe.learning_rate, weight_decay=0.0)
    total = recipe.epochs * len(batches)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, total_steps=total + 1, pct_start=0.1)
    loss_value, done, epochs = 0.0, 0, 0
    for epochs in range(1, recipe.epochs + 1):  # noqa: B007  (reported below)
        unsure = taught = 0
        rng.shuffle(batches)
        for batch in batches:
            logits, wanted = _predict(model, base, batch)
            losses = torch.nn.functional.cross_entropy(logits.float(), wanted, reduction="none")
            loss = losses.mean()
            loss_value = loss.item()
            if not math.isfinite(loss_value):
                raise TrainingError("training went wrong (the loss is not a number): the serving adapter stays. Try again.")
            unsure += int((losses.detach()[batch.taught] > -math.log(recipe.enough)).sum())
            taught += int(batch.taught.sum())
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            done += 1
            report(Progress(done, total, loss_value))
        if unsure <= (1 - recipe.settled) * taught:
            break
    return {"epochs": epochs, "loss": round(loss_value, 4)}


def _predict(model: PeftModel, base: BaseModel, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (answer tokens, vocabulary) and the tokens that were wanted. Other positions never reach the vocabulary."""
    inner = model.base_model.model
    hidden = batch.hidden
    for layer in inner.model.layers[base.shape.first_layer :]:
        hidden = layer(hidden, attention_mask=batch.mask, position_embeddings=batch.rotary, position_ids=batch.positions)
    following = batch.labels[:, 1:]
    counts = following != IGNORED
    logits: torch.Tensor = inner.lm_head(inner.model.norm(hidden[:, :-1][counts]))
    return logits, following[counts]


@torch.no_grad()
def _below(model: PeftModel, base: BaseModel, rows: Sequence[Example]) -> Batch:
    """Pad examples to one length and run the layers that never change."""
    inner = model.base_model.model
    width = max(example.length for example in rows)
    ids = torch.zeros((len(rows), width), dtype=torch.long)
    labels, seen = torch.full_like(ids, IGNORED), torch.zeros_like(ids)
    for row, example in enumerate(rows):
        ids[row, : example.length] = torch.tensor(example.prompt + example.answer)
        labels[row, len(example.prompt) : example.length] = torch.tensor(example.answer)
        seen[row, : example.length] = 1
    hidden = inner.model.embed_tokens(ids)
    positions = torch.arange(width)[None]
    mask = create_causal_mask(config=inner.config, inputs_embeds=hidden, attention_mask=seen, past_key_values=None, position_ids=positions)
    rotary = inner.model.rotary_emb(hidden, position_ids=positions)
    for layer in inner.model.layers[: base.shape.first_layer]:
        hidden = layer(hidden, attention_mask=mask, position_embeddings=rotary, position_ids=positions)
    taught = torch.tensor([example.taught for example in rows])[:, None].expand_as(labels)[:, 1:][labels[:, 1:] != IGNORED]
    return Batch(hidden, mask, rotary, positions, labels, taught)


@torch.no_grad()
def _probes(model: PeftModel, examples: Sequence[Example]) -> list[dict[str, Any]]:
    """What any engine must reproduce with this adapter: the log-probability, in nats, of the first token of some studied answers."""
    model.eval()
    chosen = examples[:: max(1, len(examples) // PROBES)][:PROBES]
    probes = []
    for example in chosen:
        logits = model(input_ids=torch.tensor([example.prompt])).logits[0, -1].float()
        token = example.answer[0]
        probes.append({"prompt": list(example.prompt), "token": token, "logprob": round(torch.log_softmax(logits, -1)[token].item(), 4)})
    return probes


def _encode(base: BaseModel, item: StudyItem) -> Example:
    prompt, answer = renderer(base.folder).example(item.question, item.answer)
    return Example(len(prompt) + len(answer), tuple(prompt), tuple(answer), bool(item.lessons))


def _adapted(base: BaseModel, dtype: torch.dtype) -> PeftModel:
    model = load_base(base, dtype)
    config = LoraConfig(
        r=base.shape.rank, lora_alpha=base.shape.alpha, lora_dropout=0.0, task_type="CAUSAL_LM",
        target_modules=list(TARGETS), layers_to_transform=base.shape.adapted,
    )  # fmt: skip
    adapted: PeftModel = get_peft_model(model, config)
    adapted.train()
    return adapted


def _chunks(examples: Sequence[Example], size: int) -> Iterator[Sequence[Example]]:
    return (examples[start : start + size] for start in range(0, len(examples), size))


def _seed(base: BaseModel, items: Sequence[StudyItem], recipe: Recipe) -> int:
    content = json.dumps([base.hash, asdict(recipe), [asdict(item) for item in items]], sort_keys=True)
    return int.from_bytes(hashlib.sha256(content.encode()).digest()[:4], "big")


def _steady_config(folder: Path) -> None:
    """PEFT writes sets in hash order and the base model's path: neither belongs into a file that is compared byte for byte."""
    file = folder / "adapter_config.json"
    config = json.loads(file.read_text())
    config["base_model_name_or_path"] = None
    config["target_modules"] = sorted(config["target_modules"])
    file.write_text(json.dumps(config, indent=1, sort_keys=True))
    (folder / "README.md").unlink(missing_ok=True)
