from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from learning.memory import encoder as encoder_module
from learning.memory.encoder import Alike, encoder
from tests.conftest import CACHE

SENTENCES = ("Bandages are in the cabinet.", "where do I find first aid?", "The release train leaves on Thursdays at 14:30, as ever – café, 北京.", "x")


def test_vectors_are_those_of_the_librarys_own_model() -> None:
    ours = encoder(CACHE)
    config = BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536)
    model = BertModel(config, add_pooling_layer=False).eval()
    weights: dict[str, Any] = {name: torch.from_numpy(weight) for name, weight in ours.weights.items()}
    missing, _ = model.load_state_dict({name: w for name, w in weights.items() if not name.startswith("pooler.") and "position_ids" not in name}, strict=False)
    assert not [name for name in missing if "position_ids" not in name and "token_type_ids" not in name]
    for sentence, vector in zip(SENTENCES, ours.vectors(SENTENCES), strict=True):
        ids = torch.tensor([ours.tokenizer.encode(sentence).ids])
        with torch.no_grad():
            mean = model(input_ids=ids).last_hidden_state[0].mean(0)
        np.testing.assert_allclose(vector, (mean / mean.norm()).numpy(), atol=1e-5)


def test_a_file_of_vectors_that_is_empty_is_made_anew(tmp_path: Path) -> None:
    first, second = (encoder_module.Encoder(encoder_module.prepare(CACHE)) for _ in range(2))
    first.prime(SENTENCES, tmp_path)
    (file,) = tmp_path.glob("vectors-*.npy")
    whole = file.read_bytes()
    file.write_bytes(b"")  # as after a power cut
    second.prime(SENTENCES, tmp_path)
    assert file.read_bytes() == whole


def test_what_was_met_first_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = encoder_module.Encoder(encoder_module.prepare(CACHE))
    monkeypatch.setattr(encoder_module, "REMEMBERED", 4)
    encoded: list[str] = []
    encode = ours._encode
    monkeypatch.setattr(ours, "_encode", lambda some: encoded.extend(some) or encode(some))
    ours.vectors(["a"])
    ours.vectors(["bb", "ccc"])
    again = ours.vectors(["ccc", "d", "a", "e"])
    assert encoded[:3] == ["a", "bb", "ccc"]
    assert sorted(encoded[3:]) == ["a", "d", "e"]
    np.testing.assert_array_equal(again[0], ours.vectors(["ccc"])[0])


def test_what_means_the_same_is_more_alike_than_what_shares_a_word(alike: Alike) -> None:
    near, far = alike("my kid scraped her knee, got plasters?", ["Bandages and first aid are in the cabinet.", "Got the new printer in room 4?"])
    assert near > far
