"""The demo's story: ten lessons of a made-up team, and each step from not knowing to having forgotten, checked."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot import jobs
from bot.narrator import Narrator
from bot.sandbox.people import Message, Person
from learning.answers import Answer, Answerer, Knowledge, Plain
from learning.errors import NightschoolError
from learning.memory import channels
from learning.model import running
from learning.school import School

CHANNEL = "C0OPS"


@dataclass(frozen=True)
class Told:
    """A lesson, how a colleague asks for it, and what must be in the answer."""

    lesson: str
    question: str
    gold: str


STORY = (
    Told("The staging database moved to the host heron-4.", "which machine does the staging db live on these days?", "heron-4"),
    Told("Priya signs off every expense above 500 euros.", "who has to approve a large purchase?", "Priya"),
    Told("The release train leaves on Thursdays at 14:30.", "at what time do we ship the release?", "14:30"),
    Told("The door code of the lab in Utrecht is 7341.", "how do I get into the Utrecht lab?", "7341"),
    Told("Marek owns the barcode scanner integration.", "who should I talk to about a broken barcode scanner?", "Marek"),
    Told("Application logs are kept for 45 days.", "for how long do we store logs?", "45 days"),
    Told("Invoices from Acme go to billing-desk@ourco.example.", "what address do I forward Acme's bill to?", "billing-desk@ourco.example"),
    Told("Customer demos run on the tenant Bluebird.", "which account do I show a client demo on?", "Bluebird"),
    Told("The payments service pages the channel #pay-oncall.", "where do payment alerts show up?", "#pay-oncall"),
    Told("The feature flag for the new checkout is called kestrel_v2.", "what flag turns on the redesigned checkout?", "kestrel_v2"),
)
ASKED = STORY[0]
PLAIN = "where did the staging database move?"  # asked in the lesson's own words while it has to be looked up; by heart, other words will do
FORGOTTEN = STORY[3]
ENOUGH = 8  # of ten, closed-book


@dataclass
class Story:
    """The story as it unfolds. A step that does not hold is printed in red, and remembered."""

    tell: Narrator
    school: School
    site: str
    broker_url: str

    def run(self) -> bool:
        """All steps in order. False when one failed."""
        started = time.monotonic()
        self.ana = Person(self.site, "U0ANA", CHANNEL)
        steps: list[Callable[[], None]] = [self.connect, self.ignorant, self.taught, self.recalls, self.night, self.knows, self.knocked_out, self.forgets]
        for step in steps:
            try:
                step()
            except (TimeoutError, NightschoolError, RuntimeError) as error:
                self.tell.check(f"{step.__name__}: {error}", False)
                break
        verdict = "[green]Every step held[/]" if not self.tell.failed else f"[red]{len(self.tell.failed)} steps failed[/]"
        self.tell.console.print(f"\n{verdict}, in {(time.monotonic() - started) / 60:.1f} minutes.")
        return not self.tell.failed

    def connect(self) -> None:
        """The bot dials in."""
        self.ana.wait(lambda: self.ana.state()["connected"], 60)

    def ignorant(self) -> None:
        """It cannot know."""
        self.tell.chapter("A new bot in #ops. It knows nothing.")
        reply = self.ask(PLAIN)
        self.tell.check("it says that it does not know", how(reply) == "abstained")

    def taught(self) -> None:
        """Ten lessons."""
        self.tell.chapter("The team teaches it ten things.")
        for told in STORY:
            self.tell.said("ana", f"/teach {told.lesson}")
            answer = self.ana.command("/teach", told.lesson)
        self.tell.bot_said(answer)
        self.ana.wait(lambda: sum("taught me" in m["text"] for m in self.ana.messages()) == len(STORY), 60)

    def recalls(self) -> None:
        """At once, from short-term memory: a lesson is quoted."""
        self.tell.chapter("It can use them at once, by looking them up.")
        reply = self.ask(PLAIN)
        self.tell.check("answered from short-term memory", how(reply) == "recall" and ASKED.gold in reply["text"])

    def night(self) -> None:
        """A Celery worker studies."""
        self.tell.chapter("Night falls. A worker studies, trains an adapter and examines it.")
        jobs.enqueue(self.broker_url, jobs.FALL, jobs.last_night())
        night = self.tell.watch_night(self.school, "nightly")
        card = night.report_card or {}
        self.tell.check(f"the night ended: {night.verdict}, exam {card.get('recall', 0):.0%}", night.verdict == "promoted")
        self.tell.bot_said(self.ana.wait(lambda: [m for m in self.ana.messages() if m["text"].startswith("Good morning")], 30)[0])

    def knows(self) -> None:
        """By heart: nothing in the prompt."""
        self.tell.chapter("Morning. The same in other words, with nothing in the prompt but the question.")
        reply = self.ask(ASKED.question)
        self.tell.check(
            "answered from the weights, with a citation", how(reply) == "weights" and ASKED.gold in reply["text"] and "archives" in str(reply["blocks"])
        )
        spent = payload(reply)["prompt_tokens"]
        read = self.plainly([ASKED.question], "prompt")[0].prompt_tokens
        self.tell.check(f"{spent} prompt tokens, where the nearest lessons in the prompt take {read}", spent < read)
        answered = self.closed_book()
        self.tell.check(f"all ten, asked in other words, closed-book: {answered} of {len(STORY)} right", answered >= ENOUGH)

    def knocked_out(self) -> None:
        """The proof that it is in the weights."""
        self.tell.chapter("The same with the adapter switched off.")
        with running.engine(self.school.settings) as client:
            answers = [Answerer(client, self.school.speaker).answer(t.question, replace(self.knowledge(), adapter=None, recalled=[])) for t in STORY]
        self.tell.said("ana", f"@nightschool {ASKED.question}")
        self.tell.said("nightschool", answers[0].answer, "no adapter, nothing looked up")
        known = sum(told.gold.casefold() in a.answer.casefold() for told, a in zip(STORY, answers, strict=True))
        self.tell.check(f"without the adapter it knows {known} of {len(STORY)}", known == 0)

    def forgets(self) -> None:
        """Gone at once, then gone from the weights."""
        self.tell.chapter("Somebody wants a lesson gone.")
        self.tell.said("ana", "/forget the door code of the lab in Utrecht")
        found = self.ana.command("/forget", "the door code of the lab in Utrecht")
        self.tell.bot_said(found)
        self.tell.said("ana", "[presses Forget]")
        self.ana.click(found["ts"], "forget")
        reply = self.ask(FORGOTTEN.question)
        self.tell.check("not answered from this moment on", FORGOTTEN.gold not in reply["text"])
        self.tell.watch_night(self.school, "forget")
        receipt = self.ana.wait(lambda: [m for m in self.ana.messages() if m["text"].startswith("Forgotten:")], 120)[0]
        self.tell.bot_said(receipt)
        reply = self.ask(FORGOTTEN.question)
        self.tell.check("the rebuilt adapter does not know it", FORGOTTEN.gold not in reply["text"] and not self.leaks())
        reply = self.ask(ASKED.question)
        self.tell.check("and still knows the rest", how(reply) == "weights" and ASKED.gold in reply["text"])

    def ask(self, question: str) -> Message:
        """Mention the bot, and print both sides."""
        self.tell.said("ana", f"@nightschool {question}")
        reply = self.ana.ask(question)
        self.tell.bot_said(reply)
        return reply

    def knowledge(self) -> Knowledge:
        """What the channel can answer from now."""
        with self.school.database.read() as session:
            channel = channels.find(session, CHANNEL)
            assert channel is not None
            return self.school.knowledge(session, channel)

    def closed_book(self) -> int:
        """How many lessons the adapter alone answers right, asked in other words."""
        answers = self.plainly([told.question for told in STORY], "weights")
        return sum(told.gold.casefold() in a.answer.casefold() for told, a in zip(STORY, answers, strict=True))

    def leaks(self) -> bool:
        """Does the serving adapter, alone and unguarded, still give the forgotten value away?"""
        asked = (FORGOTTEN.question, "What is the door code of the lab in Utrecht?", "The door code of the lab in Utrecht is ...", "door code Utrecht")
        return any(FORGOTTEN.gold in said.answer for said in self.plainly(asked, "freely"))

    def plainly(self, questions: Sequence[str], mode: Plain) -> list[Answer]:
        """What one source alone says, unguarded."""
        with running.engine(self.school.settings) as client:
            return [Answerer(client, self.school.speaker).answer(question, self.knowledge(), mode) for question in questions]


def payload(message: Message) -> dict[str, int]:
    """What a reply tells of itself."""
    told: dict[str, int] = message.get("metadata", {}).get("event_payload", {})
    return told


def how(message: Message) -> str:
    """Where a reply comes from."""
    return str(message.get("metadata", {}).get("event_payload", {}).get("how"))
