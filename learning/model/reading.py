"""How likely a question is to be asked of a text, in the eyes of the base that has read it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from learning.model.client import Client
from learning.model.rendering import Renderer, Turn

LONGEST = 600  # characters of a text
ASKED_OF = "Write a question that a colleague could ask in a chat and that this note answers.\n\nNote: "


@dataclass(frozen=True)
class Reader:
    """Query likelihood (Ponte & Croft, 1998), by the base without an adapter."""

    client: Client
    speaker: Renderer

    def __call__(self, question: str, texts: Sequence[str]) -> list[float]:
        """For each text the question's log-probability, in nats. The engine reads them at once. Raises EngineError."""
        tokens = self.speaker.tokenizer.encode(question, add_special_tokens=False).ids
        prompts = [self.speaker.prompt([Turn("user", f"{ASKED_OF}{text[:LONGEST]}")]) for text in texts]
        with ThreadPoolExecutor(max(1, len(prompts))) as pool:
            return [sum(logprobs) for logprobs in pool.map(lambda prompt: self.client.score(prompt, tokens), prompts)]
