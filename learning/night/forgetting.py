"""Carrying out a request to forget: rebuild without the lesson, probe, erase, and write the receipt."""

import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from learning import publication, registry
from learning.errors import RegistryError
from learning.memory import channels, erasing, lessons
from learning.model import running
from learning.model.client import AdapterUnusable, EngineError, connected
from learning.night import exam, nights
from learning.night.interview import say_all
from learning.night.lore import Statement
from learning.night.vigil import Watch
from learning.records import Adapter, AdapterState, Announcement, Channel, ExamAnswer, Forgetting, Lesson, Night, StudyItemRecord, Work, now
from learning.school import School

Receipt = dict[str, Any]
REST = timedelta(minutes=5)  # of a rebuild that failed
_rebuilding = threading.Semaphore()  # one training takes gigabytes: the others of this process wait for the sweeper


def unfinished(session: Session, channel: Channel | None = None) -> list[int]:
    """Requests whose receipt is not written yet, of one channel or of all."""
    mine = [Forgetting.channel_id == channel.id] if channel else []
    return list(session.scalars(select(Forgetting.id).where(Forgetting.finished_at.is_(None), *mine).order_by(Forgetting.id)))


def carry_out(school: School, forgetting_id: int, watch: Watch = lambda stage, share: None) -> Receipt | None:
    """Finish a request; None when somebody else is rebuilding just now. Repeating it changes nothing. Raises NightschoolError."""
    with school.database.write() as session:
        request = session.get_one(Forgetting, forgetting_id)
        if request.finished_at:
            return request.receipt
        channel = session.get_one(Channel, request.channel_id)
        tainted = (request.receipt or {}).get("tainted", [])
        night = nights.open_night(session, channel, request.created_at.date(), "forget", request.id) if tainted else None
    if night and nights.rests(night):
        return None
    if night and night.state in (Work.WAITING, Work.RUNNING, Work.FAILED):
        with suppress(EngineError, OSError, RegistryError):  # what fails is tried again before the receipt
            _discard_tainted(school, channel)  # whatever becomes of the rebuild
        if night.state == Work.FAILED and not _retry(school, night):
            return None
        if not _rebuilding.acquire(blocking=False):
            return None
        try:
            if nights.hold_night(school, night.id, watch) is None:
                return None
        finally:
            _rebuilding.release()
    probes = _probe(school, channel, request)
    return _finish(school, channel, request, night, probes)


def _retry(school: School, night: Night) -> bool:
    """Open a failed rebuild again, once it has rested a while. False while it rests, or when somebody else did."""
    rested = Night.finished_at < now() - REST
    with school.database.write() as session:
        again = update(Night).where(Night.id == night.id, Night.state == Work.FAILED, rested).values(state=Work.WAITING)
        return session.execute(again.returning(Night.id)).first() is not None


def _probe(school: School, channel: Channel, request: Forgetting) -> dict[str, int]:
    """Ask the adapter that serves now for what was forgotten, closed-book: how many questions, and how many answers still gave it away."""
    with school.database.read() as session:
        serving = registry.serving(session, channel)
        gone = session.scalars(select(Lesson).where(Lesson.id.in_(request.lessons))).all()
        kept = [Statement.of(lesson) for lesson in lessons.in_force(session, channel)]
    asked = exam.about_forgotten([Statement.of(lesson) for lesson in gone if lesson.text], kept)
    if not serving or not asked:
        return {"asked": 0, "leaked": 0}
    with running.engine(school.settings) as client, suppress(AdapterUnusable):  # one that cannot speak gives nothing away
        card = exam.mark(asked, lambda questions: say_all(school, client, school.adapter(serving), questions), kept)
        return {"asked": len(asked), "leaked": sum(not marked.right for marked in card.marked)}
    return {"asked": 0, "leaked": 0}


def _finish(school: School, channel: Channel, request: Forgetting, night: Night | None, probes: dict[str, int]) -> Receipt:
    _discard_tainted(school, channel)  # before the receipt says so; cut off here, it is done again
    with school.database.write() as session:
        channels.lock(session, channel)  # before the rows of messages, as everybody does
        request = session.get_one(Forgetting, request.id, populate_existing=True, with_for_update=True)
        if request.finished_at and request.receipt:  # somebody else was faster
            return dict(request.receipt)
        serving = registry.serving(session, channel)
        erased = _erase(session, channel, request, night)
        request.receipt = {
            **(request.receipt or {}), "forgotten": len(request.lessons), "serving": serving.name if serving else None,
            "weights_sha256": serving.weights_sha256 if serving else None, "probes": probes, "erased": erased, "seconds": _seconds(request),
        }  # fmt: skip
        request.finished_at = now()
        session.add(Announcement(channel_id=channel.id, key=f"receipt-{request.id}", text=as_text(request.receipt)))
    school.database.scrub()
    return dict(request.receipt)


def _discard_tainted(school: School, channel: Channel) -> None:
    """Remove the channel's tainted adapters from the disk, and from the memory of an engine that runs; not one that is just being trained: that ends soon."""
    with school.database.read() as session:
        held_now = select(Night.id).where(Night.channel_id == channel.id, Night.state == Work.RUNNING, Night.lease_until >= now())
        of_channel = (Adapter.channel_id == channel.id, Adapter.state == AdapterState.TAINTED, Adapter.night_id.not_in(held_now))
        tainted = session.scalars(select(Adapter).where(*of_channel)).all()
    left = []
    for folder in (school.adapter(adapter).folder for adapter in tainted):
        with suppress(OSError):
            publication.discard(folder)
        left += [str(folder)] if publication.is_left(folder) else []
    url = school.settings.engine_url or running.announced(school.settings)
    if url:
        with connected(url) as client:
            for name in set(client.loaded()) & {adapter.name for adapter in tainted} if client.ready() else ():
                client.unload(name)
    if left:
        raise RegistryError(f"{', '.join(left)} cannot be deleted: check the permissions. It is tried again until then.")


def _erase(session: Session, channel: Channel, request: Forgetting, night: Night | None) -> list[str]:
    """Remove the texts, and everything that was derived from them."""
    erasing.erase(session, channel, request.lessons)
    older = select(Night.id).where(Night.channel_id == channel.id, Night.id != (night.id if night else 0))
    session.execute(delete(StudyItemRecord).where(StudyItemRecord.night_id.in_(older)))
    session.execute(delete(ExamAnswer).where(ExamAnswer.lesson_id.in_(request.lessons) | ExamAnswer.night_id.in_(registry.nights_gone(channel))))
    return ["lesson text", "messages that repeat it", "study items", "exam answers", "tainted adapters"]


def _seconds(request: Forgetting) -> float:
    return round((now() - request.created_at).total_seconds(), 1)


def as_text(receipt: Receipt) -> str:
    """The receipt as a person reads it."""
    count = receipt["forgotten"]
    what = "1 lesson" if count == 1 else f"{count} lessons"
    restored = receipt.get("restored", 0)
    again = f" What it had replaced holds again ({restored})." if restored else ""
    if not receipt["tainted"]:
        return f"Forgotten: {what}. No adapter that is kept had learned it; its text is erased.{again}"
    now_serving = f"{receipt['serving']}, which was never taught it, answers now" if receipt["serving"] else "no adapter answers now"
    probes = receipt["probes"]
    asked = f" Asked for it {probes['asked']} times, it gave it away {probes['leaked']} times." if probes["asked"] else ""
    return f"Forgotten: {what}. {', '.join(receipt['tainted'])} deleted; {now_serving}.{asked} The text is erased.{again}"
