"""What the demo teaches and asks: ten lessons of a made-up team, each with a question in other words, and the value that answers it."""

from dataclasses import dataclass


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
