"""Random events and the windows they go through, made from seeds: the same for every engine.

Times are whole seconds, so that many fall on the edges of windows, and small, so that many come late.
"""

import random
from dataclasses import dataclass, field

SECOND = 1_000


@dataclass(frozen=True)
class Windows:
    """How windows are made, in seconds."""

    name: str
    kind: str
    size: int = 0
    slide: int = 0
    gap: int = 0
    offset: int = 0
    delay: int = 0
    lateness: int = 0
    early: int = 0
    discarding: bool = False
    flink: bool = True

    @property
    def bounded(self):
        """Whether there is one result per window, when it is complete: what Beam gives of a bounded input."""
        return not (self.lateness or self.early)

    def flags(self):
        """The flags of `ssectl window`."""
        flags = ["--type", self.kind, "--delay", f"{self.delay}s"]
        for flag, time in (("size", self.size), ("slide", self.slide), ("gap", self.gap), ("window-offset", self.offset)):
            if time:
                flags += [f"--{flag}", f"{time}s"]
        if self.lateness:
            flags += ["--lateness", f"{self.lateness}s"]
        if self.early:
            flags += ["--trigger", f"early={self.early}"]
        if self.discarding:
            flags += ["--accumulation", "discarding"]
        return flags


WINDOWS = [
    Windows("tumbling", "tumbling", size=10),
    Windows("tumbling with delay", "tumbling", size=10, delay=3),
    # Not on Flink, which loses records here: docs/windows-differences.md.
    Windows("tumbling with offset", "tumbling", size=10, delay=3, offset=3, flink=False),
    Windows("tumbling with lateness", "tumbling", size=10, delay=2, lateness=5, flink=False),
    Windows("tumbling, discarding", "tumbling", size=10, lateness=8, discarding=True, flink=False),
    Windows("tumbling with early results", "tumbling", size=10, early=2, delay=1, flink=False),
    Windows("sliding", "sliding", size=10, slide=5, delay=3),
    Windows("sliding with lateness", "sliding", size=10, slide=4, lateness=4, flink=False),
    Windows("session", "session", gap=4, delay=2),
    Windows("session without delay", "session", gap=3),
    Windows("session with lateness", "session", gap=4, delay=1, lateness=3, flink=False),
]
PER_WINDOWS = 25
# What the events of a case are shifted by where many run in one stream: far enough that each begins when all windows
# of those before are over, and a multiple of every size and slide.
APART = 1_000


@dataclass
class Case:
    """Events in the order they come in: `(key, time in seconds, number)`."""

    seed: int
    windows: Windows
    events: list = field(default_factory=list)


def cases(of=WINDOWS):
    """All of them; `seed` is also the place among all."""
    made = []
    for windows in of:
        for number in range(PER_WINDOWS):
            seed = WINDOWS.index(windows) * 1_000 + number
            made.append(Case(seed, windows, _events(random.Random(seed))))
    return made


def _events(rng):
    now, events = rng.randrange(20), []
    for _ in range(rng.randrange(1, 14)):
        now += rng.choice((0, 0, 1, 1, 2, 3, 5, 9))
        back = rng.choice((0, 0, 0, 1, 2, 3, 5, 8, 13))
        events.append((rng.choice("ab"), max(0, now - back), rng.randrange(-50, 50)))
    return events
