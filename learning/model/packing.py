"""Products in fewer bits: one row at a time, a product costs what reading its weights costs.

The embedded base is made from Q4_1 blocks (llama.cpp: 32 weights, a scale and a least value), so its layers go back to four bits and lose nothing. The
vocabulary is searched in eight bits, and what is found likeliest is computed exactly.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from learning.model.layers import Delta, Product

BLOCK = 32
FEW_ROWS = {torch.bfloat16: 12, torch.float32: 20}  # of a layer's product: beyond that the plain one is faster
FEW_ASK = {torch.bfloat16: 4, torch.float32: 48}  # the same for the vocabulary
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
        self.eighths = eighths(weight) if weight.device.type == "cpu" and len(weight) >= SMALL else None

    def __call__(self, hidden: Tensor) -> Tensor:
        if self.eighths is None or len(hidden) > FEW_ASK[hidden.dtype]:
            return functional.linear(hidden, self.weight).float()
        logits = self.eighths(hidden)
        likeliest = logits.topk(EXACT).indices
        return logits.scatter_(1, likeliest, torch.bmm(self.weight[likeliest], hidden[..., None])[..., 0].float())


def eighths(weight: Tensor) -> Callable[[Tensor], Tensor]:
    """The product with weights of eight bits, to float32: in integers by FBGEMM where the processor is one for it, else by torch's own kernel."""
    if not torch.cpu._is_avx2_supported():
        scales = (weight.float().abs().amax(1) / 126).clamp(min=1e-12).bfloat16()  # 126: a scale that was rounded down must not overflow
        values = (weight.float() / scales.float()[:, None]).round().to(torch.int8)
        return lambda hidden: torch._weight_int8pack_mm(hidden.bfloat16(), values, scales).float()
    steps = (weight.float().abs().amax(1) / 127).clamp(min=1e-12)
    torch.backends.quantized.engine = "fbgemm"
    with warnings.catch_warnings(action="ignore"):  # torch 2.13 means to drop such tensors one day
        values = torch.quantize_per_channel(weight.float(), steps, torch.zeros(len(weight), dtype=torch.long), 0, torch.qint8)
    packed = torch.ops.quantized.linear_prepack(values, None)

    def product(hidden: Tensor) -> Tensor:
        """Each row in steps of its own, of seven bits (with eight its sums of 16 bits overflow), and what that leaves over in 126 times finer ones."""
        step = (hidden.abs().amax(1, keepdim=True).float() / 63).clamp(min=1e-12)
        coarse = (hidden / step).round()
        both = torch.cat([coarse, (hidden / step - coarse) * 126])
        first, second = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(both, 1.0, 64, packed).chunk(2)
        logits: Tensor = (first + second / 126) * step
        return logits

    return product
