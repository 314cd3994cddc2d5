"""How people at work ask: words that stand for each other, question words for each kind of answer, and the small talk around a question.

Tables, written from how colleagues speak in general, for no particular channel. Study draws from them; the exam has forms of its own.
"""

import re

from learning.memory.words import MONTHS, WEEKDAYS, is_common, stem

# Words a colleague may use for one another, a group a line.
_GROUPS = """
owns|owner|belongs to|is responsible for|responsible|in charge of|looks after|maintains|maintainer|takes care of|handles|manages|runs|keeper of|point person for
contact|reach|get hold of|talk to|write to|ping|get in touch with|ask|contact person|speak to
approve|sign off|okay|give the ok for|allow|authorise|approval|signature|sign|agree to|permission|green light|thumbs up|go-ahead
manager|boss|lead|head|supervisor|leads|team lead|led|in charge of
customer|client|account|buyer|customers|clients
supplier|vendor|provider|suppliers|vendors|manufacturer
employee|staff|colleague|people|worker|team member|personnel
joiner|new hire|newcomer|starter|new colleague|new joiners
contractor|freelancer|external|temp
visitor|guest|visitors|guests
engineer|developer|programmer|dev|coder
release|deploy|ship|rollout|deployment|publish|roll out|go live|push out|launch
server|machine|host|box|node|computer
database|db|data store|databases
staging|pre-prod|test environment|test system
production|prod|live|live system
backup|copy|dump|snapshot|backups|copies
kept|stored|retained|retention|keep|store|hold|save|how long we keep|saved
deleted|removed|wiped|purged|erased|thrown away|gone|delete|cleaned up|cleared
alert|alarm|page|warning|notification|alerts|alarms|warnings|pages|incident messages
channel|room|slack channel|chat
incident|outage|breakdown|emergency|failure|down|broken|on fire|trouble
runbook|playbook|instructions|guide|manual|steps|recovery procedure|document|handbook|what to do
documentation|docs|wiki|page|notes|write-up
port|tcp port|port number|socket
address|url|link|endpoint|location
listens|runs|reachable|answers|connect|use
error|failure|problem|fault|bug|issue
fix|repair|patch|solve|mend|hotfix
build|pipeline|ci|compile|nightly run
test|check|try out|tests|trial
review|check|look over|reviewer|reviewers|code review
branch|git branch|line of code
repository|repo|code base|project
ticket|issue|case|request|jira
password|login|credentials|passphrase|secret
code|pin|combination|number|passcode|digits
key|keys|unlock|open
access|permission|rights|get in|enter|log in
token|secret|key|credential
account|user|login|username|tenant
flag|toggle|switch|feature flag
limit|cap|maximum|ceiling|most|max|at most|upper limit
minimum|least|at least|lowest|oldest
version|release|build|which version
update|upgrade|refresh|new version|refreshed|updated
schedule|plan|timetable|calendar|rota
meeting|call|sync|get-together|session|catch-up
standup|daily|morning meeting
planning|plan|sprint planning
retro|retrospective|look back
demo|presentation|show|showing
training|course|class|workshop|lesson
deadline|due date|last day|cut-off|due|final date|by when|hand in
starts|begins|start|opens|kicks off|beginning|start time
ends|finishes|is over|stops|end|until when|closes|expires
open|opening hours|open hours|opens
closed|shut|not open|closes
moved|is now|went|relocated|changed|switched|new place|now
called|named|name|title|renamed
located|found|is|where we keep|sits|place|spot|stands
office|building|site|workplace
floor|level|storey
seats|fits|holds|places for|how many people|room for|capacity|chairs
book|reserve|booking|reservation|get a slot
parking|park|car park|garage|parking spot|bay
kitchen|canteen|cafeteria|pantry|break room
lunch|meal|food|break
coffee|espresso|coffee machine
fridge|refrigerator|cooler|freezer
door|entrance|gate|way in
printer|copier|print|printing
laptop|notebook|computer|macbook|machine
phone|mobile|telephone|extension|phone number|desk phone|call
desk|workstation|seat|table
expense|cost|spending|purchase|costs|money spent|claim|expenses
invoice|bill|invoices|bills|billing
pay|payment|settle|paid|transfer
salary|pay|wages|payroll|paycheck
budget|money|funds|cost centre|budget code
price|cost|fee|how much|charge|costs|rate
discount|rebate|reduction|price cut|percent off|cheaper
refund|money back|reimbursement|return|reimburse
contract|agreement|deal|subscription|contracts
renews|renewal|runs out|extended|prolonged|up for renewal|expires|extend
quote|offer|proposal|quotes
order|purchase|buy|ordering|orders|ordered
delivery|shipment|parcel|drop-off|goods|deliveries|package|arrive|delivers
return|send back|returns|bring back
warehouse|stock|store|depot|stockroom
truck|lorry|van|vehicle
pallet|load|crate|shipment
vacation|holiday|leave|time off|days off|pto
sick|ill|unwell|illness|sick note
home office|remote|works from home|wfh|at home|home day
working hours|shift|hours|duty
on-call|pager|standby|on duty
travel|trip|business trip|flight|journey
hotel|accommodation|room
bonus|reward|extra pay|premium
benefit|perk|allowance
patient|client|visitor|patients
doctor|physician|dr|practitioner
nurse|assistant|carer
appointment|visit|slot|booking|appointments
medicine|drug|medication|pills|prescription
vaccine|jab|shot|vaccination
teacher|instructor|tutor|teaches|trainer|gives the course|taught by
pupil|student|child|kid|learner|students|pupils
parent|mother|father|family|parents
exam|test|assessment|exams
homework|assignment|task
lab|laboratory|bench
sample|specimen|probe|samples
instrument|device|machine|apparatus|equipment|tool
calibrated|calibration|adjusted|calibrate|checked|tuned
clean|wash|tidy|cleaning|wipe
waste|rubbish|trash|garbage|bin|recycling
light|lamp|lights|lighting
heating|radiator|warmth|temperature
alarm|siren|fire alarm|evacuation
emergency|accident|first aid|urgent
safety|protection|helmet|protective gear
event|party|celebration|gathering|conference
campaign|advert|promotion|ad|marketing
newsletter|mailing|bulletin|mail
press|journalist|media|reporter
article|story|text|piece
photo|picture|image|photos|pictures
lawyer|legal|attorney|legal team
complaint|angry customer|grievance|unhappy
support|help|helpdesk|hotline|customer service
question|query|questions|enquiry
report|summary|figures|numbers|statistics
dashboard|chart|graphs|board
log|logs|records|log files|history
data|information|records|stuff
region|data centre|location|country|hosted|where the data is
security|safety|infosec
certificate|cert|tls certificate
network|wifi|wlan|internet|wireless
vpn|tunnel|remote access
email|mail|inbox|e-mail|mail address
file|document|folder|files
form|sheet|template|paper
list|overview|register|table
rule|policy|guideline|regulation
never|must not|not allowed|forbidden|don't|no|prohibited|not supposed to
must|have to|need to|required|should|supposed to|obliged
often|frequently|every|interval|how regularly|frequency
weekly|every week|each week|once a week
daily|every day|each day
monthly|every month|each month|once a month
morning|early|before noon|am
evening|night|late|pm
weekend|saturday|sunday
rotates|changes|swapped|renewed
language|programming language|tech stack
tool|software|app|program|system
project|initiative|programme|work
team|group|squad|crew|department|people
goal|target|objective|aim
colour|color|shade|hue
size|dimensions|how big|large
length|long|how long
written|rewritten|coded|programmed
live|lives|kept|stored|hosted
weight|heavy|kilos|how heavy
big|large|huge|main
small|little|tiny|minor
old|previous|former|outdated
new|latest|fresh|recent
fast|quick|quickly|soon|speedy
urgent|asap|important|critical|top priority
wait|waiting time|hold on|pause
cool|cool down|chill|rest
answer|reply|respond|response|get back to|react
send|forward|submit|mail|hand in|pass on|goes to
bring|take|carry|fetch|get
write|note|put down|enter|record
ask|request|enquire|question
tell|inform|notify|let know|say
buy|purchase|get|acquire
sell|sale|sales|selling
borrow|lend|rent|take out|loan
stop|end|halt|quit|cease
change|modify|edit|alter|adjust
cancel|call off|drop|withdraw
replace|swap|exchange|substitute
lost|missing|gone|misplaced|can't find
hang|hung up|kept|hanging
reserved|kept free|set aside|only for
transfer|move|hand over|shift
field|specialty|area|expertise|works on|speciality|subject|knows about
share|split|distribute|spread
vote|decide|choose|pick
noise|loud|sound
allergy|allergic|intolerance
holiday|bank holiday|public holiday|day off
birthday|anniversary|celebration
taxi|cab|ride
bus|shuttle|coach
train|rail|railway
plant|flowers|plants
water|drinks|beverage
cake|sweets|snacks|treats
dress|clothes|wear|outfit|clothing
badge|card|id card|pass|key card
locker|cabinet|cupboard|drawer|closet
shelf|rack|board
box|crate|container|carton
stage|theatre|hall|venue
menu|dish|recipe|meal
chef|cook|kitchen boss
table|seat|reservation
oil|fat|grease
crane|lift|hoist|forklift
site|building site|construction site
concrete|cement|pour
ladder|scaffold|scaffolding
"""


