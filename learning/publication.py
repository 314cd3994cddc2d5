"""The folder of an adapter: written once, as a whole, with a manifest by which it can be checked."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from learning.builds import sha256
from learning.errors import RegistryError

MANIFEST = "manifest.json"  # written last: its presence means that the folder is complete
WEIGHTS = "adapter_model.safetensors"


@dataclass(frozen=True)
class Publication:
    """An adapter in the making: a scratch folder to train into, and the manifest to be written last."""

    folder: Path
    manifest: dict[str, Any]


@contextmanager
def publishing(folder: Path, assert_ours: Callable[[], None] = lambda: None) -> Iterator[Publication]:
    """On success the scratch folder's files are hashed, the manifest is written last, and it all becomes `folder` at once.

    `assert_ours` is asked just before, and raises when somebody else has taken over.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        made = Path(scratch) / folder.name
        made.mkdir()
        publication = Publication(made, {})
        yield publication
        files = {file.name: sha256(file) for file in sorted(made.iterdir())}
        for file in made.iterdir():
            _sync(file)
        (made / MANIFEST).write_text(json.dumps({**publication.manifest, "files": files}, indent=1, sort_keys=True))
        _sync(made / MANIFEST)
        assert_ours()
        if not complete(folder):  # else a stale holder published the same bytes
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(made, folder)
            _sync(folder.parent)
    shutil.rmtree(checkpoint(folder).parent, ignore_errors=True)


def checkpoint(folder: Path) -> Path:
    """Where the training of an adapter keeps how far it is; gone when it was published or discarded."""
    return folder.parent / f".{folder.name}-checkpoint" / "state.pt"


def complete(folder: Path) -> bool:
    """Was the folder published?"""
    return (folder / MANIFEST).exists()


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest, after every file was hashed again. Raises RegistryError."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError):
        raise RegistryError(f"the adapter {folder.name} has no readable manifest in {folder}: roll back, or sleep again.") from None
    for name, wanted in manifest["files"].items():
        if not (folder / name).exists() or sha256(folder / name) != wanted:
            raise RegistryError(f"the adapter {folder.name} is damaged ({name} in {folder}): roll back, or sleep again.")
    return manifest


def is_whole(folder: Path) -> bool:
    """Is every file as it was published?"""
    try:
        read_manifest(folder)
    except RegistryError:
        return False
    return True


def discard(folder: Path) -> None:
    """Delete an adapter's files; the manifest goes first, so that no half of it is ever taken for whole."""
    (folder / MANIFEST).unlink(missing_ok=True)
    for place in _places(folder):
        shutil.rmtree(place, ignore_errors=True)


def is_left(folder: Path) -> bool:
    """Is anything of an adapter on the disk?"""
    return any(place.exists() for place in _places(folder))


def _places(folder: Path) -> list[Path]:
    """An adapter's folder, and what a killed training left beside it."""
    return [folder, *folder.parent.glob(f".{folder.name}-*")]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
