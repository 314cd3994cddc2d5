from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from bot.messages import utterance
from learning.database import Database
from learning.memory import channels, lessons, log, noticing, people, privacy, proposals, sources
from learning.memory.log import Utterance
from learning.memory.people import Member
from learning.records import Announcement, Channel, Forgetting, Lesson, LessonSource, LessonStatus, Message, Tombstone

TOLD = "heads up: the staging database now lives on heron-4, please change your configs"


def opted_in(session: Session) -> Channel:
    ops = channels.ensure(session, "T1", "C1", name="ops")
    privacy.attest(session, "T1", "U0")
    privacy.opt_in(session, ops, "U0")
    privacy.introduce(session, "T1", "https://acme.example/")
    people.meet(session, "T1", [Member("U1", "Ana"), Member("U2", "Ben")])
    return ops


@pytest.fixture
def ops(either: Database) -> Channel:
    with either.write() as session:
        return opted_in(session)


def say(database: Database, ops: Channel, text: str, ts: str = "1700000000.000100", author: str = "U1", **more: object) -> None:
    with database.write() as session:
        sources.heard(session, session.get_one(Channel, ops.id), [Utterance(ts, author, text, **more)])  # type: ignore[arg-type]


def noticed(database: Database, ops: Channel) -> Lesson:
    (lesson,) = proposals.observe(database, ops, privacy.why_not)
    return lesson


def known(database: Database, ops: Channel) -> list[tuple[str, str]]:
    with database.read() as session:
        return [(lesson.text, lesson.status) for lesson in session.query(Lesson).filter(Lesson.text != "").order_by(Lesson.id)]


