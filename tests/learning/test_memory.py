import math
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from learning.answers import ASKS_FOR_GENERAL
from learning.database import Database
from learning.memory import channels, finding, guard, lessons, log, notes, recall, statements, words
from learning.memory.encoder import Alike
from learning.memory.general import certainty_general
from learning.memory.statements import LessonError
from learning.records import Announcement, Channel, Message, Reaction, now
from tests.conftest import lesson


@pytest.fixture
def ops(database: Database) -> Channel:
    with database.write() as session:
        return channels.ensure(session, "T1", "C1", name="ops")


def test_words_keep_codes_times_and_addresses_whole() -> None:
    assert words.words("heron-4 at 14:30, ask a@b.example in #ops") == ["heron-4", "at", "14:30", "ask", "a@b.example", "in", "#ops"]
    assert words.values("Priya pays 500 euros to kestrel_v2 on Thursday") == ["Priya", "500", "kestrel_v2", "Thursday"]
    assert words.stems("The services' owners") == words.stems("service owner")


def test_a_statement_has_one_digest_however_it_is_written() -> None:
    assert words.digest("The wiki  moved.") == words.digest("the wiki moved")
    assert words.digest("The wiki moved.") != words.digest("The wiki stayed.")


def test_what_is_taught_again_holds_again(database: Database, ops: Channel) -> None:
    with database.write() as session:
        over = lessons.teach(session, ops, "Lunch is served in the yellow hall.", "U1")
        over.valid_until = now().date() - timedelta(days=1)
        assert lessons.in_force(session, ops) == []
        assert lessons.teach(session, ops, "Lunch is served in the yellow hall.", "U2").id == over.id
        assert lessons.in_force(session, ops) == [over]
        for text in ("Ana owns billing.", "Ben owns billing.", "Ana owns billing."):
            newest = lessons.teach(session, ops, text, "U1")
        assert [lesson.text for lesson in lessons.in_force(session, ops) if "billing" in lesson.text][-1:] == ["Ana owns billing."]
        assert newest.id == max(lesson.id for lesson in lessons.in_force(session, ops)), "the last word is the newest"


def test_teaching_twice_gives_one_lesson_and_a_pair_keeps_its_question(database: Database, ops: Channel) -> None:
    with database.write() as session:
        first = lessons.teach(session, ops, "The wiki moved.", "U1")
        again = lessons.teach(session, ops, "the wiki moved", "U2")
        pair = lessons.teach(session, ops, "Q: Who owns it? A: Marek owns the scanner.", "U1")
    assert (first.id, first.author) == (again.id, "U1")
    assert (pair.question, pair.text) == ("Who owns it?", "Marek owns the scanner.")


@pytest.mark.parametrize("text", ["", "   ", "x" * 10_000, "where is the wiki?", "Larkspur"])
def test_what_is_no_statement_is_refused_with_what_to_do(database: Database, ops: Channel, text: str) -> None:
    with pytest.raises(LessonError, match=r"write what|in parts|Q: … A: …|write a sentence"), database.write() as session:
        lessons.teach(session, ops, text, "U1")


@pytest.mark.parametrize(
    "text",
    [
        "def f(x): return x",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "Das Büro zieht um.",
        "日本語の文です",
        "The lift is open and the lift is not open.",
        "Is it open? Yes.",
    ],
)
def test_odd_statements_are_taken_as_they_are(database: Database, ops: Channel, text: str) -> None:
    with database.write() as session:
        assert lessons.teach(session, ops, text, "U1").text == " ".join(text.split())


