"""Words, kinds, what replaces what, and what matters."""

import random
from datetime import date, timedelta

import pytest

from learning.database import Database
from learning.memory import channels, guard, lessons, log, recall, replacing, words
from learning.memory.encoder import Alike
from learning.memory.names import Names
from learning.memory.replacing import replaced_by
from learning.memory.salience import salience
from learning.memory.vocabulary import SYNONYMS, is_name
from learning.night import nights, selection
from learning.night.asking import some_words
from learning.night.calibration import MORE, caution
from learning.night.exam import ExamQuestion, Marked
from learning.night.lore import Lore, Statement
from learning.night.study import study
from learning.records import Channel, Lesson, LessonStatus, Question, Work, now
from tests.benchmarks import material
from tests.conftest import lesson


@pytest.fixture
def ops(database: Database) -> Channel:
    with database.write() as session:
        return channels.ensure(session, "T1", "C1", name="ops")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Backups run at 02:00.", "Backups now run at 04:30."),
        ("The release train leaves on Thursdays at 14:30.", "The release train leaves on Fridays at 10:00."),
        ("Meeting notes go into Confluence.", "Meeting notes go into Notion, no longer into Confluence."),
        ("Log level in production is debug.", "Log level in production is warning."),
        ("Warranty: 24 months.", "Warranty: 36 months."),
    ],
)
def test_another_value_for_the_same_subject_replaces(old: str, new: str, alike: Alike) -> None:
    assert replaced_by(lesson(2, new), [lesson(1, old)], alike)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The port of atlas is 8412.", "The port of heron is 9020."),
        ("The port of atlas is 8412.", "The runbook of atlas is OPS-12."),
        ("Gudrun sits on the works council.", "Mehmet is also on the works council."),
        ("The offsite starts on October 9.", "The offsite takes place in Ghent."),
        ("Backups run at 02:00.", "Backups run at 02:00."),
        ("There is a mug in the starter kit.", "The starter kit comes with a hoodie, too."),
        ("heron is owned by the Cedar team.", "The Cedar team sits in building 42."),
    ],
)
def test_lessons_of_one_kind_or_about_one_thing_stand_side_by_side(one: str, other: str, alike: Alike) -> None:
    assert not replaced_by(lesson(2, other), [lesson(1, one)], alike)


def test_what_a_number_tells_apart_is_asked_for_with_it() -> None:
    rooms = [Statement(str(number), f"Room {number} seats {4 * number} people.") for number in range(201, 205)]
    lore = Lore(rooms)
    drawn = [some_words(lore, room, random.Random(seed)) for room in rooms for seed in range(50)]
    assert all(lore.points_at_one(words) for words in drawn)


def test_of_two_that_seem_to_contradict_each_other_the_newer_is_more_certain_until_somebody_says_that_both_stand(alike: Alike) -> None:
    old, new = lesson(1, "The side door is locked at 19:00."), lesson(2, "The front door is locked at 22:00.")
    lunch = lesson(3, "Lunch is at noon.")
    assert replacing.REPLACES > replacing.certainty(new, old, alike) >= replacing.PERHAPS
    assert replacing.contradicted([old, new, lunch], alike) == {1: [new]}

    def certainties() -> dict[int, float]:
        return {candidate.hit.lesson.id: candidate.certainty for candidate in guard.weigh("when is the door locked?", [old, new, lunch], alike)}

    preferring = certainties()
    new.beside = [1]
    assert replacing.contradicted([old, new, lunch], alike) == {}
    assert preferring[2] > certainties()[2]
    assert preferring[1] == certainties()[1]


def test_of_the_benchmarks_lessons_next_to_none_seems_to_replace_another(alike: Alike) -> None:
    known = [lesson(number, taught.text) for number, taught in enumerate(material.lessons("lessons_a", "lessons_b", "families"))]
    alike(known[0].said, [each.said for each in known])  # at once takes half the time of one by one
    wrongly = [(new.text, old.text) for number, new in enumerate(known) for old in replaced_by(new, known[:number], alike)]
    assert len(wrongly) <= 0.01 * len(known), wrongly
    entries = material.rows("replaced")
    found = [bool(replaced_by(lesson(2, entry["new"]["text"]), [lesson(1, entry["old"]["text"])], alike)) for entry in entries]
    assert sum(found) >= 0.8 * len(found)


