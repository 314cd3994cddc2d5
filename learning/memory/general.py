"""General questions, such as anybody might ask anywhere: what the base knows by itself. They are studied along, and tell what else is general."""

import math
import re
from collections.abc import Sequence

from learning.memory.encoder import Alike
from learning.memory.names import names
from learning.memory.words import content_words, stem
from learning.records import Lesson

_SINGLE = (
    "What is the capital of Italy?", "How many legs does a spider have?", "What is photosynthesis?", "hello", "How are you today?", "What is 3 + 4?",
    "Name three fruits.", "What does a carpenter do?", "Who painted the Mona Lisa?", "What is the largest ocean?", "Write a short thank-you note.",
    "What color is the sky?", "What is the opposite of hot?", "How do I boil an egg?", "What is Python?", "Which planet is closest to the sun?",
    "What is a database?", "Good morning!", "What is the boiling point of water?", "thank you", "Translate 'house' into French.",
    "What is the currency of Japan?", "What do bees make?", "How many days are in a week?", "What is gravity?", "Who was Albert Einstein?",
    "What is the square root of 16?", "Tell me a fact about cats.", "What is an apple?", "What is the capital of Spain?",
    "What is the tallest mountain in the world?", "What is HTML?", "Which language is spoken in Brazil?", "What is a noun?", "What is ice made of?",
    "How many months are in a year?", "What is the internet?", "Who wrote Romeo and Juliet?", "What is 10 minus 6?", "What is coffee?",
    "what's the capital of Austria?", "capital of Poland?", "Which country is Oslo in?", "what language do people speak in Italy?", "What do bakers make?",
    "how many wheels does a tricycle have", "What is 7 + 2?", "what's 4 times 2?", "What is half of 20?", "Who invented the telephone?",
    "who wrote The Odyssey?", "What color are bananas?", "what colour is coal", "What is the opposite of fast?", "opposite of rich?",
    "What is the plural of child?", "What do cats like to chase?", "Which animal gives us wool?", "what is a baby sheep called?",
    "What do fish use to breathe?", "which planet has rings?", "What is the hottest season?", "how many minutes are in an hour?",
    "Which month comes after June?", "what day comes after Tuesday?", "What do we use to tell the time?", "What is rain made of?",
    "What is the fastest land animal?", "which metal is used for wires?", "What is bread made from?", "what do you need to make tea?",
    "Give me a synonym for happy.", "Which organ pumps blood?", "how many fingers are on one hand?", "What do plants need to grow?",
    "Who was the first person on the moon?", "what is a library for?", "Explain what a verb is.", "what does a doctor do", "What is the largest desert?",
    "Which ocean lies between Europe and America?", "what is snow", "Tell me a joke.", "Write one sentence about the sea.", "How do I make a sandwich?",
    "What is a guitar?", "who discovered penicillin?", "What's the freezing point of water?", "thanks a lot!", "ok", "good night", "who are you?",
    "What can you do?", "Can you help me?", "what is the meaning of 'brave'?", "What is a triangle?",
)  # fmt: skip
_FORMS = (
    (("What is the capital of {}?", "capital of {}?", "which city is the capital of {}"),
     "Sweden Norway Denmark Finland Hungary Turkey Thailand Peru Chile Argentina Cuba Iran Vietnam Nigeria Australia Belgium Switzerland Scotland"
     " Morocco Ukraine"),
    (("What color is {}?", "what colour is {}", "which color has {}?"),
     "an orange|a lemon|a carrot|a tomato|chocolate|salt|gold|a ruby|an elephant|a frog|the sea|a cherry|milk|the sun|a fire engine|a lime"),
    (("What is the opposite of {}?", "opposite of {}?", "what's the opposite of {}"),
     "short young dark cheap strong empty sweet near noisy hard thin deep clean north begin buy love win above first light soft"),
    (("What is {}?", "what's {}", "Explain what {} is."),
     "a hammer|a bicycle|a volcano|an island|a poem|a kitchen|a calendar|a ladder|a bridge|an umbrella|a piano|a violin|a robot|an adjective|a circle"
     "|a desert|oxygen|electricity"
     "|a passport|a newspaper"),
    (("On which continent is {}?", "what continent is {} in?"), "Egypt Japan Canada Nigeria Peru Germany Vietnam Mexico Sweden Ethiopia Chile Poland"),
    (("In which country is {}?", "where is {}?"), "the Taj Mahal|Big Ben|Mount Fuji|the Colosseum|Berlin|Sydney|Toronto|Mumbai|Lisbon|Moscow|Milan|Madrid"),
    (("what language do people speak in {}?", "Which language is spoken in {}?"), "Portugal|Russia|Germany|Turkey|France|Japan|Greece|Sweden|Egypt|China"),
    (("what do {} eat?", "What kind of food do {} eat?"), "rabbits lions horses monkeys mice birds sheep sharks"),
    (("what sound does {} make?", "What is a baby of {} called?"), "a sheep|a pig|a horse|a duck|a frog|a lion|a hen|a goat|an owl|a wolf"),
    (("Which month comes after {}?", "what month comes before {}?"), "January February April August September October"),
    (("what day comes after {}?", "Which day comes before {}?"), "Wednesday Thursday Friday Saturday Monday"),
    (("What is {}?", "what's {}"), "1 + 2|6 + 3|5 + 4|8 minus 3|9 minus 4|3 times 3|2 times 5|half of 12|half of 8|10 + 10|100 minus 1|6 times 2"),
    (("how many {}?", "How many {}, please?"),
     "legs does a cat have|wings does a bird have|wheels does a car have|sides does a square have|toes are on one foot|letters are in the alphabet"
     "|weeks are in a year|eyes do people have"),
    (("who wrote {}?", "Who is the author of {}?"), "Hamlet|Macbeth|Don Quixote|War and Peace|Pride and Prejudice|The Hobbit|David Copperfield|Moby Dick"),
    (("what do you use to {}?", "What does one need to {}?"),
     "write a letter|brush teeth|dig a hole|drive a nail|wash hands|open a door|cook soup|see in the dark"),
    (("what does a {} do?", "What is the work of a {}?"), "teacher farmer pilot nurse dentist fisherman painter judge postman plumber"),
)  # fmt: skip
FORMED = tuple(
    tuple(forms[number % len(forms)].format(thing) for number, thing in enumerate(things.split("|") if "|" in things else things.split()))
    for forms, things in _FORMS
)  # what differs in one word only
QUESTIONS = _SINGLE + tuple(question for alike in FORMED for question in alike)

