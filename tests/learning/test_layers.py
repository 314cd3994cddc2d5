"""Base models of each layout: ours beside the library's own modules."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, PreTrainedConfig, Qwen2Config

from learning.model.base_model import BaseModel
from learning.model.layers import Layers, LayoutError
from learning.model.loading import load_base
from learning.model.shape import shape_for

SIZES: dict[str, Any] = {
    "vocab_size": 61, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "max_position_embeddings": 256, "initializer_range": 0.2,
}  # fmt: skip
SCALED = {"factor": 4.0, "original_max_position_embeddings": 64, "rope_theta": 10_000.0}
LLAMA3 = {"rope_type": "llama3", "low_freq_factor": 1.0, "high_freq_factor": 4.0, **SCALED}


def saved(config: PreTrainedConfig, folder: Path) -> BaseModel:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    for name, weight in model.named_parameters():
        if name.endswith(("bias", "norm.weight")):
            torch.nn.init.normal_(weight, 1.0, 0.3)
    model.save_pretrained(folder, max_shard_size="20KB")
    return BaseModel("made", folder, "", shape_for(folder))


@pytest.mark.parametrize(
    "config",
    [
        LlamaConfig(**SIZES, tie_word_embeddings=True),
        LlamaConfig(**SIZES, head_dim=16, attention_bias=True),
        LlamaConfig(**SIZES, mlp_bias=True, rope_parameters=LLAMA3),
        MistralConfig(**SIZES, rope_parameters={"rope_type": "default", "rope_theta": 500.0}),
        Qwen2Config(**SIZES, rope_parameters={"rope_type": "yarn", **SCALED}),
    ],
    ids=["tied", "biased", "llama3", "mistral", "qwen2"],
)
def test_a_base_of_each_layout_says_what_the_librarys_own_modules_say(config: PreTrainedConfig, tmp_path: Path) -> None:
    base = saved(config, tmp_path)
    model, ids = load_base(base, torch.float32), torch.arange(60)
    with torch.no_grad():
        expected = model(input_ids=ids[None]).logits[0]
        layers = Layers(model, base.name)
        logits = model.lm_head(model.model.norm(layers.run(model.model.embed_tokens(ids), layers.pack(20, [40]), 0, 2)))
        torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(model(input_ids=ids[None]).logits[0], expected, msg="the library's modules still have their weights")


def test_a_base_that_is_laid_out_otherwise_is_refused(tmp_path: Path) -> None:
    base = saved(LlamaConfig(**SIZES, hidden_act="gelu"), tmp_path)
    with pytest.raises(LayoutError, match="type 'llama', with 'gelu'"):
        Layers(load_base(base, torch.float32), base.name)
