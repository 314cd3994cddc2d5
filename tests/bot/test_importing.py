import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.export import ExportError, open_export
from bot.importing import import_export
from learning.database import Database, open_database
from learning.memory import channels, lessons, privacy, proposals
from learning.records import Channel, Lesson, LessonStatus, Message, Person, Question, Reaction
from learning.settings import Settings
from tests.benchmarks.export import FACTS, ROOMS, TEAM, make


def state(database: Database) -> dict[str, Any]:
    """All that an import writes, by what it means."""
    with database.read() as session:
        ids = {channel.id: channel.slack_id for channel in session.query(Channel)}
        messages = {(ids[m.channel_id], m.ts): (m.author, m.text, m.thread_ts, m.edited_ts, m.deleted_at is None) for m in session.query(Message)}
        reactions = {(ids[r.channel_id], r.ts, r.author, r.emoji) for r in session.query(Reaction)}
        people = {(p.team_id, p.slack_id, p.name, p.time_zone) for p in session.query(Person)}
        return {"messages": messages, "reactions": reactions, "people": people}


def write(folder: Path, day: list[dict[str, Any]], name: str = "2026-01-05.json") -> Path:
    (folder / "ops").mkdir(parents=True, exist_ok=True)
    (folder / "users.json").write_text(json.dumps([{"id": "U1", "name": "ana", "team_id": "T1"}]))
    (folder / "channels.json").write_text(json.dumps([{"id": "C0OPS", "name": "ops"}]))
    (folder / "ops" / name).write_text(json.dumps(day))
    return folder


@pytest.mark.parametrize("name", ["export", "export.zip"])
def test_an_export_is_imported_once_however_often_it_is_cut_off(tmp_path: Path, settings: Settings, name: str) -> None:
    export = open_export(make(tmp_path / name, 3_000))
    whole = open_database(settings)
    summary = import_export(whole, export)
    assert (summary.channels, summary.broken) == (len(ROOMS), [])
    assert summary.messages == summary.added > 2_500
    again = import_export(whole, export)
    assert (again.messages, again.files, again.known_files) == (0, 0, summary.files)
    cut = open_database(settings.model_copy(update={"home": tmp_path / "cut"}))
    for share in (0.2, 0.5, 0.8):

        def stop(done: int, total: int, share: float = share) -> None:
            if done > share * total:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            import_export(cut, export, progressed=stop)
    import_export(cut, export)
    assert state(cut) == state(whole)


def test_a_newer_export_brings_edits_and_deletions(tmp_path: Path, database: Database) -> None:
    first = [{"type": "message", "user": "U1", "text": text, "ts": f"{n}.0"} for n, text in enumerate(("stays", "changes", "goes"), 1)]
    import_export(database, open_export(write(tmp_path / "a", first)))
    second = [
        first[0],
        first[1] | {"text": "changed", "edited": {"user": "U1", "ts": "9.0"}},
        first[2] | {"subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT"},
        {"type": "message", "subtype": "channel_join", "user": "U1", "text": "<@U1> has joined", "ts": "4.0"},
        {"type": "message", "user": "U1", "text": "a reply", "ts": "5.0", "thread_ts": "1.0", "reactions": [{"name": "tada", "users": ["U2"], "count": 1}]},
    ]
    summary = import_export(database, open_export(write(tmp_path / "b", second)))
    assert (summary.added, summary.changed, summary.deleted) == (1, 1, 1)
    found = state(database)
    assert {ts: text for (_, ts), (_, text, *_) in found["messages"].items()} == {"1.0": "stays", "2.0": "changed", "3.0": "", "5.0": "a reply"}
    assert found["reactions"] == {("C0OPS", "5.0", "U2", "tada")}


def test_broken_files_are_told_and_skipped(tmp_path: Path, database: Database) -> None:
    folder = write(tmp_path / "x", [{"type": "message", "user": "U1", "text": "fine", "ts": "1.0"}])
    (folder / "ops" / "2026-01-06.json").write_text('[{"type": "message", "user": "U1", "text": "half", "ts": "2.0"}, {"type": "mess')
    (folder / "ops" / "2026-01-07.json").write_bytes(b"\xff\xfe not json")
    summary = import_export(database, open_export(folder))
    assert [file for file, _ in summary.broken] == ["ops/2026-01-06.json", "ops/2026-01-07.json"]
    assert {ts for _, ts in state(database)["messages"]} == {"1.0", "2.0"}, "what came before the break counts"
    write(folder, [{"type": "message", "user": "U1", "text": "whole", "ts": "2.5"}], "2026-01-06.json")
    assert import_export(database, open_export(folder)).added == 1, "a file that was mended is read"


