"""How certain the bot must be to speak: the least certainty at which, in tonight's exam, next to nothing wrong would have been said."""

from collections.abc import Sequence

from learning.memory import guard, recall
from learning.memory.encoder import Alike
from learning.memory.guard import Confidence
from learning.night.exam import Marked
from learning.records import Lesson

WRONG = 0.02  # of all questions may be answered wrongly
LEAST, MOST = guard.SURE - 0.5, guard.SURE + 0.5  # the fit is right to about this; an exam of some dozen questions must not close the mouth for good
_LEARNED = 1e9  # the exam does not ask the base, too: that the adapter knows better is taken for granted there


def sure(marked: Sequence[Marked], lessons: Sequence[Lesson], alike: Alike) -> float:
    """The least certainty, in nats of log-odds; judged on the questions about lessons and about what is not known."""
    judged = [_judged(m, lessons, alike) for m in marked if m.asked.kind in ("recall", "unknown")]
    wrong = sorted((certainty for certainty, right in judged if not right), reverse=True)
    allowed = max(1, int(WRONG * len(judged)))  # one slip in a short exam says little
    least = wrong[allowed] + 0.01 if len(wrong) > allowed else LEAST
    return round(min(max(least, LEAST), MOST), 2)


def _judged(m: Marked, lessons: Sequence[Lesson], alike: Alike) -> tuple[float, bool]:
    """How certain the better of both ways would be, weights and looking up, and whether it would be right."""
    verdict = guard.judge(m.asked.question, m.answer, lessons, Confidence(m.weakest, _LEARNED), alike, float("-inf"))
    hits = recall.nearest(lessons, m.asked.question, alike)
    looked_up = guard.certainty_of(m.asked.question, hits, alike)
    if verdict.cited and verdict.certainty >= looked_up:
        return verdict.certainty, m.asked.kind == "recall" and m.right
    return looked_up, bool(hits) and hits[0].lesson.digest == m.asked.lesson