def _table() -> dict[str, tuple[str, ...]]:
    table: dict[str, list[str]] = {}
    for line in _GROUPS.split("\n"):
        group = [entry for entry in line.split("|") if entry]
        for word in group:
            if " " not in word:
                others = [other for other in group if stem(other) != stem(word)]
                table.setdefault(stem(word), []).extend(others)
    return {word: tuple(dict.fromkeys(others)) for word, others in table.items()}


SYNONYMS: dict[str, tuple[str, ...]] = _table()

_NO_NAMES = frozenset(("mr", "mrs", "ms", "dr", "frau", "herr", "nobody", "everybody", "everyone", "pls", "plz"))


def is_name(word: str) -> bool:
    """No everyday word, no number, no day, and nothing that working life has other words for."""
    return not (is_ordinary(word) or is_common(word) or stem(word) in SYNONYMS)


def is_ordinary(word: str) -> bool:
    """A number, a channel, a day, a month, a title or a word for all and none, which is no name though it is written like one."""
    low = word.lower()
    return bool(re.search(r"^[\d#@]", word)) or low in WEEKDAYS | MONTHS | _NO_NAMES or low.rstrip("s") in WEEKDAYS


# Beginnings of questions that ask for a kind of value; `{}` in none of them: the cue follows.
ASKING: dict[str, tuple[str, ...]] = {
    "person": (
        "who", "who", "who is", "who's", "whom do I ask about", "who do I talk to about", "who should I ping about", "who is responsible for", "who's in charge of",
        "who takes care of", "who looks after", "which person", "which colleague", "whom", "who has", "who handles", "who can help me with", "contact for",
        "who do I contact for", "to whom", "name of the person for", "whose job is", "who deals with", "who knows about", "who to ask about", "who does",
    ),
    "place": (
        "where", "where", "where is", "where's", "where do I find", "where are", "where can I find", "which place", "where do I go for", "in which", "location of",
        "where do we keep", "where do I put", "where should I", "to which", "from where", "where does", "where do", "which room", "what place",
    ),
    "time": (
        "when", "when", "when is", "what time", "at what time", "which day", "on which day", "what day", "when does", "when do", "how late", "by when", "until when",
        "what date", "from when", "which weekday", "at what hour", "on what day", "what's the date of", "when do we", "deadline for", "till when", "when are",
    ),
    "duration": ("how long", "for how long", "how many days", "how quickly", "how fast", "how much time", "within what time", "how long does", "how many hours", "how often", "what interval"),
    "count": ("how many", "how much", "what number", "what is the number of", "how many are", "what's the limit for", "which number", "what amount", "up to how many", "number of"),
    "money": ("how much", "what does it cost", "what price", "what amount", "how expensive", "how much money", "what's the limit for", "what does", "above which amount", "how much is"),
    "temperature": ("how warm", "how cold", "what temperature", "how many degrees", "at what temperature", "what's the temperature for", "how hot", "which temperature", "temp for"),
    "percent": ("how much", "what percentage", "what discount", "how many percent", "which rate", "how big is", "what rate"),
    "channel": ("which channel", "where", "in which channel", "what channel", "where do I post", "which slack channel", "channel for", "where are", "where do I see", "where should I write"),
    "address": ("what address", "which address", "what link", "where", "which email", "what's the url of", "where do I send", "mail address for", "where do I find"),
    "code": ("what", "which", "what's the code for", "what code", "which code", "what number", "what is the name of", "what's", "how is it called", "which one", "name of"),
    "version": ("which version", "what version", "version of", "which release", "what's the version of"),
    "reason": ("why", "why", "what's the reason for", "how come", "for what reason", "why is it that"),
}  # fmt: skip
PLAIN = (
    "what",
    "which",
    "what is",
    "what's the",
    "how do I",
    "what about",
    "what do we know about",
    "how",
    "what do I do with",
    "tell me about",
    "info on",
    "do we have",
)

