"""What the weights may say: a lesson that they were trained on, word for word, or that they do not know."""

from collections.abc import Mapping, Sequence

from learning.memory import recall
from learning.memory.caches import CHANNELS, remembered
from learning.memory.encoder import Alike
from learning.memory.guard import ABSTENTION
from learning.model.drafting import Draft
from learning.model.rendering import Renderer
from learning.records import Lesson

OPENING = 24  # tokens that tell which of them is said
WHOLE = 8  # drafts of which all is sent along: of the others just enough to tell


def repertoire(speaker: Renderer, lessons: Sequence[Lesson], question: str, alike: Alike) -> list[Draft]:
    """All of it, the likeliest by search first: that saves passes, and decides nothing."""
    said = _as_said(speaker, tuple(lesson.text for lesson in lessons))
    near = [hit.lesson.text for hit in recall.nearest(lessons, question, alike, len(lessons))]
    drafts = [said[text] for text in (*near[:2], ABSTENTION, *near[2:])]
    return [*drafts[:WHOLE], *(draft[: OPENING + 1] for draft in drafts[WHOLE:])]


def opening(reads: bool) -> int:
    """How many tokens tell which of it is said. A base that `reads` was taught words of its own, too: there none do, and lessons are just drafts."""
    return 0 if reads else OPENING


@remembered(CHANNELS)
def _as_said(speaker: Renderer, texts: tuple[str, ...]) -> Mapping[str, Draft]:
    return {text: tuple(speaker.answer(text)) for text in (*texts, ABSTENTION)}
