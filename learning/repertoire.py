"""What the weights may say: a lesson of the channel, word for word, or that they do not know."""

from collections.abc import Sequence
from functools import lru_cache

from learning.memory import recall
from learning.memory.encoder import Alike
from learning.memory.guard import ABSTENTION
from learning.model.drafting import Draft
from learning.model.rendering import Renderer
from learning.records import Lesson

CANDIDATES = 1000  # lessons, the nearest ones
OPENING = 24  # tokens that tell which of them is said


def repertoire(speaker: Renderer, lessons: Sequence[Lesson], question: str, alike: Alike) -> list[Draft]:
    """All of it, the likeliest by search first: that saves passes, and decides nothing in channels of up to `CANDIDATES` lessons."""
    near = [hit.lesson.text for hit in recall.nearest(lessons, question, alike, CANDIDATES)]
    return [_as_said(speaker, text) for text in (*near[:2], ABSTENTION, *near[2:])]


@lru_cache(maxsize=4096)
def _as_said(speaker: Renderer, text: str) -> Draft:
    return tuple(speaker.answer(text))
