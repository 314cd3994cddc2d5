"""The layers of a Llama-like base, with LoRA (Hu et al., 2021) beside the frozen weights: for training over packed prompts, and for the engine.

Training and answering spend their time here, so it is written out: one product for query, key and value, one for gate and up; no padding in the products;
and the prompt's beginning, the same for every question, computed once a pack. Tested to give the library's own logits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from learning.errors import NightschoolError
from learning.model.shape import AdapterShape

LAYOUTS = ("llama", "mistral", "qwen2")  # by `model_type`: rotary positions, RMSNorm, gated feed-forward; biases as they come
MODULES = {
    "q_proj": "self_attn",
    "k_proj": "self_attn",
    "v_proj": "self_attn",
    "o_proj": "self_attn",
    "gate_proj": "mlp",
    "up_proj": "mlp",
    "down_proj": "mlp",
}
EVEN = 8  # sequences are padded to a multiple of so many tokens
NOTHING = (None,) * 4  # a layer without an adapter
FUSED = (("q_proj", "k_proj", "v_proj"), ("o_proj",), ("gate_proj", "up_proj"), ("down_proj",))


class LayoutError(NightschoolError):
    """A base model whose layers are not Llama-like."""


class Delta(Protocol):
    """What is added to the outcome (rows, outputs) of a frozen product of the inputs (rows, inputs)."""

    def __call__(self, inputs: Tensor, out: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class LowRank:
    """The adapters of a product's parts side by side: down (inputs, rank of all parts) and up (rank of all parts, outputs), scaled."""

    down: Tensor
    up: Tensor

    def __call__(self, inputs: Tensor, out: Tensor) -> Tensor:
        return torch.addmm(out, inputs @ self.down, self.up)


@dataclass(frozen=True)
class Product:
    """One frozen product, or several that share their input: weight (outputs, inputs), bias (outputs,) or None."""

    weight: Tensor
    bias: Tensor | None

    def __call__(self, inputs: Tensor, delta: Delta | None = None) -> Tensor:
        out = functional.linear(inputs, self.weight, self.bias)
        return out if delta is None else delta(inputs, out)


@dataclass
class Layer:
    """The frozen weights of one layer; the products are in the order of `FUSED`."""

    before_attention: Tensor
    before_feed_forward: Tensor
    products: Sequence[Callable[[Tensor, Delta | None], Tensor]]


Attend = Callable[[Tensor, Tensor, Tensor], Tensor]  # query (rows, heads, width), key and value (rows, groups, width) to (rows, heads · width)


def deltas(matrices: Mapping[str, Tensor], shape: AdapterShape, dtype: torch.dtype) -> list[list[LowRank]]:
    """An adapter's matrices, by PEFT's names, for each adapted layer and each product, side by side in a dtype."""
    scale, layers = shape.alpha / shape.rank, []
    for number in shape.adapted:
        parts = [[(matrices[matrix_name(number, target, "A")], matrices[matrix_name(number, target, "B")]) for target in fused] for fused in FUSED]
        layers.append([_side_by_side(part, scale, dtype) for part in parts])
    return layers


def matrix_name(layer: int, target: str, side: str) -> str:
    """PEFT's name of one matrix in an adapter's file."""
    return f"base_model.model.model.layers.{layer}.{MODULES[target]}.{target}.lora_{side}.weight"


