import random
from collections.abc import Callable
from itertools import product

import pytest
import torch
from torch import Tensor

from learning.model.answering import NO_ADAPTER, Request
from learning.model.base_model import BaseModel
from learning.model.engine import Engine
from learning.model.openings import FIRST, PASSES, SKIMMED, THEN, Opening, Openings
from learning.model.rendering import renderer
from tests.learning.conftest import STATEMENTS, prompt

WORDS, LENGTH = 12, 5
STOP = WORDS - 1


def searched(openings: Openings, follows: Callable[[Opening], Tensor]) -> tuple[Opening, set[Opening]]:
    """What is found where `follows` says what follows, and all after which that was asked."""
    read, likeliest = set[Opening](), None
    while likeliest is None:
        read.update(openings._reading)
        likeliest = openings.told(torch.stack([follows(begun) for begun in openings._reading]))
    return likeliest, read


@pytest.mark.parametrize("seed", range(20))
def test_what_is_found_is_the_likeliest_of_all_and_they_are_not_all_read_for_it(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("learning.model.openings.PASSES", 999)
    rng, generator = random.Random(seed), torch.Generator().manual_seed(seed)
    drafts = [[*(rng.randrange(STOP) for _ in range(rng.randint(1, 8))), STOP] for _ in range(400)]
    logits = {begun: 3 * torch.randn(WORDS, generator=generator) for n in range(3) for begun in product(range(WORDS), repeat=n)}
    for draft in drafts[7:9]:  # what was learned
        for n, token in enumerate(draft):
            logits[tuple(draft[:n][-2:])][token] += 4
    sharp = {begun: torch.log_softmax(each, -1) for begun, each in logits.items()}
    openings = Openings(drafts, LENGTH, 99)
    likeliest, read = searched(openings, lambda begun: sharp[begun[-2:]])
    each = {opening: sum(float(sharp[opening[:n][-2:]][token]) for n, token in enumerate(opening)) for opening in openings.all}
    best = max(each, key=lambda opening: each[opening])
    assert set(each) == {tuple(draft[:LENGTH]) for draft in drafts}
    assert likeliest == (best[:-1] if best[-1] == STOP else best), "whether it ends there is left to the model"
    assert sum(openings.each(best)) == pytest.approx(each[best], abs=1e-5)
    assert len(read) < len({opening[:n] for opening in each for n in range(len(opening))}) / 2


def test_that_a_short_draft_ends_counts() -> None:
    begins_all = torch.tensor([0.9, 0.02, 0.02, 0.06]).log()  # and is hardly ever all
    found = {(): begins_all, (0,): torch.tensor([0.01, 0.97, 0.01, 0.01]).log()}
    likeliest, _ = searched(Openings([[0, 3], [0, 1, 2, 3]], 3, 99), lambda begun: found.get(begun, torch.tensor([0.1, 0.1, 0.7, 0.1]).log()))
    assert likeliest == (0, 1, 2)


def test_of_drafts_that_open_alike_the_first_is_read_whole() -> None:
    openings = Openings([[1, 2, 3, 4, STOP], [5, STOP], [6, STOP], [1, 2, 3, 9, STOP]], 3, 99)
    assert openings.tree.draft == (1, 2, 3, 4, STOP)
    assert len(openings.all) == 3


def test_who_finds_everything_as_likely_is_not_asked_for_ever() -> None:
    openings = Openings([[n // 144, n // 12 % 12, n % 12, 1, 1] for n in range(1728)], 5, 99)
    likeliest, _ = searched(openings, lambda begun: torch.full((WORDS,), 1 / WORDS).log() + len(begun) * torch.arange(-WORDS, 0) / 1000)
    assert openings.passes <= PASSES
    assert (*likeliest, 1) in openings.all


def test_a_tree_is_read_in_one_pass_and_each_token_sees_what_it_comes_after_alone(tiny: BaseModel, loaded: Engine) -> None:
    asked, rng, length = prompt(tiny, "release train?"), random.Random(1), SKIMMED + 4
    words = [token for token in range(300) if token not in loaded.stop_ids]
    drafts = [rng.sample(words, length + 2) for _ in range(FIRST + THEN + 2)]
    drafts = [*drafts, *([*draft[:cut], *rng.sample(words, length + 2 - cut)] for draft in drafts for cut in (3, length - 1))]
    openings = {tuple(draft[:length]) for draft in drafts}
    scores = {one: sum(loaded.submit(Request([*asked, *one], "A@v1", 1, scored=length)).result(60).prompt_logprobs) for one in openings}
    best = max(scores, key=lambda opening: scores[opening])
    said = loaded.submit(Request(asked, "A@v1", length + 5, drafts=drafts, opening=length)).result(60)
    assert tuple(said.tokens[:length]) == best
    assert sum(said.logprobs[:length]) == pytest.approx(scores[best], abs=1e-2)
    freely = loaded.submit(Request([*asked, *best], "A@v1", 5)).result(60)
    assert said.tokens[length:] == freely.tokens, "and goes on as it would by itself"
    assert said.logprobs[length:] == pytest.approx(freely.logprobs, abs=1e-3)
    others = [(drafts[shift:] + drafts[:shift], name) for shift, name in enumerate(("A@v1", NO_ADAPTER, "A@v1"))]
    together = [loaded.submit(Request(asked, name, length, drafts=ordered, opening=length)) for ordered, name in others]
    assert [tuple(one.result(60).tokens) == best for one in together] == [True, False, True]
    assert not loaded._decoder.cache[:, :, :, :, 1:].count_nonzero(), "nothing stays in a slot"


def test_whether_an_answer_ends_with_its_opening_is_left_to_the_model_and_it_may_be_longer_than_what_was_asked_for(tiny: BaseModel, loaded: Engine) -> None:
    asked, stop = prompt(tiny, "release train?"), next(iter(loaded.stop_ids))
    said = loaded.submit(Request(asked, "A@v1", 12, drafts=[[stop], [5, 6, stop]], opening=8)).result(60)
    assert said.tokens == [5, 6, *loaded.submit(Request([*asked, 5, 6], "A@v1", 10)).result(60).tokens]
    assert (
        loaded.submit(Request(asked, "A@v1", 12, drafts=[[stop]], opening=8)).result(60).tokens == loaded.submit(Request(asked, "A@v1", 12)).result(60).tokens
    )
    cut = loaded.submit(Request(asked, "A@v1", 2, drafts=[[5, 6, 7, 8]], opening=8)).result(60)
    assert (cut.tokens, cut.stopped) == ([5, 6], False)
    heard: list[int] = []
    told = loaded.submit(Request(asked, "A@v1", 6, drafts=[[5, 9], [5, 6, 7]], opening=2, heard=lambda token, _: heard.append(token))).result(60)
    assert heard == told.tokens
    scored = loaded.submit(Request([*asked, 5, 6], "A@v1", 4, scored=2, drafts=[[7, 8, 9, stop]], opening=3)).result(60)
    plain = loaded.submit(Request([*asked, 5, 6], "A@v1", 4, scored=2)).result(60)
    assert scored.tokens[:3] == [7, 8, 9]
    assert scored.prompt_logprobs == pytest.approx(plain.prompt_logprobs, abs=1e-3)


def test_where_the_nearest_is_what_the_model_says_one_pass_is_enough(tiny: BaseModel, loaded: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, speaker, passes = prompt(tiny, "release train?"), renderer(tiny.folder), list[int]()
    read, step = loaded._decoder.read, loaded._decoder.step
    monkeypatch.setattr(loaded._decoder, "read", lambda readings: passes.append(len(readings)) or read(readings))
    monkeypatch.setattr(loaded._decoder, "step", lambda tokens: passes.append(len(tokens)) or step(tokens))
    alone = loaded.submit(Request(asked, "A@v1", 24)).result(60)
    mine, other = (speaker.answer(STATEMENTS[name]) for name in ("A@v1", "B@v1"))
    assert alone.tokens == mine
    for drafts, most in (([mine, other], 1), ([other, mine], 3)):
        for opening in (2, 8, 24):
            passes.clear()
            said = loaded.submit(Request(asked, "A@v1", 24, drafts=drafts, opening=opening)).result(60)
            assert said.tokens == mine
            assert said.logprobs == pytest.approx(alone.logprobs, abs=1e-3)
            assert len(passes) <= most
