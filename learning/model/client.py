"""One client for both engines, ours and vLLM's: token ids in, token ids and log-probabilities out. No torch."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from learning.errors import NightschoolError

KEPT = 2.0  # seconds an idle connection is used again: servers close theirs after five, and one may be met in the moment of closing
BASE = "base"  # the model name under which an engine serves its base without an adapter


PASSED_OVER = 10.0  # seconds in which an engine that failed is asked last
TOLERANCE = 0.5  # nats by which a probe may differ; engines differ in precision, an adapter without effect differs by far more


T = TypeVar("T")
Heard = Callable[[Sequence[int], Sequence[float]], bool]


class EngineError(NightschoolError):
    """No engine answers, all are busy, or one refuses."""


class AdapterUnusable(EngineError):
    """An adapter that cannot be loaded, or that an engine took without effect. Answers can do without it."""


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


class Replica:
    """One engine of several that are alike: its address, its connections, and when it last failed."""

    def __init__(self, url: str, timeout: float) -> None:
        self.url, self.failed_at = url, float("-inf")
        kept = httpx.Limits(keepalive_expiry=KEPT)
        self.http = httpx.Client(base_url=url, timeout=httpx.Timeout(timeout, connect=5.0), limits=kept, trust_env=False)

    def send(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Raises EngineError when there is no answer."""
        try:
            return self.http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise self._silent(error) from None

    def complete(self, body: dict[str, Any], heard: Heard | None = None) -> httpx.Response:
        """A completion, unless the adapter is not there (404). Raises EngineError."""
        response = self._streamed(body, heard) if heard else self.send("POST", "/v1/completions", body)
        if response.status_code >= 500:
            self.failed_at = time.monotonic()
        return response if response.status_code == 404 else _checked(response)

    def _streamed(self, body: dict[str, Any], heard: Heard) -> httpx.Response:
        """The same answer, told of while it grows. Raises EngineError."""
        streaming = {**body, "stream": True, "stream_options": {"include_usage": True}}
        try:
            with self.http.stream("POST", "/v1/completions", json=streaming) as response:
                if not response.is_success:
                    response.read()
                    return response
                return httpx.Response(200, json=_put_together(response.iter_lines(), heard, len(body["prompt"])))
        except httpx.HTTPError as error:
            raise self._silent(error) from None

    def _silent(self, error: Exception) -> EngineError:
        self.failed_at = time.monotonic()
        return EngineError(f"the engine at {self.url} does not answer ({type(error).__name__}): start it with `nightschool up`.")

    def rank(self, key: str) -> tuple[bool, bytes]:
        """Sorts replicas: those that failed just now come last, the rest by a hash of theirs and the key."""
        return time.monotonic() - self.failed_at < PASSED_OVER, hashlib.blake2b(f"{self.url} {key}".encode(), digest_size=8).digest()


