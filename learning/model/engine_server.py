"""The engine as a process: the subset of vLLM's HTTP API that Nightschool uses.

python -m learning.model.engine_server --port 0 --announce FILE
"""

import argparse
import asyncio
import json
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import torch
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from learning import lifeline
from learning.model.adapters import AdapterRefused
from learning.model.answering import NO_ADAPTER, Generated, Request
from learning.model.base_model import prepare
from learning.model.client import BASE
from learning.model.engine import MOST_WAITING, Busy, Engine
from learning.model.loading import fast_dtype
from learning.settings import Settings


def application(engine: Engine) -> Starlette:
    """The routes over one engine."""

    async def completions(http: HttpRequest) -> Response:
        body = await http.json()
        requests = _requests(body)
        if body.get("stream"):
            if len(requests) > 1:
                raise AdapterRefused("only a single answer is streamed", 400)
            return StreamingResponse(_pieces(engine, body["model"], requests[0]), media_type="text/event-stream")
        asked = [engine.submit(requests[0])] if len(requests) == 1 else engine.submit_all(requests)
        generated = await _unless_gone(http, asyncio.gather(*map(asyncio.wrap_future, asked)))
        return JSONResponse(_completion(body["model"], requests, generated)) if generated else Response(status_code=499)

    async def load(http: HttpRequest) -> Response:
        body = await http.json()
        await asyncio.to_thread(engine.adapters.load, body["lora_name"], Path(body["lora_path"]))
        return PlainTextResponse(f"Success: LoRA adapter '{body['lora_name']}' added successfully.")

    async def unload(http: HttpRequest) -> Response:
        name = (await http.json())["lora_name"]
        await asyncio.to_thread(engine.adapters.unload, name)
        return PlainTextResponse(f"Success: LoRA adapter '{name}' removed successfully.")

    async def models(_: HttpRequest) -> Response:
        base = {"id": BASE, "object": "model", "root": str(engine.base.folder), "parent": None}
        loaded = [{"id": n, "object": "model", "root": str(f), "parent": BASE} for n, f in engine.adapters.folders().items()]
        return JSONResponse({"object": "list", "data": [base, *loaded]})

    async def health(_: HttpRequest) -> Response:
        return Response(status_code=200 if engine.alive else 503)

    return Starlette(
        routes=[
            Route("/v1/completions", completions, methods=["POST"]), Route("/v1/load_lora_adapter", load, methods=["POST"]),
            Route("/v1/unload_lora_adapter", unload, methods=["POST"]), Route("/v1/models", models), Route("/health", health),
        ],
        exception_handlers={AdapterRefused: _refused, Busy: _busy, KeyError: _missing, ValueError: _missing},
    )  # fmt: skip


def _requests(body: dict[str, Any]) -> list[Request]:
    """What is asked for: one prompt or several, each `n` times. `scored_from`, `drafts` (of each prompt) and `opening` are ours; vLLM ignores them."""
    adapter = NO_ADAPTER if body["model"] == BASE else body["model"]
    tokens, temperature = int(body.get("max_tokens", 64)), float(body.get("temperature") or 0)
    several = bool(body["prompt"]) and isinstance(body["prompt"][0], list)
    prompts = body["prompt"] if several else [body["prompt"]]
    drafts = (body.get("drafts") if several else [body.get("drafts", ())]) or [()] * len(prompts)
    times = int(body.get("n", 1))
    if not 1 <= len(prompts) * times <= MOST_WAITING:
        raise AdapterRefused(f"1 to {MOST_WAITING} answers may be asked for at once", 400)
    seeds, opening = count(int(body.get("seed") or 0)), int(body.get("opening") or 0)
    from_end = None if body.get("prompt_logprobs") is None else int(body.get("scored_from", 1))
    return [
        Request(prompt, adapter, tokens, 0 if from_end is None else len(prompt) - from_end, likely, temperature, next(seeds), opening)
        for prompt, likely in zip(prompts, drafts, strict=True)
        for _ in range(times)
    ]


