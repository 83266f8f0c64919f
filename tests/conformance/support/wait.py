"""Waiting for a condition with a deadline, never for a time."""

import time

DEADLINE = 60.0
"""Seconds after which something that should happen counts as not happening."""


def eventually(condition, what, deadline=DEADLINE, pause=0.05):
    """Calls `condition` until it returns something true, which is returned; fails the test at the deadline."""
    end = time.monotonic() + deadline
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline:.0f} s: {what} (last seen: {result!r})")
        time.sleep(pause)
