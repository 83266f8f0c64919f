//! Aggregates as people write them.

use super::*;

fn parsed(text: &str) -> (Kind, Vec<(String, usize)>) {
    let aggregate = Aggregate::parse_named(text).unwrap();
    assert_eq!(aggregate.name, "n");
    let reduce = aggregate.reduce.map(|reduce| {
        [Some(reduce.init), Some(reduce.update), reduce.merge]
            .into_iter()
            .flatten()
    });
    let sources = aggregate
        .argument
        .into_iter()
        .chain(reduce.into_iter().flatten());
    let sources = sources.map(|source| (source.text, source.column));
    (aggregate.kind, sources.collect())
}

#[test]
fn aggregates_are_read() {
    let of = |kind, sources: &[(&str, usize)]| {
        let sources = sources
            .iter()
            .map(|(text, column)| ((*text).to_owned(), *column));
        (kind, sources.collect::<Vec<_>>())
    };
    assert_eq!(parsed("n: count"), of(Kind::Count, &[]));
    assert_eq!(parsed("n:count( .a )"), of(Kind::Count, &[(".a", 10)]));
    assert_eq!(parsed(" n : sum(.a.b)"), of(Kind::Sum, &[(".a.b", 10)]));
    let p99 = Kind::Percentile(Quantile {
        part: 99,
        whole: 100,
    });
    assert_eq!(parsed("n: percentile(.é; 0.99)"), of(p99, &[(".é", 15)]));
    assert_eq!(parsed("n: top(.a; 3)"), of(Kind::Top(3), &[(".a", 8)]));
    let nested = r#"[.a[]|f(1;2)] | "x;)\(.b|g(";"))" # ;)"#;
    assert_eq!(
        parsed(&format!("n: min({nested}\n)")),
        of(Kind::Min, &[(nested, 8)])
    );
    assert_eq!(
        parsed("n: reduce({}; .n += $value.n; . * $value)"),
        of(
            Kind::Reduce,
            &[
                (".", 11),
                ("{}", 11),
                (".n += $value.n", 15),
                (". * $value", 31)
            ]
        )
    );
}

#[test]
fn errors_say_where_and_what_there_is() {
    for (text, column, message) in [
        (
            "count",
            1,
            "say what it is to be called, such as `n: count`",
        ),
        (
            "sum(.a)",
            1,
            "say what it is to be called, such as `n: sum(.a)`",
        ),
        (
            "end: count",
            1,
            "results have a `end` of their own; use another name",
        ),
        (": count", 1, "the name is empty"),
        (
            "n:",
            3,
            "an aggregate is missing; there are count, sum, min, max, avg, first,",
        ),
        ("n: averag(.a)", 4, "there is no aggregate `averag`"),
        (
            "n: mean(.a)",
            4,
            "there is no aggregate `mean`; did you mean `avg`?",
        ),
        (
            "n: summ(.a)",
            4,
            "there is no aggregate `summ`; did you mean `sum`?",
        ),
        ("n: sum", 4, "`sum` needs an argument; write `sum(JQ)`"),
        ("n: sum(.a; .b)", 4, "`sum` does not take 2 arguments"),
        ("n: sum()", 8, "an argument is missing; write `sum(JQ)`"),
        (
            "n: top(.a;)",
            11,
            "an argument is missing; write `top(JQ; 3)`",
        ),
        ("n: sum(.a", 7, "this `(` is not closed"),
        ("n: sum(\"a)", 7, "this `(` is not closed"),
        ("n: sum(.a) | .b", 11, "nothing may come after the `)`"),
        ("n: percentile(.a; 99)", 19, "`99` is no part of all"),
        ("n: percentile(.a; .)", 19, "`.` is no part of all"),
        ("n: percentile(.é; 1.1)", 19, "`1.1` is no part of all"),
        ("n: top(.a; 0)", 12, "`0` is no number of values"),
    ] {
        let error = Aggregate::parse_named(text).unwrap_err();
        assert_eq!(error.column, column, "{text}: {error}");
        assert!(error.message.starts_with(message), "{text}: {error}");
    }
}

#[test]
fn parts_of_all_are_decimals() {
    let part = |part, whole| Some(Quantile { part, whole });
    assert_eq!(quantile("0"), part(0, 1));
    assert_eq!(quantile("1"), part(1, 1));
    assert_eq!(quantile(".5"), part(5, 10));
    assert_eq!(quantile("1.0"), part(10, 10));
    assert_eq!(quantile("0.999"), part(999, 1000));
    for written in ["", ".", "-0.5", "2", "1e-1", "00.5", "0.5x"] {
        assert_eq!(quantile(written), None, "{written}");
    }
}
