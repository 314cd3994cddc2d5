"""Slack's export, a folder or a zip, read as a stream: https://slack.com/help/articles/220556107

`users.json`, `channels.json` (also `groups`, `mpims`, `dms`), and for each channel a folder with one `YYYY-MM-DD.json` a day. Nothing is
ever unpacked to disk. Names that lead out of the archive and files that unpack to far more than they hold are refused.
"""

import hashlib
import io
import lzma
import os
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

import ijson

from learning.errors import NightschoolError

CHANNEL_LISTS = ("channels.json", "groups.json", "mpims.json", "dms.json")
PEOPLE_LISTS = ("users.json", "org_users.json")
MOST_RATIO = 200  # unpacked to packed; a day of JSON compresses to a tenth or so
MOST_IN_A_FILE = 1024**3  # bytes
MOST_IN_ALL = 200 * 1024**3
UTF8 = 0x800  # the flag of a name that is UTF-8
_CHANNEL = re.compile(r"[CDG][A-Z0-9]{1,63}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\.json")


class ExportError(NightschoolError):
    """An export is none, or may not be read."""


class BrokenFile(Exception):
    """One file of an export that cannot be read; the rest can."""


class Files(Protocol):
    """The files of an export, by their path inside it."""

    sizes: dict[str, int]
    broken: list[tuple[str, str]]  # folders that cannot be read, and why

    def open(self, name: str) -> IO[bytes]:
        """A file's bytes, unpacked."""

    def fingerprint(self, name: str) -> str:
        """What changes when the file does. Raises BrokenFile where the file cannot be read."""


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self.broken: list[tuple[str, str]] = []
        named = (Path(folder) / name for folder, _, names in os.walk(self._root, onerror=self._skip) for name in names if name.endswith(".json"))
        self.sizes = {file.relative_to(self._root).as_posix(): size for file in named if (size := self._size(file)) is not None}

    def _size(self, file: Path) -> int | None:
        """Of a file inside; None of what is none, leads out, or may not be looked at."""
        try:
            told = file.stat()
        except OSError as error:
            if not isinstance(error, FileNotFoundError):  # a link to nowhere
                self._skip(error)
            return None
        return told.st_size if stat.S_ISREG(told.st_mode) and file.resolve().is_relative_to(self._root) else None

    def _skip(self, error: OSError) -> None:
        self.broken.append((os.path.relpath(error.filename, self._root), f"cannot be read ({error.strerror}): let me read it, and import again"))

    def open(self, name: str) -> IO[bytes]:
        return (self._root / name).open("rb")

    def fingerprint(self, name: str) -> str:
        with _reading(name), (self._root / name).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


class _Zip:
    def __init__(self, file: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError) as error:
            raise ExportError(f"{file} is no readable zip ({error}): download the export again.") from None
        members = [member for member in self._zip.infolist() if not member.is_dir()]
        for member in members:
            _refuse(member)
        if sum(member.file_size for member in members) > MOST_IN_ALL:
            raise ExportError(f"{file} would unpack to more than {MOST_IN_ALL // 1024**3} GiB: refused.")
        self.broken: list[tuple[str, str]] = []
        self._members = {_named(member): member for member in members if member.filename.endswith(".json")}
        self.sizes = {name: member.file_size for name, member in self._members.items()}

    def open(self, name: str) -> IO[bytes]:
        return io.BufferedReader(_Limited(self._zip.open(self._members[name]), self.sizes[name]))

    def fingerprint(self, name: str) -> str:
        return f"{self._members[name].CRC:08x}-{self._members[name].file_size}"


class _Limited(io.RawIOBase):
    """At most as many bytes as the archive's directory promised."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream, self._left = stream, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise BrokenFile("unpacks to more than the archive says")
        buffer[: len(data)] = data
        return len(data)


def _named(member: zipfile.ZipInfo) -> str:
    """A file's name; where it does not say that it is UTF-8 it mostly is all the same, as some tools pack."""
    name = member.filename
    if not member.flag_bits & UTF8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()
    return name


def composed(name: str) -> str:
    """An accented letter is one character: macOS writes the names of files with two."""
    return unicodedata.normalize("NFC", name)


def _refuse(member: zipfile.ZipInfo) -> None:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", member.filename):
        raise ExportError(f"the archive holds {member.filename!r}, a name that leads out of it: refused.")
    if member.flag_bits & 1:
        raise ExportError("the archive is encrypted: unpack it, and import the folder.")
    if member.file_size > MOST_IN_A_FILE or (member.file_size > 1024**2 and member.file_size > MOST_RATIO * max(1, member.compress_size)):
        raise ExportError(f"{member.filename} would unpack {member.compress_size:,} bytes to {member.file_size:,}: refused as a zip bomb.")


