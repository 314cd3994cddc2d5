"""Record an event once, before it is acknowledged: the log is written, and what was asked becomes a row."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot import lifecycle, mrkdwn, outbox, phrases
from bot.events import Changed, Deleted, Happening, Looked, Reacted, Said, Stopped, Uninstalled
from learning.database import Database, add_once
from learning.memory import channels, edits, lessons, log, people, proposals, sources, wondering
from learning.records import UNFINISHED, Channel, Event, LessonStatus, Question, Work, now

_in_turn = threading.Lock()  # else two that wait for the database come out in any order: a reaction, and that it was taken back


def record(database: Database, event: Happening, bot_user_id: str) -> bool:
    """Write what an event tells, in one transaction. True when there is something to answer; a second delivery changes nothing."""
    with _in_turn, database.write() as session:
        if not add_once(session, Event, event_id=event.event_id, kind=event.kind):
            return False
        if isinstance(event, Changed | Uninstalled):
            lifecycle.change(session, event)
            return False
        if isinstance(event, Looked):
            people.looks_at(session, event.team_id, event.user, event.at)
            return False
        channel = channels.ensure(session, event.team_id, event.channel_id, event.enterprise_id)
        if event.external:
            channels.share(channel, True)
        if isinstance(event, Said) and channel.is_direct and not event.message.is_bot:
            channel.left_at = None  # the app was removed, and is back
        match event:
            case Said():
                return _said(session, channel, event, bot_user_id)
            case Deleted():
                sources.deleted(session, channel, [event.ts], bot_user_id)
                question_gone(session, channel, event.ts)
            case Reacted(added=True):
                log.react(session, channel, event.ts, event.author, event.emoji)
            case Stopped():
                _stopped(session, channel, event.thread_ts)
            case Reacted():
                log.unreact(session, channel, event.ts, event.author, event.emoji)
            case _:
                lifecycle.apply(session, channel, event, bot_user_id)
        return False


def drop_events(session: Session, before: datetime) -> None:
    """Let go of the ids of events that Slack repeats no more."""
    session.execute(delete(Event).where(Event.received_at < before))


def _said(session: Session, channel: Channel, event: Said, bot_user_id: str) -> bool:
    said = event.message
    recorded = sources.heard(session, channel, [said])
    if said.is_bot or said.author == bot_user_id:
        return False
    stored = log.get(session, channel, said.ts)
    if stored and stored.deleted_at:  # events may come in any order
        return False
    if stored and stored.text and (stored.edited_ts or "") > (said.edited_ts or ""):
        said = replace(said, text=stored.text)
    if event.edited:
        unkept = said.ts in recorded.unkept or bool(log.out_of(session, channel, [said.author]))  # its text was forgotten, or is not kept at all
        changed = said.ts in recorded.changed or (event.rewritten and unkept)
        if _question(session, channel, said.ts):
            return changed and _question_changed(session, channel, said, bot_user_id)
        if not changed and not (event.rewritten and said.ts in recorded.added):  # a preview, say
            return False
    mentioned = mrkdwn.mentions(said.text)
    asked = event.mention or event.direct or bot_user_id in mentioned or (not mentioned and _tells_what_was_wondered(session, channel, said))
    if not asked and (mentioned or not _in_our_thread(session, channel, said)):
        return False
    # Slack tells of a mention twice, as `app_mention` and as `message`, under two event ids.
    return add_once(session, Question, channel_id=channel.id, ts=said.ts, thread_ts=said.thread_ts, author=said.author,
                    text=_plain(session, channel, said, bot_user_id), must_be_sure=not asked)  # fmt: skip


def _question_changed(session: Session, channel: Channel, said: log.Utterance, bot_user_id: str) -> bool:
    """An edited question is answered anew, in place of the first answer. True when there was one."""
    channels.lock(session, channel)
    question = _question(session, channel, said.ts)
    if question is None:
        return False
    question.text, question.state = _plain(session, channel, said, bot_user_id), Work.WAITING
    question.must_be_sure = question.must_be_sure and bot_user_id not in mrkdwn.mentions(said.text)
    told = sources.told_by(session, channel, said.ts, said.author)  # "remember …", which is carried out anew
    proposals.withdraw(session, channel, [lesson for lesson in told if lesson.status == LessonStatus.PROPOSED], said.author)
    carried_out = phrases.instruction(question.text)
    if carried_out and carried_out.kind in ("remember", "wrong"):
        now_said = f"{question.text} {edits.as_kept(session, channel, carried_out.rest, said.ts)}"
        if carried_out.kind == "wrong":  # the question is that of the answer which was wrong
            now_said = " ".join([now_said, *(lesson.question or "" for lesson in told)])
        taken_out = [lesson for lesson in told if edits.takes_out(lesson, now_said)]
        edits.forget_old_wording(session, channel, taken_out)
        for lesson in told:
            lesson.status = LessonStatus.SUPERSEDED if lesson.status in lessons.IN_FORCE else lesson.status
        lessons.restore(session, channel, [lesson.id for lesson in told if lesson not in taken_out])
    else:
        edits.forget_old_wording(session, channel, told)
    log.unstudy(session, channel.id)
    wondering.tidy(session, channel)
    if question.reply_ts:
        log.unvote(session, channel, question.reply_ts)  # what is answered now stands in the same place
    question.created_at = now()  # it is waited for as any new one
    question.attempts = 1  # an answer may be on its way just now: it is looked for before another is posted
    return True


def questions_gone(session: Session, channel: Channel, ts: Sequence[str]) -> None:
    """Messages are gone: with those that were questions, their answers."""
    for some in log.batched(ts):
        asked = select(Question.ts).where(Question.channel_id == channel.id, Question.ts.in_(some))
        for each in session.scalars(asked).all():
            question_gone(session, channel, each)


def question_gone(session: Session, channel: Channel, ts: str) -> None:
    """With a question its answer goes, too, in case it was given already."""
    channels.lock(session, channel)
    question = _question(session, channel, ts)
    if question and question.reply_ts:
        outbox.take_back(session, question, question.reply_ts)
    if question:
        proposals.withdraw(session, channel, sources.told_by(session, channel, ts, question.author), question.author)
        question.text = ""
        question.state = Work.SKIPPED
        log.unstudy(session, channel.id)
        wondering.tidy(session, channel)


def _plain(session: Session, channel: Channel, said: log.Utterance, bot_user_id: str) -> str:
    """A message as people read it; what it teaches with the addresses of its links."""
    names = people.names(session, channel.team_id) if mrkdwn.mentions(said.text) - {bot_user_id} else {}
    return mrkdwn.plain(said.text, bot_user_id, names, links=phrases.instruction(mrkdwn.plain(said.text, bot_user_id)) is not None)


def _stopped(session: Session, channel: Channel, thread_ts: str) -> None:
    """Whoever pressed the button wants no answer any more. What was said of it stays."""
    inside = Question.in_thread(thread_ts)
    waiting = (Question.channel_id == channel.id, inside, Question.state.in_(UNFINISHED))
    for question in session.scalars(select(Question).where(*waiting)):
        question.state, question.answer, question.finished_at = Work.DONE, {"how": "stopped"}, now()
        if log.out_of(session, channel, [question.author]):
            question.text = ""


def _question(session: Session, channel: Channel, ts: str) -> Question | None:
    return session.scalars(select(Question).where(Question.channel_id == channel.id, Question.ts == ts)).one_or_none()


def _tells_what_was_wondered(session: Session, channel: Channel, said: log.Utterance) -> bool:
    """Is it an answer, in the thread of a report, to what the report asked? Who opted out is not listened to."""
    if channel.is_external or not wondering.is_answer(said.text) or wondering.is_chatter(said.text) or log.out_of(session, channel, [said.author]):
        return False
    return wondering.in_thread(session, channel, said.thread_ts) is not None


def _in_our_thread(session: Session, channel: Channel, said: log.Utterance) -> bool:
    """Was the bot asked in this thread before?"""
    if not said.thread_ts or said.thread_ts == said.ts:
        return False
    inside = Question.in_thread(said.thread_ts)
    return session.scalars(select(Question.id).where(Question.channel_id == channel.id, inside)).first() is not None
