"""A child that dies with its parent, however the parent dies: it holds a pipe that the kernel closes."""

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import IO, Any

Child = subprocess.Popen[str]
Alive = Callable[[], bool]


Sink = int | IO[Any] | None


def spawn(module: str, arguments: Sequence[str] = (), *, stdout: Sink = None, stderr: Sink = None, environment: dict[str, str] | None = None) -> Child:
    """Start `python -m module` with a lifeline on its standard input; the child calls `hold` first thing.

    In a process group of its own, so Ctrl-C reaches only the parent; but in the same session: where Linux shares processors between sessions first
    (autogroup), a niced child of another session would weigh as much as all of ours.
    """
    command = [sys.executable, "-W", "ignore::FutureWarning", "-m", module, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr, text=True, process_group=0, env={**os.environ, **(environment or {})})


def hold(before_end: Callable[[], None] = lambda: None) -> None:
    """End this process at once when its standard input closes, that is, when its parent is gone; one that was started otherwise goes on."""
    if not stat.S_ISFIFO(os.fstat(0).st_mode):
        return

    def watch() -> None:
        while os.read(0, 1024):
            pass
        before_end()
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
