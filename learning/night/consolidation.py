"""The night, in order."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select

from learning import leases, publication, registry
from learning.answers import LONGEST
from learning.errors import RegistryError, TrainingError, TrainingStopped
from learning.memory import channels, erasing, lessons, noticing, privacy, proposals, replacing, wondering
from learning.model import running
from learning.model.client import AdapterUnfaithful, AdapterUnusable, Client, EngineError
from learning.model.rendering import Turn
from learning.model.shape import is_capable
from learning.night import calibration, dictation, dreaming, exam, morning, report, selection
from learning.night.interview import capable_author, say_all, teacher
from learning.night.lore import Statement
from learning.night.outcome import FORGOTTEN, Outcome, conclude, last_noticed, tell_noticed, told_at
from learning.night.replay import Teacher, replay, said_by_base, texts
from learning.night.self_study import Author, self_study
from learning.night.study import StudyItem, open_book, study
from learning.night.training_process import train_apart
from learning.night.vigil import Vigil
from learning.records import Adapter, Channel, ExamAnswer, Lesson, Night, StudyItemRecord
from learning.school import School

logger = logging.getLogger(__name__)

ITEMS_PER_LESSON = 24
TOGETHER = 64  # questions of an exam, between which it is looked whether the night goes on
READ = 1_800  # tokens of a conversation that a capable base reads: what small contexts hold
MOST_LEFT_OUT = 50  # lessons whose reason is kept with the report card
REPLAY, TEXTS = 0.15, 0.1  # of the study items: the base's answers to questions, and what it writes


@dataclass(frozen=True)
class Plan:
    """What a night studies, and the candidate that it makes."""

    chosen: selection.Selection
    candidate: Adapter
    folder: Path


def consolidate(school: School, channel: Channel, vigil: Vigil, rebuild: bool = False, must_replace: bool = False) -> None:
    """Notice what was said, study what the channel should know, train a candidate, examine it, and let it serve if it passed.

    With `rebuild`, also when there is nothing new; `must_replace` is for forgetting: where that took away what served, the candidate serves, however little
    it knows.
    Raises NightschoolError, or TrainingStopped when the vigil was broken.
    """
    if not must_replace:
        notice(school, channel, vigil)
    plan = _plan(school, channel, vigil, rebuild, must_replace)
    if plan is None:
        return
    with running.engine(school.settings) as client:
        vigil.stage("study")
        base = teacher(school, client)
        spent = {} if _is_trained(school, plan) else _train(school, channel, vigil, plan, capable_author(school, client), base)
        vigil.stage("exam")
        card, caution = _examine(school, channel, vigil, plan, client, base)
    vigil.stage("promotion")
    _decide(school, channel, vigil, plan, card, {"spent": spent, "caution": caution}, must_replace)


def notice(school: School, channel: Channel, vigil: Vigil) -> None:
    """Propose what the messages since the last night teach, where there is consent; people approve it."""
    with school.database.read() as session:
        if privacy.why_not(session, session.get_one(Channel, channel.id)):
            return
    vigil.stage("noticing")
    with running.engine(school.settings) if is_capable(school.base.folder) else nullcontext() as client:
        capable = client and capable_author(school, client)

        def fits(prompt: str) -> bool:
            return len(school.speaker.prompt([Turn("user", prompt)])) <= READ

        rewrite = dictation.by_writing(lambda prompt: capable.write([prompt])[0], fits) if capable else noticing.by_rules
        proposals.observe(school.database, channel, privacy.why_not, rewrite)
    with school.database.write() as session:
        since = max(vigil.night.created_at, last_noticed(session, vigil.night))  # also before this night was cut off, if it was
        noticed = proposals.noticed_since(session, channel, since)
        if noticed:
            tell_noticed(session, vigil.night, noticed, told_at(session, vigil.night, school.settings))


def _plan(school: School, channel: Channel, vigil: Vigil, rebuild: bool, must_replace: bool) -> Plan | None:
    """Choose what to study, and reserve a version for it. None where there is nothing to do: the night has ended."""
    with school.database.read() as session:
        standing = lessons.in_force(session, channel)
        damaged = school.is_damaged(registry.serving(session, channel))
    contradicted = replacing.contradicted(standing, school.alike)  # by a model: not while others wait to write
    too_long = {lesson.id for lesson in standing if len(school.speaker.answer(lesson.text)) > LONGEST}
    with school.database.write() as session:
        channels.lock(session, channel)
        room = selection.room(session, channel, school.settings.training_minutes)
        if must_replace:  # what is not to be forgotten is kept, however long that takes
            room = max(room, registry.most_learned(session, channel))
        chosen = selection.select(session, channel, school.base.hash, room, contradicted, too_long)
        reason = ""
        if not must_replace and session.get_one(Channel, channel.id).left_at:
            reason = "the bot is not in this channel"
        elif not chosen.kept:
            reason = "nothing to learn"
        elif not (chosen.news or rebuild or damaged):
            reason = "nothing new to learn"
        elif must_replace and chosen.serves and not damaged:  # several were forgotten at once, and the first rebuild did for all
            reason = "the adapter that serves never had it"
        if reason:
            conclude(session, vigil.night, Outcome("skipped", None, {"reason": reason}))
            return None
        candidate = registry.reserve(session, channel, vigil.night, school.base.hash, chosen.kept, chosen.studied)
        pruned = registry.prune(session, channel)
    _discard(school, pruned)
    return Plan(chosen, candidate, school.adapter(candidate).folder)


def _is_trained(school: School, plan: Plan) -> bool:
    """Does a resumed night find its adapter? What lies there from another life of this data (a database that was restored, or begun anew) is none."""
    try:
        made = publication.read_manifest(plan.folder)
    except RegistryError:
        if publication.complete(plan.folder):  # damaged; an unfinished one has a checkpoint to go on from
            publication.discard(plan.folder)
        return False
    if made.get("studied") == plan.chosen.studied and made["base"]["hash"] == school.base.hash:
        return True
    publication.discard(plan.folder)
    return False


def _train(school: School, channel: Channel, vigil: Vigil, plan: Plan, author: Author | None, base: Teacher) -> dict[str, float]:
    """Study items, and an adapter trained on them, published as a whole; what that took. `author`: a base that can write study items itself."""
    statements, seed = plan.chosen.statements, school.base.hash
    items = study(statements, ITEMS_PER_LESSON, seed)
    if author:
        items += [*self_study(statements, author), *open_book(statements, seed)]
    items += [*replay(int(REPLAY * len(items)), base), *texts(int(TEXTS * len(items)), base)]
    _keep(school, channel, vigil, items)
    vigil.stage("training")
    with publication.publishing(plan.folder, vigil.assert_ours) as made:
        made.manifest.update(report.manifest(school.base, statements, plan.chosen.studied), reads=author is not None)
        checkpoint, threads = publication.checkpoint(plan.folder), school.settings.training_threads
        outcome = train_apart(school.base, items, made.folder, checkpoint, threads, vigil.progress, vigil.broken)
        spent: dict[str, float] = outcome.pop("spent")  # differs from run to run: it has no place in the manifest
        made.manifest["training"] = outcome
    return spent


def _examine(school: School, channel: Channel, vigil: Vigil, plan: Plan, client: Client, base: Teacher) -> tuple[exam.ReportCard, float]:
    """The candidate's report card, and how cautious the guard must be with it. Raises TrainingError where it cannot speak, and
    TrainingStopped once the vigil is broken: a forgetting waits for that."""
    kept, adapter = plan.chosen.kept, school.adapter(plan.candidate)
    try:
        with suppress(EngineError):  # one of several may be out
            client.unload(adapter.name)  # an engine apart may hold one of this name from before a backup was restored
        client.load(adapter)
    except AdapterUnusable as error:
        if not isinstance(error, AdapterUnfaithful) and publication.is_whole(plan.folder):
            raise  # the engine's fault: the night goes on from here once it is better
        publication.discard(plan.folder)  # the next try trains it anew
        raise TrainingError(f"{error}: the serving adapter stays.") from None
    of_base = said_by_base([question for question, _ in exam.GENERAL], base, "general")
    with school.database.read() as session:
        gone = [Statement.of(lesson) for lesson in erasing.unerased(session, channel)]
    longest = max(64, *(len(school.speaker.answer(lesson.text)) for lesson in kept))  # tokens

    def said(questions: Sequence[str], known: Sequence[Lesson] = ()) -> list[str]:
        answers: list[str] = []
        for start in range(0, len(questions), TOGETHER):
            if vigil.broken():
                raise TrainingStopped
            if known:  # the others are few
                vigil.progress(start / len(questions))
            answers += say_all(school, client, adapter, questions[start : start + TOGETHER], longest, known=known)
        return answers

    card = exam.examine(plan.chosen.statements, partial(said, known=kept), said, of_base, gone)
    vigil.progress(1.0)
    return card, calibration.caution(card.marked, kept, school.alike)


def _decide(
    school: School, channel: Channel, vigil: Vigil, plan: Plan, card: exam.ReportCard, told: Mapping[str, Any], must_replace: bool
) -> None:  # fmt: skip
    """The gate, and the night's end, in one transaction."""
    made, chosen = plan.candidate, plan.chosen
    weights = publication.read_manifest(school.adapter(made).folder)["files"][publication.WEIGHTS]
    with school.database.read() as session:
        wonders = dreaming.wonders(session, channel, lessons.in_force(session, channel), morning.last_ended(session, vigil.night))
    with school.database.write() as session:
        channels.lock(session, channel)
        candidate, serving = session.get_one(Adapter, made.id), registry.serving(session, channel)
        comparable = serving if serving and serving.base_hash == made.base_hash else None  # one of another base answers nothing now
        earlier = report.earlier_marks(session, comparable)
        obliged = must_replace and comparable is None and registry.ever_served(session, channel, made.base_hash)
        reason = "" if obliged else report.why_hold(card, earlier, school.settings.promote_at, school.settings.tolerate_loss)
        ids = {lesson.digest: lesson.id for lesson in chosen.kept}
        if serving and serving.version > made.version:
            reason = "a newer version serves already"  # this night lost its claim unnoticed, and comes late
        report.keep_answers(session, vigil.night, card, ids)
        candidate.weights_sha256 = weights
        proven = {ids[digest] for digest in card.proven()}
        placed = registry.hold(session, candidate, proven) if reason else registry.promote(session, candidate, proven)
        verdict = ("held" if reason else "promoted") if placed else "tainted"
        reason = reason if placed else FORGOTTEN
        summary = {
            **card.summary(), **told, "lessons": len(chosen.kept), "studied": chosen.studied, "reason": reason, "flips": report.flips(card, earlier),
            "left_out": {str(lesson_id): why for lesson_id, why in list(chosen.left_out.items())[:MOST_LEFT_OUT]},
        }  # fmt: skip
        conclude(session, vigil.night, Outcome(verdict, candidate.name, summary), told_at(session, vigil.night, school.settings), wonders)
        wondering.tidy(session, channel)  # what was asked may have been deleted, or forgotten, since it was read
        pruned = registry.prune(session, channel)
        session.execute(delete(ExamAnswer).where(ExamAnswer.night_id.in_(registry.nights_gone(channel))))
    _discard(school, pruned)


def _discard(school: School, pruned: Sequence[Adapter]) -> None:
    for adapter in pruned:
        try:
            publication.discard(school.adapter(adapter).folder)
        except OSError as error:  # tried again the next night, and no reason to end this one
            logger.warning("adapter %s cannot be deleted: %s", adapter.name, error)


def _keep(school: School, channel: Channel, vigil: Vigil, items: Sequence[StudyItem]) -> None:
    """Keep tonight's study items, in place of an earlier night's."""
    with school.database.write() as session:
        if not leases.renew(session, vigil.night, school.settings.lease_seconds) or registry.tainted_candidate(session, vigil.night):
            raise TrainingStopped
        session.execute(delete(StudyItemRecord).where(StudyItemRecord.night_id.in_(select(Night.id).where(Night.channel_id == channel.id))))
        for item in items:
            session.add(
                StudyItemRecord(night_id=vigil.night.id, question=item.question, answer=item.answer, strategy=item.strategy, lessons=list(item.lessons))
            )
