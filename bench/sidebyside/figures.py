"""Figures: what a part of the bench found, beside what the project wants; kept in bench/figures.json for the plot."""

import json
from dataclasses import asdict, dataclass
from statistics import median

from .processes import BenchError


@dataclass
class Figure:
    """One figure. `value`, `peer` and `aim` have the same unit; lower is better."""

    name: str
    unit: str
    value: float
    # Highest value that the project wants.
    aim: float | None = None
    # The best peer's value and label; None for figures that are only ours.
    peer: float | None = None
    peer_label: str | None = None
    # Something else used the cores meanwhile.
    noisy: bool = False

    @property
    def missed(self):
        # The figures themselves are not more exact than that.
        return self.aim is not None and self.value > self.aim * 1.005

    @property
    def verdict(self):
        return "–" if self.aim is None else "**missed**" if self.missed else "yes"


def best_of(values_by_label):
    """The label whose median is least."""
    if not values_by_label:
        raise BenchError("there is no peer to compare with")
    return min(values_by_label, key=lambda label: median(values_by_label[label]))


def ratios(ours, theirs):
    """Turn by turn: a host that slows down slows both."""
    return [our / their for our, their in zip(ours, theirs, strict=True)]


def keep(path, part, head, figures):
    """Replaces the figures of one part in the file; returns all parts'."""
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept[part] = {"measured": head, "figures": [asdict(figure) for figure in figures]}
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    return {name: [Figure(**fields) for fields in entry["figures"]] for name, entry in kept.items()}
