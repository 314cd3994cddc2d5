"""Chat messages to token ids: the one place where a prompt is made, for training, exam and serving alike. No torch."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any

from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

SYSTEM = "You know this channel."


@dataclass(frozen=True)
class Turn:
    """One message of a conversation; `role` is `user` or `assistant`."""

    role: str
    text: str


class Renderer:
    """Applies a base model's chat template and tokenizer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        config = json.loads((folder / "tokenizer_config.json").read_text())
        template_file = folder / "chat_template.jinja"
        source = template_file.read_text() if template_file.exists() else config["chat_template"]
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.globals["raise_exception"] = _refuse
        self.template = environment.from_string(source)
        self.special = {name: _text(config.get(name)) for name in ("bos_token", "eos_token", "pad_token", "unk_token")}
        tokens = sorted((token.content for token in self.tokenizer.get_added_tokens_decoder().values() if token.special), key=len, reverse=True)
        self._forged = re.compile("|".join(map(re.escape, tokens)) or r"(?!)")
        self.stop_ids = _stop_ids(folder, self.tokenizer, self.special["eos_token"])

    def prompt(self, turns: Sequence[Turn], notes: Sequence[str] = ()) -> list[int]:
        """Token ids up to where the assistant begins to speak. `notes` are recalled lessons, put before the last turn."""
        return self._encode(self._render(self._messages(turns, notes), add_generation_prompt=True))

    @cached_property
    def beginning(self) -> list[int]:
        """The token ids with which the prompt of every question begins."""
        return common_beginning([self.prompt([Turn("user", text)]) for text in ("a", "Z", "1")])

    def example(self, turns: Sequence[Turn], answer: str, notes: Sequence[str] = ()) -> tuple[list[int], list[int]]:
        """Token ids of a training example: prompt, and answer up to and including the stop token."""
        messages = [*self._messages(turns, notes), {"role": "assistant", "content": self._plain(answer)}]
        prompt = self.prompt(turns, notes)
        whole = self._encode(self._render(messages, add_generation_prompt=False))
        if whole[: len(prompt)] != prompt:
            raise ValueError(f"the chat template of {self.folder} renders a prompt differently once it is answered")
        completion = whole[len(prompt) :]
        stop = next((i for i, token in enumerate(completion) if token in self.stop_ids), len(completion) - 1)
        return prompt, completion[: stop + 1]

    def answer(self, text: str) -> list[int]:
        """Token ids of an answer, its stop token included."""
        return self.example([Turn("user", "?")], text)[1]

    def text(self, tokens: Sequence[int]) -> str:
        """Generated token ids as text, special tokens left out."""
        decoded: str = self.tokenizer.decode(list(tokens), skip_special_tokens=True)
        return decoded.strip()

    def _render(self, messages: list[dict[str, str]], *, add_generation_prompt: bool) -> str:
        return self.template.render(messages=messages, add_generation_prompt=add_generation_prompt, **self.special)

    def _messages(self, turns: Sequence[Turn], notes: Sequence[str]) -> list[dict[str, str]]:
        messages = [{"role": "system", "content": SYSTEM}, *({"role": t.role, "content": self._plain(t.text)} for t in turns)]
        if notes:
            lines = "\n".join(map(self._plain, notes))
            messages[-1]["content"] = f"Notes:\n{lines}\n\nUsing the notes, answer in one sentence: {messages[-1]['content']}"
        return messages

    def _plain(self, text: str) -> str:
        """What people write ends no turn and begins none: the names of special tokens in it are words like any."""
        if not self._forged.search(text):
            return text
        return self._forged.sub(lambda match: re.sub(r"[<|/>]", " ", match.group()), text).strip()  # a template's own blanks join those at the beginning

    def _encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)


@cache
def renderer(folder: Path) -> Renderer:
    """The renderer of a base model folder; made once per process."""
    return Renderer(folder)


def common_beginning(prompts: Sequence[Sequence[int]]) -> list[int]:
    """The token ids with which all prompts begin."""
    first, last = min(map(tuple, prompts)), max(map(tuple, prompts))
    return [one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))]


def _text(token: Any) -> str:
    """A special token as written in a tokenizer configuration: a string, or an object with its content."""
    return token["content"] if isinstance(token, dict) else token or ""


def _stop_ids(folder: Path, tokenizer: Tokenizer, eos: str) -> frozenset[int]:
    """Every id that ends an answer: the tokenizer's own, and what the model's generation settings add."""
    ids = {tokenizer.token_to_id(eos)} if eos else set()
    generation = folder / "generation_config.json"
    if generation.exists():
        more = json.loads(generation.read_text()).get("eos_token_id") or []
        ids |= set(more if isinstance(more, list) else [more])
    return frozenset(i for i in ids if i is not None)


def _refuse(message: str) -> None:
    raise ValueError(message)