# What people say around a question.
BEFORE = (
    "sorry,", "quick question:", "hey,", "hi all,", "hello,", "morning!", "hm,", "ok so", "sorry if this was asked before:", "stupid question maybe, but", "I forgot,",
    "I'm new here,", "can someone tell me", "could somebody remind me", "does anyone know", "anyone know", "do you know", "any idea", "remind me", "I keep forgetting",
    "I need to know", "need", "I'm looking for", "just checking:", "a customer is asking", "my boss wants to know", "somebody asked me", "before I do something stupid:",
    "asking for a friend:", "please tell me", "I was wondering", "wait,", "ugh,", "help,", "random one:", "I can't find it anywhere:", "for my notes:", "I have to know today:",
    "the new colleague asks", "we were just discussing", "I'm on the phone with someone:", "not sure who to ask, but", "does somebody know", "could anyone tell me", "so,",
)  # fmt: skip
AFTER = (
    "again", "please", "now", "these days", "thanks", "at the moment", "nowadays", "currently", "right now", "I forgot", "anyone?", "asking for a friend", "I can't remember",
    "was it changed?", "I need it today", "for us", "here", "in our team", "exactly", "actually", "normally", "usually", "today", "this time", "for a colleague", "thx", "pls",
)  # fmt: skip
# Things that come up at work and are beside the point: a question must be recognised in spite of them.
ASIDES = (
    "I have a call in ten minutes", "my manager is waiting", "the old one stopped working", "I was on vacation last week", "somebody mentioned it yesterday",
    "I looked in the wiki and found nothing", "it's my first week", "I think it was changed recently", "there is a customer on the line", "I'm preparing a report",
    "it doesn't work any more", "I just got back from a trip", "we have visitors tomorrow", "the form wants it from me", "nobody picks up the phone", "it was in a mail once",
    "I'm setting up a new machine", "I have to fill in a form", "I don't want to do it wrong", "there's a box in front of me", "the intern wants to start on Monday",
    "I got an angry message", "I'm writing it down for the team", "the meeting starts soon", "I've got something waiting here", "my predecessor took care of it",
    "we're planning the next month", "someone from sales is asking", "I'm standing in front of it", "it has to be done by tonight", "I'm filling in for a sick colleague",
    "it came up in the meeting", "I'd like to get it right this time", "last time it went wrong", "I promised to find out", "it's for my calendar", "I'm making a list",
    "the screen shows an error", "I wanted to do it this afternoon", "I heard there is a rule about it", "I'm new in the department", "they want it in writing",
)  # fmt: skip
