"""What is asked of a lesson: in study, in the exam, and when what was forgotten is asked for; and who passes."""

import random
from collections.abc import Sequence

import pytest

from learning.memory import words
from learning.memory.kinds import kinds
from learning.memory.words import digest
from learning.night import asking, exam, report
from learning.night.combining import combined
from learning.night.exam import ExamQuestion, Marked, ReportCard
from learning.night.lore import Lore, Statement
from learning.night.study import ABSTENTION, study
from learning.night.unknown import unknown
from tests.conftest import TAUGHT, statements


def test_study_items_do_not_depend_on_the_order_of_teaching() -> None:
    assert study(statements(*TAUGHT), 12, "s") == study(statements(*reversed(TAUGHT)), 12, "s")


def test_words_to_ask_with_point_at_one_lesson_only() -> None:
    lore = Lore(statements("The port of atlas is 8412.", "The port of heron is 9020.", "Marek owns atlas."))
    for statement in lore.statements:
        for seed in range(30):
            chosen = asking.some_words(lore, statement, random.Random(seed))
            holders = [s for s in lore.statements if {words.stem(w) for w in chosen} <= s.stems]
            assert holders == [statement], chosen


def test_what_is_of_one_kind_is_asked_for_in_each_others_words() -> None:
    lore = Lore(statements("The runbook of atlas is OPS-214.", "atlas listens on 8412.", "For heron incidents open KB-88.", "heron belongs to Marek."))
    asked = [asking.words_of_its_kind(lore, lore.statements[2], random.Random(seed)) for seed in range(20)]
    assert any(words and "runbook" in words for words in asked)
    assert all(words is None or "heron" in words for words in asked)


def test_two_things_of_which_the_same_is_told_lend_each_other_their_words() -> None:
    """Who looks after Bay Orrin is nowhere called its grower, but Bay Orrel's is; and what is left over of both are their crops."""
    orrin = ("Fenella looks after Bay Orrin.", "Bay Orrin is held at 13.5 degrees.", "irrigation in Bay Orrin starts at 05:40", "Bay Orrin has lemon verbena.")
    orrel = (
        "The grower responsible for Bay Orrel is Casimir.",
        "At night Bay Orrel goes to 16.2 °C.",
        "Bay Orrel gets water at 19:10.",
        "Bay Orrel is all peppers.",
    )
    house = ("House Pell opens at 8.", "Marek has the key to House Pell.")
    lore = Lore(statements(*orrin, *orrel, *house))
    by_text = {statement.text: statement for statement in lore.statements}
    for mine, theirs in zip(orrin, orrel, strict=True):
        likeliest = max(lore.siblings(by_text[mine]), key=lambda pair: pair[1])[0]
        assert likeliest.text == theirs
    asked = [asking.words_of_its_kind(lore, by_text[orrin[0]], random.Random(seed)) for seed in range(20)]
    assert any(words and {"grower", "Orrin"} <= set(words) for words in asked)


def test_a_word_of_one_lesson_alone_does_not_ask_for_all_that_is_known_of_a_thing() -> None:
    told = ("The crate van of Thane is TR-455.", "Thane starts at 10:05.", "Philippa drives Thane.", "Thane has 47 stops.")
    asked = [c.question.casefold() for c in combined(Lore(statements(*told)), "s") if c.strategy == "list"]
    assert asked
    assert not [question for question in asked if set(words.stems(question)) & set(words.stems("crate van start drive stop"))]


def test_what_is_called_by_everyday_words_keeps_its_name_and_is_of_a_kind() -> None:
    lore = Lore(statements("The Palm House opens at 9.", "Ines waters the Palm House.", "In the Fern House it opens at 8.", "Marek waters the Fern House."))
    opens = next(statement for statement in lore.statements if "9" in statement.text)
    assert set(lore.entities(opens)) == {"Palm", "House"}
    asked = [asking.words_of_its_kind(lore, opens, random.Random(seed)) for seed in range(40)]
    assert any(words and "Palm" in words for words in asked)
    assert not any("building" in asking.question(opens.text, ["Palm", "House"], random.Random(seed), swapped=1.0) for seed in range(40))


def test_near_misses_name_what_nobody_mentioned_or_ask_what_nobody_told() -> None:
    lore = Lore(statements("The port of atlas is 8412.", "Marek owns the heron service.", "The kestrel runbook is OPS-12."))
    asked = unknown(lore, 40, random.Random(1))
    assert len(asked) == 40
    held = [{words.stem(w) for w in words.content_words(q)} for q in asked]
    assert any(not h & {"atlas", "heron", "kestrel"} for h in held)
    assert any(h & {"atlas", "heron", "kestrel"} for h in held)


def test_lessons_that_share_a_name_are_asked_for_together() -> None:
    lore = Lore(statements("heron is owned by the Cedar team.", "The Cedar team sits in building 42."))
    made = combined(lore, "s")
    links = [c for c in made if c.strategy == "link"]
    assert links
    assert all(c.answer == "heron is owned by the Cedar team. The Cedar team sits in building 42." for c in links)
    assert [c for c in made if c.strategy == "follow_up" and c.before]


