"""The shape of every adapter of a base model: one rank, one target set, one layer range, so that adapters batch and swap."""

import json
from dataclasses import dataclass
from pathlib import Path

CAPABLE = 1536  # width of the hidden state; the embedded base has 576
TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class AdapterShape:
    """`first_layer` … `layers` - 1 carry LoRA of rank `rank`; the layers below never change and may be computed once."""

    layers: int
    first_layer: int
    rank: int = 16
    alpha: int = 32

    @property
    def adapted(self) -> list[int]:
        """Indices of the layers that carry LoRA."""
        return list(range(self.first_layer, self.layers))


def shape_for(folder: Path) -> AdapterShape:
    """Measured for the small bases: the top third learns as much per second as all layers. Larger bases use all layers."""
    config = json.loads((folder / "config.json").read_text())
    layers, width = config["num_hidden_layers"], config["hidden_size"]
    small = width < 1024
    return AdapterShape(layers, first_layer=layers - max(1, layers // 3) if small else 0)


def is_capable(folder: Path) -> bool:
    """May a base be large enough (about a billion parameters and more) to read and write for itself? Whether it does is measured (`night/self_study.py`)."""
    width: int = json.loads((folder / "config.json").read_text())["hidden_size"]
    return width >= CAPABLE
