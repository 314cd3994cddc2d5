"""What a benchmark leaves: a table for people, and `.bench/NAME.json` for machines."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import ge
from pathlib import Path

from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parents[2] / ".bench"
PARTS = FOLDER / "learning"  # what was measured of a long benchmark so far, and schools that a cut-off run goes on with


def part(name: str, full: bool) -> str:
    """What a part's file and its schools are called: a quick run must not touch those of a long one."""
    return f"{name}-full" if full else name


@dataclass(frozen=True)
class Figure:
    """A measured value; with a goal, `meets(value, goal)` says whether it was met."""

    measure: str
    value: float
    goal: float | None = None
    meets: Callable[[float, float], bool] = ge

    @property
    def met(self) -> bool | None:
        """None where nothing was asked for."""
        return None if self.goal is None else self.meets(self.value, self.goal)


def report(name: str, figures: Sequence[Figure]) -> None:
    """Print and write."""
    table = Table("measure", "value", "goal", "met", box=None, header_style="bold")
    for figure in figures:
        table.add_row(
            figure.measure, f"{figure.value:.4g}", "" if figure.goal is None else f"{figure.goal:.4g}", {None: "", True: "yes", False: "NO"}[figure.met]
        )
    Console(width=120).print(table)
    file = FOLDER / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"measure": f.measure, "value": f.value, "goal": f.goal, "met": f.met} for f in figures]
    file.write_text(json.dumps(rows, indent=1) + "\n")
