"""How fast answers are, against what else could give them, on the same machine in the same run.

    python -m tests.benchmarks.bench_serving [--only PART …]     (an hour; vLLM and llama.cpp are compared where `make .venv-vllm/ready` and
    `make .venv-llama/ready` were run)

Adapters are drawn at random: what they say is nonsense, what they cost is not.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from pathlib import Path

import torch
from peft import PeftModel
from transformers import PreTrainedModel

from learning.model import running
from learning.model.base_model import BaseModel, export, prepare
from learning.model.client import AdapterRef, Client
from learning.model.layers import matrix_name
from learning.model.loading import fast_dtype, load_base
from learning.model.lora import Lora
from learning.model.rendering import Turn, renderer
from learning.settings import Settings
from tests.benchmarks import llama
from tests.benchmarks.beside import beside
from tests.benchmarks.bits import bits
from tests.benchmarks.churn import adapters_by_the_thousand, in_slack, promotions
from tests.benchmarks.churn import prompts as questions
from tests.benchmarks.table import Figure, report
from tests.learning import test_vllm

TOKENS = 48  # of an answer
STREAMS = 8
ROUNDS = 5


Made = Callable[[BaseModel, int], AbstractContextManager[list[AdapterRef]]]


def throughput(client: Client, prompts: Sequence[Sequence[int]], adapters: Sequence[AdapterRef | None]) -> float:
    """Tokens a second while every adapter in the list has one stream; the best of some rounds, the first of which warms up."""
    rates = []
    for number in range(ROUNDS + 1):
        said: list[int] = []

        def ask(stream: int, adapter: AdapterRef | None, number: int = number, said: list[int] = said) -> None:
            said.append(len(client.complete(prompts[(number * STREAMS + stream) % len(prompts)], adapter, TOKENS).tokens))

        threads = [threading.Thread(target=ask, args=pair) for pair in enumerate(adapters)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rates.append(sum(said) / (time.monotonic() - began))
    return max(rates[1:])


def lasting(prompts: Sequence[Sequence[int]], adapters: Sequence[AdapterRef], count: int = 2 * STREAMS) -> list[Sequence[int]]:
    """Prompts that all adapters answer at length, and the base: where some streams fall silent early, it is not eight that are measured."""
    with running.engine(Settings(engine_url="")) as client, ThreadPoolExecutor(STREAMS + 1) as pool:
        said = (list(pool.map(lambda adapter, asked=asked: client.complete(asked, adapter, TOKENS), [*adapters, None])) for asked in prompts)
        lasts = (asked for asked, answers in zip(prompts, said, strict=False) if all(len(answer.tokens) == TOKENS for answer in answers))
        return list(islice(lasts, count))


def ours(prompts: Sequence[Sequence[int]], adapters: Sequence[AdapterRef]) -> tuple[dict[str, float], list[Figure]]:
    """Our engine as a process, over HTTP; with the cost of adapters against none."""
    with running.engine(Settings(engine_url="")) as client:
        rates = {
            "1": throughput(client, prompts, adapters[:1]), "8": throughput(client, prompts, adapters),
            "8 on one adapter": throughput(client, prompts, [adapters[0]] * STREAMS),
            "1 without adapter": throughput(client, prompts, [None]), "8 without adapter": throughput(client, prompts, [None] * STREAMS),
        }  # fmt: skip
    figures = [Figure(f"ours, tokens/s, {what}", rate) for what, rate in rates.items()]
    figures += [
        Figure("adapter ÷ base, 1 stream", rates["1"] / rates["1 without adapter"], 0.85),
        Figure("8 adapters ÷ base, 8 streams", rates["8"] / rates["8 without adapter"], 0.85),
        Figure("8 adapters ÷ 1 adapter, 8 streams", rates["8"] / rates["8 on one adapter"], 0.95),
    ]
    return rates, figures


def library(base: BaseModel, prompts: Sequence[Sequence[int]], adapters: Sequence[AdapterRef]) -> dict[str, float]:
    """`generate` of transformers, with PEFT's adapters; eight of them in one batch."""
    torch.set_num_threads(2)
    model: PreTrainedModel = load_base(base, getattr(torch, fast_dtype()))
    mixed = PeftModel.from_pretrained(model, adapters[0].folder, adapter_name="0")
    for number, adapter in enumerate(adapters[1:], 1):
        mixed.load_adapter(adapter.folder, adapter_name=str(number))
    mixed.eval()
    rates = {}
    for streams in (1, STREAMS):
        rows = prompts[:streams]
        width, named = max(map(len, rows)), [str(number) for number in range(streams)]
        ids = torch.tensor([[0] * (width - len(row)) + list(row) for row in rows])
        seen = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
        taken = []
        for _ in range(3):
            began = time.monotonic()
            with torch.inference_mode():
                said = mixed.generate(
                    input_ids=ids, attention_mask=seen, adapter_names=named, do_sample=False, min_new_tokens=TOKENS, max_new_tokens=TOKENS, pad_token_id=0
                )
            taken.append(streams * (said.shape[1] - width) / (time.monotonic() - began))
        rates[str(streams)] = max(taken)
    return rates