def test_what_is_taught_anew_takes_the_olds_place(database: Database, ops: Channel) -> None:
    with database.write() as session:
        old = lessons.teach(session, ops, "Backups run at 02:00.", "U1")
        new = lessons.teach(session, ops, "Backups now run at 04:30.", "U2")
        assert [x.text for x in lessons.in_force(session, ops)] == [new.text]
        assert (old.status, old.superseded_by) == (LessonStatus.SUPERSEDED, new.id)
        assert lessons.replaced(session, new) == [old]


def test_no_rule_produces_a_question_of_the_benchmark() -> None:
    taught = material.lessons("lessons_a", "lessons_b", "families", "fresh_lessons", "fresh_families")
    made = {item.question.casefold().strip(" ?.") for item in study([Statement(words.digest(t.text), t.text) for t in taught], 24, "s")}
    asked = {question.casefold().strip(" ?.") for t in taught for manner, question in t.asked.items() if len(question.split()) > 3}
    assert not made & asked


def test_the_benchmarks_data_is_what_it_says() -> None:
    taught = material.lessons("lessons_a", "lessons_b", "families")
    assert len(taught) >= 500
    assert sum(t.family is not None for t in taught) >= 0.45 * len(taught)
    for t in (*taught, *material.lessons("fresh_lessons", "fresh_families")):
        assert len(t.asked) >= 2
        assert material.holds(t.text, t.gold), t
        assert not any(material.holds(question, [gold]) for question in t.asked.values() for gold in t.gold), t
    least = {"unknown": 100, "followups": 40, "general": 50, "links": 40, "lists": 20}
    fresh = {"fresh_unknown_a": 50, "fresh_unknown_b": 50, **{f"fresh_{name}": count for name, count in least.items() if name != "unknown"}}
    assert all(len(material.rows(name)) >= count for name, count in {**least, **fresh}.items())


def test_names_are_no_everyday_words() -> None:
    assert [word for word in ("kestrel", "Halvorsen", "Monday", "release", "the", "8412", "#ops", "customer") if is_name(word)] == ["kestrel", "Halvorsen"]
    assert "owner" not in SYNONYMS["owner"]


def test_an_everyday_word_is_a_name_where_the_channel_writes_it_as_one() -> None:
    known = Names(["The Palm House opens at 9.", "Ask Ines about the Fern House: she has the key.", "On Monday we water 3 beds. Ferns go first."])
    assert [word for word in ("palm", "house", "Fern", "ines", "ask", "monday", "beds", "opens", "she") if word in known] == ["palm", "house", "Fern", "ines"]
    assert "palm" not in Names(["Palms are watered at 9."])


def test_a_name_that_nobody_mentioned_covers_little(alike: Alike) -> None:
    known = [lesson(1, "The port of atlas is 8412."), lesson(2, "The port of heron is 9020."), lesson(3, "Lunch is at noon.")]
    mentioned, strange = (max(recall.Coverage(known, f"hey, which port does {name} use?").all()) for name in ("heron", "quoxel"))
    assert mentioned > strange + 0.2
    assert recall.nearest(known, "socket of heron", alike)[0].lesson.id == 2, "in other words"


def test_what_people_think_of_a_lesson_weighs_as_long_as_they_think_so(database: Database, ops: Channel) -> None:
    with database.write() as session:
        taught = lessons.teach(session, ops, "Lunch is at noon.", "U1", source_ts="1.0")
        log.react(session, ops, "1.0", "U1", "+1")
        session.flush()
        alone = salience(session, ops, [taught], now())[taught.id]
        assert alone.agree == 0, "nobody votes for themselves"
        for author, emoji in (("U2", "+1::skin-tone-2"), ("U2", "brain"), ("U3", "heavy_check_mark"), ("U4", "tada::x")):
            log.react(session, ops, "1.0", author, emoji)
        session.add(Question(channel_id=ops.id, ts="2.0", author="U5", text="?", reply_ts="2.1", answer={"lessons": [taught.id]}))
        session.flush()
        liked = salience(session, ops, [taught], now())[taught.id]
        assert (liked.agree, liked.asked) == (3, 1)
        assert liked.weight > alone.weight
        assert "3 agreed" in liked.why
        log.react(session, ops, "2.1", "U6", "-1")
        session.flush()
        assert salience(session, ops, [taught], now())[taught.id].disagree == 1, "on an answer that rests on it"
        log.unreact(session, ops, "2.1", "U6", "-1")
        session.flush()
        assert salience(session, ops, [taught], now())[taught.id] == liked
        later = salience(session, ops, [taught], now() + timedelta(days=720))[taught.id]
        assert later.weight < liked.weight


