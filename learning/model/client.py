"""One client for both engines, ours and vLLM's: token ids in, token ids and log-probabilities out. No torch."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import httpx

from learning.model.drafting import Draft
from learning.model.replica import EngineError as EngineError
from learning.model.replica import EngineGone, Heard, Replica, checked, reason

BASE = "base"  # the model name under which an engine serves its base without an adapter
TOLERANCE = 0.5  # nats by which a probe may differ; engines differ in precision, an adapter without effect differs by far more
TOGETHER = 64  # prompts of one request

T = TypeVar("T")


class AdapterUnusable(EngineError):
    """An adapter that cannot be loaded, or that an engine took without effect. Answers can do without it."""


class AdapterUnfaithful(AdapterUnusable):
    """An adapter with which an engine does not find as likely what the training found."""


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

    def complete(
        self,
        prompt: Sequence[int],
        adapter: AdapterRef | None = None,
        max_tokens: int = 64,
        heard: Heard | None = None,
        drafts: Sequence[Draft] = (),
        opening: int = 0,
    ) -> Completion:
        """Greedy continuation of a prompt; likely `drafts` of it make it faster, not different. Raises EngineError.

        With an `opening`, of so many tokens, it does: it opens as the one of the drafts whose first tokens are likeliest together. A vLLM does without that.

        `heard` is told of all tokens so far and their log-probabilities whenever there are more, and says whether to go on. Where another engine has to take
        over, it hears everything from the beginning.
        """
        options = {"max_tokens": max_tokens, "logprobs": 0, **_drafted([list(draft) for draft in drafts], opening)}
        return _completed(prompt, self._choices(prompt, adapter, options, heard)[0], adapter)

    def complete_all(
        self,
        prompts: Sequence[Sequence[int]],
        adapter: AdapterRef | None = None,
        max_tokens: int = 64,
        drafts: Sequence[Sequence[Draft]] = (),
        opening: int = 0,
    ) -> list[Completion]:
        """As `complete`, many prompts at once, each with its drafts.

        What shares a pass is rounded together, so a block of them is one request: an idle engine says the same each time, however busy its machine.
        """
        said: list[Completion] = []
        for start in range(0, len(prompts), TOGETHER):
            asked = [list(prompt) for prompt in prompts[start : start + TOGETHER]]
            likely = [[list(draft) for draft in each] for each in drafts[start : start + TOGETHER]]
            options = {"max_tokens": max_tokens, "logprobs": 0, **_drafted(likely, opening)}
            said += [_completed(prompt, choice, adapter) for prompt, choice in zip(asked, self._choices(asked, adapter, options), strict=True)]
        return said

    def draw(self, prompts: Sequence[Sequence[int]], times: int, seed: int, max_tokens: int) -> list[Completion]:
        """How the base goes on with each prompt, as many times over, by chance: each token as likely as it finds it (temperature 1). Raises EngineError."""
        options = {"max_tokens": max_tokens, "logprobs": 0, "temperature": 1, "seed": seed, "n": times}
        drawn = self._choices([list(prompt) for prompt in prompts], None, options)
        return [_completed(prompts[number // times], choice, None) for number, choice in enumerate(drawn)]

    def score(self, prompt: Sequence[int], tokens: Sequence[int], adapter: AdapterRef | None = None) -> list[float]:
        """Log-probability of each of `tokens` after `prompt`, in nats. Raises EngineError."""
        (choice,) = self._choices([*prompt, *tokens], adapter, _scoring(len(prompt)))
        return _scored(choice, len(prompt), tokens)

    def loaded(self) -> list[str]:
        """Names of the adapters that the engines hold. Engines that are down are passed over: their memory is gone. Raises EngineError where another fails."""
        answered = self._of_each(lambda replica: checked(replica.send("GET", "/v1/models")).json()["data"])
        return list(dict.fromkeys(model["id"] for models in answered for model in models if model["id"] != BASE))

    def load(self, adapter: AdapterRef) -> None:
        """Load an adapter beside the others, where it will be asked for; loading twice is no error. Raises AdapterUnusable, EngineError."""
        self._somewhere(adapter, lambda replica: self._load(replica, adapter))

    def unload(self, name: str) -> None:
        """Drop an adapter from the engines' memory; one that is not there is no error."""

        def drop(replica: Replica) -> None:
            response = replica.send("POST", "/v1/unload_lora_adapter", {"lora_name": name})
            if response.status_code != 404:
                checked(response)

        self._of_each(drop)

    def close(self) -> None:
        """Let go of all connections."""
        for replica in self._replicas:
            replica.http.close()

    def _of_each(self, ask: Callable[[Replica], T]) -> list[T]:
        """What the engines say, but for those that are gone. All are asked; then raises EngineError where one failed otherwise, or none is left."""
        told: list[T] = []
        failed: EngineError | None = None
        for replica in self._replicas:
            try:
                told.append(ask(replica))
            except EngineError as error:
                failed = error if failed is None or isinstance(failed, EngineGone) else failed
        if failed and not (told and isinstance(failed, EngineGone)):
            raise failed
        return told

    def _choices(
        self, prompt: Sequence[int] | Sequence[Sequence[int]], adapter: AdapterRef | None, options: dict[str, Any], heard: Heard | None = None
    ) -> list[dict[str, Any]]:
        """What an engine says to a prompt, or to each of several."""
        body = {"model": adapter.name if adapter else BASE, "prompt": list(prompt), "temperature": 0, "return_token_ids": True, **options}

        def ask(replica: Replica) -> httpx.Response:
            response = replica.complete(body, heard)
            if response.status_code == 404 and adapter:  # first use, or the engine was restarted
                self._load(replica, adapter)
                response = replica.complete(body, heard)
            return checked(response)

        choices: list[dict[str, Any]] = self._somewhere(adapter, ask).json()["choices"]
        return sorted(choices, key=itemgetter("index"))

    def _somewhere(self, adapter: AdapterRef | None, ask: Callable[[Replica], T]) -> T:
        """What the first replica says that says anything."""
        self._turn += 1  # the base's questions go round
        key, failed = adapter.name if adapter else str(self._turn), EngineError("no engine is named")
        for replica in sorted(self._replicas, key=lambda replica: replica.rank(key)):
            try:
                return ask(replica)
            except EngineError as error:
                failed = (
                    failed if isinstance(failed, AdapterUnusable) else error
                )  # that one engine is out hides no refusal, after which another version is asked
        raise failed

    def _load(self, replica: Replica, adapter: AdapterRef) -> None:
        response = replica.send("POST", "/v1/load_lora_adapter", {"lora_name": adapter.name, "lora_path": str(adapter.folder)})
        if response.status_code == 400 and "already" in response.text:
            return
        if not response.is_success:
            raise AdapterUnusable(f"the engine refused the adapter {adapter.name} ({response.status_code}): {reason(response)}")
        try:
            self._prove(replica, adapter)
        except EngineError:  # also where it could not be asked: it is to be asked the next time
            with suppress(EngineError):
                replica.send("POST", "/v1/unload_lora_adapter", {"lora_name": adapter.name})
            raise

    def _prove(self, replica: Replica, adapter: AdapterRef) -> None:
        """Does the engine find as likely what the training found? Raises AdapterUnusable."""
        for probe in _probes(adapter.folder):
            body = {"model": adapter.name, "prompt": [*probe["prompt"], probe["token"]], "temperature": 0, **_scoring(len(probe["prompt"]))}
            (said,) = _scored(checked(replica.complete(body)).json()["choices"][0], len(probe["prompt"]), [probe["token"]])
            if abs(said - probe["logprob"]) > TOLERANCE:
                raise AdapterUnfaithful(f"the engine does not reproduce {adapter.name} ({said:.2f} instead of {probe['logprob']:.2f} nats)")


def _completed(prompt: Sequence[int], choice: dict[str, Any], adapter: AdapterRef | None) -> Completion:
    tokens = choice["token_ids"]
    if choice["finish_reason"] == "stop":
        tokens = tokens[:-1]  # the stop token speaks for the end of the answer, not for its content
    return Completion(tokens, choice["logprobs"]["token_logprobs"], len(prompt), adapter.name if adapter else None)


def _drafted(drafts: Sequence[Any], opening: int) -> dict[str, Any]:
    return {"drafts": drafts, **({"opening": opening} if opening else {})} if any(drafts) else {}


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


@contextmanager
def connected(url: str) -> Iterator[Client]:
    """A client that is closed at the end."""
    client = Client(url)
    try:
        yield client
    finally:
        client.close()