def test_what_is_taught_until_a_day_ends_with_it_by_the_channels_clock(database: Database, ops: Channel) -> None:
    with database.write() as session:
        session.get_one(Channel, ops.id).time_zone = "Pacific/Auckland"  # there it is Tuesday already
        monday_noon = str(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp())
        lesson = lessons.teach(session, session.get_one(Channel, ops.id), "The lab is closed until tomorrow.", "U1", source_ts=monday_noon)
        assert (lesson.text, lesson.valid_until) == ("The lab is closed until Wednesday 4 March 2026.", date(2026, 3, 4))
        lessons.teach(session, session.get_one(Channel, ops.id), "The lab is closed until tomorrow.", "U1", source_ts=monday_noon)
        assert lessons.in_force(session, ops) == [], "the same message, read again, does not make it hold for ever"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_a_day_ends_by_the_channels_clock(database: Database, ops: Channel, zone: str) -> None:
    with database.write() as session:
        session.get_one(Channel, ops.id).time_zone = zone
        today = now().astimezone(ZoneInfo(zone)).date()
        lessons.teach(session, ops, "The lift is broken.", "U1").valid_until = today - timedelta(days=1)
        lessons.teach(session, ops, "The lift is new.", "U1").valid_until = today
        session.flush()
        assert [x.text for x in lessons.in_force(session, session.get_one(Channel, ops.id))] == ["The lift is new."]


def test_two_channels_know_different_things(database: Database, ops: Channel) -> None:
    with database.write() as session:
        design = channels.ensure(session, "T1", "C2")
        lessons.teach(session, ops, "The port is 5000.", "U1")
        lessons.teach(session, design, "The port is 6000.", "U1")
        assert [x.text for x in lessons.in_force(session, design)] == ["The port is 6000."]


def test_an_expired_lesson_is_no_longer_in_force(database: Database, ops: Channel) -> None:
    with database.write() as session:
        lessons.teach(session, ops, "The lift is broken.", "U1").valid_until = now().date() - timedelta(days=2)
        lessons.teach(session, ops, "The lift is new.", "U1").valid_until = now().date()
        session.flush()
        assert [x.text for x in lessons.in_force(session, ops)] == ["The lift is new."]


def test_two_questions_may_have_the_same_answer(database: Database, ops: Channel) -> None:
    with database.write() as session:
        pairs = [lessons.teach(session, ops, f"Q: Who {does}? A: Marek", "U1") for does in ("owns the scanner", "runs payroll")]
        assert pairs[0].id != pairs[1].id


def test_a_note_about_a_lesson_pings_nobody(database: Database, ops: Channel) -> None:
    with database.write() as session:
        notes.note_taught(session, lessons.teach(session, ops, "<!channel> lunch is at noon", "U1"), "U1")
        assert session.query(Announcement).one().text == ":books: <@U1> taught me: &lt;!channel&gt; lunch is at noon"


def test_find_means_the_exact_lesson_or_the_nearest(database: Database, ops: Channel) -> None:
    with database.write() as session:
        for text in ("The door code of the lab is 7341.", "The door of the garage is green.", "Lunch is at noon."):
            lessons.teach(session, ops, text, "U1")
        assert [x.text for x in finding.find(session, ops, "door code lab")] == ["The door code of the lab is 7341."]
        assert [x.text for x in finding.find(session, ops, "lunch is at noon")] == ["Lunch is at noon."]
        assert finding.find(session, ops, "submarine") == []


def test_search_ranks_by_shared_rare_words() -> None:
    known = [lesson(1, "Application logs are kept for 45 days."), lesson(2, "Marek owns the scanner."), lesson(3, "The release leaves on Thursday.")]
    hits = recall.search(known, "how long are logs kept?")
    assert hits[0].lesson.id == 1
    assert recall.relevant(recall.search(known, "who waters the ferns on the roof?")) == []
    assert recall.search([], "anything") == []


def test_questions_about_us_are_not_general(alike: Alike) -> None:
    known = [lesson(1, "Our wiki is at kb.example.org."), lesson(2, "heron-4 belongs to Samira.")]
    for ours in ("where is our wiki?", "what is heron-4?", "who approves travel expenses?", "which meeting room has the big screen?"):
        assert certainty_general(ours, known, alike) < 0
    for general in ("what is the capital of Latvia?", "how many legs does a beetle have", "who wrote Emma?"):
        assert certainty_general(general, known, alike) > ASKS_FOR_GENERAL
        assert certainty_general(general, [], alike) > ASKS_FOR_GENERAL


def test_an_answer_that_was_cut_or_goes_in_circles_is_not_general_knowledge() -> None:
    assert guard.whole_sentences("It is Paris. The city of") == "It is Paris."
    assert guard.whole_sentences("no end in sight") == ""
    assert guard.repeats_itself("la femme de France, la femme de France, la femme de France.")
    assert not guard.repeats_itself("The capital of France is Paris.")


