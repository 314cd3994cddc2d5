"""One client, several engines: where questions go, and what happens when an engine is down, slow, broken, restarted, or takes an adapter without effect."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from learning.model import running
from learning.model.client import AdapterRef, AdapterUnusable, Client, EngineError
from learning.settings import Settings

PROMPT = [1, 2, 3]


class Scripted:
    """An engine that answers every question with its own number, as vLLM would put it."""

    def __init__(self, number: int) -> None:
        self.number, self.loaded, self.status, self.seconds, self.effect, self.asked = number, set[str](), 200, 0.0, True, 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        routes = [
            Route("/v1/completions", self._complete, methods=["POST"]), Route("/v1/load_lora_adapter", self._load, methods=["POST"]),
            Route("/v1/unload_lora_adapter", self._unload, methods=["POST"]), Route("/health", lambda _: Response(status_code=self.status)),
        ]  # fmt: skip
        self.server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="error"))
        self.thread = threading.Thread(target=self.server.run, args=([self.listening],), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join()

    async def _complete(self, request: Request) -> Response:
        body = await request.json()
        self.asked += 1
        time.sleep(self.seconds)
        if self.status != 200:
            return JSONResponse({"error": {"message": "out of order"}}, self.status)
        if body["model"] not in {"base", *self.loaded}:
            return JSONResponse({"error": {"message": "no such model"}}, 404)
        choice: dict[str, Any] = {"index": 0, "token_ids": [self.number], "finish_reason": "length", "logprobs": {"token_logprobs": [0.0]}}
        logprob = -0.1 if body["model"] != "base" and self.effect else -5.0
        choice["prompt_logprobs"] = [None, *({str(token): {"logprob": logprob}} for token in body["prompt"][1:])]
        return JSONResponse({"choices": [choice]})

    async def _load(self, request: Request) -> Response:
        body = await request.json()
        if not Path(body["lora_path"]).exists():
            return JSONResponse({"error": {"message": "no adapter there"}}, 404)
        self.loaded.add(body["lora_name"])
        return PlainTextResponse("Success")

    async def _unload(self, request: Request) -> Response:
        self.loaded.discard((await request.json())["lora_name"])
        return PlainTextResponse("Success")


@pytest.fixture
def engines() -> Iterator[list[Scripted]]:
    started = [Scripted(number) for number in range(3)]
    yield started
    for engine in started:
        engine.stop()


@pytest.fixture
def client(engines: list[Scripted]) -> Iterator[Client]:
    made = Client(", ".join(engine.url for engine in engines), timeout=1.0)
    yield made
    made.close()


@pytest.fixture
def adapter(tmp_path: Path) -> AdapterRef:
    probes = [{"prompt": PROMPT, "token": 4, "logprob": -0.1}]
    (tmp_path / "manifest.json").write_text(json.dumps({"training": {"probes": probes}}))
    return AdapterRef("C1@v1", tmp_path)


def asked_of(client: Client, adapter: AdapterRef | None) -> int:
    return client.complete(PROMPT, adapter).tokens[0]


def test_an_adapter_is_asked_for_at_one_engine_and_the_base_at_all(client: Client, engines: list[Scripted], adapter: AdapterRef) -> None:
    assert len({asked_of(client, adapter) for _ in range(8)}) == 1
    assert sum(bool(engine.loaded) for engine in engines) == 1
    assert len({asked_of(client, None) for _ in range(40)}) == 3
    others = {asked_of(client, AdapterRef(f"C{number}@v1", adapter.folder)) for number in range(30)}
    assert len(others) == 3


@pytest.mark.parametrize("trouble", ["down", "broken", "slow", "busy"])
def test_no_question_is_lost_when_an_engine_fails(client: Client, engines: list[Scripted], adapter: AdapterRef, trouble: str) -> None:
    first = engines[asked_of(client, adapter)]
    if trouble == "down":
        first.stop()
    else:
        first.status, first.seconds = {"broken": (500, 0.0), "busy": (503, 0.0), "slow": (200, 1.6)}[trouble]
    assert asked_of(client, adapter) != first.number
    asked = first.asked
    assert asked_of(client, adapter) != first.number
    assert first.asked == asked, "it is passed over for a while"


def test_an_engine_that_was_restarted_gets_its_adapters_again(client: Client, engines: list[Scripted], adapter: AdapterRef) -> None:
    first = engines[asked_of(client, adapter)]
    first.loaded.clear()
    assert asked_of(client, adapter) == first.number
    assert first.loaded == {"C1@v1"}
    client.unload("C1@v1")
    assert not any(engine.loaded for engine in engines)
    engines[first.number - 1].stop()
    client.load(adapter)
    client.unload("C1@v1")
    assert not any(engine.loaded for engine in engines), "one that is down keeps the others from nothing"


def test_an_adapter_without_effect_is_not_used(client: Client, engines: list[Scripted], adapter: AdapterRef) -> None:
    for engine in engines:
        engine.effect = False
    with pytest.raises(AdapterUnusable, match="does not reproduce C1@v1"):
        client.complete(PROMPT, adapter)
    assert not any(engine.loaded for engine in engines)
    with pytest.raises(AdapterUnusable, match="no adapter there"):
        client.load(AdapterRef("C2@v1", adapter.folder / "gone"))
    assert client.ready()


def test_an_adapter_that_could_not_be_tried_is_tried_the_next_time(client: Client, engines: list[Scripted], adapter: AdapterRef) -> None:
    for engine in engines:
        engine.status = 503
    with pytest.raises(EngineError):
        client.load(adapter)
    assert not any(engine.loaded for engine in engines)


def test_an_engine_that_is_out_hides_no_refusal_of_another(client: Client, engines: list[Scripted], adapter: AdapterRef) -> None:
    first = engines[asked_of(client, adapter)]
    first.loaded.clear()
    for engine in engines:
        engine.effect = False
        engine.status = 200 if engine is first else 503
    with pytest.raises(AdapterUnusable):
        client.complete(PROMPT, adapter)


def test_where_all_fail_the_error_says_what_to_do(client: Client, engines: list[Scripted], adapter: AdapterRef) -> None:
    for engine in engines:
        engine.stop()
    with pytest.raises(EngineError, match="nightschool up") as failed:
        client.complete(PROMPT, adapter)
    assert not isinstance(failed.value, AdapterUnusable), "the question is kept"
    assert not client.ready()


def test_an_engine_that_is_just_starting_is_waited_for_and_no_second_one_is_started(settings: Settings, shared_engine: Client) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    file = running.announcement(settings)
    running.starts(file)
    assert running.announced(settings) == ""
    began = time.monotonic()
    threading.Timer(0.3, file.write_text, [shared_engine.url]).start()
    with running.engine(settings.model_copy(update={"engine_url": ""})) as client:
        assert client.url == shared_engine.url
        assert time.monotonic() - began >= 0.3
