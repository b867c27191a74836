"""Words of sentences and of columns, each as the concept that it stands for."""

from __future__ import annotations

import re
from functools import lru_cache

from aurora.agents.operator.checking.vocabulary import stem

_CONCEPTS = {
    word: concept
    for concept, words in (
        ("free", "free left spare available unused remaining headroom room"),
        (
            "requested",
            "requested requests request requesting asks ask asked asking wants want reserved reserves reserve claims "
            "claim require requires",
        ),
        (
            "used",
            "used use uses using usage consumption consume consumes consumed utilisation utilization"
            " measured measurement"
            " actual actually",
        ),
        ("allocatable", "allocatable capacity"),
        ("cpu", "cpu cpus core cores processor processors"),
        ("memory", "memory ram gib mib tib"),
        ("gpu", "gpu gpus accelerator accelerators"),
        ("mig", "mig slice slices"),
        ("price", "price prices cost costs bill dollar dollars pays pay usd charge charges priced"),
        ("hour", "hour hours hourly"),
        ("minute", "minute minutes"),
        ("task", "task tasks pod pods job jobs"),
        ("node", "node nodes machine machines"),
        ("pending", "pending waiting wait waits waited unplaced queued"),
        ("running", "running runs run"),
        ("share", "share shares percent percentage fraction proportion"),
        ("change", "change changes"),
        ("move", "move moves moved moving"),
        ("mean", "mean average"),
        ("highest", "highest peak peaks peaked maximum max peaking"),
        ("latest", "latest last"),
        ("proposed", "proposed"),
        ("now", "now currently current today"),
        ("before", "before"),
        ("after", "after afterwards then would becomes become"),
        ("limit", "limit limits"),
        ("freed", "freed frees free_up saves save saving savings"),
        ("replica", "replica replicas"),
        ("priority", "priority priorities"),
        ("hot", "hot"),
        ("overfull", "overfull"),
        ("usable", "usable"),
        ("step", "step steps"),
        ("policy", "policy policies"),
        ("workload", "workload workloads deployment deployments"),
        ("zone", "zone zones"),
        ("risk", "risk risks"),
        ("plan", "plan plans"),
        ("container", "container containers"),
        ("p50", "p50 median"),
        ("restart", "restart restarts restarted"),
        ("kill", "kill kills killed"),
        ("candidate", "candidate candidates"),
        ("displaced", "displaced"),
        ("short", "short lack lacks lacking shortfall missing insufficient gap shortage"),
        (
            "rise",
            "rise rises rose rising climb climbs climbed grow grows grew increase increases increased up raise raises",
        ),
        (
            "fall",
            "fall falls fell falling drop drops dropped decrease decreases decreased shrink shrinks down decline "
            "declines lower lowers reduce reduces",
        ),
        ("stay", "stay stays stayed unchanged constant same equal equally"),
        ("not", "not don't doesn't isn't aren't didn't won't can't cannot no"),
        ("done", "done completed finished"),
        ("need", "need needs needed"),
        ("newly", "newly"),
        ("cordoned", "cordoned"),
        ("unpriced", "unpriced"),
        ("unmeasured", "unmeasured"),
        ("unusable", "unusable"),
        ("fit", "fit fits fitting fitted"),
        ("reward", "reward rewards"),
        ("confidence", "confidence confident"),
        ("probability", "probability chance chances likelihood"),
        ("oversized", "oversized overrequested"),
        ("undersized", "undersized"),
    )
    for word in words.split()
}
LIGHT = frozenset(
    """a an the this that these those it its it's they their them there is are was were be been being has have had
    having of in on at to for from with and but or by as per each also too just only about around roughly
    approximately nearly almost exactly precisely does do did can will so while whereas which who whose
    still already right moment present comes come stands stand lies lie sits sit amounts amount number
    far well total overall together combined altogether alone sum here namely i.e e.g example instance
    respectively take takes up make makes get gets it'll cluster bit slightly what says say shows show reports report
    go goes went when if bring brings them leave leaves leaving host hosts hold holds consist consists involve involves
    remain remains belong account accounts you it'd they'd place give gives state status instead rather listed
    shown compared against""".split()
)
"""Words that claim nothing beside a number, a state or a comparison that is evaluated."""
UNIT_WORDS = {
    "cores": frozenset({"cpu"}),
    "core": frozenset({"cpu"}),
    "GiB": frozenset({"memory"}),
    "MiB": frozenset({"memory"}),
    "TiB": frozenset({"memory"}),
    "$": frozenset({"price"}),
    "$/h": frozenset({"price", "hour"}),
    "%": frozenset({"share"}),
}
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)*\.?(?:'[a-z]+)?")


@lru_cache(maxsize=8192)
def concept(word: str) -> str:
    """Return the concept that a word stands for: a word of `_CONCEPTS`, else its stem."""
    plain = word.casefold().removesuffix("'s").rstrip(".")
    return _CONCEPTS.get(plain) or stem(plain)


def words_in(text: str) -> list[str]:
    """Return the words of a text, in lower case, without names and masked parts."""
    return [w.casefold().rstrip(".") for w in _WORD.findall(re.sub(r"<[^>]*>|~+", " ", text))]


def concepts_in(text: str) -> frozenset[str]:
    """Return the concepts of the words of a text that claim something."""
    return frozenset(concept(w) for w in words_in(text) if w not in LIGHT)


STATISTICS = frozenset(
    concept(w)
    for w in """free requested used allocatable limit unusable now proposed before after mean highest latest low high
    pending running hot overfull usable displaced newly freed short p05 p25 p50 p75 p95 kill restart step undersized
    oversized cordoned difference rise fall stay not total need fit unpriced burst done undone retry confidence
    probability unmeasured""".split()
)
"""Concepts that tell the columns of a thing apart: one that a sentence does not say is not meant."""
_OF_RESOURCES = frozenset({"nvidia", "amd", "com", "1g", "10gb"})
"""Parts of the names of resources that nobody says."""


@lru_cache(maxsize=4096)
def concepts_of_key(key: str) -> frozenset[str]:
    """Return the concepts of a column's name, such as `cpu.requested_share`."""
    return frozenset(concept(t) for t in re.split(r"[^A-Za-z0-9]+", key) if t and t not in _OF_RESOURCES)


TOPICS: dict[str, frozenset[str]] = {
    tool: frozenset(concept(w) for w in words.split())
    for tool, words in (
        (
            "forecast",
            "forecast forecasts demand predicted prediction expect expected value values ahead expects needs need",
        ),
        (
            "futures",
            "cover covers covering demand need needs needed take takes require requires use would to of plan tier you'd"
            " suffice suffices enough certainty",
        ),
        ("measured_series", "value values series measurement measured use uses used"),
        ("why_task_waits", "carry carries have"),
        ("why_not_on_node", "carry carries have"),
        (
            "oversized",
            "resize resizing shrink shrinking cutting cut could downsizing trimming rightsizing go"
            " lowering containers would every all right-sizing",
        ),
        ("make_plan", "expected node's would"),
        ("rank_cluster_policies", "rank ranks ranking listed score scores"),
        ("cluster_what_if", "would"),
        ("find_workloads", "its their"),
    )
    for words in (words,)
}
"""Tool -> concepts that need no support where its result is cited."""
