"""Words of questions: tokens with their places, synonyms, and numbers written as words."""

from __future__ import annotations

import re
from typing import NamedTuple

from aurora.agents.explain.telling.quantities import NUMBER_WORDS


class Token(NamedTuple):
    """A word or number of a question.

    Attributes:
        text: Its letters and digits, in lower case.
        start, end: Where it stands in the question.
    """

    text: str
    start: int
    end: int


_TOKEN = re.compile(r"\d+(?:\.\d+)+|[^\W_]+|%|\$")
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"'})
_CONTRACTIONS = (
    (re.compile(r"\bcan'?t\b"), "can not"),
    (re.compile(r"\bwon'?t\b"), "will not"),
    (re.compile(r"\b(is|are|was|were|do|does|did|has|have|would|should|could)n'?t\b"), r"\1 not"),
    (re.compile(r"\b(what|where|who|how|why|it|that|there|here)'s\b"), r"\1 is"),
    (re.compile(r"\bwhats\b"), "what is"),
    (re.compile(r"\bwhys\b"), "why is"),
    (re.compile(r"\bhows\b"), "how is"),
    (re.compile(r"\b(what|who|how|why|they|we|you)'re\b"), r"\1 are"),
    (re.compile(r"\b(we|i|they|you|it)'(?:d|ll)\b"), r"\1 would"),
    (re.compile(r"\b(we|i|they|you)'ve\b"), r"\1 have"),
    (re.compile(r"\bi'm\b"), "i am"),
    (re.compile(r"\bw/\s?"), "with "),
    (re.compile(r"\bpls\b|\bplz\b"), "please"),
)

_GREETING = re.compile(r"^(?:(?:ok|okay|hey|hi|hello|yo|so|well|hmm|erm|please|pls|quick question)\b[,!.: ]+(?=\S))+")
NUMBERS = {name: float(value) for value, name in enumerate(["zero", *NUMBER_WORDS[1:]])} | {
    "thirty": 30.0,
    "forty": 40.0,
    "fifty": 50.0,
    "sixty": 60.0,
    "seventy": 70.0,
    "eighty": 80.0,
    "ninety": 90.0,
    "hundred": 100.0,
    "dozen": 12.0,
}
"""Numbers as words; `one` is a number only where a count is expected."""


def plain_text(question: str) -> str:
    """Return a question in lower case with plain apostrophes and contractions written out.

    >>> plain_text("Why isn’t WEB running?")
    'why is not web running?'
    """
    text = _GREETING.sub("", question.translate(_APOSTROPHES).casefold().strip())
    for pattern, replacement in _CONTRACTIONS:
        text = pattern.sub(replacement, text)
    return text


def tokens_of(text: str) -> tuple[Token, ...]:
    """Return the words and numbers of a text in lower case.

    >>> [t.text for t in tokens_of("node-b2 at 99.5 %")]
    ['node', 'b2', 'at', '99.5', '%']
    """
    return tuple(Token(m[0], m.start(), m.end()) for m in _TOKEN.finditer(text))


def number_of(token: str) -> float | None:
    """Return the number that a word is; None if it is none.

    >>> number_of("2.5"), number_of("three"), number_of("a")
    (2.5, 3.0, None)
    """
    if re.fullmatch(r"\d+(?:\.\d+)?", token):
        return float(token)
    return NUMBERS.get(token)


