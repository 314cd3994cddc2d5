import random
from itertools import product

import pytest
import torch

from learning.model.answering import NO_ADAPTER, Request
from learning.model.base_model import BaseModel
from learning.model.engine import Engine
from learning.model.openings import FIRST, SKIMMED, THEN, Openings
from learning.model.rendering import renderer
from tests.learning.conftest import STATEMENTS, prompt
from tests.learning.test_engine import loaded as loaded

WORDS, LENGTH, STOP = 12, 5, 99


@pytest.mark.parametrize("seed", range(20))
def test_what_is_found_is_the_likeliest_of_all_and_little_of_them_is_read_for_it(seed: int) -> None:
    rng, generator = random.Random(seed), torch.Generator().manual_seed(seed)
    drafts = [[*(rng.randrange(WORDS) for _ in range(rng.randint(1, 8))), STOP] for _ in range(60)]
    sharp = {
        begun: torch.log_softmax(4 * torch.randn(WORDS, generator=generator), -1) for n in range(LENGTH) for begun in product(range(WORDS), repeat=n) if n < 3
    }

    def follows(begun: tuple[int, ...]) -> torch.Tensor:
        return sharp[begun[-2:]]

    openings, read, likeliest = Openings(drafts, LENGTH, 99), [()], None
    told = torch.stack([follows(begun) for begun in openings._reading])
    while likeliest is None:
        likeliest = openings.told(told)
        read += openings._reading
        told = torch.stack([follows(begun) for begun in openings._reading]) if openings._reading else told
    each = {opening: sum(float(follows(opening[:n])[token]) for n, token in enumerate(opening)) for opening in {tuple(draft[:-1][:LENGTH]) for draft in drafts}}
    assert each[likeliest] == pytest.approx(max(each.values()), abs=1e-5)
    assert sum(openings.each(likeliest)) == pytest.approx(each[likeliest], abs=1e-5)
    assert len(set(read)) < len({opening[:n] for opening in each for n in range(len(opening))}) / 2


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
    assert not loaded._decoder.cache[:, :, :, :, len(asked) + 1 :].count_nonzero()


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
