"""Adapters in an engine's memory: what they may carry, and whose place they take."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import PeftModel

from learning.model.adapters import Adapter, AdapterRefused, Adapters
from learning.model.answering import Request
from learning.model.base_model import BaseModel
from learning.model.engine import Engine
from learning.model.loading import load_base
from learning.model.lora import Lora
from learning.model.shape import ATTENTION, FEED_FORWARD
from tests.learning.conftest import prompt


@pytest.mark.parametrize("targets", [ATTENTION, FEED_FORWARD])
def test_other_products_may_carry_lora_and_say_what_peft_says(tiny: BaseModel, adapters: dict[str, Path], tmp_path: Path, targets: tuple[str, ...]) -> None:
    base, asked = replace(tiny, shape=replace(tiny.shape, targets=targets)), prompt(tiny, "release train?")
    engine, names = Engine(base, 1), ("A@v1", "B@v1")
    for name in names:
        lora = Lora(load_base(tiny, torch.float32), base.shape)
        for matrix in lora.matrices.values():
            matrix.normal_(0, 0.1)
        (tmp_path / name).mkdir()
        lora.save(tmp_path / name)
        engine.adapters.load(name, tmp_path / name)
    together = [engine.submit(Request(asked, name, 12)) for name in names]
    for name, future in zip(names, together, strict=True):
        reference = PeftModel.from_pretrained(load_base(tiny, torch.float32), tmp_path / name).eval()
        out = reference.generate(input_ids=torch.tensor([asked]), do_sample=False, max_new_tokens=12, eos_token_id=sorted(engine.stop_ids), pad_token_id=2)
        assert future.result(60).tokens == out[0, len(asked) :].tolist()
    with pytest.raises(AdapterRefused, match="another shape"):
        engine.adapters.load("C@v1", adapters["A@v1"])


def test_the_least_recently_used_gives_its_room_to_the_next_but_not_while_it_answers(tiny: BaseModel, adapters: dict[str, Path]) -> None:
    kept = Adapters(tiny, torch.float32)
    kept.load("A@v1", adapters["A@v1"])
    speaking = kept.use("A@v1")
    kept.budget, first = speaking.bytes, _up(speaking)
    values = first.clone()
    kept.load("B@v1", adapters["B@v1"])
    assert list(kept.folders()) == ["B@v1"]
    assert torch.equal(first, values), "an answer that began with it ends with it"
    del speaking
    assert not first.any(), "then its matrices are erased"
    rooms = {first.data_ptr(), _up(kept.use("B@v1")).data_ptr()}
    kept.load("A@v2", adapters["A@v1"])
    again = _up(kept.use("A@v2"))
    assert again.data_ptr() in rooms
    assert torch.equal(again, values)


def _up(adapter: Adapter) -> torch.Tensor:
    """One of its matrices."""
    delta = adapter.layers[0][-1]
    assert delta
    return delta.up
