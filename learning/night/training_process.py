"""Training in a process of its own, which dies with its parent, is niced, and gives its memory back.

    python -m learning.night.training_process < job     (one line of JSON; then the pipe stays open as a lifeline)

Prints one JSON object a line: progress, and at the end either `done` or `error`.
"""

import json
import os
import resource
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from learning import lifeline
from learning.errors import NightschoolError, TrainingError, TrainingStopped
from learning.model.base_model import BaseModel
from learning.model.shape import AdapterShape
from learning.night.study import StudyItem

LOOK = 1.0  # seconds after which it is looked again whether to stop
Progressed = Callable[[float], None]


def train_apart(
    base: BaseModel, items: Sequence[StudyItem], folder: Path, checkpoint: Path, threads: int, progressed: Progressed, stopped: Callable[[], bool]
) -> dict[str, Any]:
    """Train in a child process, going on from `checkpoint` where an earlier one was cut off.

    `progressed(share)` hears of each batch; once `stopped()` is true the child is killed.

    Returns what `train` does; to what was `spent` belongs the child's peak memory, in bytes.
    Raises TrainingError with the child's own words, also where it vanished; TrainingStopped when it was stopped.
    """
    job = {
        "base": {"name": base.name, "folder": str(base.folder), "hash": base.hash, "shape": asdict(base.shape)},
        "items": [asdict(item) for item in items], "folder": str(folder), "threads": threads, "checkpoint": str(checkpoint),
    }  # fmt: skip
    child = lifeline.spawn("learning.night.training_process", stdout=subprocess.PIPE)
    assert child.stdin
    assert child.stdout
    over = threading.Event()

    def look_after() -> None:
        """A child that reads all examples for minutes says nothing meanwhile."""
        while not over.wait(LOOK):
            if stopped():
                child.kill()

    threading.Thread(target=look_after, name="training", daemon=True).start()
    try:
        with suppress(BrokenPipeError):  # it ended before it had read all: why is told below
            child.stdin.write(json.dumps(job) + "\n")
            child.stdin.flush()
        for line in child.stdout:
            said = json.loads(line)
            if "done" in said:
                outcome: dict[str, Any] = said["done"]
                return outcome
            if "error" in said:
                raise TrainingError(said["error"])
            progressed(said["share"])
            if stopped():
                raise TrainingStopped
        raise TrainingStopped if stopped() else TrainingError(f"training ended without a word (code {child.wait()}): out of memory? See the worker's log.")
    finally:
        over.set()
        child.kill()
        child.wait()


def main() -> None:
    """The child: read the job, train, say what happens."""
    job = json.loads(sys.stdin.readline())
    lifeline.hold()
    os.nice(19)  # one thread of an engine that waits for its turn keeps the others spinning
    said = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print must not mix with our lines
    from learning.night.recipe import recipe_for
    from learning.night.training import Progress, train

    base = BaseModel(job["base"]["name"], Path(job["base"]["folder"]), job["base"]["hash"], AdapterShape(**job["base"]["shape"]))
    items = [StudyItem(i["question"], i["answer"], i["strategy"], tuple(i["lessons"]), tuple(i["before"]), tuple(i["notes"])) for i in job["items"]]

    def report(progress: Progress) -> None:
        print(json.dumps({"share": progress.done / progress.total}), file=said)

    try:
        outcome = train(base, items, recipe_for(base, job["threads"]), Path(job["folder"]), report, Path(job["checkpoint"]))
        outcome["spent"]["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        print(json.dumps({"done": outcome}), file=said)
    except OSError as error:
        full = f"training could not write ({error.strerror or error}): make room where adapters are kept; the serving adapter stays. Then sleep again."
        print(json.dumps({"error": full}), file=said)
    except NightschoolError as error:
        print(json.dumps({"error": str(error)}), file=said)
    except Exception as error:  # whatever it was, the parent must hear of it, and a person must be able to look it up
        traceback.print_exc()
        print(json.dumps({"error": f"training failed ({type(error).__name__}); see the worker's log"}), file=said)
    os._exit(0)  # a daemon thread still waits on standard input; nothing is left to clean up


if __name__ == "__main__":
    main()