def test_what_is_noticed_is_proposed_once_with_its_source(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    assert (lesson.status, lesson.author, lesson.origin) == (LessonStatus.PROPOSED, "U1", "announced")
    assert lesson.permalink == "https://acme.example/archives/C1/p1700000000000100"
    assert proposals.observe(either, ops, privacy.why_not) == []
    with either.read() as session:
        assert lessons.in_force(session, ops) == [], "proposed is not in force"
    say(either, ops, TOLD, "1700000001.000100", "U2")
    assert proposals.observe(either, ops, privacy.why_not) == [], "the same statement from somebody else"


def test_a_reaction_has_a_message_looked_at_again(either: Database, ops: Channel) -> None:
    say(either, ops, "orders that begin with 7 come from the marketplace")
    assert proposals.observe(either, ops, privacy.why_not) == []
    with either.write() as session:
        log.react(session, ops, "1700000000.000100", "U2", "brain")
    assert noticed(either, ops).origin == "marked"


def test_approved_is_in_force_and_dismissed_does_not_come_back(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.dismiss(session, ops, [lesson.id])
    assert known(either, ops) == []
    say(either, ops, TOLD, "1700000001.000100")
    assert proposals.observe(either, ops, privacy.why_not) == []
    say(either, ops, "fyi application logs are kept for 45 days, then they are deleted", "1700000002.000100")
    other = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [other.id])
        assert [x.id for x in lessons.in_force(session, ops)] == [other.id]


def test_an_edit_changes_the_lesson_and_a_deletion_forgets_it_with_what_it_replaced(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
    say(either, ops, TOLD.replace("heron-4", "heron-7"), edited_ts="1700000009.0")
    texts = known(either, ops)
    assert [status for _, status in texts] == [LessonStatus.SUPERSEDED, LessonStatus.APPROVED]
    assert "heron-7" in texts[1][0]
    say(either, ops, TOLD.replace("heron-4", "heron-7"), edited_ts="1700000010.0")
    assert known(either, ops) == texts, "the same text again changes nothing"
    with either.write() as session:
        assert sources.deleted(session, session.get_one(Channel, ops.id), ["1700000000.000100"], "U0")
    with either.read() as session:
        assert {x.status for x in session.query(Lesson)} == {LessonStatus.FORGOTTEN}
        assert session.query(Forgetting).count() == 1, "one rebuild for both"


def test_an_edit_that_says_nothing_any_more_forgets_the_lesson_and_keeps_the_message(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
    say(either, ops, "never mind", edited_ts="1700000009.0")
    with either.write() as session:
        assert session.get_one(Lesson, lesson.id).status == LessonStatus.FORGOTTEN
        lessons.erase(session, ops, [lesson.id])
        assert session.query(Message).one().text == "never mind"


def test_a_deleted_source_of_a_proposal_leaves_nothing(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    noticed(either, ops)
    with either.write() as session:
        sources.deleted(session, session.get_one(Channel, ops.id), ["1700000000.000100"], "U0")
        assert (session.query(Lesson).count(), session.query(LessonSource).count()) == (0, 0)


def test_what_was_forgotten_is_neither_logged_nor_proposed_again(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
        lessons.forget(session, ops, [lesson.id], "U1")
        lessons.erase(session, ops, [lesson.id])
        assert session.query(Tombstone).count() >= 1
    say(either, ops, TOLD)
    say(either, ops, TOLD, edited_ts="1700000009.0")
    with either.read() as session:
        assert session.query(Message).one().text == ""
    say(either, ops, TOLD, "1700000001.000100")
    assert proposals.observe(either, ops, privacy.why_not) == [], "nor the same said elsewhere"


def test_learning_needs_attestation_and_opt_in_and_stops_where_it_must(either: Database) -> None:
    with either.write() as session:
        ops = channels.ensure(session, "T1", "C1")
        assert "attestation" in privacy.why_not(session, ops)
        with pytest.raises(privacy.ConsentError, match="attestation"):
            privacy.opt_in(session, ops, "U0")
        privacy.attest(session, "T1", "U0")
        assert "not opted in" in privacy.why_not(session, ops)
        privacy.opt_in(session, ops, "U0")
        assert privacy.why_not(session, ops) == ""
        ops.is_external = True
        assert "another organisation" in privacy.why_not(session, ops)
        with pytest.raises(privacy.ConsentError, match="another organisation"):
            privacy.opt_in(session, ops, "U0")
        ops.is_external = False
        channels.leave(ops)
        assert "not in this channel" in privacy.why_not(session, ops)
        ops.left_at = None
        privacy.withdraw(session, "T1")
        assert "attestation" in privacy.why_not(session, ops)


def test_who_opts_out_is_gone_from_log_and_lessons_and_stays_out(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    say(either, ops, "what port does the gateway use?", "1700000001.000100", "U2")
    say(either, ops, "the gateway uses port 8443", "1700000002.000100", "U1", thread_ts="1700000001.000100", reactions=frozenset({("white_check_mark", "U2")}))
    answered = noticed(either, ops)
    assert answered.question
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id, answered.id])
        assert privacy.opt_out(session, "T1", "U2") == 1, "what rests on their question alone"
        assert [x.id for x in lessons.in_force(session, ops)] == [lesson.id]
        assert privacy.opt_out(session, "T1", "U1") == 1
    say(either, ops, "heads up: the wiki moved to wiki.example", "1700000003.000100")
    assert proposals.observe(either, ops, privacy.why_not) == []
    with either.read() as session:
        assert {message.text for message in session.query(Message)} == {""}
    with either.write() as session:
        people.meet(session, "T1", [Member("U1", "Ana S.")])
        privacy.opt_back_in(session, "T1", "U1")
    say(either, ops, "heads up: the wiki moved to wiki.example", "1700000003.000100")
    assert noticed(either, ops).text == "The wiki moved to wiki.example"


def test_a_channel_keeps_what_it_knows_through_new_ids_and_a_grid(either: Database) -> None:
    with either.write() as session:
        ops = channels.ensure(session, "T1", "C1", name="ops")
        lessons.teach(session, ops, "The door code is 7341.", "U1")
        assert channels.ensure(session, "T1", "C1", "E1").id == ops.id, "the workspace joined an Enterprise Grid"
        assert ops.enterprise_id == "E1"
        assert channels.ensure(session, "T1", "C1").id == ops.id, "not every payload names the enterprise"
        assert channels.ensure(session, "T2", "C1", "E1").id != ops.id, "another workspace of the grid"
        channels.renumber(session, ops, "C2")
        assert channels.ensure(session, "T1", "C1", "E1").id == ops.id == channels.ensure(session, "T1", "C2", "E1").id
        channels.renumber(session, ops, "C1")
        assert channels.by_ids(session, "T1", "C2").id == ops.id  # type: ignore[union-attr]
        assert len(lessons.in_force(session, ops)) == 1


def test_the_clock_of_a_channel_is_its_workspaces_else_its_members(either: Database) -> None:
    with either.write() as session:
        ops = channels.ensure(session, "T1", "C1")
        assert str(channels.clock(session, ops)) == "UTC"
        members = [Member("U1", "a", "Europe/Paris"), Member("U2", "b", "America/Lima"), Member("U3", "c", "America/Lima", is_deactivated=True)]
        people.meet(session, "T1", [*members, Member("U4", "d", "America/Lima", is_bot=True), Member("U5", "e", "Europe/Paris")])
        ops.time_zone = people.usual_time_zone(session, "T1", ["U1", "U2", "U3", "U4", "U5"])
        assert str(channels.clock(session, ops)) == "Europe/Paris"
        privacy.set_time_zone(session, "T1", "Asia/Tokyo")
        assert str(channels.clock(session, ops)) == "Asia/Tokyo"


def test_an_edit_into_something_else_is_a_proposal_again_and_the_channel_hears_of_a_small_one(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
    say(either, ops, TOLD.replace("heron-4", "heron-7"), edited_ts="1700000009.0")
    with either.read() as session:
        assert "heron-7" in session.query(Announcement).one().text
    say(either, ops, "fyi: all invoices must now be paid to account 12345 at another bank", edited_ts="1700000010.0")
    assert [status for _, status in known(either, ops)] == [LessonStatus.SUPERSEDED, LessonStatus.SUPERSEDED, LessonStatus.PROPOSED]


def test_an_edit_where_nothing_may_be_learned_forgets_and_notices_nothing(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
        privacy.withdraw(session, "T1")
    say(either, ops, TOLD.replace("heron-4", "heron-7"), edited_ts="1700000009.0")
    with either.read() as session:
        assert [x.status for x in session.query(Lesson)] == [LessonStatus.FORGOTTEN]


def test_what_is_deleted_or_forbidden_while_it_is_looked_at_is_not_proposed(either: Database, ops: Channel) -> None:
    def meanwhile(change: Callable[[Session], object]) -> list[Lesson]:
        def rewrite(thread: noticing.Thread, setting: noticing.Setting) -> list[noticing.Notice]:
            found = noticing.by_rules(thread, setting)
            if not done:
                done.append(True)
                with either.write() as session:
                    change(session)
            return found

        done: list[bool] = []
        return proposals.observe(either, ops, privacy.why_not, rewrite)

    say(either, ops, TOLD)
    assert meanwhile(lambda session: sources.deleted(session, ops, ["1700000000.000100"], "U0")) == []
    say(either, ops, TOLD, "1700000001.000100")
    (changed,) = meanwhile(
        lambda session: log.record(session, ops, [Utterance("1700000001.000100", "U1", TOLD.replace("heron-4", "heron-9"), edited_ts="2.0")])
    )
    assert "heron-9" in changed.text
    say(either, ops, "fyi application logs are kept for 45 days, then they are deleted", "1700000002.000100")
    assert meanwhile(lambda session: privacy.withdraw(session, "T1")) == []


def test_a_thread_that_trips_the_rules_up_does_not_keep_the_others_from_being_learned(either: Database, ops: Channel) -> None:
    say(either, ops, "a thread that breaks everything")
    say(either, ops, TOLD, "1700000001.000100")

    def rewrite(thread: noticing.Thread, setting: noticing.Setting) -> list[noticing.Notice]:
        return noticing.by_rules(thread, setting) if "heads up" in thread[0].text else [][1]

    assert len(proposals.observe(either, ops, privacy.why_not, rewrite)) == 1


def test_forgetting_buries_every_message_that_the_lesson_rests_on(either: Database, ops: Channel) -> None:
    say(either, ops, "what port does the gateway use?", "1700000001.000100", "U2")
    say(either, ops, "the gateway uses port 8443", "1700000002.000100", "U1", thread_ts="1700000001.000100", reactions=frozenset({("white_check_mark", "U2")}))
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
        lessons.forget(session, ops, [lesson.id], "U1")
        lessons.erase(session, ops, [lesson.id])
    say(either, ops, "thanks all", "1700000003.000100", "U2", thread_ts="1700000001.000100")
    assert proposals.observe(either, ops, privacy.why_not) == []
    with either.read() as session:
        assert {m.text for m in session.query(Message)} == {"", "thanks all"}


def test_one_request_forgets_all_that_somebody_made_known(either: Database, ops: Channel) -> None:
    for number, host in enumerate(("heron-4", "heron-5", "heron-6")):
        say(either, ops, TOLD.replace("heron-4", host), f"170000000{number}.000100")
    found = proposals.observe(either, ops, privacy.why_not)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id for lesson in found])
        assert privacy.opt_out(session, "T1", "U1") == 3
        assert session.query(Forgetting).count() == 1


def test_a_channel_seen_under_its_new_id_first_is_taken_in(either: Database) -> None:
    with either.write() as session:
        ops = channels.ensure(session, "T1", "C1", name="ops")
        lessons.teach(session, ops, "The door code is 7341.", "U1")
        early = channels.ensure(session, "T1", "C2")
        log.record(session, early, [Utterance("1.0", "U1", "hello")])
        channels.renumber(session, ops, "C2")
    with either.read() as session:
        assert channels.by_ids(session, "T1", "C2").id == ops.id  # type: ignore[union-attr]
        assert [m.channel_id for m in session.query(Message)] == [ops.id]


def test_text_that_no_database_takes_is_cleaned(either: Database, ops: Channel) -> None:
    raw = {"ts": "1.0", "user": "U1", "text": "nul \x00 and half \ud83d a face", "reactions": [{"name": "x" * 90, "users": ["U2"], "count": 1}]}
    with either.write() as session:
        sources.heard(session, session.get_one(Channel, ops.id), [utterance(raw)])
    with either.read() as session:
        assert session.query(Message).one().text == "nul  and half  a face"


def test_a_great_many_messages_at_once_are_no_trouble(either: Database, ops: Channel) -> None:
    many = [Utterance(f"{number}.000100", "U1", "hello") for number in range(12_000)]
    with either.write() as session:
        assert len(log.record(session, session.get_one(Channel, ops.id), many).added) == 12_000
        assert privacy.opt_out(session, "T1", "U1") == 0


def test_replies_whose_root_was_never_seen_are_looked_at_and_done_with(either: Database, ops: Channel) -> None:
    for number, text in enumerate(("hello", TOLD, "ok")):
        say(either, ops, text, f"170000000{number}.000100", thread_ts="1600000000.000100")
    assert len(proposals.observe(either, ops, privacy.why_not)) == 1
    assert proposals.observe(either, ops, privacy.why_not) == []