def test_folders_and_files_that_may_not_be_read_are_told_and_skipped(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"type": "message", "user": "U1", "text": "the dock is cleaned at noon", "ts": "1.0"}
    folder = write(tmp_path / "x", [said])
    write(folder, [said | {"ts": "2.0"}], "2026-01-06.json")
    write(folder, [said | {"ts": "3.0"}], "2026-01-07.json")
    (folder / "closed").mkdir()

    def closed(name: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: str | Path, *arguments: Any, **named: Any) -> Any:
            if Path(path).name == name:
                raise PermissionError(13, "Permission denied", str(path))
            return do(path, *arguments, **named)

        return call

    with monkeypatch.context() as denied:
        denied.setattr(os, "scandir", closed("closed", os.scandir))
        denied.setattr(Path, "open", closed("2026-01-05.json", Path.open))
        denied.setattr(Path, "stat", closed("2026-01-07.json", Path.stat))
        summary = import_export(database, open_export(folder))
    assert sorted(file for file, _ in summary.broken) == ["closed", "ops/2026-01-05.json", "ops/2026-01-07.json"]
    assert all("Permission denied" in why for _, why in summary.broken)
    assert summary.added == 1
    assert import_export(database, open_export(folder)).added == 2, "once they may be read, they are"


def test_only_one_channel_and_folders_without_a_list(tmp_path: Path, database: Database) -> None:
    export = make(tmp_path / "export", 1_000)
    assert import_export(database, open_export(export), "#design").channels == 1
    with pytest.raises(ExportError, match="holds no channel"):
        import_export(database, open_export(export), "#nowhere")
    (export / "channels.json").unlink()
    assert import_export(database, open_export(export)).channels == len(ROOMS)


@pytest.mark.parametrize("name", ["../outside.json", "/etc/outside.json", "ops/../../outside.json", "..\\outside.json", "C:\\outside.json"])
def test_names_that_lead_out_of_the_archive_are_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("channels.json", "[]")
        archive.writestr(zipfile.ZipInfo(name), "[]")
    with pytest.raises(ExportError, match="leads out of it"):
        open_export(tmp_path / "evil.zip")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, database: Database) -> None:
    folder = write(tmp_path / "x", [])
    secret = tmp_path / "secret.json"
    secret.write_text('[{"type": "message", "user": "U1", "text": "secret", "ts": "1.0"}]')
    (folder / "ops" / "2026-01-08.json").symlink_to(secret)
    assert import_export(database, open_export(folder)).messages == 0


def test_zip_bombs_and_what_is_no_export_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("channels.json", "[]")
        archive.writestr("ops/2026-01-05.json", b" " * 20_000_000)
    with pytest.raises(ExportError, match="zip bomb"):
        open_export(tmp_path / "bomb.zip")
    (tmp_path / "no.zip").write_bytes(b"PK no")
    with pytest.raises(ExportError, match="no readable zip"):
        open_export(tmp_path / "no.zip")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ExportError, match="no Slack export"):
        open_export(tmp_path / "empty")
    with pytest.raises(ExportError, match="nothing at"):
        open_export(tmp_path / "nowhere")


def test_what_was_only_said_in_an_imported_conversation_is_proposed(tmp_path: Path, database: Database) -> None:
    import_export(database, open_export(make(tmp_path / "export", 2_000)), "#ops")
    with database.write() as session:
        ops = channels.by_handle(session, "#ops")
        assert ops.team_id == TEAM
        privacy.attest(session, TEAM, "U0P00")
        privacy.opt_in(session, ops, "U0P00")
    proposed = proposals.observe(database, ops, privacy.why_not)
    said = [lesson.said for lesson in proposed]
    assert [fact.gold for fact in FACTS if not any(fact.gold in text for text in said)] == []
    assert proposals.observe(database, ops, privacy.why_not) == [], "looked at once"


