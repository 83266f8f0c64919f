//! The aggregates there are.

use super::quantiles::Quantile;

/// What an aggregate does with its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The number of events, or of those whose argument is not null.
    Count,
    /// The sum, exact for integers and rounded once for others.
    Sum,
    /// The least value in the order of jq.
    Min,
    /// The greatest value in the order of jq.
    Max,
    /// The exact sum divided by the number of values.
    Average,
    /// The value of the earliest event; of two, the one whose bytes come first.
    First,
    /// The value of the latest event; of two, the one whose bytes come last.
    Last,
    /// An array of all values by time and bytes, nulls included.
    Collect,
    /// The number of different values.
    Distinct,
    /// About the number of different values, in little memory.
    ApproxDistinct,
    /// The value at a rank.
    Percentile(Quantile),
    /// The most frequent values with their counts.
    Top(usize),
    /// A state that a program in jq updates by each event.
    Reduce,
}

/// How an aggregate is written.
pub(super) struct Form {
    pub(super) name: &'static str,
    /// The whole of it, for messages.
    pub(super) example: &'static str,
    /// The least and the greatest number of arguments.
    pub(super) arguments: (usize, usize),
}

const fn form(name: &'static str, example: &'static str, least: usize, most: usize) -> Form {
    Form {
        name,
        example,
        arguments: (least, most),
    }
}

/// All forms, in the order in which they are listed.
pub(super) const FORMS: [Form; 14] = [
    form("count", "count or count(JQ)", 0, 1),
    form("sum", "sum(JQ)", 1, 1),
    form("min", "min(JQ)", 1, 1),
    form("max", "max(JQ)", 1, 1),
    form("avg", "avg(JQ)", 1, 1),
    form("first", "first(JQ)", 1, 1),
    form("last", "last(JQ)", 1, 1),
    form("collect", "collect(JQ)", 1, 1),
    form("distinct", "distinct(JQ)", 1, 1),
    form("approx_distinct", "approx_distinct(JQ)", 1, 1),
    form("percentile", "percentile(JQ; 0.99)", 2, 2),
    form("median", "median(JQ)", 1, 1),
    form("top", "top(JQ; 3)", 2, 2),
    form("reduce", "reduce(INIT; UPDATE)", 2, 3),
];

/// Other words for some of them, which people try.
pub(super) const SYNONYMS: [(&str, &str); 16] = [
    ("average", "avg"),
    ("mean", "avg"),
    ("minimum", "min"),
    ("maximum", "max"),
    ("total", "sum"),
    ("list", "collect"),
    ("array_agg", "collect"),
    ("count_distinct", "distinct"),
    ("unique", "distinct"),
    ("approx_count_distinct", "approx_distinct"),
    ("hll", "approx_distinct"),
    ("quantile", "percentile"),
    ("p50", "median"),
    ("topk", "top"),
    ("top_k", "top"),
    ("fold", "reduce"),
];
