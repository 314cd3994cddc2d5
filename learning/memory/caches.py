"""What a process remembers of texts to answer fast, and lets go once something was forgotten."""

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")
CHANNELS = 64  # of which all is kept ready: their lessons change seldom, and are asked for often
_kept: list[Callable[[], None]] = []


def remembered(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorates a function of texts: its `most` recent outcomes are kept, until `let_go`."""

    def keep(function: Callable[P, T]) -> Callable[P, T]:
        cached = lru_cache(maxsize=most)(function)
        _kept.append(cached.cache_clear)
        return cast("Callable[P, T]", cached)

    return keep


def let_go() -> None:
    """Remember none of it."""
    for clear in _kept:
        clear()