def _pieces(engine: Engine, name: str, request: Request) -> AsyncIterator[str]:
    """The answer token by token, as server-sent events. Refusals are raised at once, before the first; who hangs up frees the slot."""
    loop, spoken = asyncio.get_running_loop(), asyncio.Queue[Generated | tuple[int, float] | BaseException]()

    def tell(what: Generated | tuple[int, float] | BaseException) -> None:
        with suppress(RuntimeError):  # the server is closing
            loop.call_soon_threadsafe(spoken.put_nowait, what)

    def ended(answer: "Future[Generated]") -> None:
        if not answer.cancelled():
            tell(answer.exception() or answer.result())

    answer = engine.submit(replace(request, heard=lambda token, logprob: tell((token, logprob))))
    answer.add_done_callback(ended)

    async def told() -> AsyncIterator[str]:
        try:
            while True:
                said = await spoken.get()
                if isinstance(said, tuple):
                    yield _event({"choices": [_choice(0, [said[0]], [said[1]], None)]})
                elif isinstance(said, Generated):
                    usage = {"prompt_tokens": len(request.prompt), "completion_tokens": len(said.tokens)}
                    yield _event({"model": name, "choices": [_choice(0, [], [], "stop" if said.stopped else "length")], "usage": usage})
                    yield "data: [DONE]\n\n"
                    return
                else:
                    yield _event({"error": {"message": str(said), "type": "InternalServerError", "param": None, "code": 500}})
                    return
        finally:
            answer.cancel()

    return told()


def _event(payload: dict[str, Any]) -> str:
    return f"data: {json.dumps(payload)}\n\n"


def _choice(index: int, tokens: list[int], logprobs: list[float], reason: str | None) -> dict[str, Any]:
    return {"index": index, "text": "", "token_ids": tokens, "finish_reason": reason, "logprobs": {"token_logprobs": logprobs}}


async def _unless_gone(http: HttpRequest, answer: "asyncio.Future[list[Generated]]") -> list[Generated] | None:
    """The answers; or None when their asker hangs up first, and then the engine stops at the next token."""

    async def gone() -> None:
        while (await http.receive())["type"] != "http.disconnect":
            pass

    waiting = asyncio.create_task(gone())
    both: set[asyncio.Future[Any]] = {answer, waiting}
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not answer.done():
        answer.cancel()
        return None
    return answer.result()


def _completion(name: str, requests: Sequence[Request], generated: Sequence[Generated]) -> dict[str, Any]:
    choices = [_finished(index, *pair) for index, pair in enumerate(zip(requests, generated, strict=True))]
    usage = {"prompt_tokens": sum(len(one.prompt) for one in requests), "completion_tokens": sum(len(one.tokens) for one in generated)}
    return {"object": "text_completion", "model": name, "choices": choices, "usage": usage}


def _finished(index: int, request: Request, generated: Generated) -> dict[str, Any]:
    choice = _choice(index, generated.tokens, generated.logprobs, "stop" if generated.stopped else "length")
    if request.scored:  # the tokens before stand for themselves
        scored = zip(request.prompt[-request.scored :], generated.prompt_logprobs, strict=True)
        choice["prompt_logprobs"] = [None] * (len(request.prompt) - request.scored) + [{str(token): {"logprob": value}} for token, value in scored]
    return choice


def _error(message: str, kind: str, status: int) -> Response:
    return JSONResponse({"error": {"message": message, "type": kind, "param": None, "code": status}}, status)


async def _refused(_: HttpRequest, error: Exception) -> Response:
    status = error.status if isinstance(error, AdapterRefused) else 500
    return _error(str(error), {400: "InvalidUserInput", 404: "NotFoundError"}.get(status, "InternalServerError"), status)


async def _busy(_: HttpRequest, error: Exception) -> Response:
    return _error(str(error), "ServiceUnavailable", 503)


async def _missing(_: HttpRequest, error: Exception) -> Response:
    return _error(f"the request is incomplete: {error}", "InvalidUserInput", 400)


def _end_with(engine: Engine) -> None:
    """An engine that computes no more answers nobody: this process ends, and is started anew by whoever looks after it."""
    while engine.alive:
        time.sleep(1)
    os._exit(1)


def main() -> None:
    """Load the base and serve on localhost; the address is written to `--announce` once the engine is ready."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--announce", type=Path, required=True)
    options = parser.parse_args()
    lifeline.hold()
    settings = Settings()
    engine = Engine(prepare(settings.base_model, settings.cache), settings.engine_threads, getattr(torch, fast_dtype()))
    listening = socket.create_server(("127.0.0.1", options.port))
    scratch = options.announce.with_suffix(".part")
    scratch.write_text(f"http://127.0.0.1:{listening.getsockname()[1]}")
    scratch.replace(options.announce)
    threading.Thread(target=_end_with, args=(engine,), daemon=True).start()
    uvicorn.Server(uvicorn.Config(application(engine), log_level="warning")).run(sockets=[listening])


if __name__ == "__main__":
    main()
