"""Finds names of the open desk in a question: whole, partial, without a hash, or slightly misspelt."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches

from aurora.agents.operator.understanding.groups import common_beginning, common_stem, groups_of, stem_of
from aurora.agents.operator.understanding.mentions import LIKENESS, MIN_PART, Mention, NameKind, misspelt
from aurora.agents.operator.understanding.words import Token, everyday, is_known_word, number_of, tokens_of
from aurora.cluster.snapshot import Snapshot, Task
from aurora.errors import InputError
from aurora.tools.desk import Desk

_ROLES = {
    "database": ("postgres", "postgresql", "mysql", "mariadb", "mongo", "mongodb", "cassandra", "cockroach", "db"),
    "db": ("postgres", "postgresql", "mysql", "mariadb", "mongo", "mongodb", "cassandra", "cockroach", "database"),
    "cache": ("redis", "memcached", "valkey"),
    "frontend": ("web", "nginx", "ui"),
    "website": ("web", "nginx", "ui"),
    "metrics": ("prometheus",),
    "dashboards": ("grafana",),
    "dashboard": ("grafana",),
}
"""Words for what a workload does, and names by which such workloads go."""
_EVERYDAY_POLICIES = frozenset({"random", "cheapest", "fastest", "nearest", "greenest", "priority"})
"""Names of policies that are also everyday words; they count as names beside another policy or the word itself."""
_POLICY_WORDS = frozenset({"policy", "policies", "scheduler", "strategy", "compare", "versus", "vs", "against"})
_BEFORE: dict[NameKind, set[str]] = {
    "node": {"node", "host", "box", "machine", "server", "vm"},
    "zone": {"zone", "az", "site", "region", "rack", "hall", "datacenter"},
    "task": {"job", "pod", "task"},
}
_TO = re.compile(r"\s*(?:to|through|thru|till|until|-|–|\.\.\.?)\s*")
_SIZE = re.compile(r"\d+b")
"""Sizes of models, such as 30b, which name a workload."""
_HASH = re.compile(r"[0-9a-f]{4,10}|[0-9a-z]{5}")
_PLAN = re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{6,64}\b|\b[0-9a-f]{12}\b")
_PEOPLE = re.compile(r"\s+(?:team|teams|people|guys|folks|group|owners?|developers?|devs|engineers?)\b")
_GOES_ON = re.compile(r"[-_/](?P<word>[a-z]*\d[a-z0-9]*|[a-z][a-z0-9]+)")
MAX_PHRASE = 12
"""Most tokens of a name."""
NODE_WORDS = ("node", "nodes", "box", "boxes", "host", "hosts", "machine", "machines", "server", "servers", "vms",
              "instances", "partition", "pool", "type")  # fmt: skip
JOB_WORDS = ("job", "jobs", "task", "tasks")
PLAN_DIGITS = 12
"""Digits of a plan's id."""
MAX_NAMES = 20_000
"""Most tasks whose names are looked up."""


