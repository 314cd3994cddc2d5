import pytest
import torch

from learning.model.layers import Product
from learning.model.packing import FEW_ASK, SMALL, Packed, Vocabulary, packed


def test_four_bits_say_what_the_plain_weights_say_where_they_came_from_four_bits() -> None:
    torch.manual_seed(1)
    step, values = 0.05 + torch.rand(48, 3) / 10, torch.randint(0, 16, (48, 3, 32))
    values[:, :, :2] = torch.tensor([0, 15])
    weight = (step[..., None] * (values - 7)).view(48, 96).bfloat16()
    product = packed(Product(weight, None))
    assert isinstance(product, Packed)
    asked = torch.randn(4, 96).bfloat16()
    torch.testing.assert_close(product(asked), product.plain(asked), atol=0.05, rtol=0.02)
    other = Product(torch.randn(48, 96).bfloat16(), None)
    assert packed(other) is other


@pytest.mark.parametrize("in_integers", [True, False])
def test_the_vocabulary_in_eight_bits_finds_the_likeliest_token_and_its_exact_logit(monkeypatch: pytest.MonkeyPatch, in_integers: bool) -> None:
    if not in_integers:  # as on a processor without AVX2
        monkeypatch.setattr(torch.cpu, "_is_avx2_supported", lambda: False)
    torch.manual_seed(2)
    weight, asked = torch.randn(SMALL, 96) * torch.rand(SMALL, 1), torch.randn(4, 96)
    asked[1, 5], asked[2] = 60.0, asked[2] * 1e-3  # a row has an outlier, another is small beside it
    plain, few = asked @ weight.T, Vocabulary(weight)
    said = few(asked)
    assert few.eighths is not None
    assert said.argmax(1).tolist() == plain.argmax(1).tolist()
    torch.testing.assert_close(said.amax(1), plain.amax(1))
    assert ((said - plain).abs().mean(1) < 0.01 * plain.std(1)).all()
    many = torch.randn(FEW_ASK[torch.float32] + 1, 96)
    torch.testing.assert_close(few(many), many @ weight.T)
