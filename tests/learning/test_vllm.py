"""Our client against a real vLLM (`make test-vllm`); and, everywhere else, against what that vLLM answered when it was recorded."""

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from learning.model.base_model import BaseModel, export
from learning.model.client import AdapterRef, AdapterUnusable, Client, EngineError
from learning.model.rendering import Turn, renderer
from learning.model.running import engine as our_engine
from learning.night.lore import Statement
from learning.night.recipe import recipe_for
from learning.night.study import study
from learning.night.training import train
from tests.conftest import tiny_settings

PYTHON = os.environ.get("TEST_VLLM_PYTHON", "")  # of an environment that has vLLM: set by `make test-vllm`
RECORDED = Path(__file__).parent / "vllm.json"
STATEMENTS = ("The release train leaves on Thursdays at 14:30.", "Marek owns the barcode scanner.")
PATIENCE = 240.0  # seconds until vLLM answers


@dataclass
class Teller:
    """What is asked in this story, and what came of it."""

    client: Client
    prompt: list[int]
    folders: list[Path]

    def tell(self) -> list[Any]:
        """Load on first use, two adapters and none, scores, unload, and what goes wrong; outcomes as JSON."""
        first, second = (AdapterRef(f"C{number}@v1", folder) for number, folder in enumerate(self.folders[:2]))
        drafts = [self.prompt[-4:], self.prompt[-2:]]  # a vLLM does not know the field, and must not mind it
        said = [self.client.complete(self.prompt, adapter, 24, drafts=drafts) for adapter in (first, second, None)]
        scores = [self.client.score(self.prompt, said[0].tokens[:4], adapter) for adapter in (first, None)]
        outcomes: list[Any] = [[one.tokens, [round(p, 3) for p in one.logprobs], one.prompt_tokens] for one in said]
        outcomes += [[round(p, 3) for p in one] for one in scores]
        outcomes.append(sorted(self.client.loaded()))
        self.client.load(first)
        self.client.unload("C1@v1")
        self.client.unload("C1@v1")
        outcomes.append(sorted(self.client.loaded()))
        for trouble in (AdapterRef("C2@v1", self.folders[0].parent / "gone"), AdapterRef("C3@v1", self.folders[2])):
            with pytest.raises(AdapterUnusable) as refused:
                self.client.complete(self.prompt, trouble, 4)
            outcomes.append(type(refused.value).__name__)
        with pytest.raises(EngineError):
            self.client.complete([], None, 4)
        together = self.client.complete_all([self.prompt, self.prompt[:-3]], first, 8)
        outcomes += [[one.tokens, one.prompt_tokens] for one in together]
        drawn = [tuple(one.tokens) for one in self.client.draw([self.prompt, self.prompt[:-3]], 2, 5, 8)]
        assert len(set(drawn)) == 4
        outcomes.append(list(map(list, drawn)))
        grown: list[int] = []

        def hear(tokens: Sequence[int], logprobs: Sequence[float]) -> bool:
            grown.append(len(tokens))
            return len(tokens) < 6

        for enough in (first, None):
            cut = self.client.complete(self.prompt, enough, 24, hear)
            outcomes.append([cut.tokens[:6], len(grown) > 1])
            grown.clear()
        return outcomes


def kept(exchange: httpx.Response) -> dict[str, Any]:
    """An exchange as it is recorded; paths of this machine stay out."""
    asked = json.loads(exchange.request.content or b"null")
    if isinstance(asked, dict) and "lora_path" in asked:
        asked["lora_path"] = Path(asked["lora_path"]).name
    exchange.read()
    answer = exchange.text
    if exchange.request.url.path == "/v1/models":
        models = [{key: model[key] for key in ("id", "parent")} for model in exchange.json()["data"]]
        answer = json.dumps({"object": "list", "data": models})
    return {"method": exchange.request.method, "path": exchange.request.url.path, "asked": asked, "status": exchange.status_code, "answer": answer}


