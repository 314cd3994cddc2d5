from typing import Any

import pytest
import torch

from learning.model.adapters import Adapter
from learning.model.answering import NO_ADAPTER
from learning.model.base_model import BaseModel
from learning.model.decoding import Decoder, Reading
from learning.model.engine import Engine
from tests.learning.conftest import prompt


def test_a_slot_that_reads_a_draft_is_left_alone_by_those_that_go_on_beside_it(tiny: BaseModel) -> None:
    decoder, asked = Decoder(tiny, 2, torch.float32), prompt(tiny, "when does the release train leave?")
    read = []
    for others in ({}, {1: 5}):
        for slot in (0, 1):
            decoder.begin(slot, Adapter(NO_ADAPTER, None))
            decoder.read([Reading(slot, asked)])
        if others:
            decoder.step(others)
        read.append(decoder.read([Reading(0, [5, 6], 2)])[0])
        for slot in (0, 1):
            decoder.end(slot)
    torch.testing.assert_close(read[0], read[1], atol=1e-5, rtol=1e-5)
    assert not decoder.cache.any(), "nothing stays in a slot"


def test_of_a_pass_that_failed_nothing_stays(tiny: BaseModel, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder, asked = Decoder(tiny, 1, torch.float32), prompt(tiny, "when does the release train leave?")
    decoder.begin(0, Adapter(NO_ADAPTER, None))
    layer = decoder.layers.layer

    def full(number: int, *rest: Any) -> torch.Tensor:
        if number:
            raise MemoryError
        return layer(number, *rest)

    monkeypatch.setattr(decoder.layers, "layer", full)
    with pytest.raises(MemoryError):
        decoder.read([Reading(0, asked)])
    assert decoder.cache.any()
    decoder.end(0)
    assert not decoder.cache.any()


def test_what_prompts_begin_with_is_read_once_below_the_adapters_and_once_by_each(tiny: BaseModel, loaded: Engine) -> None:
    decoder, asked = Decoder(tiny, 2, torch.float32), prompt(tiny, "when does the release train leave?")
    decoder.expect(loaded.beginning)
    for kept in (loaded.adapters.use("A@v1"), Adapter(NO_ADAPTER, None)):
        adapter = Adapter(kept.name, None, kept.layers)
        for _ in range(2):  # the second time with what the first has left
            assert decoder.begin(0, adapter, usual=True) == len(loaded.beginning)
            assert decoder.begin(1, adapter) == 0
            read = decoder.read([Reading(0, asked[len(loaded.beginning) :]), Reading(1, asked)])
            torch.testing.assert_close(read[0], read[1], atol=1e-4, rtol=1e-5)  # of log-probabilities down to -20
            assert adapter.beginning is not None
            assert len(adapter.beginning) == len(tiny.shape.adapted)
            decoder.end(0)
            decoder.end(1)
    assert not decoder.cache[:, :, :, :, : len(asked) + 1].any(), "nothing stays in a slot"