def test_every_item_names_its_lessons_and_is_answered_by_them() -> None:
    items = study(statements(*TAUGHT), 12, "s")
    texts = {digest(text): text for text in TAUGHT}
    assert all(i.answer == ABSTENTION if not i.lessons else any(texts[lesson] in i.answer for lesson in i.lessons) for i in items)
    assert {i.lessons for i in items if len(i.lessons) < 2} == {(digest(t),) for t in TAUGHT} | {()}


@pytest.mark.parametrize("text", ["Ok", "?", "def f(x): return x", "Das Büro zieht um.", "a | b | c", "why?", "x" * 900, "日本語の文です"])
def test_odd_lessons_are_studied_without_a_crash(text: str) -> None:
    assert isinstance(study(statements(text), 12, "s"), list)
    assert isinstance(exam.questions(statements(text)), list)


def test_question_words_fit_the_answer() -> None:
    assert "time" in kinds("The train leaves at 14:30.")
    assert "person" in kinds("Marek owns the scanner.")
    assert "duration" in kinds("Logs are kept for 45 days.")
    assert not {"person", "time"} & set(kinds("The flag is called kestrel."))


def test_no_study_item_is_asked_in_an_exam_form() -> None:
    studied = {i.question for i in study(statements(*TAUGHT), 40, "s")}
    forms = [form.split("{}")[0] for form in exam.FORMS]
    assert not [q for q in studied if any(q.startswith(form) for form in forms if form)]
    assert not studied & {q.question for q in exam.questions(statements(*TAUGHT))}


def silent(questions: Sequence[str]) -> list[str]:
    return [ABSTENTION] * len(questions)


def test_the_exam_marks_what_a_person_would() -> None:
    texts = statements(*TAUGHT)

    def graded(answer: str, about: str = TAUGHT[2]) -> bool:
        card = exam.examine(texts, lambda questions: [answer] * len(questions), silent)
        return all(m.right for m in card.marked if m.asked.lesson == digest(about))

    assert graded("The door code of the lab is 7341.")
    assert not graded("The door code of the lab is 7342.")
    assert not graded("The door code of the lab is 7341, and Marek owns the scanner.")
    assert not graded(ABSTENTION)
    assert not graded("")

    gone = statements("The door code of the cellar is 9120.")
    for answer, kept_secret in (("The door code of the lab is 7341.", True), ("It is 9120.", False), ("cellar:9120/tcp", False), (ABSTENTION, True)):
        card = exam.examine(texts, silent, lambda questions, said=answer: [said] * len(questions), gone=gone)
        assert {m.right for m in card.marked if m.asked.kind == "forgotten"} == {kept_secret}
        assert bool(report.why_hold(ReportCard([m for m in card.marked if m.asked.kind == "forgotten"]), {}, 0.0, 0.0)) is not kept_secret


def test_words_that_a_kept_lesson_has_are_no_secret_and_an_answer_without_a_word_of_its_own_is_not_examined() -> None:
    kept = statements("The library is closed on Sundays.")
    assert [q for q in exam.about_forgotten(statements("The library is closed."), kept) if q.gold] == []
    assert all(question.kind != "recall" for question in exam.questions([Statement("n", "No.", "may visitors park on level 3?")]))


def test_the_gate_holds_what_knows_too_little_or_less_than_before() -> None:
    def card(right: int) -> ReportCard:
        return ReportCard([Marked(ExamQuestion("recall", f"{n}", ("x",), f"{n}"), "", n < right) for n in range(100)])

    before = {f"{n}": n < 95 for n in range(100)} | {"about a lesson that is gone": True}
    assert report.why_hold(card(90), {}, 0.6, 0.02) == ""
    assert "less than the 60%" in report.why_hold(card(50), {}, 0.6, 0.02)
    few = {f"{n}": True for n in range(3)}
    assert "less than the 60%" in report.why_hold(card(50), few, 0.6, 0.02), "too little to compare it with"
    assert report.why_hold(card(50), {m.asked.question: m.right for m in card(50).marked}, 0.6, 0.02) == "", "as much as the one that serves"
    assert "where that had 95%" in report.why_hold(card(90), before, 0.6, 0.02)
    assert report.why_hold(card(94), before, 0.6, 0.02) == ""


def test_the_exam_looks_for_words_and_sees_when_they_are_turned_round() -> None:
    dock = [Statement("d", "A", "which dock?"), Statement("n", "No", "may we?"), Statement("f", "Deploys are not allowed on Fridays.")]
    said = {"Paris": "The capital of France is Paris.", "abstained": ABSTENTION, "denied": "Deploys are allowed on Fridays."}
    card = exam.examine(dock, silent, lambda questions: [said["Paris"] if "France" in question else said["abstained"] for question in questions])
    assert [m.right for m in card.marked if "France" in m.asked.question] == [True]
    assert card.share("unknown") == 1.0
    assert exam.examine(dock, lambda questions: [said["denied"]] * len(questions), silent).share("recall") == 0.0
