"""Products in fewer bits: one row at a time, a product costs what reading its weights costs.

The embedded base is made from Q4_1 blocks (llama.cpp: 32 weights, a scale and a least value), so its layers go back to four bits and lose nothing. The
vocabulary is searched in eight bits, and what is found likeliest is computed exactly.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from learning.model.layers import Delta, Product

BLOCK = 32
FEW_ROWS = {torch.bfloat16: 12, torch.float32: 20}  # of a layer's product: beyond that the plain one is faster
FEW_ASK = {torch.bfloat16: 4, torch.float32: 24}  # the same for the vocabulary
SMALL = 8192  # tokens of a vocabulary that is read fast enough as it is
EXACT = 8  # of the likeliest tokens
LOST = 0.1  # of a step between two values: what the weights' own bfloat16 rounding may explain


@dataclass(frozen=True)
class Packed:
    """A product whose weights are also there in four bits: `blocks` as torch packs them, `scales` (blocks a row, outputs, 2)."""

    plain: Product
    blocks: Tensor
    scales: Tensor

    def __call__(self, inputs: Tensor, delta: Delta | None = None) -> Tensor:
        if len(inputs) > FEW_ROWS[inputs.dtype]:
            return self.plain(inputs, delta)
        out = torch._weight_int4pack_mm_for_cpu(inputs.bfloat16(), self.blocks, BLOCK, self.scales).to(inputs.dtype)
        if self.plain.bias is not None:
            out = out + self.plain.bias
        return out if delta is None else delta(inputs, out)


def packed(product: Product) -> Packed | Product:
    """The product in four bits if that loses nothing, else the product itself."""
    weight = product.weight.float()
    outputs, inputs = weight.shape
    if product.weight.device.type != "cpu" or inputs % BLOCK or outputs % 16:
        return product
    groups = weight.view(outputs, -1, BLOCK)
    least, most = groups.aminmax(dim=-1)
    step = ((most - least) / 15).clamp(min=1e-12)
    values = ((groups - least[..., None]) / step[..., None]).round()
    lost = (least[..., None] + values * step[..., None] - groups).abs() / step[..., None]
    if lost.max() > LOST:
        return product
    blocks = torch._convert_weight_to_int4pack_for_cpu(values.view(outputs, inputs).int(), 2)
    scales = torch.stack([step, least + 8 * step], -1).transpose(0, 1).contiguous().bfloat16()  # in any case: bytes are what counts
    return Packed(product, blocks, scales)


class Vocabulary:
    """Hidden states (rows, width) to logits (rows, tokens) in float32."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight
        self.eighths: Tensor | None = None
        if weight.device.type == "cpu" and len(weight) >= SMALL:
            self.scales = (weight.float().abs().amax(1) / 126).clamp(min=1e-12).bfloat16()  # 126: a scale that was rounded down must not overflow
            self.eighths = (weight.float() / self.scales.float()[:, None]).round().to(torch.int8)

    def __call__(self, hidden: Tensor) -> Tensor:
        if self.eighths is None or len(hidden) > FEW_ASK[hidden.dtype]:
            return functional.linear(hidden, self.weight).float()
        logits: Tensor = torch._weight_int8pack_mm(hidden.bfloat16(), self.eighths, self.scales).float()
        likeliest = logits.topk(EXACT).indices
        return logits.scatter_(1, likeliest, torch.bmm(self.weight[likeliest], hidden[..., None])[..., 0].float())
