"""Base weights into memory, without the library's chatter."""

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging

from learning.model.base_model import BaseModel


def load_base(base: BaseModel, dtype: torch.dtype) -> PreTrainedModel:
    """The base model, ready for adapters."""
    logging.disable_progress_bar()
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(base.folder, dtype=dtype)
    return model


def fast_dtype() -> str:
    """`bfloat16` where the processor multiplies it in hardware: about twice as fast there, and many times slower elsewhere."""
    return "bfloat16" if torch.cpu._is_avx512_bf16_supported() else "float32"