def test_what_matters_more_is_studied_and_the_rest_is_looked_up_with_the_reason(database: Database, ops: Channel) -> None:
    with database.write() as session:
        noon = lessons.teach(session, ops, "Lunch is at noon.", "U1", source_ts="1.0")
        again = lessons.teach(session, ops, "At noon is lunch!", "U1")
        disliked = lessons.teach(session, ops, "The printer is haunted.", "U1", source_ts="3.0")
        port = lessons.teach(session, ops, "The port of atlas is 8412.", "U1")
        owner = lessons.teach(session, ops, "Marek owns the scanner.", "U1", source_ts="5.0")
        log.react(session, ops, "5.0", "U2", "+1")
        for person in ("U2", "U3"):
            log.react(session, ops, "3.0", person, "-1")
        session.flush()
        chosen = selection.select(session, ops, "base", most=2)
        assert [x.id for x in chosen.kept] == [owner.id, port.id]
        assert "disagreed" in chosen.left_out[disliked.id]
        assert {noon.id, again.id} < set(chosen.left_out)
        assert all(session.get_one(Lesson, x).status == LessonStatus.EXTERNAL for x in chosen.left_out)
        everything = selection.select(session, ops, "base")
        assert [x for x in everything.left_out.values() if "says the same as lesson" in x]
        assert noon.status == LessonStatus.APPROVED or again.status == LessonStatus.APPROVED, "there is room again"


def test_what_people_asked_is_studied_while_they_agree_with_the_answer(database: Database, ops: Channel) -> None:
    def items() -> set[str]:
        chosen = selection.select(session, ops, "base")
        return {item.question for item in study(chosen.statements, 4, "s") if item.strategy == "asked_by_people"}

    with database.write() as session:
        port = lessons.teach(session, ops, "The port of atlas is 8412.", "U1")
        session.flush()
        told = (
            ("1.0", "Atlas, which port was it?", Work.DONE), ("2.0", "port of atlas", Work.DONE), ("3.0", "what port has atlas?", Work.SKIPPED),
            ("4.0", "and its port?", Work.DONE), ("5.0", "port of atlas, where the vault code is 4711?", Work.DONE),
        )  # fmt: skip
        for ts, text, state in told:
            session.add(Question(channel_id=ops.id, ts=ts, author="U2", text=text, state=state, answer={"lessons": [port.id]}, reply_ts=f"{ts}9"))
        assert items() == set()
        for ts in ("1.09", "3.09", "4.09", "5.09"):
            log.react(session, ops, ts, "U2", "+1")
        session.flush()
        assert items() == {"Atlas, which port was it?", "atlas, which port was it"}
        log.react(session, ops, "1.09", "U3", "-1")
        session.flush()
        assert items() == set(), "somebody disagreed"


def test_a_night_takes_as_many_lessons_as_fit_into_its_minutes(database: Database, ops: Channel) -> None:
    with database.write() as session:
        assert selection.room(session, ops, 60) == selection.MOST, "nothing was ever trained"
        for day, (count, seconds) in enumerate(((30, 90.0), (1, 25.0), (40, 40.0), (30, 0.0)), 1):
            night = nights.open_night(session, ops, date(2026, 3, day), "night")
            night.verdict, night.report_card = "promoted", {"lessons": count, "spent": {"seconds": seconds} if seconds else {}}
        session.flush()
        assert [selection.room(session, ops, minutes) for minutes in (1, 0.01, 60)] == [20, 1, selection.MOST]


def test_an_exam_full_of_confident_mistakes_makes_the_bot_cautious(alike: Alike) -> None:
    known = [lesson(number, f"The port of {name} is {8000 + number}.") for number, name in enumerate(("atlas", "heron", "kestrel", "quince"))]

    def marked(taught: bool) -> list[Marked]:
        kind, names = ("recall" if taught else "unknown"), ("atlas", "heron", "kestrel", "quince")
        asked = [ExamQuestion(kind, f"port of {name}?", (str(8000 + n),), known[n].digest if taught else None) for n, name in enumerate(names)]
        return [Marked(q, known[n].text, taught) for n, q in enumerate(asked)]

    assert caution(marked(True), known, alike) == 0.0
    assert 0.0 < caution(marked(False), known, alike) <= MORE


def test_a_channel_may_hold_thousands_of_lessons() -> None:
    rng = random.Random(0)
    known = [Statement(f"{n}", f"The {rng.choice(('port', 'owner', 'floor'))} of unit{n} is {rng.randrange(10_000)}.") for n in range(5_000)]
    assert len(study(known[:500], 4, "s")) > 2_000
    assert len(recall.nearest([lesson(n, s.text) for n, s in enumerate(known)], "port of unit4711?", lambda _, others: [0.0] * len(others))) == 4