_PHRASES: tuple[tuple[str, str], ...] = (
    (r"goes? (?:down|dark|offline|dead|away|under)|went down|going down|blows? up|drops? (?:out|dead)|turned off|"
     r"(?:kicks|bites) the (?:bucket|dust)|is (?:lost|gone|down|dead)|"
     r"belly[ -]up|catch(?:es)? fire|caught fire|burn(?:s|ed|t)?(?: down)?|cut off|death of", " fail "),
    (r"pull(?:ed|ing)? (?:the plug|out)|take[ns]? (?:away|out)|took (?:away|out)|get(?:ting)? rid of|"
     r"do(?:ing)? without|without (?=<node>)|give[ns]? (?:back|up)|shut(?:ting)? down|hand(?:ed|ing)? back|"
     r"ditch(?:ed|ing)?|s(?:ell|old|elling)(?=\s+<)|"
     r"turn(?:ing)? off|switch(?:ing)? off|"
     r"scrap(?:ped|ping)?|decommission(?:ed|ing)?|retir(?:e|ed|ing)", " remove "),
    (r"roll(?:ed|ing)? ?-?back|put (?:it |that |things |everything )?back(?: as (?:it|they) (?:was|were))?|back out",
     " rollback "),
    (r"over[ -]?(?:sized|provisioned|requested|requesting|allocated|dimensioned|provisioning)|too (?:big|large|fat)|"
     r"(?:asks?|asking|requests?|requesting) (?:for )?(?:far |way |much )?(?:too much|more than)|"
     r"right[ -]?siz(?:e|ed|ing)", " oversized "),
    (r"what would happen|what happens|what will happen|what (?:if|when)|suppose|assum(?:e|ing)|imagine|let us say|"
     r"how would (?:things|it|the cluster) (?:look|be) (?:if|with)|what do we lose", " whatif "),
    (r"making room|make room", " place "),
    (r"instead of|rather than", " instead "),
    (r"how come|what(?: is)? the reason|for what reason|what for|how is it that|what (?:made|makes)|what brought|"
     r"rationale|what(?: is)? keeping|what keeps", " why "),
    (r"what(?: is)? (?:stopping|blocking|preventing|holding up|holding)|what (?:stops|prevents|blocks)", " why wait "),
    (r"maxed out", " full "),
    (r"per hour|an hour|hourly|/ ?h\b|each hour", " hourly "),
    (r"at the moment|right now|currently|at present", " now "),
)  # fmt: skip
_SYNONYMS: dict[str, str] = {}
for _line in (
    """
task: task tasks pod pods job jobs container containers process processes
node: node nodes box boxes host hosts machine machines server servers vm vms instance instances worker workers
  hardware blade blades
zone: zone zones az azs site sites region regions rack racks datacenter datacentre hall availability
workload: workload workloads deployment deployments service services app apps application applications statefulset
  statefulsets deploy
cluster: cluster clusters system fleet estate platform
fail: fail fails failed failing failure die dies died crash crashes crashed break breaks broke outage lose loses
  losing lost burns burn vanish vanishes vanished disappear disappears fault disaster dead explodes unavailable
wait: wait waits waiting waited pending stuck queued queue queuing queueing unschedulable hang hangs hanging
  starving unscheduled blocked
run: run runs running start starts starting started launch launched scheduled schedule schedules scheduling
grow: grow grows grew growing increase increases increased increasing rise rises rising rose up higher climb climbs
  jump jumps surge surges spike spikes double doubles doubled triple triples tripled twice quadruple quadruples goes
shrink: shrink shrinks drop drops dropped decrease decreases decreased fall falls fell falling lower down sink sinks
  halve halves halved reduce reduced reduces half
load: load loads traffic demand usage utilisation utilization requests rps users visitors
price: price prices priced pricing rate rates tariff tariffs
cost: cost costs costing spend spending bill pay paying money dollars expense expensive expenses burn
dear: dear dearer dearest expensive priciest pricey costly costliest
cheap: cheap cheaper cheapest
add: add adds added adding extra additional another buy bought bring order ordered more plus join joins
remove: remove removes removed removing delete deletes deleted deleting kill kills killed drop
forecast: forecast forecasts forecasting predict predicts prediction predictions predicted expect expected outlook
  projection project projected anticipate
reserve: reserve reserves reserved reserving reservation headroom buffer provision provisioned allocate set aside
  hold capacity
policy: policy policies scheduler schedulers strategy strategies algorithm algorithms heuristic heuristics
compare: compare compares compared comparing comparison versus vs against difference differ
plan: plan plans
check: check checks checked checking valid validate validates verify verified validation safe sane sanity ok okay
  still
apply: apply applies applied applying execute execut carry enact implement roll rollout deploy commit go ahead
rollback: rollback undo undoes revert reverts reverted reverse restore
drain: drain drains drained draining evacuate evacuates empty empties evict clear vacate cordon
recommend: recommend recommends recommended recommendation recommendations suggest suggests suggestion suggestions
  advise advice improve improvement improvements optimise optimize optimisation optimization tip tips
save: save saves saving savings cut reduce
show: show shows display print list describe tell give info information details detail inspect see look about view
full: full fullest busy busiest crowded loaded packed tight hottest hot filled utilised utilized saturated heaviest
empty: empty emptiest idle idlest free freest least spare unused quietest vacant
best: best better good optimal ideal suits suited suitable right top winner wins
help: help commands usage manual instructions
overview: overview status summary state health healthy dashboard report glance situation
place: place places placed placing put puts placement fit fits assign sits sitting land landed lands lives live
  located ended chosen chose choose picked pick went hosted
not: not never no nothing none without cannot neither
scale: scale scales scaled scaling replica replicas copies
resize: resize resizes resized resizing size sizes shrink trim
next: next coming upcoming following ahead later tomorrow tonight future soon
sure: sure certain certainty confidence confident guarantee guaranteed probability safely safety
need: need needs needed require requires want wants
please: please kindly
""".replace("\n  ", " ")
    .strip()
    .splitlines()
):
    _canonical, _, _words = _line.partition(": ")
    for _word in _words.split():
        _SYNONYMS.setdefault(_word, _canonical)