def test_the_log_keeps_the_newest_version_and_what_was_deleted_stays_deleted(database: Database, ops: Channel) -> None:
    with database.write() as session:
        log.record(session, ops, [log.Utterance("1.0", "U1", "new", edited_ts="3.0")])
        log.record(session, ops, [log.Utterance("1.0", "U1", "old", edited_ts="2.0")])
        log.record(session, ops, [log.Utterance("1.0", "U1", "oldest")])
        assert session.query(Message).one().text == "new"
        log.delete_messages(session, ops, ["1.0"])
        log.record(session, ops, [log.Utterance("1.0", "U1", "back?", edited_ts="9.0")])
        assert session.query(Message).one().text == ""


def test_reactions_come_once_and_go(database: Database, ops: Channel) -> None:
    with database.write() as session:
        for _ in range(2):
            log.react(session, ops, "1.0", "U1", "tada")
            session.flush()
        assert session.query(Reaction).count() == 1
        log.unreact(session, ops, "1.0", "U1", "tada")
        assert session.query(Reaction).count() == 0


def test_a_channel_is_found_by_id_or_name_and_adopted_by_its_workspace(database: Database) -> None:
    with database.write() as session:
        local = channels.by_handle(session, "C0OPS")
        assert channels.by_handle(session, "#new").id == channels.by_handle(session, "#new").id
        seen = channels.ensure(session, "T9", "C0OPS", name="ops")
        assert seen.id == local.id
        assert channels.by_handle(session, "#ops").team_id == "T9"
        with pytest.raises(channels.ChannelError, match="no channel"):
            channels.by_handle(session, "two words")
        assert channels.by_handle(session, "ops").id == seen.id


def test_taught_again_in_another_case_the_newest_writing_holds(database: Database, ops: Channel) -> None:
    with database.write() as session:
        for text in ("The guest password is sommer2026.", "The guest password is Sommer2026.", "the guest password is Sommer2026"):
            lessons.teach(session, ops, text, "U1")
        assert [lesson.text for lesson in lessons.in_force(session, ops)] == ["The guest password is Sommer2026."]


@pytest.mark.timeout(60)
def test_a_page_of_empty_lines_is_read_at_once() -> None:
    assert statements.lines(f"x is y{chr(10) * 4_000}z is w") == ["x is y", "z is w"]
    assert statements.lines(f"Q: who?{chr(10) * 4_000}A: Ana") == ["Q: who? A: Ana"]
    assert statements.lines(f"x is y{chr(10) * 100_000}z is w") == ["x is y", "z is w"]


def test_code_and_tables_are_taken_whole() -> None:
    code, table = "Restart it:\n```\nmake stop\nmake start\n```", "Ports:\n| host | port |\n|---|---|\n| heron | 7443 |"
    whole = ["Restart it: ``` make stop make start ```", "Ports: | host | port | |---|---| | heron | 7443 |"]
    assert statements.lines(f"The van is blue.\n{code}\n{table}\nLunch is at noon.") == ["The van is blue.", *whole, "Lunch is at noon."]
    assert len(statements.lines("`x` is y " * 20_000)) == 1


def test_what_is_forgotten_is_not_remembered_by_the_process(database: Database, ops: Channel) -> None:
    with database.write() as session:
        known = lessons.teach(session, ops, "The vault code is 9271.", "U1")
        assert words.stems(known.text) == words.stems(known.text)
        assert words._stems.cache_info().currsize > 0  # type: ignore[attr-defined]  # of lru_cache
        lessons.forget(session, ops, [known.id], "U1")
    assert words._stems.cache_info().currsize == 0  # type: ignore[attr-defined]  # of lru_cache


def test_what_no_model_knows_is_not_asked_of_the_base(alike: Alike) -> None:
    assert all(
        certainty_general(question, [], alike) == -math.inf
        for question in (
            "what day is it today?",
            "what's the weather?",
            "what is the weather in Paris?",
            "what is the price of gold today?",
            "👍",
            "summarize the last week",
        )
    )
