"""The engine: one base, many adapters, batched greedy generation. Rows with different adapters, or none, share a forward pass."""

import json
import queue
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model

from learning.errors import NightschoolError
from learning.model.base_model import BaseModel
from learning.model.loading import load_base
from learning.model.rendering import renderer
from learning.model.shape import TARGETS

NO_ADAPTER = "__base__"  # PEFT's name for a row without an adapter
MOST_ADAPTERS = 64  # kept in memory; the least recently used goes first
MOST_ROWS = 8  # of one batch
MOST_WAITING = 256


class AdapterRefused(NightschoolError):
    """An adapter cannot be loaded; `status` is what vLLM answers in that case."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Busy(NightschoolError):
    """Too many requests are waiting."""


@dataclass(frozen=True)
class Request:
    """A prompt to continue by up to `max_tokens`, and whether the prompt itself is to be scored."""

    prompt: Sequence[int]
    adapter: str = NO_ADAPTER
    max_tokens: int = 64
    score_prompt: bool = False
    result: "Future[Generated]" = field(default_factory=Future, compare=False)


@dataclass(frozen=True)
class Generated:
    """Token ids with their log-probabilities, in nats; the stop token is included when generation ended by itself."""

    tokens: list[int]
    logprobs: list[float]
    stopped: bool
    prompt_logprobs: list[float] | None = None


class Engine:
    """Owns the model; all forward passes happen on one thread, in batches of what is waiting."""

    def __init__(self, base: BaseModel, threads: int = 2) -> None:
        torch.set_num_threads(threads)
        self.base = base
        self.stop_ids = sorted(renderer(base.folder).stop_ids)
        model = load_base(base, torch.float32)
        self.context = int(model.config.max_position_embeddings)
        none = LoraConfig(r=base.shape.rank, target_modules=list(TARGETS), layers_to_transform=base.shape.adapted, task_type="CAUSAL_LM")
        self.model: PeftModel = get_peft_model(model, none, adapter_name="none").eval()
        self.adapters: OrderedDict[str, Path] = OrderedDict()
        self._waiting: queue.Queue[Request] = queue.Queue(MOST_WAITING)
        self._next: list[Request] = []  # taken from the queue, of another kind than the batch before
        self._model_lock = threading.Lock()
        threading.Thread(target=self._serve, name="engine", daemon=True).start()

    def submit(self, request: Request) -> "Future[Generated]":
        """Queue a request. Raises AdapterRefused for an unknown adapter or a prompt beyond the context, Busy when too many wait."""
        if not request.prompt:
            raise AdapterRefused("the prompt is empty", 400)
        if len(request.prompt) + request.max_tokens > self.context:
            raise AdapterRefused(f"the prompt has {len(request.prompt)} tokens; with the answer it exceeds the context of {self.context}", 400)
        if request.adapter != NO_ADAPTER and request.adapter not in self.adapters:
            raise AdapterRefused(f"the adapter {request.adapter!r} is not loaded", 404)
        try:
            self._waiting.put_nowait(request)
        except queue.Full:
            raise Busy("the engine is busy: too many questions are waiting") from None
        return request.result

    def load(self, name: str, folder: Path) -> None:
        """Load an adapter beside those that serve. Raises AdapterRefused."""
        if name in self.adapters:
            raise AdapterRefused(f"The lora adapter '{name}' has already been loaded.", 400)
        if not (folder / "adapter_config.json").exists():
            raise AdapterRefused(f"no adapter in {folder}", 404)
        config = json.loads((folder / "adapter_config.json").read_text())
        shape = self.base.shape
        if config.get("r") != shape.rank or sorted(config.get("layers_to_transform") or []) != shape.adapted:
            raise AdapterRefused(f"the adapter {name} has another shape than this base model's adapters", 500)
        with self._model_lock:
            try:
                self.model.load_adapter(str(folder), adapter_name=name)
            except Exception as error:  # safetensors, PEFT and torch each raise their own kinds on a damaged file
                if name in self.model.peft_config:
                    self.model.delete_adapter(name)
                raise AdapterRefused(f"the adapter {name} cannot be read ({type(error).__name__}): {folder} is damaged", 500) from None
            self.model.eval()
            self.adapters[name] = folder
            while len(self.adapters) > MOST_ADAPTERS:
                oldest, _ = self.adapters.popitem(last=False)
                self.model.delete_adapter(oldest)

    def unload(self, name: str) -> None:
        """Drop an adapter. Raises AdapterRefused when it is unknown."""
        with self._model_lock:
            if self.adapters.pop(name, None) is None:
                raise AdapterRefused(f"The lora adapter '{name}' cannot be found.", 404)
            self.model.delete_adapter(name)

    def _serve(self) -> None:
        while True:
            batch = self._gather()
            try:
                with self._model_lock:
                    results = self._run(batch)
            except Exception as error:  # one bad batch must not end the engine; its askers are told
                for request in batch:
                    request.result.set_exception(error)
                continue
            for request, result in zip(batch, results, strict=True):
                request.result.set_result(result)

    def _gather(self) -> list[Request]:
        """The next request, and all others of its kind that already wait."""
        while not self._next:
            self._next.append(self._waiting.get())
        while len(self._next) < MOST_ROWS:
            try:
                self._next.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        kind = self._next[0].score_prompt
        batch = [request for request in self._next if request.score_prompt == kind]
        self._next = [request for request in self._next if request.score_prompt != kind]
        return batch

    @torch.inference_mode()
    def _run(self, batch: list[Request]) -> list[Generated]:
        names = [self._row_adapter(request.adapter) for request in batch]
        ids, seen = _left_padded([request.prompt for request in batch])
        if batch[0].score_prompt:
            return self._score(batch, ids, seen, names)
        longest = max(request.max_tokens for request in batch)
        out = self.model.generate(
            input_ids=ids, attention_mask=seen, adapter_names=names, do_sample=False, max_new_tokens=longest,
            eos_token_id=self.stop_ids, pad_token_id=self.stop_ids[0], return_dict_in_generate=True, output_logits=True,
        )  # fmt: skip
        tokens = out.sequences[:, ids.shape[1] :]
        logits = torch.stack(out.logits, dim=1).float()
        logprobs = torch.log_softmax(logits, -1).gather(2, tokens[:, :, None])[:, :, 0]
        return [self._cut(row.tolist(), p.tolist(), r.max_tokens) for row, p, r in zip(tokens, logprobs, batch, strict=True)]

    def _score(self, batch: list[Request], ids: torch.Tensor, seen: torch.Tensor, names: list[str]) -> list[Generated]:
        positions = (seen.cumsum(1) - 1).clamp(min=0)
        logits = self.model(input_ids=ids, attention_mask=seen, position_ids=positions, adapter_names=names).logits.float()
        logprobs = torch.log_softmax(logits[:, :-1], -1).gather(2, ids[:, 1:, None])[:, :, 0]
        following = logits[:, -1].argmax(-1).tolist()
        return [
            Generated([token], [0.0], token in self.stop_ids, [0.0, *row[-(len(r.prompt) - 1) :].tolist()] if len(r.prompt) > 1 else [0.0])
            for token, row, r in zip(following, logprobs, batch, strict=True)
        ]

    def _row_adapter(self, name: str) -> str:
        """The row's adapter, marked as just used; one that was evicted since it was asked for fails its batch clearly."""
        if name == NO_ADAPTER:
            return name
        if name not in self.adapters:
            raise AdapterRefused(f"the adapter {name!r} is not loaded", 404)
        self.adapters.move_to_end(name)
        return name

    def _cut(self, tokens: list[int], logprobs: list[float], limit: int) -> Generated:
        end = next((i + 1 for i, token in enumerate(tokens) if token in self.stop_ids), None)
        length = min(end or limit, limit)
        return Generated(tokens[:length], logprobs[:length], stopped=end is not None and end <= limit)


def _left_padded(prompts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(len(prompt) for prompt in prompts)
    ids, seen = torch.zeros((len(prompts), width), dtype=torch.long), torch.zeros((len(prompts), width), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        ids[row, width - len(prompt) :] = torch.tensor(list(prompt))
        seen[row, width - len(prompt) :] = 1
    return ids, seen
