"""Words that a sentence may have without evidence, because they claim nothing by themselves, and words that command.

Every other word must occur in the cited evidence or in the question: what is not in the evidence is not said.
"""

from __future__ import annotations

import re

_FUNCTION = """
a about above across after again against all along already also although among an and another any anything are
around as at available away back be because been before behind being below beside besides between both but by can
cannot case certain could currently did do does doing done due each earlier either else enough even every exactly
except few first for from further get gets give given gives go goes going had has have having hence here how however i
if in including instead into is it its itself just know known last later least left less let lose loses likewise
many may me might more most much my namely near need needed needs neither never next no nobody none nor not nothing
now of off on once one only onto or other others otherwise our out over own per perhaps rather same second see seen
several shall she should since so some something still such than that the their them then there therefore these they
third this those though through thus to together too toward two under unless until up upon us use used uses using very
via was way we well were what when where whereas whether which while who whole whose why will with within without
would yes yet you your zero three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty i'm i'd it's that's there's isn't aren't doesn't don't didn't can't couldn't won't
you'd we'd they'd it'd you'll we'll they'll it'll that'd there'd there'll what's they're you're we're wouldn't wasn't
weren't hasn't haven't half
"""
_NEUTRAL = """
add added adding adds account allocatable allocated allocation amount answer answers approval asked
asking asks apply applied assume assumed average based become becomes begin begins bound call called capacity carry
change changed changes check checked choice choose chooses chosen cluster compare compared comparison container
containers core cores cost costs count counted counts cpu current data day days demand deployment detail details
device devices differ difference different dollar dollars drain drained effect ends estimate evidence exact exist
exists expect expected explain explanation fact figure figures find finds forecast forecasts found free gib gpu gpus
group groups guess hold holds hour hourly hours information interval job jobs keep keeps kind kinds label labels
largest level likely limit limits list listed lists load look looked looking looks lookup made make makes making match
matches matter mean means measure measured measurement memory mib minute minutes missing mode move moved moves name
named namespace new node nodes note number numbers object objective offer open option options order ordered part place
placed placement places plan planned plans pod pods point policies policy present price prices priority
propose proposed proposes put question range rank ranked ranking reach reaches read reason reasons record
recorded refer remain remaining remains replica replicas report reported reports request requested requesting requests
reserve reserved reservation resource resources rest result results review rise rises rule rules run running runs say
says seconds series set sets share shares show showing shown shows side simulate simulated simulation single size
sized sizes smallest snapshot sort space stand stands start starts state status stay stays step steps sum summary
switch system table take taken takes task tasks tell term terms test think time times told tool tools total totals try
turn unit units unknown value values wait waited waiting waits want wants workload workloads zone zones
highest lowest higher lower fewer fewest bigger biggest smaller cheapest cheaper dearest dearer fullest fuller
emptiest emptier full empty room amounts utilisation utilization usage percent cents machine machines pool spare
headroom lack lacks lacking short shortage fit fits fitting elsewhere anywhere somewhere nowhere
insufficient large-enough pending scheduled schedule schedulable unschedulable follow follows following respectively
overall altogether roughly approximately nearly almost minimum maximum max min median typical typically rate combined
apart confirm confirmed ask help undo rollback best worst better worse larger greater busiest busier longest longer
shortest shorter come comes came drop
drops fall falls grow grows growing growth increase increases decrease decreases remove removed removing
leave leaves leaving previous former latter cordon cordoned uncordon
"""
_CONVERSATION = """
write writes wrote written person people conversation constraint constraints break breaks
"""
_TALK = """
probability slightly slice slices fuller even utc bit tight tightest outcome outcomes consumer cutting cut cuts little
belong belongs instance off example words precisely simply basically effectively actually briefly things
thing ways myself yourself furthermore moreover ahead onward onwards ones cases situation picture view sense
regard regarding concerning relevant related main mainly final finally additional additionally extra aside
hand moment date latest earliest closest close closer nearest far merely relative versus
"""
_ACTS = """
land lands landing end sit sits host hosts hosting alone gone problem right consist consists samples followed ran
held carries carried bring brings brought send sends shift shifts
spread puts putting kept getting working lets stop
stops ruled block blocks blocked prevent prevents frees freed freeing save saves saved saving reduce reduces reduced
reducing shrink shrinks shrinking lowers lowering raise raises raised raising rose risen climb climbs climbed fell
fallen dropped peak peaks peaked peaking reached exceed exceeds exceeded exceeding top tops cover covers covered sums
return returns bill pay pays paid charge gap gaps distance margin threshold ceiling horizon percentile percentiles
quantile quantiles p50 backtest backtests intervals bounds band low lows high highs bottleneck obstacle
blocker tries tried trying pick picks picked touch touched touching inverse file files folder folders commit script
scripts edit edits edited parts include includes included exclude excludes excluded member members checks fill fills
filled filling occupy occupies occupied require requires required requiring combine separately original originally
previously initial initially switches reviews reviewed
"""
NEUTRAL = frozenset((_FUNCTION + _NEUTRAL + _CONVERSATION + _TALK + _ACTS).split())
"""Words that need no evidence."""

