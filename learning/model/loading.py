"""Base weights into memory: the graphics card's where there is one (`CUDA_VISIBLE_DEVICES=` hides it), without the library's chatter."""

import ctypes
from contextlib import suppress

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging

from learning.model.base_model import BaseModel


def load_base(base: BaseModel, dtype: torch.dtype) -> PreTrainedModel:
    """The base model, ready for adapters, on the device that computes."""
    logging.disable_progress_bar()
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(base.folder, dtype=dtype)
    return model.to(device())


def give_back() -> None:
    """What was taken and freed goes back to the system: the C library of Linux keeps it otherwise, half a gigabyte after loading the embedded base."""
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def device() -> torch.device:
    """What computes."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fast_dtype() -> str:
    """`bfloat16` where it is multiplied in hardware: about twice as fast there, and many times slower elsewhere."""
    return "bfloat16" if torch.cuda.is_available() or torch.cpu._is_avx512_bf16_supported() else "float32"
