"""One engine of several that are alike: its address, its connections, and how an answer is heard while it grows."""

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx

from learning.errors import NightschoolError

KEPT = 2.0  # seconds an idle connection is used again: servers close theirs after five, and one may be met in the moment of closing
AT_ONCE = 12  # answers that an engine is expected to give at the same time, at least
PASSED_OVER = 10.0  # seconds in which an engine that failed is asked last

Heard = Callable[[Sequence[int], Sequence[float]], bool]  # all tokens so far and their log-probabilities; whether to go on


class EngineError(NightschoolError):
    """No engine answers, all are busy, or one refuses."""


class EngineGone(EngineError):
    """Nobody listens there: whatever such an engine had in its memory is gone with it."""


class Replica:
    """One engine: its address, its connections, and when it last failed."""

    def __init__(self, url: str, timeout: float) -> None:
        self.url, self.failed_at = url, float("-inf")
        kept = httpx.Limits(keepalive_expiry=KEPT)
        self._timeout = timeout
        self.http = httpx.Client(base_url=url, limits=kept, trust_env=False)

    def send(self, method: str, path: str, body: object = None, answers: int = 1) -> httpx.Response:
        """Waits as long as that many answers may take. Raises EngineError when there is none."""
        try:
            return self.http.request(method, path, json=body, timeout=httpx.Timeout(self._timeout * math.ceil(answers / AT_ONCE), connect=5.0))
        except httpx.HTTPError as error:
            raise self._silent(error) from None

    def complete(self, body: dict[str, Any], heard: Heard | None = None) -> httpx.Response:
        """A completion, unless the adapter is not there (404). Raises EngineError."""
        response = self._streamed(body, heard) if heard else self.send("POST", "/v1/completions", body, _answers(body))
        if response.status_code >= 500:
            self.failed_at = time.monotonic()
        return response if response.status_code == 404 else checked(response)

    def _streamed(self, body: dict[str, Any], heard: Heard) -> httpx.Response:
        """The same answer, told of while it grows. Raises EngineError."""
        streaming = {**body, "stream": True}
        try:
            with self.http.stream("POST", "/v1/completions", json=streaming, timeout=httpx.Timeout(self._timeout, connect=5.0)) as response:
                if not response.is_success:
                    response.read()
                    return response
                return httpx.Response(200, json=_put_together(response.iter_lines(), heard))
        except httpx.HTTPError as error:
            raise self._silent(error) from None

    def _silent(self, error: Exception) -> EngineError:
        self.failed_at = time.monotonic()
        kind = EngineGone if isinstance(error, httpx.ConnectError) else EngineError
        return kind(f"the engine at {self.url} does not answer ({type(error).__name__}): start it with `nightschool up`.")

    def rank(self, key: str) -> tuple[bool, bytes]:
        """Sorts replicas: those that failed just now come last, the rest by a hash of theirs and the key."""
        return time.monotonic() - self.failed_at < PASSED_OVER, hashlib.blake2b(f"{self.url} {key}".encode(), digest_size=8).digest()


def _answers(body: dict[str, Any]) -> int:
    """How many answers a body asks for."""
    several = bool(body["prompt"]) and isinstance(body["prompt"][0], list)
    return int(body.get("n", 1)) * (len(body["prompt"]) if several else 1)


def _put_together(lines: Iterator[str], heard: Heard) -> dict[str, Any]:
    """A streamed answer as if it had come whole; cut off where `heard` has heard enough. Raises EngineError."""
    tokens: list[int] = []
    logprobs: list[float] = []
    ended = "length"
    for line in lines:
        if not line.startswith("data: {"):
            continue
        piece = json.loads(line.removeprefix("data: "))
        if "error" in piece:
            raise EngineError(f"the engine failed: {piece['error']['message']}")
        for choice in piece["choices"]:
            new = choice.get("token_ids") or []
            tokens += new
            logprobs += choice["logprobs"]["token_logprobs"] if new else []
            ended = choice.get("finish_reason") or ended
            if new and ended == "length" and not heard(tokens, logprobs):
                ended = "enough"
        if ended == "enough":
            break
    return {"choices": [{"index": 0, "token_ids": tokens, "logprobs": {"token_logprobs": logprobs}, "finish_reason": ended}]}


def checked(response: httpx.Response) -> httpx.Response:
    """The response, unless it is a refusal. Raises EngineError."""
    if response.is_success:
        return response
    raise EngineError(f"the engine refused ({response.status_code}): {reason(response)}")


def reason(response: httpx.Response) -> str:
    """Why an engine refused, in its own words."""
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return response.text[:200]
