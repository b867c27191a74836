"""Where the volumes of a pod let it run: the node affinity of bound persistent volumes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aurora.cluster.readers.kubernetes.fields import Object, labels_of, mapping, nested, objects, text
from aurora.cluster.readers.kubernetes.nodes import ZONE_LABELS
from aurora.cluster.readers.kubernetes.placement import node_terms
from aurora.cluster.readers.notes import Notes
from aurora.cluster.snapshot import Requirement, Term


class Volumes:
    """Persistent volumes and their claims.

    Args:
        volumes: PersistentVolume objects by name.
        claims: PersistentVolumeClaim objects by NAMESPACE/NAME.
    """

    def __init__(self, volumes: Mapping[str, Object], claims: Mapping[str, Object]) -> None:
        self._volumes = volumes
        self._claims = claims

    def terms(self, spec: Object, name: str, notes: Notes) -> Iterator[tuple[Term, ...]]:
        """Yield, for each volume of a pod that is bound to a place, the terms of which one must hold.

        Raises:
            DataError: A field is not what it should be.
        """
        namespace, _, pod = name.rpartition("/")
        for volume in objects(spec, "volumes"):
            claim_name = text(mapping(volume, "persistentVolumeClaim"), "claimName")
            if not claim_name and volume.get("ephemeral") is not None:
                claim_name = f"{pod}-{text(volume, 'name')}"  # as the ephemeral volume controller names it
            if not claim_name:
                continue
            notes.not_represented(
                "volume-limits",
                "access modes of volumes, and how many a node can attach, are not checked",
                name,
            )
            claim = self._claims.get(f"{namespace}/{claim_name}")
            bound = None if claim is None else self._volumes.get(text(mapping(claim, "spec"), "volumeName"))
            if claim is not None and not text(mapping(claim, "spec"), "volumeName"):
                notes.not_represented(
                    "claim-not-bound", "claims without a volume: where the volume can be made is not known", name
                )
            elif bound is None:
                notes.not_represented(
                    "volumes-not-listed",
                    "volumes may bind pods to a zone or node; list them too: kubectl get pv,pvc -A -o json",
                    name,
                )
            else:
                yield from _places(bound)


def _places(volume: Object) -> Iterator[tuple[Term, ...]]:
    terms = node_terms(nested(volume, "spec", "nodeAffinity", "required"))
    if terms:
        yield terms
        return
    for key in ZONE_LABELS:  # volumes made before volumes had a node affinity
        zones = labels_of(volume).get(key)
        if zones:
            yield ((Requirement(key=key, operator="In", values=tuple(zones.split("__"))),),)
