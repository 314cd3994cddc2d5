"""LoRA (Hu et al., 2021) as it is trained: the matrices of all layers in two tensors."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import torch
from peft import LoraConfig
from safetensors.torch import save
from torch import Tensor
from transformers import PreTrainedModel

from learning.model.layers import FUSED, MODULES, LowRank, matrix_name
from learning.model.shape import TARGETS, AdapterShape

Size = tuple[int, int]


class Lora:
    """Trainable low-rank matrices of the adapted layers, always float32; drawn from torch's generator.

    All A matrices lie in one tensor, `down`, and all B matrices in another, `up`, as the products take them: a step casts, clips and moves two tensors, not
    hundreds. The B matrices of products that share their input stand on a diagonal; what is beside it has no scale, hence no gradient, and stays zero.
    """

    def __init__(self, base: PreTrainedModel, shape: AdapterShape, without: str = "") -> None:
        """Matrices whose names hold `without` add nothing and learn nothing."""
        self.shape, rank = shape, shape.rank
        products = [(number, targets) for number in shape.adapted for targets in FUSED]
        weights = [[getattr(getattr(base.model.layers[number], MODULES[target]), target).weight for target in targets] for number, targets in products]
        self.downs = [(rank * len(parts), parts[0].shape[1]) for parts in weights]
        self.ups = [(sum(map(len, parts)), rank * len(parts)) for parts in weights]
        device = weights[0][0].device
        self.down, self.up, self.scale = (torch.zeros(sum(a * b for a, b in sizes), device=device) for sizes in (self.downs, self.ups, self.ups))
        self.matrices: dict[str, Tensor] = {}  # by PEFT's names, each a part of `down` or `up`
        tensors = zip(_parts(self.down.detach(), self.downs), _parts(self.up.detach(), self.ups), _parts(self.scale, self.ups), strict=True)
        for (number, targets), parts, (down, up, scale) in zip(products, weights, tensors, strict=True):
            rows = [len(part) for part in parts]
            for target, a, b, scales in zip(targets, torch.split(down, rank), _diagonal(up, rows, rank), _diagonal(scale, rows, rank), strict=True):
                drawn = torch.empty(a.shape)
                torch.nn.init.kaiming_uniform_(drawn, a=math.sqrt(5))  # drawn before it goes to any device: the same numbers everywhere
                a.copy_(drawn)
                name = matrix_name(number, target, "B")
                scales.fill_(0.0 if without and without in name else shape.alpha / rank)
                self.matrices |= {matrix_name(number, target, "A"): a, name: b}
        self.trained = [self.down.requires_grad_(), self.up.requires_grad_()]

    def deltas(self, dtype: torch.dtype) -> list[list[LowRank]]:
        """For each adapted layer and each product, its matrices side by side in a dtype."""
        downs, ups = _parts(self.down.to(dtype), self.downs), _parts((self.up * self.scale).to(dtype), self.ups)
        flat = [LowRank(down.T, up.T) for down, up in zip(downs, ups, strict=True)]
        return [flat[start : start + len(FUSED)] for start in range(0, len(flat), len(FUSED))]

    def save(self, folder: Path) -> None:
        """As PEFT writes it, but for sets in hash order and the base model's path: neither belongs into files that are compared byte for byte.

        Raises OSError.
        """
        matrices = {name: matrix.detach().contiguous() for name, matrix in self.matrices.items()}
        (folder / "adapter_model.safetensors").write_bytes(save(matrices, metadata={"format": "pt"}))  # safetensors itself calls a full disk another error
        config = LoraConfig(
            r=self.shape.rank, lora_alpha=self.shape.alpha, lora_dropout=0.0, task_type="CAUSAL_LM", inference_mode=True,
            target_modules=list(TARGETS), layers_to_transform=self.shape.adapted,
        )  # fmt: skip
        config.save_pretrained(folder)
        file = folder / "adapter_config.json"
        written = json.loads(file.read_text())
        written["target_modules"] = sorted(written["target_modules"])
        file.write_text(json.dumps(written, indent=1, sort_keys=True))


def _parts(flat: Tensor, sizes: Sequence[Size]) -> list[Tensor]:
    return [part.view(size) for part, size in zip(torch.split(flat, [rows * columns for rows, columns in sizes]), sizes, strict=True)]


def _diagonal(matrix: Tensor, rows: Sequence[int], columns: int) -> list[Tensor]:
    """The blocks of a block-diagonal matrix."""
    return [torch.split(block, columns, 1)[place] for place, block in enumerate(torch.split(matrix, list(rows)))]
