"""What is worth studying tonight, and what stays external for recall. Each decision can be explained in a line."""

import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sqlalchemy import select as select_rows
from sqlalchemy.orm import Session

from learning import registry
from learning.memory import lessons
from learning.memory.asked import confirmed_questions
from learning.memory.polarity import contrary
from learning.memory.salience import Salience, salience
from learning.memory.words import stems, values
from learning.night import report
from learning.night.lore import Statement
from learning.records import EXAMINED, Adapter, Channel, Lesson, LessonStatus, Night, now

MOST = 500  # lessons of one adapter
NIGHTS, ENOUGH, LONG = 5, 20, 0.5  # that many nights back, those of so many lessons, or of such a share of a night, tell how fast training is
REJECTED = 2  # people who disagree, and more than agree: not studied


@dataclass(frozen=True)
class Selection:
    """The lessons of a night. `left_out` says why the others are not among them, `asked` what people asked of which lesson.

    `news` is false where an adapter that serves, was held, or that people went back from learned exactly these lessons and questions: it would be the same.
    `serves` is true where that is the serving one, and it is on record what it learned.
    """

    kept: Sequence[Lesson]
    news: bool
    left_out: Mapping[int, str] = field(default_factory=dict)
    asked: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    serves: bool = False

    @property
    def statements(self) -> list[Statement]:
        """The kept lessons as study and exam see them."""
        return [Statement.of(lesson, self.asked.get(lesson.id, ())) for lesson in self.kept]

    @property
    def studied(self) -> str:
        """Tells two selections apart, by lessons or by what people asked of them: a confirmed question is study material, a withdrawn one is none any more."""
        told = sorted([statement.digest, statement.question, statement.asked] for statement in self.statements)
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def room(session: Session, channel: Channel, minutes: float) -> int:
    """How many lessons fit into the minutes of a night's training, going by the slowest of the channel's last nights; `MOST` at most.

    Nights of fewer than `ENOUGH` lessons do not count, unless they took more than `LONG` of the minutes: what every night costs makes each of their lessons
    look slow.
    """
    last = select_rows(Night.report_card).where(Night.channel_id == channel.id, Night.verdict.in_(EXAMINED)).order_by(Night.id.desc()).limit(NIGHTS)
    told = [(card["lessons"], card["spent"]["seconds"]) for card in session.scalars(last) if card and card.get("spent", {}).get("seconds")]
    paces = [seconds / lessons for lessons, seconds in told if lessons >= ENOUGH or seconds > LONG * 60 * minutes]
    return max(1, min(MOST, int(60 * minutes / max(paces)))) if paces else MOST


def select(
    session: Session,
    channel: Channel,
    base_hash: str,
    most: int = MOST,
    contradicted: Mapping[int, Sequence[Lesson]] = MappingProxyType({}),
    too_long: Set[int] = frozenset(),
) -> Selection:
    """The lessons in force that matter most, up to `most`; all that fit where the serving adapter learned just these. What says the same as another, was
    voted down, is `contradicted` by a newer one, or `too_long` to be said by heart, is looked up only."""
    in_force = lessons.in_force(session, channel)
    weights = salience(session, channel, in_force, now())
    ranked = sorted(in_force, key=lambda lesson: (-weights[lesson.id].weight, -lesson.id))
    current = registry.serving(session, channel)

    def chosen(most: int) -> Selection:
        left_out = _left_out(ranked, weights, most, contradicted, too_long)
        kept = [lesson for lesson in ranked if lesson.id not in left_out]
        found = Selection(kept, True, left_out, confirmed_questions(session, channel, kept))
        same = _that_learned(session, channel, base_hash, found)
        return replace(found, news=not same, serves=current in same and _studied(session, current) is not None)

    learned = len(registry.lesson_ids(session, current)) if current else 0
    for size in dict.fromkeys((MOST, min(MOST, max(most, learned)), most)):  # where nothing is new, what was learned in a faster night is not unlearned
        best = chosen(size)
        if best.serves:
            break
    for lesson in ranked:
        if lesson.id in best.left_out:
            lesson.status = LessonStatus.EXTERNAL
        elif lesson.status == LessonStatus.EXTERNAL:
            lesson.status = LessonStatus.APPROVED
    return best


def _that_learned(session: Session, channel: Channel, base_hash: str, chosen: Selection) -> list[Adapter]:
    """Adapters that learned just this, and serve, did not pass, or were gone back from: another would be the same.

    Not one that seemed to give away what it had never learned: that was chance, and nobody asks for it any more.
    """
    tried = [adapter for adapter in registry.tried(session, channel) if adapter.base_hash == base_hash]
    known = [a for a in tried if (session.get_one(Night, a.night_id).report_card or {}).get("reason") != report.GAVE_AWAY]
    ids = {lesson.id for lesson in chosen.kept}
    return [a for a in known if _studied(session, a) in (None, chosen.studied) and registry.lesson_ids(session, a) == ids]


def _studied(session: Session, adapter: Adapter) -> str | None:
    """What an adapter learned; of an older one its report card may tell."""
    return adapter.studied or (session.get_one(Night, adapter.night_id).report_card or {}).get("studied")


def _left_out(
    ranked: Sequence[Lesson], weights: Mapping[int, Salience], most: int, contradicted: Mapping[int, Sequence[Lesson]], too_long: Set[int]
) -> dict[int, str]:
    left_out: dict[int, str] = {}
    said: dict[tuple[frozenset[str], tuple[str, ...]], Lesson] = {}
    room = most
    for lesson in ranked:
        own = weights[lesson.id]
        content = frozenset(stems(lesson.said)), tuple(values(lesson.text.partition(" ")[2]))  # names in their order
        if _rejected(own):
            left_out[lesson.id] = f"{own.disagree} people disagreed with it"
        elif newer := [one.id for one in contradicted.get(lesson.id, ()) if one.id in weights and not _rejected(weights[one.id])]:  # in force still
            left_out[lesson.id] = f"lesson {newer[-1]}, which is newer, seems to contradict it"
        elif lesson.id in too_long:
            left_out[lesson.id] = "it is too long to be said by heart"
        elif content in said and not contrary(lesson.said, said[content].said):
            left_out[lesson.id] = f"it says the same as lesson {said[content].id}"
        elif not room:
            left_out[lesson.id] = f"{most} others matter more (weight {own.weight}: {own.why})"
        else:
            room -= 1
            said[content] = lesson
    return left_out


def _rejected(of: Salience) -> bool:
    return of.disagree >= REJECTED and of.disagree > of.agree
