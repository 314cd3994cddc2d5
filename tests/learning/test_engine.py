import asyncio
import json
import shutil
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file

from learning.model.adapters import Adapter, AdapterRefused, Adapters
from learning.model.answering import NO_ADAPTER, Answering, Request
from learning.model.base_model import BaseModel
from learning.model.engine import Engine
from learning.model.engine_server import application
from learning.model.loading import load_base
from learning.model.rendering import renderer
from tests.learning.conftest import STATEMENTS, prompt


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_rows_with_different_adapters_and_none_say_in_one_batch_what_each_says_alone(
    tiny: BaseModel, adapters: dict[str, Path], loaded: Engine, dtype: torch.dtype
) -> None:
    engine, asked = loaded if dtype == torch.float32 else Engine(tiny, 1, dtype), prompt(tiny, "release train?")
    if engine is not loaded:  # one thread: more pools than processors would put all of them to sleep
        for name, folder in adapters.items():
            engine.adapters.load(name, folder)
    together = [engine.submit(Request(asked, name, 24)) for name in ("A@v1", "B@v1", NO_ADAPTER, "A@v1")]
    tokens = [future.result(60).tokens for future in together]
    for name, said in zip(("A@v1", "B@v1"), tokens, strict=False):
        reference = PeftModel.from_pretrained(load_base(tiny, dtype), adapters[name], autocast_adapter_dtype=False).to(dtype).eval()
        out = reference.generate(
            input_ids=torch.tensor([asked], device=reference.device), do_sample=False, max_new_tokens=24, eos_token_id=sorted(engine.stop_ids), pad_token_id=2
        )
        assert said == out[0, len(asked) :].tolist()
    assert tokens[0] == tokens[3]
    assert tokens[2] not in (tokens[0], tokens[1])


def test_slots_that_change_hands_keep_nothing_of_whom_they_served(tiny: BaseModel, loaded: Engine) -> None:
    asked = prompt(tiny, "release train?")
    alone = {name: loaded.submit(Request(asked, name, 24)).result(60).tokens for name in (*STATEMENTS, NO_ADAPTER)}
    order = [name for turn in range(20) for name in (*STATEMENTS, NO_ADAPTER)[turn % 3 :]]
    said = [loaded.submit(Request(asked, name, 24 - number % 5)) for number, name in enumerate(order)]  # they end at different moments
    for number, (name, future) in enumerate(zip(order, said, strict=True)):
        assert future.result(60).tokens == alone[name][: 24 - number % 5]


def test_the_least_recently_used_gives_its_room_to_the_next_but_not_while_it_answers(tiny: BaseModel, adapters: dict[str, Path]) -> None:
    kept = Adapters(tiny, torch.float32)
    kept.load("A@v1", adapters["A@v1"])
    speaking = kept.use("A@v1")
    kept.budget, first = speaking.bytes, speaking.layers[0][0].up
    values = first.clone()
    kept.load("B@v1", adapters["B@v1"])
    assert list(kept.folders()) == ["B@v1"]
    assert torch.equal(first, values), "an answer that began with it ends with it"
    del speaking
    assert not first.any(), "then its matrices are erased"
    rooms = {first.data_ptr(), kept.use("B@v1").layers[0][0].up.data_ptr()}
    kept.load("A@v2", adapters["A@v1"])
    again = kept.use("A@v2").layers[0][0].up
    assert again.data_ptr() in rooms
    assert torch.equal(again, values)


def test_what_is_drawn_by_chance_is_as_frequent_as_it_is_likely_and_the_same_for_one_seed(tiny: BaseModel, loaded: Engine) -> None:
    likely = torch.tensor([0.5, 0.3, 0.15, 0.05])
    for temperature, wanted in ((1.0, likely), (0.5, likely**2 / (likely**2).sum())):
        drawn = Answering(Request([1], temperature=temperature, seed=7), Adapter(NO_ADAPTER, None)).chosen(likely.log().expand(4000, 4))
        torch.testing.assert_close(drawn.bincount(minlength=4) / 4000, wanted, atol=0.03, rtol=0)
    asked = prompt(tiny, "release train?")
    one, again, other = (loaded.submit(Request(asked, NO_ADAPTER, 12, drafts=[[5, 6, 7]], temperature=1.0, seed=seed)).result(60) for seed in (1, 1, 2))
    assert one.tokens == again.tokens != other.tokens
    assert one.logprobs == pytest.approx(loaded.submit(Request([*asked, *one.tokens], NO_ADAPTER, 1, scored=12)).result(60).prompt_logprobs, abs=1e-3)


