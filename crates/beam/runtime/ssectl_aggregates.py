"""The aggregates of ssectl for Apache Beam, from their definition: exact, and none depends on the order of its records."""

import json
from fractions import Fraction


def rank(value):
    """jq's order of values: null, false, true, numbers, strings, arrays, objects."""
    if value is None:
        return (0,)
    if isinstance(value, bool):
        return (1, value)
    if isinstance(value, (int, float)):
        return (2, value)
    if isinstance(value, str):
        return (3, value)
    if isinstance(value, list):
        return (4, [rank(item) for item in value])
    names = sorted(value)
    return (5, names, [rank(value[name]) for name in names])


def canonical(value):
    """JSON that is the same for the same value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def number(exact):
    """A fraction as an integer if it is one, else as a float."""
    return exact.numerator if exact.denominator == 1 else float(exact)


class Aggregate:
    """What is known of the records so far; null and absent arguments are skipped by all but `collect`."""

    @staticmethod
    def of(kind):
        """A new one: `count`, `sum`, `min` ..."""
        return KINDS[kind]()

    def add(self, time, value):
        """Takes the argument of a record."""
        if value is not None:
            self.take(time, value)


class All(Aggregate):
    """`count`: of all records."""

    def __init__(self):
        self.n = 0

    def add(self, time, value):
        self.n += 1

    def merge(self, other):
        self.n += other.n

    def result(self):
        return self.n


class Count(All):
    """`count(JQ)`: of what is not null."""

    def add(self, time, value):
        self.n += value is not None


class Sum(Aggregate):
    """`sum(JQ)`: exact, then rounded once; null without any number."""

    def __init__(self):
        self.sum, self.n = Fraction(0), 0

    def take(self, time, value):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{canonical(value)} is not a number")
        self.sum, self.n = self.sum + Fraction(str(value)), self.n + 1

    def merge(self, other):
        self.sum, self.n = self.sum + other.sum, self.n + other.n

    def result(self):
        return number(self.sum) if self.n else None


class Avg(Sum):
    """`avg(JQ)`."""

    def result(self):
        return number(self.sum / self.n) if self.n else None


class Collect(Aggregate):
    """`collect(JQ)`: all values, nulls included, by time and then by value."""

    def __init__(self):
        self.values = []

    def add(self, time, value):
        self.take(time, value)

    def take(self, time, value):
        self.values.append((time, canonical(value), value))

    def merge(self, other):
        self.values.extend(other.values)

    def ordered(self):
        return [value for _, _, value in sorted(self.values, key=lambda entry: entry[:2])]

    def result(self):
        return self.ordered()


class First(Collect):
    """`first(JQ)`: the earliest; of several at one time the one whose text is the least."""

    def add(self, time, value):
        Aggregate.add(self, time, value)

    def result(self):
        return next(iter(self.ordered()), None)


class Last(First):
    """`last(JQ)`: the latest."""

    def result(self):
        return next(reversed(self.ordered()), None)


class Min(First):
    """`min(JQ)` in jq's order."""

    def result(self):
        return min((value for _, _, value in self.values), key=rank, default=None)


class Max(First):
    """`max(JQ)` in jq's order."""

    def result(self):
        return max((value for _, _, value in self.values), key=rank, default=None)


class Distinct(First):
    """`distinct(JQ)`: how many different values."""

    def result(self):
        return len({name for _, name, _ in self.values})


KINDS = {
    "count": All, "count_of": Count, "sum": Sum, "avg": Avg, "min": Min, "max": Max, "first": First, "last": Last,
    "collect": Collect, "distinct": Distinct,
}
