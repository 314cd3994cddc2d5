"""The night, in order, on one screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from learning import registry
from learning.errors import TrainingError
from learning.model import running
from learning.model.client import AdapterRef, Client
from learning.model.rendering import Turn
from learning.night import exam, report, selection
from learning.night.replay import replay
from learning.night.study import StudyItem, study
from learning.night.training_process import train_apart
from learning.night.vigil import Vigil
from learning.records import Adapter, Channel, StudyItemRecord
from learning.school import School

ITEMS_PER_LESSON = 24
REPLAY = 0.12  # of the study items
PROBE_TOLERANCE = 0.5  # nats; engines differ in precision, an adapter without effect differs by far more


@dataclass(frozen=True)
class Outcome:
    """`verdict` is promoted, held, skipped or tainted; `adapter` its candidate's name."""

    verdict: str
    adapter: str | None
    report_card: dict[str, Any]


def consolidate(school: School, channel: Channel, vigil: Vigil, rebuild: bool = False, must_replace: bool = False) -> Outcome:
    """Study what the channel should know, train a candidate, examine it, and let it serve if it passed.

    With `rebuild`, also when there is nothing new; `must_replace` is for forgetting: the candidate then serves even if it knows less than the tainted one did.
    Raises NightschoolError, or TrainingStopped when the vigil was broken.
    """
    with school.database.write() as session:
        chosen = selection.select(session, channel, school.base.hash)
        if not chosen.kept or not (chosen.news or rebuild):
            return Outcome("skipped", None, {"reason": "nothing new to learn" if chosen.kept else "nothing to learn"})
        candidate = registry.reserve(session, channel, vigil.night, school.base.hash, chosen.kept)
    folder = school.adapter(candidate).folder
    with running.engine(school.settings) as client:
        vigil.stage("study")
        if not registry.trained_on(folder, [statement.digest for statement in chosen.statements]):  # a resumed night does not train twice
            client.unload(candidate.name)
            registry.discard(folder)
            items = study(chosen.statements, ITEMS_PER_LESSON, school.base.hash)
            items += replay(int(REPLAY * len(items)), school.base.hash, school.settings.cache, lambda q, n: say_all(school, client, None, q, n))
            _keep(school, vigil, items)
            vigil.stage("training")
            with registry.publishing(folder) as made:
                made.manifest.update(report.manifest(school.base, chosen.statements))
                made.manifest["training"] = train_apart(school.base, items, made.folder, school.settings.training_threads, vigil.progress, vigil.broken)
        vigil.stage("exam")
        _probe(client, school.adapter(candidate))
        card = exam.examine(chosen.statements, lambda questions: say_all(school, client, school.adapter(candidate), questions))
    vigil.stage("promotion")
    return _decide(school, channel, vigil, candidate, chosen, card, must_replace)


def _decide(
    school: School, channel: Channel, vigil: Vigil, candidate: Adapter, chosen: selection.Selection, card: exam.ReportCard, must_replace: bool
) -> Outcome:
    """The gate: in one transaction, and only while the night is still ours."""
    with school.database.write() as session:
        vigil.assert_unbroken(session)
        candidate = session.get_one(Adapter, candidate.id)
        serving = registry.serving(session, channel)
        earlier = report.earlier_marks(session, serving)
        reason = "" if must_replace else report.why_hold(card, earlier, school.settings.promote_at, school.settings.tolerate_loss)
        ids = {lesson.digest: lesson.id for lesson in chosen.kept}
        report.keep_answers(session, vigil.night, card, ids)
        candidate.weights_sha256 = registry.read_manifest(school.adapter(candidate).folder)["files"][registry.WEIGHTS]
        summary = {**card.summary(), "lessons": len(chosen.kept), "reason": reason}
        if reason:
            registry.hold(session, candidate)
            return Outcome("held", candidate.name, summary)
        proven = {ids[digest] for digest in card.proven()}
        promoted = registry.promote(session, candidate, proven)
        return Outcome("promoted" if promoted else "tainted", candidate.name, summary)


def say_all(school: School, client: Client, adapter: AdapterRef | None, questions: Sequence[str], tokens: int = 64) -> list[str]:
    """What an adapter, or the base, says to many questions with nothing in the prompt."""
    prompts = [school.speaker.prompt([Turn("user", question)]) for question in questions]
    return [school.speaker.text(said.tokens) for said in client.complete_all(prompts, adapter, tokens)]


def _keep(school: School, vigil: Vigil, items: Sequence[StudyItem]) -> None:
    with school.database.write() as session:
        session.add_all(
            StudyItemRecord(night_id=vigil.night.id, question=i.question, answer=i.answer, strategy=i.strategy, lessons=list(i.lessons)) for i in items
        )


def _probe(client: Client, adapter: AdapterRef) -> None:
    """The engine must say what training said; otherwise it took the adapter without effect, or for another base."""
    client.load(adapter)
    for probe in registry.read_manifest(adapter.folder)["training"]["probes"]:
        (said,) = client.score(probe["prompt"], [probe["token"]], adapter)
        if abs(said - probe["logprob"]) > PROBE_TOLERANCE:
            raise TrainingError(f"the engine does not reproduce {adapter.name} ({said:.2f} instead of {probe['logprob']:.2f} nats): the serving adapter stays.")
