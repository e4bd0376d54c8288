"""What every part of the bench is given."""

import sys
from dataclasses import dataclass, field

from .load import Load
from .measure import Cores
from .processes import Stage
from .work import Sizes


@dataclass
class Bench:
    """The machine, the servers and the amount of work of one call."""

    ports: range
    nice: int
    turns: int
    sizes: Sizes
    cores: Cores
    load: Load
    # Our builds {label: path}; as contenders; and the peers.
    builds: dict
    ours: list
    peers: list
    # Only rows whose name contains this.
    rows: str | None = None

    @property
    def contenders(self):
        """Everybody, in the order in which they take turns."""
        return [*self.peers, *self.ours]

    @property
    def peer_labels(self):
        return [peer.label for peer in self.peers]

    def stage(self):
        """Where servers are started; leaving it stops them."""
        return Stage(self.ports, self.nice)

    def chosen(self, rows):
        return [row for row in rows if self.rows in row.name] if self.rows else rows

    @staticmethod
    def say(line):
        print(line, file=sys.stderr, flush=True)


@dataclass
class Part:
    """What one part found: everything, a table for each of our builds, and the first build's figures."""

    raw: dict
    tables: list
    figures: list = field(default_factory=list)
