"""How certain the bot must be to speak: the least certainty at which, in tonight's exam, next to nothing wrong would have been said."""

import random
from collections.abc import Sequence

from learning.memory import guard
from learning.memory.encoder import Alike
from learning.memory.guard import ABSTENTION
from learning.night.exam import Marked
from learning.records import Lesson

WRONG = 0.02  # of all questions may be answered wrongly
MORE = 0.5  # nats; exams are easier than people's questions, so one may raise the bar, never lower it, and a bad one must not silence the bot
JUDGED = 200  # questions; more would tell little more


def caution(marked: Sequence[Marked], lessons: Sequence[Lesson], alike: Alike) -> float:
    """What to add to the least certainty of such a channel, in nats of log-odds; judged on the questions about lessons and about what is not known."""
    asked = [m for m in marked if m.asked.kind in ("recall", "unknown")]
    judged = [_judged(m, lessons, alike) for m in random.Random(len(asked)).sample(asked, min(JUDGED, len(asked)))]
    wrong = sorted((certainty for certainty, right in judged if not right), reverse=True)
    allowed = max(1, int(WRONG * len(judged)))  # one slip in a short exam says little
    least = guard.least(len(lessons))
    return round(min(max(wrong[allowed] + 0.01 - least, 0.0), MORE), 2) if len(wrong) > allowed else 0.0


def _judged(m: Marked, lessons: Sequence[Lesson], alike: Alike) -> tuple[float, bool]:
    """How certain the best answer would be, by heart or looked up, and whether it would be right."""
    said = guard.supporting(m.asked.question, m.answer, lessons) if m.answer != ABSTENTION else ()
    found = guard.weigh(m.asked.question, lessons, alike, said)
    return (found[0].certainty, m.asked.lesson in [lesson.digest for lesson in found[0].hit.sources]) if found else (float("-inf"), False)
