"""Lessons that tell the same of two things take nothing from each other."""

import pytest

from learning.memory.encoder import Alike
from learning.memory.replacing import perhaps, replaced_by
from tests.learning.test_study import lesson


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Ana speaks Polish.", "Priya speaks Polish."),
        ("heron is hosted in Frankfurt.", "quince is hosted in Frankfurt."),
        ("Ben has a key to the lab.", "Tom has a key to the lab."),
        ("Ana Kovač works from Berlin.", "Priya works from Berlin."),
        ("Ana is allergic to nuts.", "Priya is allergic to nuts."),
        ("Room Fern has a projector.", "Room Moss has a projector."),
        ("The gym opens at 6.", "The pool opens at 6."),
        ("Priya is no longer on the team.", "Kofi is no longer on the team."),
        ("Priya moved to Berlin.", "Kofi moved to Berlin."),
        ("Switch 2 is in rack 7.", "Switch 3 is in rack 7."),
        ("Priya is on leave until 3 June 2026.", "Kofi is on leave until 10 June 2026."),
    ],
)
def test_what_many_may_do_or_be_is_told_of_each(old: str, new: str, alike: Alike) -> None:
    assert not perhaps(lesson(2, new), lesson(1, old), alike)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Ana speaks Polish.", "Ana speaks German."),
        ("heron depends on pelican.", "heron depends on quince."),
        ("Marek orders the coffee.", "Priya orders the coffee."),
        ("Marek opens the gate.", "Priya opens the gate."),
        ("We no longer ship to Brazil.", "We no longer ship to Norway."),
        ("The Boston office has a gym.", "The New York office has a gym."),
        ("Ana's birthday is 4 May.", "Priya's birthday is 4 May."),
    ],
)
def test_what_several_may_do_replaces_nothing_by_itself(old: str, new: str, alike: Alike) -> None:
    assert replaced_by(lesson(2, new), [lesson(1, old)], alike) == []


def test_beside_what_is_so_of_all_or_none_others_do_not_stand(alike: Alike) -> None:
    for old, new in (("Everyone may use the lift.", "Nobody may use the lift."), ("Developers can deploy.", "Only admins can deploy.")):
        assert perhaps(lesson(2, new), lesson(1, old), alike)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Marek owns the barcode scanner.", "Priya owns the barcode scanner."),
        ("Priya now owns heron.", "Kofi now owns heron."),
        ("Ana is the product owner.", "Priya is the product owner."),
        ("Ana is in charge of billing.", "Priya is in charge of billing."),
        ("5 people may be in the lift.", "6 people may be in the lift."),
        ("Ana works from Berlin.", "Now Priya works from Berlin."),
        ("heron is hosted in Frankfurt.", "heron is hosted in Dublin."),
    ],
)
def test_what_one_alone_may_be_replaces(old: str, new: str, alike: Alike) -> None:
    assert replaced_by(lesson(2, new), [lesson(1, old)], alike) != []
