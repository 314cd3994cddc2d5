"""What a night does where the engine takes no adapter."""

import pytest

from learning import publication, registry
from learning.errors import TrainingError
from learning.model.client import AdapterRef, AdapterUnfaithful, AdapterUnusable, Client, EngineError
from learning.night import consolidation, nights
from learning.records import Night, Work
from learning.school import School
from tests.conftest import TAUGHT
from tests.learning.conftest import DAY, teach

pytestmark = pytest.mark.usefixtures("trained_once")


def test_a_night_keeps_what_it_trained_where_the_engine_is_at_fault(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = teach(school, *TAUGHT)
    with school.database.write() as session:
        number = nights.open_another(session, channel, DAY, "sleep").id
    monkeypatch.setattr(Client, "load", refusing(AdapterUnusable("the engine refused the adapter C1@v1 (503): no room")))
    with pytest.raises(EngineError):
        nights.hold_night(school, number)
    with school.database.read() as session:
        assert session.get_one(Night, number).state == Work.WAITING
    monkeypatch.undo()
    monkeypatch.setattr(consolidation, "train_apart", never)
    held = nights.hold_night(school, number)
    assert held
    assert held.verdict == "promoted"


@pytest.mark.parametrize("damaged", [False, True], ids=["unfaithful", "damaged"])
def test_what_is_at_fault_itself_is_trained_anew_the_next_time(school: School, monkeypatch: pytest.MonkeyPatch, damaged: bool) -> None:
    channel = teach(school, *TAUGHT)

    def load(self: Client, adapter: AdapterRef) -> None:
        if damaged:
            (adapter.folder / publication.WEIGHTS).write_bytes(b"")
        raise (AdapterUnusable if damaged else AdapterUnfaithful)("no")

    monkeypatch.setattr(Client, "load", load)
    with school.database.write() as session:
        number = nights.open_another(session, channel, DAY, "sleep").id
    with pytest.raises(TrainingError):
        nights.hold_night(school, number)
    with school.database.read() as session:
        (made,) = registry.versions(session, channel)
        assert session.get_one(Night, number).verdict == "failed"
    assert not publication.is_left(school.adapter(made).folder)


def refusing(error: EngineError):
    def load(self: Client, adapter: AdapterRef) -> None:
        raise error

    return load


def never(*_: object) -> None:
    raise AssertionError("it was trained already")
