"""What a training has reached, so that one that was cut off goes on."""

import io
import logging
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from learning.model.loading import device

logger = logging.getLogger(__name__)
# What a state is computed by, which would be another with another one: what that kept is begun anew. The number is raised whenever a state's parts change.
KIND = f"5, {version('nightschool')}, torch {torch.__version__}, {device().type}"


def keep(file: Path, state: Mapping[str, Any]) -> None:
    """Write all of it, or leave what was kept before. It is for the worst: where there is no room for it, training goes on without."""
    written, part = io.BytesIO(), file.with_suffix(".part")  # torch itself calls a full disk a RuntimeError
    torch.save({**state, "kind": KIND}, written)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(written.getbuffer())
        part.replace(file)
    except OSError as error:
        logger.warning("no checkpoint is kept in %s (%s): a training that is cut off begins anew", file.parent, error)
        with suppress(OSError):
            part.unlink(missing_ok=True)


def read(file: Path, seed: int) -> dict[str, Any] | None:
    """What was kept, on the processor; None where it is of another training."""
    if not file.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(file, weights_only=True, map_location="cpu")
    except Exception:  # cut off while it was written, or of another torch: begin anew
        return None
    return state if (state.get("kind"), state["seed"]) == (KIND, seed) else None
