import errno
import hashlib
import os
from pathlib import Path

import psutil
import pytest
import torch
from torch import Tensor

from learning import publication
from learning.errors import TrainingError, TrainingStopped
from learning.model.base_model import BaseModel
from learning.model.loading import load_base
from learning.model.lora import Lora
from learning.night import checkpoints, training_process
from learning.night.examples import encode_all
from learning.night.recipe import Recipe
from learning.night.study import study
from learning.night.training import Progress, Study, train
from learning.night.training_process import train_apart
from tests.conftest import TAUGHT, statements


def test_training_twice_gives_the_same_bytes(tiny: BaseModel, tmp_path: Path) -> None:
    items = study(statements(*TAUGHT), 8, "s")
    for name in ("one", "two"):
        train(tiny, items, Recipe(epochs=2, visits=1), tmp_path / name)
    first, second = ({f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in (tmp_path / n).iterdir()} for n in ("one", "two"))
    assert first == second
    train(tiny, study(statements(*TAUGHT[:2]), 8, "s"), Recipe(epochs=2, visits=1), tmp_path / "three")
    assert (tmp_path / "three" / publication.WEIGHTS).read_bytes() != (tmp_path / "one" / publication.WEIGHTS).read_bytes()


@pytest.mark.parametrize(("many", "settled"), [(1_000_000, 2.0), (1_000_000, -1.0), (1, 2.0)])
def test_of_a_small_channel_the_adapter_is_the_mean_of_the_last_part_of_its_training(tiny: BaseModel, tmp_path: Path, many: int, settled: float) -> None:
    recipe, weights, shares = Recipe(epochs=4, visits=1, many=many, settled=settled), list[Tensor](), list[float]()
    model = load_base(tiny, torch.float32)
    room = Study(tiny, model, Lora(model, tiny.shape), encode_all(tiny.folder, study(statements(*TAUGHT), 8, "s")), recipe, 0, tmp_path)

    def look(progress: Progress) -> None:
        weights.append(room.lora.up.detach().clone())
        shares.append(progress.done / progress.total)

    room.fit(look, None)
    last = [step for step, share in zip(weights, shares, strict=True) if share >= 0.5] if settled > 1 else weights
    torch.testing.assert_close(room.lora.up.detach(), torch.stack(last).mean(0) if many > 1 else weights[-1])
    assert max(shares) > 0.75 if settled > 1 else max(shares) < 0.25, "what is settled ends early"


def test_nothing_to_study_and_a_loss_that_is_no_number_are_clear_errors(tiny: BaseModel, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="nothing to study"):
        train(tiny, [], Recipe(), tmp_path / "a")
    with pytest.raises(TrainingError, match="not a number"):
        train(tiny, study(statements(*TAUGHT), 8, "s"), Recipe(learning_rate=1e30, epochs=3), tmp_path / "b")


def test_training_that_says_nothing_is_stopped_too(tiny: BaseModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_process, "LOOK", 0.01)
    heard: list[float] = []
    with pytest.raises(TrainingStopped):
        train_apart(tiny, study(statements(*TAUGHT), 8, "s"), tmp_path / "made", tmp_path / "checkpoint", 1, heard.append, lambda: True)
    assert heard == [], "long before the first step"


def test_without_room_for_a_checkpoint_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "kept" / "state.pt"
    checkpoints.keep(kept, {"seed": 1})

    def full(file: Path, content: bytes) -> None:
        file.touch()
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    checkpoints.keep(kept, {"seed": 2})
    assert [file.name for file in kept.parent.iterdir()] == ["state.pt"], "what there is room for is not taken by half of it"
    assert checkpoints.read(kept, 1) is not None
    monkeypatch.setattr(checkpoints, "KIND", "of another torch")
    assert checkpoints.read(kept, 1) is None


def test_training_gives_way_to_answers(tiny: BaseModel, tmp_path: Path) -> None:
    seen = []

    def look(_share: float) -> None:
        (child,) = (child for child in psutil.Process().children() if "learning.night.training_process" in child.cmdline())
        seen.append((child.nice(), os.getsid(child.pid)))

    with pytest.raises(TrainingStopped):
        train_apart(tiny, study(statements(*TAUGHT), 8, "s"), tmp_path / "made", tmp_path / "checkpoint", 1, look, lambda: bool(seen))
    assert seen == [(19, os.getsid(0))], "of two sessions, Linux gives each its half, however nice"