def with_phrases(text: str) -> str:
    """Return a plain text with phrases of several words replaced by the one word that they mean.

    >>> with_phrases("what happens when <node> goes down").split()
    ['whatif', 'when', '<node>', 'fail']
    """
    for pattern, word in _COMPILED:
        text = pattern.sub(word, text)
    return text


_COMPILED = tuple((re.compile(rf"\b(?:{pattern})(?!\w)"), word) for pattern, word in _PHRASES)


def stem(word: str) -> str:
    """Return what a word is compared by: its synonym, or itself without an ending.

    >>> stem("boxes"), stem("partitions"), stem("<node>")
    ('node', 'partition', '<node>')
    """
    if word in _SYNONYMS:
        return _SYNONYMS[word]
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) > 3:  # noqa: PLR2004  # letters that are left
            return _SYNONYMS.get(word[: -len(ending)], word[: -len(ending)])
    return word


def is_known_word(word: str) -> bool:
    """Return whether a word has a place in the table of synonyms."""
    return word in _SYNONYMS


EVERYDAY = frozenset(
    [
        "able",
        "about",
        "above",
        "actual",
        "actually",
        "after",
        "again",
        "ago",
        "all",
        "almost",
        "alone",
        "along",
        "already",
        "also",
        "although",
        "always",
        "among",
        "and",
        "anybody",
        "anymore",
        "anyone",
        "anything",
        "anyway",
        "anywhere",
        "are",
        "around",
        "ask",
        "asking",
        "away",
        "bad",
        "badly",
        "basically",
        "because",
        "become",
        "been",
        "before",
        "began",
        "begin",
        "behind",
        "being",
        "below",
        "beside",
        "besides",
        "between",
        "big",
        "bit",
        "both",
        "bring",
        "brief",
        "busy",
        "but",
        "came",
        "care",
        "case",
        "chance",
        "clear",
        "close",
        "come",
        "comes",
        "coming",
        "common",
        "completely",
        "consider",
        "constantly",
        "correct",
        "course",
        "current",
        "currently",
        "daily",
        "day",
        "days",
        "deal",
        "decide",
        "decided",
        "decision",
        "deep",
        "definitely",
        "depend",
        "different",
        "difficult",
        "directly",
        "done",
        "during",
        "each",
        "early",
        "easy",
        "either",
        "else",
        "end",
        "ends",
        "ended",
        "enough",
        "entire",
        "entirely",
        "especially",
        "etc",
        "even",
        "evening",
        "ever",
        "every",
        "everybody",
        "everyone",
        "everything",
        "everywhere",
        "exactly",
        "example",
        "except",
        "extremely",
        "face",
        "fact",
        "fairly",
        "far",
        "fast",
        "fast",
        "few",
        "figure",
        "final",
        "finally",
        "find",
        "fine",
        "first",
        "five",
        "follow",
        "following",
        "forever",
        "form",
        "former",
        "found",
        "four",
        "friday",
        "from",
        "full",
        "fully",
        "further",
        "generally",
        "given",
        "gives",
        "goes",
        "going",
        "gone",
        "gonna",
        "good",
        "got",
        "gotta",
        "great",
        "guess",
        "guys",
        "half",
        "handle",
        "happen",
        "happened",
        "happening",
        "happens",
        "hard",
        "hardly",
        "has",
        "have",
        "having",
        "hear",
        "heard",
        "here",
        "high",
        "hold",
        "holding",
        "home",
        "hope",
        "hour",
        "hours",
        "idea",
        "immediately",
        "important",
        "including",
        "indeed",
        "instead",
        "into",
        "issue",
        "issues",
        "its",
        "itself",
        "job",
        "just",
        "keep",
        "keeps",
        "kept",
        "kind",
        "knew",
        "know",
        "known",
        "large",
        "last",
        "late",
        "lately",
        "later",
        "latest",
        "least",
        "leave",
        "leaves",
        "left",
        "less",
        "let",
        "level",
        "lets",
        "like",
        "likely",
        "line",
        "little",
        "long",
        "longer",
        "look",
        "looking",
        "looks",
        "lot",
        "lots",
        "low",
        "made",
        "mainly",
        "make",
        "makes",
        "making",
        "man",
        "many",
        "matter",
        "may",
        "maybe",
        "mean",
        "means",
        "meanwhile",
        "meant",
        "meet",
        "middle",
        "might",
        "mind",
        "minute",
        "minutes",
        "moment",
        "monday",
        "month",
        "months",
        "more",
        "morning",
        "most",
        "mostly",
        "move",
        "much",
        "must",
        "name",
        "namely",
        "near",
        "nearly",
        "necessary",
        "need",
        "needed",
        "needs",
        "never",
        "new",
        "night",
        "noon",
        "nor",
        "normal",
        "normally",
        "nothing",
        "notice",
        "now",
        "nowhere",
        "number",
        "numbers",
        "obvious",
        "obviously",
        "off",
        "often",
        "once",
        "one",
        "ones",
        "only",
        "onto",
        "open",
        "order",
        "other",
        "others",
        "otherwise",
        "our",
        "ourselves",
        "out",
        "over",
        "overall",
        "own",
        "part",
        "particular",
        "past",
        "people",
        "per",
        "perfect",
        "perhaps",
        "person",
        "place",
        "please",
        "point",
        "possible",
        "possibly",
        "pretty",
        "previous",
        "probably",
        "problem",
        "problems",
        "proper",
        "properly",
        "put",
        "question",
        "questions",
        "quick",
        "quickly",
        "quiet",
        "quite",
        "rather",
        "read",
        "ready",
        "real",
        "really",
        "reason",
        "recent",
        "recently",
        "regarding",
        "right",
        "run",
        "running",
        "said",
        "same",
        "saw",
        "say",
        "saying",
        "says",
        "second",
        "see",
        "seem",
        "seems",
        "seen",
        "self",
        "sense",
        "sent",
        "serious",
        "seriously",
        "several",
        "shall",
        "short",
        "should",
        "side",
        "simple",
        "simply",
        "since",
        "single",
        "situation",
        "small",
        "some",
        "somebody",
        "somehow",
        "someone",
        "something",
        "sometime",
        "sometimes",
        "somewhat",
        "somewhere",
        "soon",
        "sorry",
        "sort",
        "start",
        "started",
        "state",
        "stay",
        "stays",
        "still",
        "stop",
        "stops",
        "stuff",
        "such",
        "suddenly",
        "sunday",
        "sure",
        "take",
        "taken",
        "takes",
        "talk",
        "tell",
        "than",
        "thank",
        "that",
        "their",
        "them",
        "themselves",
        "then",
        "there",
        "therefore",
        "these",
        "they",
        "thing",
        "things",
        "think",
        "thinking",
        "thought",
        "three",
        "through",
        "throughout",
        "thursday",
        "time",
        "times",
        "today",
        "together",
        "told",
        "tomorrow",
        "tonight",
        "too",
        "took",
        "total",
        "totally",
        "toward",
        "tried",
        "tries",
        "try",
        "trying",
        "tuesday",
        "turn",
        "two",
        "typical",
        "under",
        "unless",
        "until",
        "upon",
        "usual",
        "usually",
        "various",
        "very",
        "via",
        "want",
        "wanted",
        "wants",
        "way",
        "wednesday",
        "week",
        "weekend",
        "weeks",
        "well",
        "went",
        "what",
        "whatever",
        "when",
        "whenever",
        "where",
        "wherever",
        "whether",
        "which",
        "while",
        "who",
        "whole",
        "whom",
        "whose",
        "why",
        "will",
        "wish",
        "within",
        "without",
        "wonder",
        "wondering",
        "word",
        "work",
        "worked",
        "working",
        "works",
        "worry",
        "would",
        "wow",
        "wrong",
        "yeah",
        "year",
        "years",
        "yes",
        "yesterday",
        "yet",
        "you",
        "your",
        "yours",
        "yourself",
        "quickly",
        "anymore",
        "cpu",
        "gpu",
        "ram",
        "memory",
        "core",
        "cores",
        "disk",
        "storage",
        "network",
        "resource",
        "resources",
        "usage",
        "utilisation",
        "utilization",
        "request",
        "requests",
        "limit",
        "limits",
        "capacity",
        "cluster",
        "kubernetes",
        "slurm",
        "scheduler",
        "kubelet",
        "namespace",
        "label",
        "taint",
    ]
)
"""Words of every conversation, which are no names."""