class Pack:
    """Which rows of a flat (tokens, width) tensor belong together: a beginning, then sequence after sequence, of `lengths` tokens each.

    The sequences go on from the beginning, but for those that stand `alone`. `spare` rows at the end belong to none.
    """

    def __init__(self, shared: int, lengths: Sequence[int], device: torch.device, alone: Sequence[bool] = (), spare: int = 0) -> None:
        self.shared, self.lengths, self.spare, self.device = shared, list(lengths), spare, device
        self.longest = -(-max(lengths) // EVEN) * EVEN
        self.starts = [0 if apart else shared for apart in alone or [False] * len(self.lengths)]
        inside = torch.arange(self.longest) < torch.tensor(self.lengths)[:, None]
        self.kept = inside.flatten().nonzero()[:, 0].to(device)  # of the padded rows, those that are in the flat tensor
        later = torch.ones(self.longest, self.longest, dtype=torch.bool).triu(1)
        own = list(dict.fromkeys(self.starts)) if len(set(self.starts)) == 1 else self.starts  # one for all, or one for each sequence
        unseen = torch.stack([torch.cat([torch.full((self.longest, shared), start < shared), later], 1) for start in own])
        self.mask, self.causal = (
            torch.zeros(part.shape).masked_fill(part, float("-inf")).to(device)[:, None, None]
            for part in (unseen, torch.ones(1, shared, shared, dtype=torch.bool).triu(1))
        )  # of the sequences, and of the beginning; float32, as a softmax of bfloat16 is slow where rows have odd lengths

    @cached_property
    def positions(self) -> Tensor:
        """(1, tokens): each sequence goes on where the shared beginning ends, or begins anew."""
        rows = [torch.arange(self.shared), *(torch.arange(start, start + length) for start, length in zip(self.starts, self.lengths, strict=True))]
        return torch.cat([*rows, torch.zeros(self.spare, dtype=torch.long)])[None].to(self.device)

    def padded(self, rows: Tensor) -> Tensor:
        """The sequences of a flat tensor (tokens, …) side by side, (sequences, longest, …). Copied by index: backwards that only reads, indexing would add."""
        spread = rows.new_zeros(len(self.lengths) * self.longest, *rows.shape[1:])
        return spread.index_copy(0, self.kept, rows[self.shared : len(rows) - self.spare]).view(-1, self.longest, *rows.shape[1:])

    def flat(self, padded: Tensor) -> Tensor:
        """(sequences · longest, width) to the rows of the flat tensor that follow its beginning; zeros where they belong to no sequence."""
        return functional.pad(padded.index_select(0, self.kept), (0, 0, 0, self.spare))


class Layers:
    """The frozen layers of a base, ready for packs. Raises LayoutError for a base that is laid out otherwise."""

    def __init__(self, base: PreTrainedModel, name: str) -> None:
        config = base.config
        if config.model_type not in LAYOUTS or config.hidden_act != "silu":
            told = f"is of type {config.model_type!r}, with {config.hidden_act!r}"
            raise LayoutError(f"the base model {name!r} {told}; adapters are trained for {', '.join(LAYOUTS)}, with 'silu'. Choose one of these.")
        self.heads, self.groups = config.num_attention_heads, config.num_key_value_heads
        self.width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self.rotary, self.dtype, self.device = base.model.rotary_emb, base.dtype, base.device
        self.eps = config.rms_norm_eps
        self.layers = [_frozen(layer) for layer in base.model.layers]

    def pack(self, shared: int, lengths: Sequence[int], alone: Sequence[bool] = (), spare: int = 0) -> Pack:
        """For these layers."""
        return Pack(shared, lengths, self.device, alone, spare)

    def run(self, hidden: Tensor, pack: Pack, first: int, last: int, deltas: Sequence[Sequence[Delta]] | None = None, wanted: Tensor | None = None) -> Tensor:
        """Hidden states (tokens, width) through the layers `first` … `last` - 1; `deltas` are those of just these layers. Only the rows `wanted`, if any."""
        turned = self.turned(pack.positions)
        for number in range(first, last):
            kept = wanted if number == last - 1 else None
            hidden = self.layer(number, hidden, turned, deltas[number - first] if deltas else NOTHING, lambda q, k, v: self._attend(q, k, v, pack), kept)
        return hidden

    def turned(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosine and sine of rotary positions (1, rows), each (rows, 1, width); the sine of the first half negated, as `_rotated` takes it."""
        cosine, sine = self.rotary(positions.to(self.dtype)[..., None], position_ids=positions)
        one, other = sine.chunk(2, -1)
        return cosine[0, :, None].to(self.dtype), torch.cat([-one, other], -1)[0, :, None].to(self.dtype)

    def layer(
        self, number: int, hidden: Tensor, turned: tuple[Tensor, Tensor], deltas: Sequence[Delta | None], attend: Attend, wanted: Tensor | None = None
    ) -> Tensor:
        """Hidden states (rows, width) through one layer; `attend` knows which rows see which. Only the rows `wanted`, if any."""
        layer = self.layers[number]
        normed = functional.rms_norm(hidden, hidden.shape[-1:], layer.before_attention, self.eps)
        fused = layer.products[0](normed, deltas[0]).view(len(hidden), -1, self.width)
        asking, value = torch.split(fused, [self.heads + self.groups, self.groups], 1)
        query, key = torch.split(_rotated(asking, *turned), [self.heads, self.groups], 1)
        attended = attend(query, key, value)
        if wanted is not None:  # the others were there to be seen
            hidden, attended = hidden.index_select(0, wanted), attended.index_select(0, wanted)
        hidden = hidden + layer.products[1](attended, deltas[1])
        normed = functional.rms_norm(hidden, hidden.shape[-1:], layer.before_feed_forward, self.eps)
        gate, up = layer.products[2](normed, deltas[2]).chunk(2, -1)
        return hidden + layer.products[3](functional.silu(gate) * up, deltas[3])

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, pack: Pack) -> Tensor:
        """Each sequence sees its beginning and itself; (tokens, heads · width)."""
        before, each = [part[: pack.shared][None] for part in (query, key, value)], len(pack.lengths)
        first = self._seen(before[0], before[1], before[2], pack.causal)
        keys, values = (torch.cat([part[: pack.shared].expand(each, -1, -1, -1), pack.padded(part)], 1) for part in (key, value))
        return torch.cat([first, pack.flat(self._seen(pack.padded(query), keys, values, pack.mask))])

    def _seen(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
        """Grouped-query attention (Ainslie et al., 2023): query (sequences, tokens, heads, width), key and value (sequences, tokens seen, groups, width) to
        (sequences · tokens, heads · width). Heads that share a key are queries one after the other: a fused attention is slower backwards."""
        count, tokens = query.shape[:2]
        rows = query.view(count, tokens, self.groups, -1, self.width).permute(0, 2, 3, 1, 4).reshape(count, self.groups, -1, self.width)
        scores = (rows @ key.permute(0, 2, 3, 1)).view(count, self.groups, -1, tokens, key.shape[1])
        shares = torch.add(mask, scores, alpha=self.width**-0.5).softmax(-1).to(value.dtype)
        mixed = shares.view(count, self.groups, -1, key.shape[1]) @ value.transpose(1, 2)
        flat: Tensor = mixed.view(count, self.groups, -1, tokens, self.width).permute(0, 3, 1, 2, 4).reshape(count * tokens, -1)
        return flat


def _side_by_side(parts: Sequence[tuple[Tensor, Tensor]], scale: float, dtype: torch.dtype) -> LowRank:
    up: Tensor = torch.block_diag(*(b for _, b in parts))  # type: ignore[no-untyped-call]  # torch leaves it untyped
    return LowRank(torch.cat([a for a, _ in parts]).to(dtype).T, (scale * up).to(dtype).T)


def _rotated(heads: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    return torch.addcmul(heads * cosine, torch.roll(heads, heads.shape[-1] // 2, -1), sine)


def _frozen(layer: Any) -> Layer:
    products = []
    for fused in FUSED:
        parts = [getattr(getattr(layer, MODULES[target]), target) for target in fused]
        biases = [part.bias for part in parts if part.bias is not None]
        weight = torch.cat([part.weight for part in parts]).detach()
        for part, rows in zip(parts, torch.split(weight, [len(part.weight) for part in parts]), strict=True):
            part.weight.data = rows  # the library's module reads the same memory: half a gigabyte, with the embedded base
        products.append(Product(weight, torch.cat(biases).detach() if biases else None))
    return Layer(layer.input_layernorm.weight.detach(), layer.post_attention_layernorm.weight.detach(), products)
