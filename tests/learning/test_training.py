import hashlib
import os
from pathlib import Path

import psutil
import pytest

from learning import registry
from learning.errors import TrainingError, TrainingStopped
from learning.model.base_model import BaseModel
from learning.night.recipe import Recipe
from learning.night.study import study
from learning.night.training import train
from learning.night.training_process import train_apart
from tests.conftest import TAUGHT, statements


def test_training_twice_gives_the_same_bytes(tiny: BaseModel, tmp_path: Path) -> None:
    items = study(statements(*TAUGHT), 8, "s")
    for name in ("one", "two"):
        train(tiny, items, Recipe(epochs=2), tmp_path / name)
    first, second = ({f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in (tmp_path / n).iterdir()} for n in ("one", "two"))
    assert first == second
    train(tiny, study(statements(*TAUGHT[:2]), 8, "s"), Recipe(epochs=2), tmp_path / "three")
    assert (tmp_path / "three" / registry.WEIGHTS).read_bytes() != (tmp_path / "one" / registry.WEIGHTS).read_bytes()


def test_nothing_to_study_and_a_loss_that_is_no_number_are_clear_errors(tiny: BaseModel, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="nothing to study"):
        train(tiny, [], Recipe(), tmp_path / "a")
    with pytest.raises(TrainingError, match="not a number"):
        train(tiny, study(statements(*TAUGHT), 8, "s"), Recipe(learning_rate=1e30, epochs=3), tmp_path / "b")


def test_training_gives_way_to_answers(tiny: BaseModel, tmp_path: Path) -> None:
    seen = []

    def look(_share: float, _loss: float) -> None:
        (child,) = (child for child in psutil.Process().children() if "learning.night.training_process" in child.cmdline())
        seen.append((child.nice(), os.getsid(child.pid)))

    with pytest.raises(TrainingStopped):
        train_apart(tiny, study(statements(*TAUGHT), 8, "s"), tmp_path / "made", tmp_path / "checkpoint", 1, look, lambda: bool(seen))
    assert seen == [(19, os.getsid(0))], "of two sessions, Linux gives each its half, however nice"