class Names:
    """The names of a desk and the ways to write each.

    Args:
        desk: Open data.
        plan_ids: Known plans.
    """

    def __init__(self, desk: Desk, plan_ids: Collection[str] = (), policy_ids: Collection[str] = ()) -> None:
        self.plan_ids = tuple(plan_ids)
        self._exact: dict[tuple[str, ...], dict[NameKind, list[str]]] = {}
        self._partial: dict[tuple[str, ...], dict[NameKind, list[str]]] = {}
        self._users: set[str] = set()
        self._parts: set[str] = set()
        self.cluster: Snapshot | None = None
        with suppress(InputError):  # none is open
            self.cluster = desk.cluster
        for policy_id in policy_ids:
            self._add_policy(policy_id)
        for series_id in desk.series_ids:
            self._add("series", series_id, series_id)
        if self.cluster is not None:
            self._add_cluster(self.cluster)

    def _add(self, kind: NameKind, name: str, text: str, *, is_partial: bool = False) -> None:
        key = tuple(t.text for t in tokens_of(text.casefold()))
        if not key or len(key) > MAX_PHRASE:
            return
        table = self._partial if is_partial else self._exact
        ids = table.setdefault(key, {}).setdefault(kind, [])
        if name not in ids:
            ids.append(name)

    def _add_policy(self, policy_id: str) -> None:
        """Add how a policy is named; one with a second rule, such as `sjf+easy`, also in words."""
        self._add("policy", policy_id, policy_id)
        base, _, rule = policy_id.partition("+")
        if rule:
            for words in (f"{base} with {rule}", f"{base} {rule}", f"{base} and {rule}", f"{rule} {base}"):
                self._add("policy", policy_id, words)
            for words in (f"{base} with {rule}", f"{base} {rule}", f"{base} plus {rule}", f"{base} and {rule}"):
                for noun in ("backfilling", "backfill"):
                    self._add("policy", policy_id, f"{words} {noun}")

    def _add_cluster(self, cluster: Snapshot) -> None:
        nodes = [n.node_id for n in cluster.nodes]
        stem = common_stem(nodes)
        for node in nodes:
            self._add("node", node, node)
            short = node.removeprefix(stem)
            sort = re.sub(r"[-_]?\d+$", "", short.casefold())
            if stem and sort:
                self._add_group(sort, node)
            if short and short != node and not short.isdigit():
                self._add("node", node, short)
            self._add("node", node, f"node {short if stem else node}")
            loose = re.sub(r"(?<=[a-z])0+(?=\d)", "", node.casefold())
            spaced = re.sub(r"(?<=[a-z])(?=\d)", " ", node.casefold())
            for text in {loose, spaced} - {node}:
                self._add("node", node, text, is_partial=True)
            first = node.partition(".")[0]
            if first != node:
                self._add("node", node, first)
        zones = list(dict.fromkeys(n.zone for n in cluster.nodes if n.zone))
        zone_stem = common_stem(zones)
        for zone in zones:
            self._add("zone", zone, zone)
            self._add("zone", zone, zone.replace("-", ""))
            short = zone.removeprefix(zone_stem)
            common = common_beginning(zones)
            for text in {short, zone.removeprefix(common), zone.rpartition("-")[2], zone.replace("_", " ")} - {""}:
                if re.fullmatch(r"\d[a-z]", text):
                    self._add("zone", zone, text, is_partial=True)
                for word in _BEFORE["zone"]:
                    self._add("zone", zone, f"{word} {text}")
                    self._add("zone", zone, f"{word}s {text}")
                self._add("zone", zone, f"{text} zone")
        for name, members in groups_of(cluster.nodes).items():
            for node in members:
                self._add_group(name, node)
        tasks = cluster.tasks[:MAX_NAMES]
        listed = [w.workload_id for w in cluster.workloads]
        ended = [t.workload_id for t in tasks if t.workload_id is not None]
        for workload_id in dict.fromkeys((*listed, *ended)):  # a finished job may be listed no more
            self._add_workload(workload_id)
        for task in tasks:
            self._add_task(task)
            self._add_job(task)

    def _add_group(self, name: str, node: str) -> None:
        """Add how a sort of nodes is named: with a word for nodes, or by itself where it can mean nothing else."""
        for word in NODE_WORDS:
            if name != "a" or word.endswith("s"):  # "a node" is any
                self._add("node", node, f"{name} {word}", is_partial=True)
        if re.search(r"\d", name):
            self._add("node", node, f"{name}s", is_partial=True)

    def _add_job(self, task: Task) -> None:
        """Add the names of a batch job and of its user."""
        if task.kind != "job":
            return
        kind: NameKind = "task" if task.workload_id is None else "workload"
        ident = task.workload_id or task.task_id
        name, user = task.labels.get("name", ""), task.labels.get("user", "")
        if len(name) >= MIN_PART:
            self._add(kind, ident, name, is_partial=True)
            self._add(kind, ident, f"job {name}", is_partial=True)
        if user and name:
            for owner in (user, f"{user} s", f"{user}s"):
                self._add(kind, ident, f"{owner} {name}", is_partial=True)
        for owner in (user, f"{user} s", f"{user}s") if user else ():
            for word in JOB_WORDS:
                self._add("task", task.task_id, f"{owner} {word}", is_partial=True)
                self._add("task", task.task_id, f"{word} of {owner}", is_partial=True)
        if len(user) >= MIN_PART:
            self._add("task", task.task_id, user, is_partial=True)
            self._users.add(user.casefold())

    def _add_workload(self, workload_id: str) -> None:
        namespace, _, rest = workload_id.partition("/")
        name = rest.rpartition("/")[2] or workload_id
        for text in (workload_id, name, f"{namespace}/{name}", f"{name} {rest.partition('/')[0]}"):
            self._add("workload", workload_id, text)
        if re.search(r"\d", name):
            self._add("workload", workload_id, f"job {name}")
        words = [w for w in re.split(r"[-_.]", name.casefold()) if w]
        self._parts.update(w for w in words if len(w) >= MIN_PART)
        for word in words if len(words) > 1 else ():
            is_long = len(word) >= MIN_PART or _SIZE.fullmatch(word) is not None
            if is_long and not is_known_word(word) and number_of(word) is None:
                self._add("workload", workload_id, word, is_partial=True)
        for role, known in _ROLES.items():
            if name.casefold() != role and any(w in known for w in (name.casefold(), *words)):
                self._add("workload", workload_id, role, is_partial=True)

    def _add_task(self, task: Task) -> None:
        name = task.task_id.rpartition("/")[2]
        for text in (task.task_id, name):
            self._add("task", task.task_id, text)
        parts = name.split("-")
        if len(parts) > 1 and _HASH.fullmatch(parts[-1]) and re.search(r"\d", parts[-1]):
            self._add("task", task.task_id, parts[-1], is_partial=True)
        stem = name.removesuffix(f"-{parts[-1]}") if len(parts) > 1 else name
        if task.workload_id is None and stem != name and not stem.isdigit():
            self._add("task", task.task_id, stem, is_partial=True)

    def mentions(self, text: str) -> tuple[Mention, ...]:
        """Return the names in a plain text, from left to right, none of which overlap."""
        tokens = tokens_of(text)
        plans = list(self._plans(text))
        found: list[Mention] = [*plans]
        taken = [(p.start, p.end) for p in plans]
        for table, is_certain in ((self._exact, True), (self._partial, False)):
            for mention in self._matched(tokens, table, is_certain=is_certain):
                if not any(mention.start < e and s < mention.end for s, e in taken):
                    found.append(mention)
                    taken.append((mention.start, mention.end))
        found += misspelt(tokens, taken, self._exact)
        found += self._listed(tokens, found)
        found = self._ranges(text, self._without_speakers(text, found))
        return tuple(sorted(self._without_everyday_words(found, tokens), key=lambda m: m.start))

    def absorbed(self, text: str, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
        """Return the names that only describe a more special one, or people, such as `api` in `the api pod 0d2a7`."""
        tasks = {m: self._tasks_of(m) for m in mentions if m.kind in ("task", "workload")}
        return tuple(
            m
            for m in mentions
            if (m in tasks and any(tasks[other] < tasks[m] for other in tasks)) or _PEOPLE.match(text[m.end :])
        )

    def broken(self, text: str, mentions: Sequence[Mention]) -> str:
        """Return a longer word of which a name is only a part, so that it names something else; empty if none is."""
        for mention in mentions:
            after = _GOES_ON.match(text[mention.end :])
            if after is None or is_known_word(after["word"]) or any(m.start == mention.end + 1 for m in mentions):
                continue
            word = text[mention.start : mention.end] + after[0]
            if any(c.isdigit() for c in word) or not get_close_matches(word, _short(mention.ids), 1, LIKENESS):
                return word
        return ""

    @property
    def users(self) -> Collection[str]:
        """The users of batch jobs."""
        return self._users

    def _tasks_of(self, mention: Mention) -> frozenset[str]:
        if mention.kind == "task" or self.cluster is None:
            return frozenset(mention.ids)
        return frozenset(t.task_id for t in self.cluster.tasks if t.workload_id in mention.ids)

    def _listed(self, tokens: tuple[Token, ...], found: list[Mention]) -> Iterator[Mention]:
        """Return zones of which only the first has its word, such as the second of `zones a and b`."""
        ends = {m.end for m in found if m.kind == "zone"}
        for before, word, token in zip(tokens, tokens[1:], tokens[2:], strict=False):
            if before.end in ends and word.text in ("and", "or"):
                ids = self._exact.get(("zone", *(t.text for t in tokens_of(token.text))), {}).get("zone")
                if ids and not any(m.start <= token.start < m.end for m in found):
                    yield Mention("zone", tuple(ids), token.start, token.end)

    def _without_speakers(self, text: str, found: list[Mention]) -> list[Mention]:
        """Return names without those of users who only speak of a task that is named too."""
        users = [m for m in found if text[m.start : m.end] in self._users]
        is_named = any(m.kind in ("task", "workload") and m not in users for m in found)
        return [m for m in found if not is_named or m not in users]

    def _ranges(self, text: str, found: list[Mention]) -> list[Mention]:
        """Return names with ranges of nodes, such as `cn01 to cn04`, as one name of all of them."""
        nodes = [] if self.cluster is None else [n.node_id for n in self.cluster.nodes]
        kept: list[Mention] = []
        for mention in sorted(found, key=lambda m: m.start):
            last = kept[-1] if kept else None
            if last and last.kind == mention.kind == "node" and _TO.fullmatch(text[last.end : mention.start]):
                first, end = nodes.index(last.ids[0]), nodes.index(mention.ids[-1])
                if first < end and stem_of(nodes[first]) == stem_of(nodes[end]):
                    kept[-1] = Mention("node", tuple(nodes[first : end + 1]), last.start, mention.end)
                    continue
            kept.append(mention)
        return kept

    def _plans(self, text: str) -> Iterator[Mention]:
        for match in _PLAN.finditer(text):
            if (tuple(t.text for t in tokens_of(match[0]))) in self._exact:
                continue
            if match.start() and text[match.start() - 1] in "-/_.":
                continue
            known = tuple(p for p in self.plan_ids if p.startswith(match[0][:PLAN_DIGITS]))
            if known or len(match[0]) >= PLAN_DIGITS:
                yield Mention("plan", known or (match[0][:PLAN_DIGITS],), match.start(), match.end())

    def _matched(
        self, tokens: tuple[Token, ...], table: dict[tuple[str, ...], dict[NameKind, list[str]]], *, is_certain: bool
    ) -> Iterator[Mention]:
        at = 0
        while at < len(tokens):
            for length in range(min(MAX_PHRASE, len(tokens) - at), 0, -1):
                kinds = table.get(tuple(t.text for t in tokens[at : at + length]))
                if kinds is None:
                    kinds = self._plural(tuple(t.text for t in tokens[at : at + length]), table)
                if kinds is None:
                    continue
                kind = self._kind(kinds, tokens, at)
                start, end = tokens[at].start, tokens[at + length - 1].end
                yield Mention(kind, tuple(kinds[kind]), start, end, is_certain)
                at += length - 1
                break
            at += 1

    @staticmethod
    def _plural(
        words: tuple[str, ...], table: Mapping[tuple[str, ...], dict[NameKind, list[str]]]
    ) -> dict[NameKind, list[str]] | None:
        """Return what a name in the plural means; None: it is none, or a word of its own."""
        last = words[-1]
        if not last.endswith("s") or is_known_word(last) or (len(words) == 1 and len(last) <= MIN_PART):
            return None
        return table.get((*words[:-1], last.removesuffix("s")))

    @staticmethod
    def _kind(kinds: dict[NameKind, list[str]], tokens: tuple[Token, ...], at: int) -> NameKind:
        before = tokens[at - 1].text if at else ""
        for kind, words in _BEFORE.items():
            if kind in kinds and before.removesuffix("s") in words:
                return kind
        order: tuple[NameKind, ...] = ("node", "workload", "task", "zone", "series", "policy", "plan")
        return next(k for k in order if k in kinds)

    def unresolved(self, plain: str) -> str:
        """Return a word of a plain text that is a part of a workload's name; empty if there is none."""
        words = {t.text for t in tokens_of(re.sub(r"<\w+>", " ", plain))}
        forms = words | {w.removesuffix("s") for w in words} | {f"{w}s" for w in words}
        return min((part for part in self._parts & forms if part not in everyday()), default="")

    @staticmethod
    def _without_everyday_words(found: list[Mention], tokens: tuple[Token, ...]) -> list[Mention]:
        words = {t.text for t in tokens}
        others = [m for m in found if m.kind == "policy" and not set(m.ids) <= _EVERYDAY_POLICIES]
        everyday = [m for m in found if m.kind == "policy" and set(m.ids) <= _EVERYDAY_POLICIES]
        if others or words & _POLICY_WORDS or len(everyday) > 1:
            return found
        return [m for m in found if m not in everyday]


def _short(ids: Sequence[str]) -> list[str]:
    return [ident.rpartition("/")[2].casefold() for ident in ids]
