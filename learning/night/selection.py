"""What is worth studying tonight, and what stays external for recall."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from learning import registry
from learning.memory import lessons
from learning.night.asking import Statement
from learning.records import Channel, Lesson, LessonStatus

MOST = 500  # lessons of one adapter


@dataclass(frozen=True)
class Selection:
    """The lessons of a night; `news` is false when the serving adapter was trained on exactly these."""

    kept: Sequence[Lesson]
    external: Sequence[Lesson]
    news: bool

    @property
    def statements(self) -> list[Statement]:
        """The kept lessons as study and exam see them."""
        return [Statement(lesson.digest, lesson.text, lesson.question) for lesson in self.kept]


def select(session: Session, channel: Channel, base_hash: str) -> Selection:
    """All lessons in force, the newest first when there are too many."""
    in_force = lessons.in_force(session, channel)
    newest = sorted(in_force, key=lambda lesson: lesson.id, reverse=True)
    kept, external = newest[:MOST], newest[MOST:]
    for lesson in external:
        lesson.status = LessonStatus.EXTERNAL
    serving = registry.serving(session, channel)
    same = serving is not None and serving.base_hash == base_hash and registry.lesson_ids(session, serving) == {lesson.id for lesson in kept}
    return Selection(kept, external, news=not same)