@pytest.mark.skipif(not PYTHON, reason="needs a vLLM: `make test-vllm`")
@pytest.mark.timeout(1200)
def test_a_real_vllm_says_what_our_engine_says(tiny: BaseModel, tmp_path: Path) -> None:
    folders = [tmp_path / f"adapter{number}" for number in range(3)]
    for folder, statement in zip(folders, STATEMENTS, strict=False):
        outcome = train(tiny, study([Statement(statement, statement)], 12, "x"), recipe_for(tiny, 2), folder)
        (folder / "manifest.json").write_text(json.dumps({"training": {"probes": outcome["probes"]}}))
    _of_another_rank(folders[0], folders[2])
    export(tiny, tmp_path / "base")
    prompt, exchanges = renderer(tiny.folder).prompt([Turn("user", "release train?")]), list[dict[str, Any]]()
    with vllm(tmp_path / "base") as url:
        client = Client(url)
        client._replicas[0].http.event_hooks = {"response": [lambda exchange: exchanges.append(kept(exchange))]}
        outcomes = Teller(client, prompt, folders).tell()
    with our_engine(tiny_settings(Path("/nonexistent"))) as ours:
        for number, adapter in enumerate((AdapterRef("C0@v1", folders[0]), AdapterRef("C1@v1", folders[1]), None)):
            assert outcomes[number][0] == ours.complete(prompt, adapter, 24).tokens
        assert outcomes[3] == pytest.approx(ours.score(prompt, outcomes[0][0][:4], AdapterRef("C0@v1", folders[0])), abs=0.3)
    probes = [json.loads((folder / "manifest.json").read_text())["training"]["probes"] for folder in folders[:2]]
    RECORDED.write_text(json.dumps({"prompt": prompt, "probes": probes, "outcomes": outcomes, "exchanges": exchanges}, indent=None) + "\n")


def _of_another_rank(source: Path, folder: Path) -> None:
    """An adapter that is too large for the engine."""
    import torch
    from safetensors.torch import load_file, save_file

    folder.mkdir()
    config = json.loads((source / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(config | {"r": 64, "lora_alpha": 128}))
    matrices = load_file(source / "adapter_model.safetensors")
    wide = {name: torch.cat([matrix] * 4, 0 if "lora_A" in name else 1).contiguous() for name, matrix in matrices.items()}
    save_file(wide, folder / "adapter_model.safetensors", metadata={"format": "pt"})


@contextmanager
def vllm(base: Path, *more: str, dtype: str = "float32") -> Iterator[str]:
    """A vLLM that serves the base, started for the length of a `with`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        PYTHON, "-m", "vllm.entrypoints.openai.api_server", "--model", str(base), "--served-model-name", "base", "--dtype", dtype, "--enforce-eager",
        "--max-model-len", "1024", "--enable-lora", "--max-loras", "4", "--max-lora-rank", "16", "--host", "127.0.0.1", "--port", str(port), *more,
    ]  # fmt: skip
    environment = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True", "HF_HUB_OFFLINE": "1"}
    log = base.parent / "vllm.log"
    with log.open("w") as stream:
        child = subprocess.Popen(command, env=environment, stdout=stream, stderr=subprocess.STDOUT)
    try:
        url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE
        while not Client(url, timeout=2.0).ready():
            assert child.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(1)
        yield url
    finally:
        child.terminate()
        child.wait(60)


def test_what_a_real_vllm_answered_is_understood(tmp_path: Path) -> None:
    recorded = json.loads(RECORDED.read_text())
    exchanges, folders = iter(recorded["exchanges"]), [tmp_path / f"adapter{number}" for number in range(3)]
    for folder, probes in zip(folders, recorded["probes"], strict=False):
        folder.mkdir()
        (folder / "manifest.json").write_text(json.dumps({"training": {"probes": probes}}))
    with replaying(exchanges) as url:
        assert Teller(Client(url), recorded["prompt"], folders).tell() == recorded["outcomes"]
    assert next(exchanges, None) is None, "all that was asked then is asked now"


@contextmanager
def replaying(exchanges: Iterator[dict[str, Any]]) -> Iterator[str]:
    """A server that gives the recorded answers, one after the other, as long as it is asked the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

        def _answer(self, asked: Any) -> None:
            if isinstance(asked, dict) and "lora_path" in asked:
                asked["lora_path"] = Path(asked["lora_path"]).name
            exchange = next(exchanges)
            same = (self.command, self.path, asked) == (exchange["method"], exchange["path"], exchange["asked"])
            body = exchange["answer"].encode() if same else b"something else was asked"
            self.send_response(exchange["status"] if same else 418)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
