"""Adapters in an engine's memory: read from PEFT's files and checked; the least recently used goes first, those in use stay whole until they are let go."""

import json
import os
import sys
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load
from torch import Tensor

from learning.errors import NightschoolError
from learning.model.base_model import BaseModel
from learning.model.layers import LowRank, deltas
from learning.model.loading import device

BUDGET = 512 * 2**20  # bytes; an adapter of the embedded base takes 10 MB in fp32


class AdapterRefused(NightschoolError):
    """A request that names an adapter wrongly, or an adapter that cannot be loaded; `status` is what vLLM answers in that case."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(eq=False)
class Adapter:
    """One adapter in memory.

    `beginning` is what its layers make of the tokens with which prompts usually begin: keys and values, (layers, 2, groups, tokens, width).
    """

    name: str
    folder: Path | None
    layers: list[list[LowRank]] = field(default_factory=list)
    beginning: Tensor | None = None

    @property
    def bytes(self) -> int:
        """Of its matrices."""
        return sum(side.nbytes for side in _sides(self.layers))


class Adapters:
    """Those that are loaded, by name. Safe to use from several threads."""

    def __init__(self, base: BaseModel, dtype: torch.dtype, budget: int = BUDGET) -> None:
        self.base, self.dtype, self.budget, self.device = base, dtype, budget, device()
        self._loaded: OrderedDict[str, Adapter] = OrderedDict()
        self._lock = threading.Lock()
        self._spare: list[list[list[LowRank]]] = []  # matrices of adapters that are gone, to be overwritten by the next
        # One at a time: twelve askers of a restarted engine must not read the same file twelve times.
        self._loader = ThreadPoolExecutor(1, "loader", _after_all_else)

    def load(self, name: str, folder: Path) -> None:
        """Read an adapter beside those that serve, and drop the least recently used beyond the budget. Raises AdapterRefused."""
        self._loader.submit(self._load, name, folder).result()

    def _load(self, name: str, folder: Path) -> None:
        if name in self._loaded:
            raise AdapterRefused(f"The lora adapter '{name}' has already been loaded.", 400)
        self._add(self._read(name, folder))

    def _add(self, adapter: Adapter) -> None:
        with self._lock:
            while self._loaded and adapter.bytes + sum(a.bytes for a in self._loaded.values()) > self.budget:
                self._loaded.popitem(last=False)
            adapter.layers = _laid_out(adapter.layers, self._spare.pop() if self._spare else None)
            weakref.finalize(adapter, self._erase, adapter.layers).atexit = False  # once no answer that began with it goes on
            self._loaded[adapter.name] = adapter

    def _erase(self, layers: list[list[LowRank]]) -> None:
        """Zero a dropped adapter's matrices, and keep them for the next one: memory that is freed and taken anew does not all come back."""
        for side in _sides(layers):
            side.zero_()
        self._spare.append(layers)

    def unload(self, name: str) -> None:
        """Drop an adapter; answers that began with it end with it. Raises AdapterRefused when it is unknown."""
        with self._lock:
            if self._loaded.pop(name, None) is None:
                raise AdapterRefused(f"The lora adapter '{name}' cannot be found.", 404)

    def use(self, name: str) -> Adapter:
        """The adapter, marked as just used. Raises AdapterRefused when it is unknown."""
        with self._lock:
            adapter = self._loaded.get(name)
            if adapter is None:
                raise AdapterRefused(f"the adapter {name!r} is not loaded", 404)
            self._loaded.move_to_end(name)
            return adapter

    def folders(self) -> dict[str, Path | None]:
        """What is loaded, and from where."""
        with self._lock:
            return {name: adapter.folder for name, adapter in self._loaded.items()}

    def _read(self, name: str, folder: Path) -> Adapter:
        shape = self.base.shape
        if not (folder / "adapter_config.json").exists():
            raise AdapterRefused(f"no adapter in {folder}", 404)
        try:
            config = json.loads((folder / "adapter_config.json").read_text())
            fits = config.get("r") == shape.rank and sorted(config.get("layers_to_transform") or []) == shape.adapted
            if fits:
                file = (folder / "adapter_model.safetensors").read_bytes()  # not `load_file`: safetensors 0.8 leaks 9 KB with each
                matrices = load(file)
                layers = deltas(matrices, shape, self.dtype)
        except Exception as error:  # safetensors and torch each raise their own kinds on a damaged file
            raise AdapterRefused(f"the adapter {name} cannot be read ({type(error).__name__}): {folder} is damaged", 500) from None
        if not fits:
            raise AdapterRefused(f"the adapter {name} has another shape than this base model's adapters", 500)
        if self.device.type != "cpu":  # outside: a card that is full is no damage
            layers = deltas({matrix: values.to(self.device) for matrix, values in matrices.items()}, shape, self.dtype)
        if not torch.stack([matrix.sum(dtype=torch.float32) for matrix in matrices.values()]).isfinite().all():
            raise AdapterRefused(f"the adapter {name} holds values that are not numbers: {folder} is damaged", 500)
        return Adapter(name, folder, layers)


def _laid_out(layers: list[list[LowRank]], place: list[list[LowRank]] | None) -> list[list[LowRank]]:
    """As they are read and copied fastest; in the place of others, where there is one."""
    if place is None:
        return [[LowRank(delta.down.contiguous(), delta.up.contiguous()) for delta in layer] for layer in layers]
    for mine, theirs in zip(_sides(place), _sides(layers), strict=True):
        mine.copy_(theirs)
    return place


def _sides(layers: list[list[LowRank]]) -> Iterator[Tensor]:
    return (side for layer in layers for delta in layer for side in (delta.down, delta.up))


def _after_all_else() -> None:
    """This thread reads files while others wait for tokens: it computes alone, and goes last where the system can tell threads apart."""
    torch.set_num_threads(1)  # of this thread: the engine's alone computes in parallel
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
