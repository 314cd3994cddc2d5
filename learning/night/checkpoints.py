"""What a training has reached, so that one that was cut off goes on."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

KIND = 4  # raised whenever the parts of a state change: what an older version kept is begun anew


def keep(file: Path, state: Mapping[str, Any]) -> None:
    """Write all of it, or leave what was kept before. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    written = io.BytesIO()  # torch itself calls a full disk a RuntimeError
    torch.save({**state, "kind": KIND}, written)
    file.with_suffix(".part").write_bytes(written.getbuffer())
    file.with_suffix(".part").replace(file)


def read(file: Path, seed: int) -> dict[str, Any] | None:
    """What was kept, on the processor; None where it is of another training."""
    if not file.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(file, weights_only=True, map_location="cpu")
    except Exception:  # cut off while it was written, or of another torch: begin anew
        return None
    return state if (state.get("kind"), state["seed"]) == (KIND, seed) else None
