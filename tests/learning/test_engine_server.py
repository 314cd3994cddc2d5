import socket
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from learning.model.base_model import BaseModel
from learning.model.client import AdapterRef, Client, EngineError
from learning.model.running import engine as running_engine
from tests.conftest import tiny_settings
from tests.learning.conftest import prompt


@pytest.fixture(scope="module")
def client(tiny: BaseModel) -> Iterator[Client]:
    with running_engine(tiny_settings(Path("/nonexistent"))) as started:
        yield started


def test_the_base_draws_the_same_for_one_seed_and_other_things_for_others(tiny: BaseModel, client: Client) -> None:
    asked = prompt(tiny, "release train?")
    first, second = client.draw([asked], 2, 3, 6)
    again, alike, other, next_ = client.draw([asked, asked[:-1]], 2, 3, 6)
    assert [one.tokens for one in (first, second)] == [one.tokens for one in (again, alike)]
    assert len({tuple(one.tokens) for one in (first, second, other, next_, client.complete(asked, None, 6))}) == 5
    assert other.prompt_tokens == len(asked) - 1


def test_many_prompts_share_passes_in_the_same_way_each_time(tiny: BaseModel, client: Client) -> None:
    asked = [prompt(tiny, f"What about {number}{' again' * (number % 5)}?") for number in range(90)]
    client.complete(asked[0])  # reads what all prompts begin with
    said = client.complete_all(asked, None, 8)
    assert client.complete_all(asked, None, 8) == said, "to the last digit"
    assert [one.prompt_tokens for one in said] == [len(one) for one in asked]
    drafts = [[one.tokens] if number % 2 else [] for number, one in enumerate(said)]
    opened = client.complete_all(asked, None, 8, [[(5, 6, 7, 8)], *[()] * (len(asked) - 1)], opening=3)
    assert opened[0].tokens[:3] == [5, 6, 7]
    assert sum(one.tokens == other.tokens for one, other in zip(said, opened, strict=True)) > 80
    drafted = client.complete_all(asked, None, 8, drafts)  # share other passes: rounding alone may turn a few
    assert sum(one.tokens == other.tokens for one, other in zip(said, drafted, strict=True)) > 80


def test_the_client_loads_an_adapter_on_first_use_and_new_ones_beside_it(tiny: BaseModel, adapters: dict[str, Path], client: Client) -> None:
    first, second = AdapterRef("C1@v1", adapters["A@v1"]), AdapterRef("C1@v2", adapters["B@v1"])
    said = client.complete(prompt(tiny, "release train?"), first, 24)
    assert (said.adapter, client.loaded()) == ("C1@v1", ["C1@v1"])
    client.load(second)
    client.load(second)
    assert client.loaded() == ["C1@v1", "C1@v2"]
    assert client.complete(prompt(tiny, "release train?"), first, 24).tokens == said.tokens
    assert len(client.score(prompt(tiny, "release train?"), said.tokens, None)) == len(said.tokens)
    client.unload("C1@v2")
    client.unload("C1@v2")
    assert client.loaded() == ["C1@v1"]


def test_an_answer_is_heard_while_it_grows_until_enough_was_heard(tiny: BaseModel, adapters: dict[str, Path], client: Client) -> None:
    asked, adapter = prompt(tiny, "release train?"), AdapterRef("S@v1", adapters["A@v1"])
    grown: list[list[int]] = []

    def hear(tokens: Sequence[int], logprobs: Sequence[float]) -> bool:
        assert len(tokens) == len(logprobs)
        grown.append(list(tokens))
        return True

    client.load(adapter)
    client.complete(asked, adapter, 1)  # reads what all prompts begin with: rounding differs from later ones in the last digits
    whole = client.complete(asked, adapter, 24)
    assert client.complete(asked, adapter, 24, hear) == whole
    assert grown[0] == whole.tokens[:1]
    assert all(later[: len(earlier)] == earlier for earlier, later in pairwise(grown))
    cut = client.complete(asked, adapter, 24, lambda tokens, _: len(tokens) < 3)
    assert (cut.tokens, cut.prompt_tokens) == (whole.tokens[:3], whole.prompt_tokens)
    with pytest.raises(EngineError, match="refused"):
        client.complete([10**6], None, 4, hear)


def test_the_server_answers_as_vllm_does(adapters: dict[str, Path], client: Client) -> None:
    def post(path: str, **body: object) -> httpx.Response:
        return httpx.post(client.url + path, json=body, trust_env=False)

    added = post("/v1/load_lora_adapter", lora_name="X@v1", lora_path=str(adapters["A@v1"]))
    assert (added.status_code, added.text) == (200, "Success: LoRA adapter 'X@v1' added successfully.")
    again = post("/v1/load_lora_adapter", lora_name="X@v1", lora_path=str(adapters["A@v1"]))
    assert (again.status_code, again.json()["error"]["type"]) == (400, "InvalidUserInput")
    assert post("/v1/load_lora_adapter", lora_name="Y", lora_path="/no/such").status_code == 404
    assert post("/v1/completions", model="nobody", prompt=[1], max_tokens=1).status_code == 404
    several = post("/v1/completions", model="base", prompt=[[1], [1, 2]], max_tokens=1, n=2).json()
    assert ([choice["index"] for choice in several["choices"]], several["usage"]["prompt_tokens"]) == ([0, 1, 2, 3], 6)
    two = [[1], [2]]
    wrongs = ({"prompt": [[1], []]}, {"prompt": [[1], "a"]}, {"prompt": two, "stream": True}, {"prompt": two, "drafts": [[]]}, {"prompt": []})
    for wrong in (*wrongs, {"prompt": two, "n": 0}, {"prompt": two, "n": 10**9}):
        assert post("/v1/completions", model="base", max_tokens=1, **wrong).status_code == 400
    assert post("/v1/unload_lora_adapter", lora_name="X@v1").text == "Success: LoRA adapter 'X@v1' removed successfully."


def test_a_dead_engine_is_a_clear_error() -> None:
    with pytest.raises(EngineError, match="nightschool up"):
        Client("http://127.0.0.1:9").complete([1, 2])


def test_nobody_else_can_reach_the_engine(shared_engine: Client) -> None:
    with socket.socket() as elsewhere:
        elsewhere.settimeout(5)
        assert elsewhere.connect_ex(("127.0.0.2", urlsplit(shared_engine.url).port)) != 0
