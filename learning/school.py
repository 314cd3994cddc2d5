"""What every entry point needs, opened once: settings, database, base model; and what a channel can answer from."""

import logging
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from learning import publication, registry
from learning.answers import Knowledge
from learning.database import Database, open_database
from learning.errors import RegistryError
from learning.memory import channels, general, guard, lessons
from learning.memory.encoder import Alike, encoder
from learning.memory.encoder import prepare as prepare_encoder
from learning.model.base_model import BaseModel, prepare
from learning.model.client import AdapterRef
from learning.model.rendering import Renderer, renderer
from learning.model.shape import is_capable
from learning.records import Adapter, Channel, Night
from learning.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class School:
    """One data folder with its base model."""

    settings: Settings
    database: Database
    base: BaseModel

    @property
    def speaker(self) -> Renderer:
        """The base model's renderer."""
        return renderer(self.base.folder)

    @property
    def alike(self) -> Alike:
        """How alike sentences are in meaning."""
        found = encoder(self.settings.cache)
        found.prime(general.QUESTIONS + general.OF_A_TEAM, self.settings.cache)
        return found.alike

    def adapter(self, record: Adapter) -> AdapterRef:
        """Where an adapter lies."""
        return AdapterRef(record.name, self.settings.adapters / record.name)

    def knowledge(self, session: Session, channel: Channel, began_with: str = "", refused: Set[str] = frozenset()) -> Knowledge:
        """What a channel can answer from now. An adapter of another base model, a damaged one, or one `refused` by the engine does not count.

        Then one before it speaks. A thread that `began_with` an earlier version goes on with it, unless that may not serve any more.
        """
        able = (record for record in registry.able_to_answer(session, channel, began_with) if record.name not in refused)
        looked_at = ((record, self._manifest(record)) for record in able)
        usable, manifest = next(((record, whole) for record, whole in looked_at if whole), (None, None))
        in_force = lessons.in_force(session, channel)
        card = session.get_one(Night, usable.night_id).report_card or {} if usable else {}
        adapter = self.adapter(usable) if usable else None
        reader = adapter if manifest and manifest.get("reads") else None

        def instead() -> Knowledge:  # looked up only when it is needed, and as it is then
            with self.database.read() as later:
                return self.knowledge(later, later.get_one(Channel, channel.id), began_with, refused | {adapter.name} if adapter else refused)

        sure = guard.least(len(in_force)) + card.get("caution", 0.0)
        studied = registry.lesson_ids(session, usable) if usable else set()
        learned = [lesson for lesson in in_force if lesson.id in studied]
        return Knowledge(adapter, in_force, in_force, self.alike, sure, is_capable(self.base.folder), reader, instead, learned)

    def warm_up(self) -> None:
        """Encode what all channels know: in a channel of thousands of lessons, whoever asks first would wait for minutes."""
        with self.database.read() as session:
            known = [lessons.in_force(session, channel) for channel in channels.active(session)]
        for some in known:
            guard.weigh("what is new?", some, self.alike)

    def is_damaged(self, record: Adapter | None) -> bool:
        """Are the files of an adapter that fits this base model not what they were?"""
        return record is not None and record.base_hash == self.base.hash and self._manifest(record) is None

    def _manifest(self, record: Adapter) -> dict[str, Any] | None:
        """Of an adapter that fits this base model and is whole."""
        try:
            return publication.read_manifest(self.adapter(record).folder) if record.base_hash == self.base.hash else None
        except RegistryError as error:
            logger.warning("%s", error)
            return None


def open_school(settings: Settings, say: Callable[[str], None] = lambda _: None) -> School:
    """Open the database and prepare the base model. Raises NightschoolError with what to do."""
    prepare_encoder(settings.cache, say)
    database = open_database(settings, alike=lambda sentence, others: encoder(settings.cache).alike(sentence, others))  # read when it is first needed
    return School(settings, database, prepare(settings.base_model, settings.cache, say))