NOT = re.compile(
    r"\b(?:not|no longer|never|neither|nor|cannot|without)\b|n't\b|\b(?:no|none of the|nowhere|nobody)\b", re.IGNORECASE
)
"""What denies."""
KNOWLEDGE = re.compile(
    r"\b(?:known|measured|recorded|given|priced|available|told|said|say|says|know|looked up|evidence)\b", re.I
)
"""What is said of evidence itself, rather than of the system."""
UP = r"rises?|rose|climbs?|grows?|grew|increases?|goes up|go up|raises?|raised"
DOWN = r"falls?|fell|drops?|decreases?|shrinks?|goes down|go down|reduces?|reduced|saves?|lowers?|declines?"
"""Words for a rise and for a fall, as patterns."""
UNCHECKED = "could not be checked"
"""Beginning of the reason where a sentence may be true."""
QUOTED = "^"
"""What stands in place of each character of a quotation, which evidence bears out."""
DIRECTIVE = re.compile(
    r"\b(?:please|ignore|disregard|forget|override|urgent(?:ly)?|immediately|at once|must (?:be )?approved?|obey|"
    r"you (?:must|should|need to|have to|ought)|system prompt|previous instructions?|as instructed|on behalf|password|"
    r"api key|secret|token|kubectl|curl|sudo|rm -rf|click|visit|download|execute|"
    r"(?<!asked to )(?<!once you )(?<!until you )(?<!unless you )(?<!if you )approve (?:it|this|the plan|plan)|"
    r"(?:has|have|was|were|is) (?:been )?(?:already )?approved|auto-?approved?|approved by|by me|"
    r"approvals? (?:is|was|has been) (?:now |already )?"
    r"(?:given|granted|recorded|there|done|complete|received|in place)|"
    r"consent\w*|(?:switching|switched|changing|changed|set|setting) (?:the mode )?to (?:mode )?(?:apply|plan|read)|"
    r"mode (?:is|was|has been) (?:now )?(?:apply|switched|changed))\b",
    re.IGNORECASE,
)
"""What commands, or claims a person's consent."""
VAGUE = re.compile(
    r"\b(?:twice|thrice|double[sd]?|triple[sd]?|dozens?|hundreds?|thousands?|millions?|billions?|(?:one |a )?(?:third|"
    r"quarter)s?(?: of| as)|half (?:of|as|the|a)|by half|countless|[a-z]+-?fold|times (?:as|more|less|higher|the)|"
    r"a few|one and a half|a couple|several|(?:nearly|almost) [a-z]+|"
    r"twenty-|thirty|forty|fifty|sixty|seventy|eighty|ninety)\b",
    re.IGNORECASE,
)
"""Amounts in words that are not compared with figures."""
ALWAYS = re.compile(
    r"\b(?:always|usually|often|sometimes|rarely|everyone|everything|everywhere|certainly|definitely|guaranteed?|"
    r"obviously|clearly|surely|safe|safely|perfectly|fortunately|unfortunately|sadly|excellent|never fails?|"
    r"in most|as expected|as it should|of course|nobody|everybody|"
    r"(?<!the )most (?:nodes|pods|tasks|jobs|workloads|of)|nearly all|almost all)\b",
    re.IGNORECASE,
)
"""What no single look can bear out."""
MARKUP = re.compile(
    r"[<>{}|\\`]|\*\*|^[-*] |https?://|www\.|javascript:|file:|!\[|\]\(|^#|SYSTEM:|Assistant:|<\|", re.IGNORECASE
)
_SUFFIXES = ("ements", "ement", "ations", "ation", "ings", "ing", "edly", "ed", "ies", "es", "s", "ly", "er", "est")
SYNONYMS: dict[str, frozenset[str]] = {
    word: frozenset(group.split())
    for group in (
        "cpu core cores processor processors",
        "memory ram gib mib",
        "pod pods task tasks job jobs",
        "node nodes machine machines host hosts",
        "price prices cost costs dollar dollars cheap cheaper cheapest dear dearer dearest expensive",
        "room space free capacity headroom",
        "lack lacks lacking insufficient short missing enough",
        "ask asks asked request requests requested need needs needed",
        "wait waits waiting pending waited",
        "use used uses using usage utilisation utilization consumption consume consumes",
        "fit fits fitting fitted",
        "gpu gpus accelerator accelerators device devices",
        "pay pays price",
        "mean average",
        "undo undone undid rollback rolled",
        "drain drained drains cordon cordoned",
        "toleration tolerations tolerate tolerates tolerated untolerated taint taints",
        "kill kills killed",
        "constraint constraints violation violations broken breaks break violates",
        "fail fails failed failure",
    )
    for word in group.split()
}
"""Words that stand for each other."""


MIN_STEM = 3
"""Fewest letters of a word that are left without its ending."""


def stem(word: str) -> str:
    """Return a word without its ending."""
    word = word.casefold().removesuffix("'s")
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= MIN_STEM:
            return word.removesuffix(suffix).rstrip("e")
    return word.rstrip("e") if len(word) > MIN_STEM else word


def alike(word: str) -> frozenset[str]:
    """Return a word with those that stand for it, in lower case."""
    word = word.casefold()
    return SYNONYMS.get(word, frozenset()) | {word}