@dataclass(frozen=True)
class Room:
    """A channel of an export. `folder` holds its days: the name, for direct messages the id."""

    slack_id: str
    name: str
    folder: str
    is_archived: bool
    is_external: bool


@dataclass(frozen=True)
class Day:
    """One day of a channel."""

    room: Room
    name: str
    path: str
    size: int


class Export:
    """An opened export. Its top may be one folder deeper, as some tools pack it."""

    def __init__(self, files: Files) -> None:
        self.files, self.broken = files, [*files.broken]
        tops = sorted((name for name in files.sizes if name.rpartition("/")[2] in (*CHANNEL_LISTS, *PEOPLE_LISTS)), key=lambda name: name.count("/"))
        if not tops:
            raise ExportError("this is no Slack export: there is neither a channels.json nor a users.json in it.")
        self._top = tops[0].rpartition("/")[0] + "/" if "/" in tops[0] else ""
        self._days: dict[str, list[str]] = {}  # paths by folder: a large export has a million of them
        for path in files.sizes:
            folder, _, name = path.rpartition("/")
            if _DAY.fullmatch(name):
                self._days.setdefault(composed(folder.removeprefix(self._top)), []).append(path)

    def people(self) -> Iterator[dict[str, Any]]:
        """All user objects."""
        for name in PEOPLE_LISTS:
            yield from self._listed(name)

    def rooms(self) -> Iterator[Room]:
        """All channels; folders that no list names come last, known by their name alone. Not those of a workspace in an organisation's export."""
        folders = set(self._days)
        for name in CHANNEL_LISTS:
            for entry in self._listed(name):
                called = composed(entry.get("name") or "")
                folder = called if called in folders else str(entry["id"])
                folders.discard(folder)
                slack_id = folder_safe(str(entry["id"]))
                is_external = bool(entry.get("is_ext_shared") or entry.get("is_org_shared_externally"))
                yield Room(slack_id, called, folder, bool(entry.get("is_archived")), is_external)
        inside = (path.removeprefix(self._top).rpartition("/") for path in self.files.sizes)
        lists = {composed(folder) for folder, _, name in inside if name in (*CHANNEL_LISTS, *PEOPLE_LISTS)}
        parts = {folder for folder in folders if "/" in folder and folder.rpartition("/")[0] in lists}
        for top in sorted({folder.rpartition("/")[0] for folder in parts}):
            self.broken.append((top, "is a part by itself, as a workspace of an organisation is: unpack the archive, and import this folder of it"))
        for folder in sorted(folders - parts - {""}):
            yield Room("", folder, folder, False, False)

    def days(self, room: Room) -> list[Day]:
        """A channel's files, oldest first."""
        return [Day(room, path.rpartition("/")[2], path, self.files.sizes[path]) for path in sorted(self._days.get(room.folder, ()))]

    def messages(self, day: Day) -> Iterator[dict[str, Any]]:
        """A day's messages, one by one. Raises BrokenFile where the file cannot be read on."""
        with _reading(day.path), self.files.open(day.path) as stream:
            for entry in ijson.items(stream, "item", use_float=True):
                if isinstance(entry, dict):
                    yield entry

    def _listed(self, name: str) -> Iterator[dict[str, Any]]:
        path = self._top + name
        if path not in self.files.sizes:
            return
        try:
            with _reading(path), self.files.open(path) as stream:
                yield from (entry for entry in ijson.items(stream, "item", use_float=True) if isinstance(entry, dict) and entry.get("id"))
        except BrokenFile as error:
            self.broken.append((path, str(error)))


def folder_safe(slack_id: str) -> str:
    """A channel's id, which names the folders of its adapters; nothing where Slack never gave it."""
    return slack_id if _CHANNEL.fullmatch(slack_id) else ""


@contextmanager
def _reading(path: str) -> Iterator[None]:
    try:
        yield
    except ijson.JSONError as error:
        raise BrokenFile(f"is no whole JSON ({str(error).splitlines()[0]})") from None
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, EOFError, OSError, UnicodeDecodeError) as error:
        raise BrokenFile(f"cannot be read ({error})") from None


def open_export(path: Path) -> Export:
    """An export, from a folder or a zip. Raises ExportError."""
    if not path.exists():
        raise ExportError(f"there is nothing at {path}.")
    return Export(_Folder(path) if path.is_dir() else _Zip(path))