def vllm(base: BaseModel, prompts: Sequence[Sequence[int]], adapters: Sequence[AdapterRef]) -> dict[str, float]:
    """A real vLLM on the same folder, by the same client."""
    with tempfile.TemporaryDirectory() as scratch:
        export(base, Path(scratch) / "base")
        with test_vllm.vllm(Path(scratch) / "base", "--max-loras", str(STREAMS), dtype=fast_dtype()) as url:
            client = Client(url)
            return {"1": throughput(client, prompts, adapters[:1]), "8": throughput(client, prompts, adapters)}


@contextmanager
def drawn(base: BaseModel, count: int) -> Iterator[list[AdapterRef]]:
    """Adapters with random matrices, large enough to change what is said and small enough to keep it going."""
    model = load_base(base, torch.float32)
    with tempfile.TemporaryDirectory() as scratch:
        made = []
        for number in range(count):
            torch.manual_seed(number)
            lora, folder = Lora(model, base.shape), Path(scratch) / str(number)
            with torch.no_grad():
                for name, matrix in lora.matrices.items():
                    if "lora_B" in name:
                        matrix.normal_(std=0.01)
            folder.mkdir()
            lora.save(folder)
            made.append(AdapterRef(f"R{number}@v1", folder))
        yield made


@contextmanager
def laconic(base: BaseModel, count: int) -> Iterator[list[AdapterRef]]:
    """Adapters that each drown the last layer in the direction of one word, which is then all that they say: rounding changes nothing about that."""
    model = load_base(base, torch.float32)
    words = model.lm_head.weight.detach()
    loudest = [token for token in words.norm(dim=1).topk(200).indices.tolist() if (words @ words[token]).argmax() == token][:count]
    usual = _usual_input(model, renderer(base.folder).prompt([Turn("user", "Where do we keep the spare keys, and who has them?")]))
    with tempfile.TemporaryDirectory() as scratch:
        made = []
        for token in loudest:
            lora, folder = Lora(model, base.shape), Path(scratch) / str(token)
            last = base.shape.layers - 1
            with torch.no_grad():
                lora.matrices[matrix_name(last, "down_proj", "A")][0] = usual / usual.norm() ** 2
                lora.matrices[matrix_name(last, "down_proj", "B")][:, 0] = 1e4 * words[token] / words[token].norm()
            folder.mkdir()
            lora.save(folder)
            made.append(AdapterRef(f"L{token}@v1", folder))
        yield made


@torch.no_grad()
def _usual_input(model: PreTrainedModel, prompt: Sequence[int]) -> torch.Tensor:
    """What the last product of the last layer gets to multiply, on average over a prompt."""
    seen: list[torch.Tensor] = []
    hook = model.model.layers[-1].mlp.down_proj.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][0]))
    model(input_ids=torch.tensor([prompt]))
    hook.remove()
    return seen[0].mean(0)


def speeds() -> list[Figure]:
    """Tokens a second, ours and others'."""
    base = prepare("embedded", Settings().cache)
    with drawn(base, STREAMS) as adapters:
        prompts = lasting(questions(), adapters)
        rates, figures = ours(prompts, adapters)
        others: list[tuple[str, Callable[[], dict[str, float]], float, float]] = [("generate", lambda: library(base, prompts, adapters), 2.0, 3.0)]
        if test_vllm.PYTHON:
            others.append(("vLLM", lambda: vllm(base, prompts, adapters), 1.5, 1.2))
        else:
            print("vLLM is not compared: `make .venv-vllm/ready` installs it.")
        if llama.PYTHON:
            others.append(("llama.cpp, four bits", lambda: {"1": llama.rate(prompts, adapters[0].folder, TOKENS, ROUNDS)}, 0.7, 0.7))
        else:
            print("llama.cpp is not compared: `make .venv-llama/ready` builds it.")
        for name, measure, alone, together in others:
            theirs = measure()
            figures += [Figure(f"{name}, tokens/s, {streams}", rate) for streams, rate in theirs.items()]
            figures += [
                Figure(f"ours ÷ {name}, {streams} streams", rates[streams] / rate, goal)
                for (streams, rate), goal in zip(theirs.items(), (alone, together), strict=False)
            ]
    return figures


def churned(measure: Callable[[Sequence[Path]], list[Figure]], made: Made = drawn) -> Callable[[], list[Figure]]:
    """A measure that needs some adapters' folders."""

    def with_folders() -> list[Figure]:
        with made(prepare("embedded", Settings().cache), 4) as adapters:
            return measure([adapter.folder for adapter in adapters])

    return with_folders


PARTS: dict[str, Callable[[], list[Figure]]] = {
    "speeds": speeds, "bits": bits, "adapters": churned(adapters_by_the_thousand), "promotions": churned(promotions, laconic), "night": churned(beside),
    "slack": in_slack,
}  # fmt: skip


def main() -> None:
    """Print the table and write `.bench/serving.json`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", default=list(PARTS), choices=list(PARTS))
    figures = []
    for name in parser.parse_args().only:
        began = time.monotonic()
        figures += PARTS[name]()
        print(f"{name}: {time.monotonic() - began:.0f} s")
    report("serving", figures)


if __name__ == "__main__":
    main()