def test_drafts_save_passes_and_change_nothing(tiny: BaseModel, loaded: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    step = loaded._decoder.step
    monkeypatch.setattr(loaded._decoder, "step", lambda tokens: steps.append(len(tokens)) or step(tokens))
    speaker = renderer(tiny.folder)
    own = {name: speaker.answer(text) for name, text in STATEMENTS.items()}
    questions = {name: prompt(tiny, "barcode scanner?" if name == "B@v1" else "release train?") for name in (*STATEMENTS, NO_ADAPTER)}
    for name, asked in questions.items():
        steps.clear()
        alone = loaded.submit(Request(asked, name, 24)).result(60)
        taken, mine = len(steps), own.get(name, alone.tokens)
        assert name == NO_ADAPTER or alone.tokens == mine
        halfway = [*mine[:5], *own["B@v1" if name == "A@v1" else "A@v1"][5:]]
        for drafts, left in (([mine], 0), ([[], mine[:1], [7] * 30], taken - 1), ([halfway], taken - 5), ([halfway, mine], 0), ([[5], mine], 0)):
            steps.clear()
            said = loaded.submit(Request(asked, name, 24, drafts=drafts)).result(60)
            assert said.tokens == alone.tokens
            assert said.logprobs == pytest.approx(alone.logprobs, abs=1e-3)
            assert len(steps) == left
        short = loaded.submit(Request(asked, name, 6, drafts=[mine])).result(60)
        assert (short.tokens, short.stopped) == (alone.tokens[:6], False)
        scored = loaded.submit(Request([*asked, *alone.tokens[:4]], name, 8, scored=4, drafts=[alone.tokens[4:]])).result(60)
        assert scored.tokens == alone.tokens[4:12]
        assert scored.prompt_logprobs == pytest.approx(alone.logprobs[:4], abs=1e-3)
    together = [
        (name, loaded.submit(Request(questions[name], name, 24, drafts=drafts))) for name in STATEMENTS for drafts in ([own["A@v1"]], [own["B@v1"]], [])
    ]
    assert [future.result(60).tokens for _, future in together] == [own[name] for name, _ in together]
    loaded.submit(Request(asked, max_tokens=1)).result(60)
    assert not loaded._decoder.cache[:, :, :, :, len(asked) :].count_nonzero()


def test_the_engine_refuses_clearly(tiny: BaseModel, adapters: dict[str, Path], loaded: Engine, tmp_path: Path) -> None:
    def status(action: object) -> int:
        with pytest.raises(AdapterRefused) as caught:
            action()
        return caught.value.status

    assert status(lambda: loaded.submit(Request([1], "nobody"))) == 404
    assert status(lambda: loaded.submit(Request([], "A@v1"))) == 400
    assert status(lambda: loaded.submit(Request([1] * 2_000, "A@v1"))) == 400
    for length in (-1, 65):
        assert status(partial(loaded.submit, Request([1], "A@v1", opening=length))) == 400
    for by_chance in (Request([1], temperature=-0.1), Request([1], temperature=9.0), Request([1], temperature=float("nan")), Request([1], seed=-1)):
        assert status(partial(loaded.submit, by_chance)) == 400
    assert status(lambda: loaded.adapters.load("A@v1", adapters["A@v1"])) == 400
    assert status(lambda: loaded.adapters.load("c", tmp_path)) == 404
    other = Path(shutil.copytree(adapters["A@v1"], tmp_path / "other"))
    config = json.loads((other / "adapter_config.json").read_text())
    (other / "adapter_config.json").write_text(json.dumps(config | {"r": 4}))
    assert status(lambda: loaded.adapters.load("c", other)) == 500
    damaged = Path(shutil.copytree(adapters["A@v1"], tmp_path / "damaged"))
    (damaged / "adapter_model.safetensors").write_bytes(b"junk")
    assert status(lambda: loaded.adapters.load("c", damaged)) == 500
    broken = Path(shutil.copytree(adapters["A@v1"], tmp_path / "broken"))
    matrices = load_file(broken / "adapter_model.safetensors")
    save_file({name: matrix * float("nan") for name, matrix in matrices.items()}, broken / "adapter_model.safetensors")
    assert status(lambda: loaded.adapters.load("c", broken)) == 500
    assert status(lambda: loaded.submit(Request([10**6], "A@v1"))) == 400
    assert status(lambda: loaded.submit(Request([1], "A@v1", drafts=[[1], [10**6]]))) == 400
    assert loaded.submit(Request(prompt(tiny, "still there?"), "A@v1", 4)).result(60).tokens


def test_scores_are_the_probabilities_of_generation(tiny: BaseModel, loaded: Engine) -> None:
    asked = prompt(tiny, "train?")
    said = loaded.submit(Request(asked, "A@v1", 8)).result(60)
    scored = loaded.submit(Request([*asked, *said.tokens], "A@v1", 1, scored=len(said.tokens))).result(60)
    assert scored.prompt_logprobs == pytest.approx(said.logprobs, abs=1e-3)
    whole = loaded.submit(Request([*asked, *said.tokens], "A@v1", 1, scored=len(asked) + len(said.tokens) - 1)).result(60)
    assert whole.prompt_logprobs[-len(said.tokens) :] == pytest.approx(said.logprobs, abs=1e-3)


@pytest.mark.parametrize("mine", ["A@v1", "B@v1"])
def test_who_asks_much_leaves_turns_to_others_even_of_the_same_channel_if_it_is_asked_at_once(tiny: BaseModel, loaded: Engine, mine: str) -> None:
    asked, ended = prompt(tiny, "release train?"), []
    requests = [Request(asked, "A@v1", 24) for _ in range(60)]
    many = loaded.submit_all(requests) if mine == "A@v1" else [loaded.submit(request) for request in requests]
    one = loaded.submit(Request(asked, mine, 24))
    for future in (*many, one):
        future.add_done_callback(lambda done: ended.append(done))
    one.result(60)
    assert ended.index(one) < 30
    for future in many:
        future.result(60)


def test_a_cancelled_question_frees_its_slot_at_the_next_token(tiny: BaseModel, loaded: Engine) -> None:
    heard: list[int] = []
    first = threading.Event()

    def hear(token: int, _: float) -> None:
        heard.append(token)
        first.set()

    long = loaded.submit(Request(prompt(tiny, "say on"), NO_ADAPTER, 900, heard=hear))
    assert first.wait(60)
    assert long.cancel()
    assert loaded.submit(Request(prompt(tiny, "release train?"), "A@v1", 4)).result(60).tokens
    said = len(heard)
    assert loaded.submit(Request(prompt(tiny, "release train?"), "A@v1", 24)).result(60).tokens
    assert len(heard) == said < 900


def test_who_hangs_up_is_no_longer_answered(tiny: BaseModel, loaded: Engine) -> None:
    asked = json.dumps({"model": "base", "prompt": prompt(tiny, "say on"), "max_tokens": 900}).encode()
    scope = {"type": "http", "method": "POST", "path": "/v1/completions", "headers": [], "query_string": b""}
    said: list[dict[str, Any]] = []

    async def hang_up() -> None:
        heard = iter(({"type": "http.request", "body": asked}, {"type": "http.disconnect"}))

        async def receive() -> dict[str, Any]:
            return next(heard)

        async def send(message: dict[str, Any]) -> None:
            said.append(message)

        await application(loaded)(scope, receive, send)

    asyncio.run(hang_up())
    assert said[0]["status"] == 499
    assert len(loaded.submit(Request(prompt(tiny, "x"), "A@v1", 2)).result(60).tokens) == 2
    assert not loaded._answering, "its slot is free"
