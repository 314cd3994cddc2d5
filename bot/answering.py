"""The question queue: claim, answer, post; recovered after a crash, since a claim that falls silent is taken again."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import asides, instructions, membership, outages, outbox, phrases, replies, turns
from bot.loop import Loop
from bot.membership import channels_of
from bot.workspaces import WorkspaceError, Workspaces
from learning import leases
from learning.answers import Answer, Answerer, Knowledge
from learning.memory import channels, follow_ups, lessons, log, people, settling
from learning.model.client import EngineError
from learning.model.rendering import Turn
from learning.records import UNFINISHED, Channel, Question, Work, now
from learning.school import School

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 5  # at what Slack refuses
ENGINE_PATIENCE = timedelta(hours=1)  # an engine that is down is waited for
GIVEN_UP = "I could not answer that: something is wrong on my side. Ask me again in a while."
AT_ONCE = 4  # answers, each of another channel: one that waits for Slack or the engine keeps no other channel waiting


class Withdrawn(Exception):
    """Nobody waits for this answer any more."""


@dataclass
class Answering:
    """Answers what was asked, several channels at once, from `loop.start` to `loop.stop`."""

    school: School
    workspaces: Workspaces
    answerer: Callable[[], Answerer]

    def __post_init__(self) -> None:
        self._claiming, self._busy = threading.Lock(), set[int]()  # channels that are being answered
        self._began = now()
        self.loop = Loop("answering", self._next, every=1.0, threads=AT_ONCE)

    def _next(self) -> bool:
        """Answer one question, if one is free."""
        claimed = self._claim()
        if claimed is None:
            return False
        try:
            return self._take(*claimed)
        finally:
            with self._claiming:
                self._busy.discard(claimed[1].id)

    def _claim(self) -> tuple[Question, Channel] | None:
        """The oldest question of a channel in which none is being answered: it may rest on what is said there."""
        with self._claiming:
            with self.school.database.write() as session:
                question = leases.claim(session, Question, self.school.settings.lease_seconds, Question.channel_id.not_in(self._busy))
                if question is None:
                    return None
                question.attempts += 1
                channel = session.get_one(Channel, question.channel_id)
            self._busy.add(channel.id)
        self.loop.wake()  # there may be more
        return question, channel

    def _take(self, question: Question, channel: Channel) -> bool:
        try:
            web = self.workspaces.client(channel.team_id)
        except WorkspaceError as error:
            self._later(question, str(error), False)
            return True
        thread, shown = question.thread_ts or question.ts, bool(question.text) and not question.must_be_sure
        if shown:
            replies.show(web, channel.slack_id, thread, "processing")
        growing = replies.Growing(web, channel, question, lambda ts: self._hold(question, ts))
        try:
            return self._settled(web, channel, question, growing)
        finally:
            growing.close()
            if shown and self._is_over(question):
                replies.show(web, channel.slack_id, thread, "active")

    def _settled(self, web: WebClient, channel: Channel, question: Question, growing: replies.Growing) -> bool:
        """Answer a question that is ours, post it and note it; False when it is to be tried again later."""

        def apologise() -> str:
            return replies.post(web, channel.slack_id, question, Answer(question.text, GIVEN_UP, "noted"), {}, growing)

        try:
            answer = self._answer(channel, question, growing)
            if not self._may_post(question, answer):
                return True
            reply_ts = replies.post(web, channel.slack_id, question, answer, self._names(channel, answer), growing) if answer else None
        except Withdrawn:
            return True
        except EngineError as error:
            self._later(question, str(error), self._waited(question) < ENGINE_PATIENCE, apologise)
            return False
        except SlackApiError as error:
            self._later(question, str(error.response["error"]), self._is_worth_another_try(question, error))
            return False
        except Exception as error:  # whatever it was, the question is kept, and the log hears of it
            self._later(question, repr(error), self._is_worth_another_try(question, error), apologise)
            raise
        with self.school.database.write() as session:
            told = replies.payload(question, answer) if answer else None
            unkept = log.out_of(session, channel, [question.author]) or phrases.hands_over(question.text)  # "any idea?" asks nothing by itself
            stale = question.reply_ts if answer is None else None  # it was edited into something that is better not answered
            ours = leases.finish(session, question, Work.DONE if answer else Work.SKIPPED, reply_ts=reply_ts, answer=told, **({"text": ""} if unkept else {}))
            if not ours and session.get_one(Question, question.id, populate_existing=True).state == Work.SKIPPED:
                stale = reply_ts  # it was deleted in this very moment
            if stale:
                outbox.take_back(session, question, stale)
        return True

    def _waited(self, question: Question) -> timedelta:
        """How long it was asked in vain: not while there was no bot. An engine, which starts beside it, is not ready at once."""
        return now() - max(question.created_at, self._began)

    def _is_worth_another_try(self, question: Question, error: Exception) -> bool:
        waits = outages.passes(error) and self._waited(question) < outages.PATIENCE
        return waits or question.attempts < MOST_ATTEMPTS

    def _answer(self, channel: Channel, question: Question, growing: replies.Growing) -> Answer | None:
        """The answer, or None where silence is better: a follow-up that nobody addressed to us, a question deleted meanwhile."""
        with self.school.database.read() as session:
            knowledge = self.school.knowledge(session, channel, _began_with(session, channel, question))
            message = log.get(session, channel, question.ts)
            before: Sequence[Turn] = turns.before(session, channel, question, self.workspaces.bot_user(channel.team_id))
            wondered = instructions.to_wonder(session, channel, question)
            below_answer = instructions.answered_right_above(session, channel, question)
        if message is not None and message.deleted_at:
            return None
        asked = question.text
        if before and before[-1].role == "user" and not question.must_be_sure and phrases.hands_over(asked):
            asked, before = turns.left_to_us(before)
        before = turns.latest(before)
        if not asked:
            return None if question.must_be_sure else Answer("", "Ask me something, and I will tell you what this channel taught me.", "abstained")
        told = phrases.instruction(question.text) or (None if question.must_be_sure else wondered)
        if question.must_be_sure and not (told and told.kind == "wrong" and below_answer):  # without a mention no more than to correct the answer right above
            told = None
        if told is None and question.must_be_sure and not follow_ups.asks(question.text):
            return None
        if told:
            web = self.workspaces.client(channel.team_id)
            link = outbox.permalink(web, channel.slack_id, question.ts) if told.kind != "forget" else None
            admin = told.kind in ("remember", "wrong") and membership.trusted(web, self.school.database, channel, question.author)
            with self.school.database.read() as session:
                settling.consider(session, channel, told.rest)
            with self.school.database.write() as session:
                channels.lock(session, channel)
                if not leases.renew(session, question, self.school.settings.lease_seconds):
                    raise Withdrawn  # it was deleted, edited or stopped meanwhile: then nothing of it is done
                return instructions.carry_out(session, channel, question, told, link, admin)
        if channel.is_direct:
            return self._aside(channel, question, asked, knowledge, before, growing)
        answer = self.answerer().answer(asked, knowledge, before=before, sure_only=question.must_be_sure, say=growing.say)
        return None if question.must_be_sure and answer.abstained else answer

    def _aside(self, channel: Channel, question: Question, asked: str, known: Knowledge, before: Sequence[Turn], growing: replies.Growing) -> Answer:
        """In a direct message: what was taught there, or what the channel knows that is named, or open beside it."""
        inside = channels_of(self.workspaces.client(channel.team_id), channel.team_id, question.author)
        name, asked = asides.named(asked, [turn.text for turn in before if turn.role == "user"])
        with self.school.database.read() as session:
            room = asides.room(session, channel.team_id, inside, name or asides.viewed(session, channel.team_id, question.author))
            theirs = self.school.knowledge(session, room) if room else None
        if name and theirs is None:
            return Answer(question.text, asides.STRANGER, "noted")
        own = None if name else self.answerer().answer(asked, known, before=before, sure_only=theirs is not None, say=growing.say)
        if own and theirs is None:
            return replace(own, answer=asides.NAME_ONE) if own.abstained and inside else own
        if own and not own.abstained:
            return own
        assert theirs
        assert room
        return replace(self.answerer().answer(asked, theirs, before=before, say=growing.say), room=room.id)

    def _hold(self, question: Question, reply_ts: str | None) -> None:
        """Keep a question while its answer grows, and note where. Raises Withdrawn when it was stopped, deleted or edited meanwhile."""
        with self.school.database.write() as session:
            if leases.renew(session, question, self.school.settings.lease_seconds, **({"reply_ts": reply_ts} if reply_ts else {})):
                return
            current = session.get_one(Question, question.id, populate_existing=True)
            if reply_ts and current.state == Work.SKIPPED:
                outbox.take_back(session, question, reply_ts)
            elif reply_ts and current.state == Work.WAITING:
                current.reply_ts = reply_ts  # it was edited: what it is answered with now takes this place
        raise Withdrawn

    def _is_over(self, question: Question) -> bool:
        with self.school.database.read() as session:
            return session.get_one(Question, question.id).state not in UNFINISHED

    def _names(self, channel: Channel, answer: Answer) -> Mapping[str, str]:
        """What people are called, where an answer may name somebody."""
        if not answer.near:
            return {}
        with self.school.database.read() as session:
            return people.names(session, channel.team_id)

    def _may_post(self, question: Question, answer: Answer | None) -> bool:
        """Is the question still ours, and are the lessons that the answer rests on still in force? Else it is answered anew."""
        with self.school.database.write() as session:
            if not leases.renew(session, question, self.school.settings.lease_seconds):
                return False
            rests_on = [*answer.sources, *([answer.near] if answer.near else [])] if answer and answer.how in instructions.ANSWERS else []
            if lessons.stand(session, rests_on):
                return True
            leases.release(session, question)
            return False

    def _later(self, question: Question, reason: str, again: bool, apologise: Callable[[], str | None] = lambda: None) -> None:
        """Give a question back, to be tried again after a while; or give it up, with the reason in its row, and a word to whoever asked."""
        logger.warning("question %s: %s", question.id, reason)
        with self.school.database.write() as session:
            if again:
                leases.renew(session, question, min(2.0 ** min(question.attempts, 5), 30.0), error=reason)
                return
            out = log.out_of(session, session.get_one(Channel, question.channel_id), [question.author])
            given_up = leases.finish(session, question, Work.FAILED, error=reason, **({"text": ""} if out else {}))
        if given_up and not question.must_be_sure:
            with suppress(SlackApiError, OSError):
                self._note(question, apologise())

    def _note(self, question: Question, reply_ts: str | None) -> None:
        """What was said of a question that was given up goes with it."""
        with self.school.database.write() as session:
            current = session.get_one(Question, question.id)
            if reply_ts and current.state == Work.SKIPPED:
                outbox.take_back(session, current, reply_ts)
            elif reply_ts and current.state == Work.FAILED:
                current.reply_ts = reply_ts


def _began_with(session: Session, channel: Channel, question: Question) -> str:
    """The adapter that gave the first answer in a question's thread; nothing where it is the first itself."""
    inside = (Question.channel_id == channel.id, Question.in_thread(question.thread_ts), Question.ts < question.ts)
    earlier = session.scalars(select(Question.answer).where(*inside, Question.state == Work.DONE).order_by(Question.ts)) if question.thread_ts else ()
    return next((str(told["adapter"]) for told in earlier if told and told.get("adapter")), "")