def test_an_organisations_export_says_where_its_workspaces_channels_are(tmp_path: Path, database: Database) -> None:
    day = [{"type": "message", "user": "U1", "text": "hello", "ts": "1.0"}]
    top = write(tmp_path, day)
    write(top / "teams" / "acme", day)
    summary = import_export(database, open_export(top))
    assert (summary.channels, [part for part, _ in summary.broken]) == (1, ["teams/acme"])
    assert import_export(database, open_export(top / "teams" / "acme")).channels == 1


def test_what_makes_no_sense_is_skipped_and_told_and_the_rest_is_read(tmp_path: Path, database: Database) -> None:
    good = {"type": "message", "user": "U1", "text": "stays", "ts": "1.0"}
    odd = [
        {**good, "ts": None}, {**good, "ts": "noon"}, {**good, "ts": "2.0", "text": ["no", "text"]}, {**good, "ts": "3.0", "edited": "yesterday"},
        {"subtype": "tombstone"}, {"subtype": "message_changed", "message": "none"},
    ]  # fmt: skip
    reacted = {**good, "ts": "4.0", "reactions": [{"users": ["U2"]}, {"name": "tada", "users": None}, {"name": "wave", "users": ["U2"]}]}
    folder = write(tmp_path / "a", [*odd, good, reacted])
    (folder / "users.json").write_text(
        json.dumps([None, {"name": "nobody"}, {"id": "U1", "profile": "none", "name": "ana", "team_id": "T1"}, {"id": "U2", "name": "ben"}])
    )
    summary = import_export(database, open_export(folder))
    found = state(database)
    assert {ts: text for (_, ts), (_, text, *_) in found["messages"].items()} == {"1.0": "stays", "4.0": "stays"}
    assert {emoji for *_, emoji in found["reactions"]} == {"wave"}
    assert {name for _, _, name, _ in found["people"]} == {"ben"}
    assert len(summary.broken) == 5, "a message without a time is none"
    assert import_export(database, open_export(folder)).known_files == 1


def test_who_opts_in_again_gets_the_older_messages_back_by_importing_again(tmp_path: Path, database: Database) -> None:
    export = open_export(write(tmp_path / "a", [{"type": "message", "user": "U1", "text": "stays", "ts": "1.0"}]))
    import_export(database, export)
    with database.write() as session:
        privacy.opt_out(session, "T1", "U1")
    assert [text for _, text, *_ in state(database)["messages"].values()] == [""]
    with database.write() as session:
        privacy.opt_back_in(session, "T1", "U1")
    import_export(database, export)
    assert [text for _, text, *_ in state(database)["messages"].values()] == ["stays"]


class Silent(zipfile.ZipInfo):
    """A file that does not say that its name is UTF-8, as some tools pack."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode(), self.flag_bits


def test_names_in_a_zip_are_utf_8_whether_it_says_so_or_not(tmp_path: Path, database: Database) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("channels.json", json.dumps([{"id": "C0GEN", "name": "g\u00e9n\u00e9ral"}]))
        archive.writestr("users.json", "[]")
        archive.writestr(Silent("g\u00e9n\u00e9ral/2026-01-05.json"), json.dumps([{"type": "message", "user": "U1", "text": "bonjour", "ts": "1.0"}]))
    import_export(database, open_export(tmp_path / "x.zip"))
    assert {place for place, _ in state(database)["messages"]} == {"C0GEN"}


def test_an_id_that_slack_never_gave_names_no_folder(tmp_path: Path, database: Database) -> None:
    folder = write(tmp_path / "x", [{"type": "message", "user": "U1", "text": "fine", "ts": "1.0"}])
    (folder / "channels.json").write_text(json.dumps([{"id": "../../outside", "name": "ops"}]))
    import_export(database, open_export(folder))
    with database.read() as session:
        assert ["/" in channel.slack_id for channel in session.query(Channel)] == [False]


def test_a_deletion_in_an_export_forgets_what_the_message_had_it_remember(tmp_path: Path, database: Database) -> None:
    with database.write() as session:
        ops = channels.ensure(session, "T1", "C0OPS")
        session.add(Question(channel_id=ops.id, ts="3.0", author="U1", text="remember that the code is 7341."))
        lessons.teach(session, ops, "The code is 7341.", "U1", "3.0")
    gone = {"type": "message", "subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT", "ts": "3.0"}
    import_export(database, open_export(write(tmp_path / "x", [gone])))
    with database.read() as session:
        assert [lesson.status for lesson in session.query(Lesson)] == [LessonStatus.FORGOTTEN]