OF_A_TEAM = (
    "who approves travel expenses?", "which meeting room has the projector?", "when is the next release?", "who owns the billing service?",
    "where do I find the runbook?",
    "what is the wifi password?", "which port does the database use?", "who do I ask for a new laptop?", "when is the deadline for the report?",
    "where are the invoices stored?",
    "which channel do alerts go to?", "who is on call this week?", "how do I deploy to staging?", "what is the door code?",
    "when does the standup start?", "who is responsible for payroll?",
    "how long do we keep the logs?", "which customer renewed the contract?", "what discount may sales give?", "who signs purchase orders?",
    "where is the spare key?",
    "which day is the trash collected?", "who leads the design team?", "what is the name of the feature branch?", "how many days of vacation do I get?",
    "when is the office closed?",
    "which version is in production?", "who maintains the test suite?", "where do I report a bug?", "what is the ticket prefix?",
    "who teaches the beginners' class?",
    "which supplier delivers the paper?", "who orders the coffee?", "when does the night shift begin?", "which ward is the patient in?",
    "who drives the van on Fridays?",
    "what is the budget of the project?", "which printer works?", "who has the admin rights?", "when was the server moved?",
    "what temperature must the fridge have?",
    "who feeds the animals at the weekend?", "how many seats does the room have?", "which table is reserved?", "who tunes the machines?",
    "what is the phone number of the front desk?",
    "where do visitors park?", "which form do I fill in for a refund?", "who translates the newsletter?", "what is the retention of backups?",
    "how often is the certificate renewed?",
    "which team handles returns?", "who looks after the garden?", "what does the error code mean?", "when is rehearsal?",
    "which bucket holds the exports?", "who is the contact at the bank?",
    "what is the limit per account?", "where is the first aid kit?", "which color is the binder for contracts?",
    "what is the name of the office dog?", "which plumber do we call?", "what does a parking permit cost?", "when is the canteen open?",
    "how do I get into the building on Sundays?", "who won the quiz last year?", "which airline do people book?", "what is the minimum order?",
    "where does the bus to the plant leave?", "how hot does the kiln get?", "which size of gloves is in stock?", "what is the dress code for the fair?",
    "who is allowed to use the forklift?", "how long is probation?", "what notice do I have to give?", "which holidays does the Polish office have?",
    "where can I smoke?", "what is the mileage rate?", "which coffee beans are in the machine?", "who looks after new members?", "when do the exams start?",
    "which page lists the error budgets?", "how big may an attachment be?", "what is the speed limit in the yard?", "which model of scanner is at reception?",
    "how do I reset the thermostat?", "what happens when the alarm goes off?", "where do the spare bulbs go?", "which radio channel is for emergencies?",
    "who do I tell when I am sick?", "what is the rate limit of the API?", "which branch is deployed to the test system?", "how much is the deposit?",
    "which doctor covers the weekend?", "how many guests fit in the hall?", "when is the tram out of service?", "what is our VAT number?",
    "which tool do designers use?", "who prints the badges?", "where is the fire assembly point?", "how often are filters changed?",
    "what's for lunch on Fridays?",
    "which feed do the calves get?", "what is the PIN of the copier?", "who is the union representative?", "when is the next audit?",
    "what is the call sign of the boat?", "which courier is used for samples?", "how do I book the van?", "what is the guest network called?",
)  # fmt: skip
_OF_NOW = re.compile(  # what no model knows by itself
    r"\b(right now|tonight|this (?:week|weekend|month|year)|next (?:week|weekend)|what(?: i|['’])?s? (?:the )?(?:time|date|day) is it|(?:time|date) is it"
    r"|weather (?:today|tomorrow|now|like|here|in|at|for|on)|the weather\W*$|remind (?:me|us)|latest (?:news|messages?)"
    r"|summari[sz]e (?:the |this |our )?(?:last|thread|channel|week|day|discussion|meeting))(?!\w)"
    r"|(?<!after )(?<!before )\b(?:today|tomorrow|yesterday)\b(?! in \w+\W*$)(?:\W+\w+){0,2}\W*$"
    r"|\b(?:is|are|was|will|do|does|did|happens?|happened|open|closed)\b (?:\w+ ){0,3}(?:today|tomorrow|yesterday)\b(?! in \w+\W*$)",
    re.IGNORECASE,
)
NEAREST = 3  # of these questions count
_OURS = re.compile(r"\b(we|our|ours|my|this channel|the team|these days|currently)\b", re.IGNORECASE)
# Of `evidence`, by `python -m tests.benchmarks.fit_general`; the last is a guess on the safe side: who says "we" hardly asks for general knowledge.
COEFFICIENTS = (-3.29, 25.32, -17.33, -11.97, 0.5, -1.5)


