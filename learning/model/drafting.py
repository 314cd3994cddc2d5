"""Speculative decoding (Leviathan et al., 2023) with drafts from what the channel was taught (as REST: He et al., 2024).

An answer by heart is nearly always a lesson, word for word. Whoever asks may send along the lessons that are likeliest; the model reads one of them in the same
pass as its prompt, and keeps as much of it as it would have said itself, token by token. But for rounding, a draft changes how long an answer takes, not
what it is; unless it is told to open as one of them (`openings.py`).
"""

from collections.abc import Sequence

Draft = Sequence[int]  # token ids of a whole answer, its stop token included


def proposal(drafts: Sequence[Draft], said: Sequence[int], most: int) -> Draft:
    """What may come next, up to so many tokens: the rest of the first draft that begins with all that was said; empty where none does."""
    begun = len(said)
    for draft in drafts:
        if len(draft) > begun and list(draft[:begun]) == list(said):
            return draft[begun : begun + most]
    return ()


def agreed(proposed: Draft, likeliest: Sequence[int]) -> int:
    """How many tokens of a proposal the model would have said itself."""
    return next((n for n, (one, other) in enumerate(zip(proposed, likeliest, strict=False)) if one != other), len(proposed))
