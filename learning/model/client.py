"""One client for both engines, ours and vLLM's: token ids in, token ids and log-probabilities out. No torch."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from learning.errors import NightschoolError

KEPT = 2.0  # seconds an idle connection is used again: servers close theirs after five, and one may be met in the moment of closing
BASE = "base"  # the model name under which an engine serves its base without an adapter


class EngineError(NightschoolError):
    """The engine is down, busy, or refuses."""


@dataclass(frozen=True)
class AdapterRef:
    """An adapter as engines know it: an immutable name, and the folder to load it from."""

    name: str
    folder: Path


@dataclass(frozen=True)
class Completion:
    """Generated token ids (the stop token left out) and the log-probability of each, in nats."""

    tokens: list[int]
    logprobs: list[float]
    prompt_tokens: int
    adapter: str | None


class Client:
    """Speaks the subset of vLLM's HTTP API that Nightschool uses. Safe to share between threads."""

    def __init__(self, url: str, timeout: float = 120.0) -> None:
        self.url = url
        kept = httpx.Limits(keepalive_expiry=KEPT)
        self._http = httpx.Client(base_url=url, timeout=httpx.Timeout(timeout, connect=5.0), limits=kept, trust_env=False)

    def ready(self) -> bool:
        """Does the engine answer?"""
        try:
            return self._http.get("/health").is_success
        except httpx.HTTPError:
            return False

    def complete(self, prompt: Sequence[int], adapter: AdapterRef | None = None, max_tokens: int = 64) -> Completion:
        """Greedy continuation of a prompt. Raises EngineError."""
        choice, usage = self._completion(prompt, adapter, {"max_tokens": max_tokens, "logprobs": 0})
        logprobs = choice["logprobs"]["token_logprobs"]
        tokens = choice["token_ids"]
        if choice["finish_reason"] == "stop":
            tokens = tokens[:-1]  # the stop token speaks for the end of the answer, not for its content
        return Completion(tokens, logprobs, usage["prompt_tokens"], adapter.name if adapter else None)

    def complete_all(self, prompts: Sequence[Sequence[int]], adapter: AdapterRef | None = None, max_tokens: int = 64) -> list[Completion]:
        """Many prompts at once; the engine batches what arrives together."""
        with ThreadPoolExecutor(12) as pool:
            return list(pool.map(lambda prompt: self.complete(prompt, adapter, max_tokens), prompts))

    def score(self, prompt: Sequence[int], tokens: Sequence[int], adapter: AdapterRef | None = None) -> list[float]:
        """Log-probability of each of `tokens` after `prompt`, in nats. Raises EngineError."""
        whole = [*prompt, *tokens]
        choice, _ = self._completion(whole, adapter, {"max_tokens": 1, "prompt_logprobs": 0, "scored_from": len(prompt)})
        entries = choice["prompt_logprobs"][len(prompt) :]
        return [entry[str(token)]["logprob"] for entry, token in zip(entries, tokens, strict=True)]

    def loaded(self) -> list[str]:
        """Names of the adapters in the engine's memory."""
        return [model["id"] for model in self._call("GET", "/v1/models").json()["data"] if model["id"] != BASE]

    def load(self, adapter: AdapterRef) -> None:
        """Load an adapter beside the others; loading twice is no error."""
        body = {"lora_name": adapter.name, "lora_path": str(adapter.folder)}
        response = self._send("POST", "/v1/load_lora_adapter", json=body)
        if response.status_code == 400 and "already" in response.text:
            return
        self._checked(response)

    def unload(self, name: str) -> None:
        """Drop an adapter from the engine's memory; one that is not there is no error."""
        response = self._send("POST", "/v1/unload_lora_adapter", json={"lora_name": name})
        if response.status_code != 404:
            self._checked(response)

    def _completion(self, prompt: Sequence[int], adapter: AdapterRef | None, options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        body = {"model": adapter.name if adapter else BASE, "prompt": list(prompt), "temperature": 0, "return_token_ids": True, **options}
        response = self._send("POST", "/v1/completions", json=body)
        if response.status_code == 404 and adapter:  # first use, or the engine was restarted
            self.load(adapter)
            response = self._send("POST", "/v1/completions", json=body)
        payload = self._checked(response).json()
        return payload["choices"][0], payload["usage"]

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self._checked(self._send(method, path, **options))

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise EngineError(f"the engine at {self.url} does not answer ({type(error).__name__}): start it with `nightschool up`.") from None

    def _checked(self, response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        try:
            reason = response.json()["error"]["message"]
        except (ValueError, KeyError, TypeError):
            reason = response.text[:200]
        raise EngineError(f"the engine refused ({response.status_code}): {reason}")


@contextmanager
def connected(url: str) -> Iterator[Client]:
    """A client that is closed at the end."""
    client = Client(url)
    try:
        yield client
    finally:
        client._http.close()