class Client:
    """Speaks the subset of vLLM's HTTP API that Nightschool uses, to one engine or to several that are alike. Safe to share between threads.

    An adapter's questions go to the same engine as long as that one answers (rendezvous hashing: Thaler & Ravishankar, 1998), so that each engine holds a part
    of the adapters. One that is down, slow, busy or fails is passed over: a question changes nothing, so it may be asked again elsewhere.
    """

    def __init__(self, url: str, timeout: float = 120.0) -> None:
        """`url`: an address, or several parted by commas. `timeout` in seconds, for one engine's answer."""
        self.url = url
        self._replicas = [Replica(one.strip(), timeout) for one in url.split(",")]
        self._turn = 0

    def ready(self) -> bool:
        """Does an engine answer?"""
        for replica in self._replicas:
            with suppress(EngineError):
                if replica.send("GET", "/health").is_success:
                    return True
        return False

    def complete(self, prompt: Sequence[int], adapter: AdapterRef | None = None, max_tokens: int = 64, heard: Heard | None = None) -> Completion:
        """Greedy continuation of a prompt. Raises EngineError.

        `heard` is told of all tokens so far and their log-probabilities whenever there are more, and says whether to go on. Where another engine has to take
        over, it hears everything from the beginning.
        """
        choice, usage = self._completion(prompt, adapter, {"max_tokens": max_tokens, "logprobs": 0}, heard)
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
        choice, _ = self._completion([*prompt, *tokens], adapter, _scoring(len(prompt)))
        return _scored(choice, len(prompt), tokens)

    def loaded(self) -> list[str]:
        """Names of the adapters in the engines' memory."""
        answered = [_checked(replica.send("GET", "/v1/models")).json()["data"] for replica in self._replicas]
        return list(dict.fromkeys(model["id"] for models in answered for model in models if model["id"] != BASE))

    def load(self, adapter: AdapterRef) -> None:
        """Load an adapter beside the others, where it will be asked for; loading twice is no error. Raises AdapterUnusable, EngineError."""
        self._somewhere(adapter, lambda replica: self._load(replica, adapter))

    def unload(self, name: str) -> None:
        """Drop an adapter from the engines' memory; one that is not there is no error."""
        for replica in self._replicas:
            response = replica.send("POST", "/v1/unload_lora_adapter", {"lora_name": name})
            if response.status_code != 404:
                _checked(response)

    def close(self) -> None:
        """Let go of all connections."""
        for replica in self._replicas:
            replica.http.close()

    def _completion(
        self, prompt: Sequence[int], adapter: AdapterRef | None, options: dict[str, Any], heard: Heard | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        body = {"model": adapter.name if adapter else BASE, "prompt": list(prompt), "temperature": 0, "return_token_ids": True, **options}

        def ask(replica: Replica) -> httpx.Response:
            response = replica.complete(body, heard)
            if response.status_code == 404 and adapter:  # first use, or the engine was restarted
                self._load(replica, adapter)
                response = replica.complete(body, heard)
            return _checked(response)

        payload = self._somewhere(adapter, ask).json()
        return payload["choices"][0], payload["usage"]

    def _somewhere(self, adapter: AdapterRef | None, ask: Callable[[Replica], T]) -> T:
        """What the first replica says that says anything."""
        self._turn += 1  # the base's questions go round
        key, failed = adapter.name if adapter else str(self._turn), EngineError("no engine is named")
        for replica in sorted(self._replicas, key=lambda replica: replica.rank(key)):
            try:
                return ask(replica)
            except EngineError as error:
                failed = error
        raise failed

    def _load(self, replica: Replica, adapter: AdapterRef) -> None:
        response = replica.send("POST", "/v1/load_lora_adapter", {"lora_name": adapter.name, "lora_path": str(adapter.folder)})
        if response.status_code == 400 and "already" in response.text:
            return
        if not response.is_success:
            raise AdapterUnusable(f"the engine refused the adapter {adapter.name} ({response.status_code}): {_reason(response)}")
        for probe in _probes(adapter.folder):
            body = {"model": adapter.name, "prompt": [*probe["prompt"], probe["token"]], "temperature": 0, **_scoring(len(probe["prompt"]))}
            (said,) = _scored(_checked(replica.complete(body)).json()["choices"][0], len(probe["prompt"]), [probe["token"]])
            if abs(said - probe["logprob"]) > TOLERANCE:
                replica.send("POST", "/v1/unload_lora_adapter", {"lora_name": adapter.name})
                raise AdapterUnusable(f"the engine does not reproduce {adapter.name} ({said:.2f} instead of {probe['logprob']:.2f} nats)")


def _put_together(lines: Iterator[str], heard: Heard, prompt_tokens: int) -> dict[str, Any]:
    """A streamed answer as if it had come whole; cut off where `heard` has heard enough. Raises EngineError."""
    tokens: list[int] = []
    logprobs: list[float] = []
    reason, usage = "length", {"prompt_tokens": prompt_tokens}
    for line in lines:
        if not line.startswith("data: {"):
            continue
        piece = json.loads(line.removeprefix("data: "))
        if "error" in piece:
            raise EngineError(f"the engine failed: {piece['error']['message']}")
        usage = piece.get("usage") or usage
        for choice in piece["choices"]:
            new = choice.get("token_ids") or []
            tokens += new
            logprobs += choice["logprobs"]["token_logprobs"] if new else []
            reason = choice.get("finish_reason") or reason
            if new and reason == "length" and not heard(tokens, logprobs):
                reason = "enough"
        if reason == "enough":
            break
    return {"choices": [{"token_ids": tokens, "logprobs": {"token_logprobs": logprobs}, "finish_reason": reason}], "usage": usage}


def _scoring(known: int) -> dict[str, Any]:
    return {"max_tokens": 1, "prompt_logprobs": 0, "scored_from": known}


def _scored(choice: dict[str, Any], known: int, tokens: Sequence[int]) -> list[float]:
    entries = choice["prompt_logprobs"][known:]
    return [entry[str(token)]["logprob"] for entry, token in zip(entries, tokens, strict=True)]


def _probes(folder: Path) -> list[dict[str, Any]]:
    """What the manifest says that any engine must reproduce: some models are known to take an adapter without effect. Nothing where there is no manifest."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
    except (OSError, ValueError):
        return []
    return list(manifest.get("training", {}).get("probes", ()))


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    raise EngineError(f"the engine refused ({response.status_code}): {_reason(response)}")


def _reason(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return response.text[:200]


@contextmanager
def connected(url: str) -> Iterator[Client]:
    """A client that is closed at the end."""
    client = Client(url)
    try:
        yield client
    finally:
        client.close()