def certainty_general(question: str, lessons: Sequence[Lesson], alike: Alike) -> float:
    """How certainly a question asks for general knowledge, not for something of this channel, nor of the day; in nats of log-odds."""
    if is_ours(question, lessons) or not re.search(r"\w", question):
        return -math.inf
    return sum(coefficient * feature for coefficient, feature in zip(COEFFICIENTS, evidence(question, lessons, alike), strict=True))


def evidence(question: str, lessons: Sequence[Lesson], alike: Alike, general: Sequence[str] = QUESTIONS) -> tuple[float, ...]:
    """One; mean likeness to the nearest `general` questions, and to a team's; likeness to the nearest lesson, which is greater the more there are, and the
    logarithm of their number; and whether it says "we"."""
    nearest = max(alike(question, [lesson.text for lesson in lessons]), default=0.0) if lessons else 0.0
    size = math.log(max(1, len(lessons)))
    return 1.0, _nearness(question, general, alike), _nearness(question, OF_A_TEAM, alike), nearest, size, float(bool(_OURS.search(question)))


def is_ours(question: str, lessons: Sequence[Lesson]) -> bool:
    """Does it ask for the day, or name what a lesson begins with? Of that no model knows anything by itself."""
    if _OF_NOW.search(question):
        return True
    known = names(tuple(sorted(lesson.said for lesson in lessons)))
    ours = {stem(word) for lesson in lessons for word in content_words(lesson.said)[:2] if not word.islower() and word in known}
    return any(stem(word) in ours for word in content_words(question))


def _nearness(question: str, others: Sequence[str], alike: Alike) -> float:
    """Mean likeness to the nearest few."""
    return sum(sorted(alike(question, others), reverse=True)[:NEAREST]) / NEAREST
