//! No program hangs, eats the memory or takes the process down, whatever it is and whatever it gets.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use ssectl::expr::time::{EventTime, Unit};
use ssectl::expr::{EvalErrorKind, Input, Limits, Meta, Options, Outputs, Payload, Program};

use super::{compile, eval, fail, json};

/// Limits that are reached soon, but for time.
fn options() -> Options {
    let limits = Limits {
        time: PATIENCE,
        outputs: 10_000,
        bytes: 4 << 20,
        depth: 10_000,
    };
    Options { limits }
}

/// Enough for a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

fn ends(source: &str, limits: Limits) -> EvalErrorKind {
    let program = Program::compile("--map", source, &Options { limits })
        .unwrap_or_else(|error| panic!("{error}"));
    let start = Instant::now();
    let error = eval(&program, &json("null")).expect_err(source);
    assert!(
        start.elapsed() < PATIENCE,
        "{source} took {:?}",
        start.elapsed()
    );
    error.kind().clone()
}

fn check(sources: &[&str], expected: fn(&EvalErrorKind) -> bool) {
    for source in sources {
        let kind = ends(source, options().limits);
        assert!(expected(&kind), "{source}: {kind}");
    }
}

#[test]
fn endless_programs_run_out_of_time() {
    let endless = [
        "def f: f; f",
        "last(range(1e12))",
        "until(false; .)",
        "try (def f: f; f) catch .",
        "(def f: f; f)?",
        "def f($x): f($x + 1); f(0)",
        "def f(g): f(g); f(.)",
        "def f: .[0] as $x | f; f",
        "label $x | def f: f; f",
        "first(range(1e12) | select(. < 0))",
        "any(range(1e12); . < 0)",
        "limit(1; range(1e12) | empty)",
        "last(foreach range(1e12) as $x (0; . + $x))",
        "def f: def g: f; g; f",
        "reduce range(1e9) as $i (1; . * 3)",
        "try error(\"x\") catch (def f: f; f)",
        "until(false; ltrimstr(\"x\"))",
        "[range(1000)] | combinations(3) | select(false)",
        "(\"A\" * 1e5) | [match(\".*[^A-Z]|[A-Z]\"; \"g\")] | length",
        "[range(30000)] | contains([range(30000)])",
        "[range(50000)] | until(length == 0; .[1:])",
    ];
    for source in endless {
        let kind = ends(
            source,
            Limits {
                time: Duration::from_millis(200),
                ..options().limits
            },
        );
        assert!(
            matches!(kind, EvalErrorKind::LimitTime(_)),
            "{source}: {kind}"
        );
    }
}

#[test]
fn what_grows_without_end_runs_out_of_bytes() {
    let growing = [
        "[range(1e12)]",
        "[repeat(1)]",
        "reduce range(60) as $i (\"a\"; . + .)",
        "\"x\" * 1e12",
        "[limit(1e9; repeat(\"aaaaaaaa\"))]",
        "null | .[1000000000] = 1",
        "reduce range(60) as $i (1; [., .]) | tojson",
        "reduce range(60) as $i (1; {a: ., b: .}) | tojson",
        "try [range(1e12)] catch .",
        "def f: f, 1; f",
        "reduce range(1e9) as $x ((0, 1); .)",
        "[limit(1e7; repeat(1))]",
        "[recurse(. + 1)]",
        "[range(1e5)] | [., .] | until(false; . + .)",
        "tojson | until(false; tojson)",
        "\"a\" * 1e7 | [splits(\"a\")] | length",
        "\"a\" * 1e6 | gsub(\"a\"; \"bbbbbbbbbbbbbbbbbbbb\") | length",
        "\"<\" * 5e6 | @html | length",
        "\"\\u0000\" * 6e6 | tojson",
        "[range(1e7) | 65] | implode",
        "{} | .[range(1e9) | tostring] = 1",
        "pick(.[100000000])",
        "[range(0; 1; 1e-300)]",
        "def f($n): [range(1e5)] as $x | 1 + f($n - 1) + ($x | length); f(1e6)",
        "\"a\" * 1000000 | . as $x | [$x + \"1\", $x + \"2\", $x + \"3\", $x + \"4\", $x + \"5\"] | length",
        "[.[]?] | [limit(100000; repeat(\"a\" * 1000))] | add",
    ];
    check(&growing, |kind| {
        matches!(kind, EvalErrorKind::LimitBytes(_))
    });
}

#[test]
fn what_nests_without_end_runs_out_of_depth() {
    let nesting = [
        "def f: 1 + f; f",
        "def f: [f]; f",
        "def f: f | f; f",
        "def f: {a: f}; f",
        "def f: \"\\(f)\"; f",
        "def f: try f catch .; f",
        "def f: label $x | f; f",
        "def f: if f then 1 else 2 end; f",
        "def f: f as $x | 1; f",
        "def f: reduce f as $x (0; .); f",
        "def f: [limit(1; f)]; f",
        "def f: first(f); f",
        "def f: f == f; f",
        "def f: .a |= f; f",
        "def f: .[f]; f",
        "def f: -f; f",
        "reduce range(1e6) as $i (0; [.])",
        "reduce range(1e6) as $i (0; {a: .})",
        "last(path(def f: .a | f; f))",
        "[1] | path(def f: .[0:] | f; f)",
        "\"abc\" | path(def f: .[0:] | f; f)",
        "path(reduce range(1e9) as $i (.; .a))",
        "[path(getpath([range(20000) | \"a\"]))]",
        "setpath([range(20000) | \"a\"]; 1)",
        "def f(g): f(g | g); f(.)",
        "def f(g): def h(k): f(k | k); h(g); f(.)",
        "def f(g): def a: f(g | g); def f(x): 1; a; f(.)",
    ];
    for source in nesting {
        let kind = ends(
            source,
            Limits {
                time: PATIENCE,
                ..Limits::default()
            },
        );
        assert!(
            matches!(kind, EvalErrorKind::LimitDepth(_)),
            "{source}: {kind}"
        );
    }
}

#[test]
fn too_many_results_end_the_run() {
    check(&["repeat(1)", "\"\\(range(1e9))\"", "range(1e9)"], |kind| {
        matches!(kind, EvalErrorKind::LimitOutputs(10_000))
    });
    let program = Program::compile(
        "--map",
        "repeat(\"aaaaaaaaaaaaaaaaaaaa\" * 1000)",
        &options(),
    )
    .unwrap();
    let mut out = Outputs::default();
    let error = program.eval(&json("null"), &mut out).unwrap_err();
    assert!(
        matches!(error.kind(), EvalErrorKind::LimitBytes(_)),
        "{error}"
    );
}

#[test]
fn values_that_are_too_big_to_print_are_no_message_and_no_time() {
    let shared = "reduce range(60) as $i (1; [., .])";
    let kind = ends(&format!("error({shared})"), options().limits);
    assert!(matches!(kind, EvalErrorKind::LimitBytes(_)), "{kind}");
    let time = EventTime::compile("--event-time", shared, Unit::S, &options()).unwrap();
    let error = time.eval(&json("null")).unwrap_err();
    assert!(
        matches!(error.kind(), EvalErrorKind::LimitBytes(_)),
        "{error}"
    );
    assert_eq!(
        super::run(
            &format!("{shared} | length, (try (. + {{}}) catch 1)"),
            "null"
        ),
        ["2", "1"]
    );
    assert!(fail("error(\"x\" * 1e6)", "null").to_string().len() < 5000);
}

#[test]
fn regular_expressions_are_linear_and_small() {
    let run = |source: &str| {
        eval(
            &Program::compile("--map", source, &options()).unwrap(),
            &json("null"),
        )
    };
    assert_eq!(
        run("(\"a\" * 100000) + \"b\" | test(\"^(a*)*$\")").unwrap(),
        ["false"]
    );
    let error = run("\"a\" | test(\"((a{1000}){1000}){1000}\")").unwrap_err();
    assert!(error.to_string().contains("exceeds size limit"), "{error}");
}

#[test]
fn deeply_nested_records_are_refused_or_processed_but_never_crash() {
    let nested = |depth: usize, open: &str, close: &str| {
        format!("{}1{}", open.repeat(depth), close.repeat(depth))
    };
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = nested(100_000, open, close);
        assert!(matches!(
            fail(".", &deep).kind(),
            EvalErrorKind::LimitDepth(10_000)
        ));
        assert!(matches!(
            fail(".", &open.repeat(100_000)).kind(),
            EvalErrorKind::LimitDepth(10_000)
        ));
        for depth in [127, 128, 129, 9_999] {
            let text = nested(depth, open, close);
            assert_eq!(super::run(".", &text)[0], text);
            assert_eq!(
                super::run("tojson | fromjson == . // true | type", &text),
                ["\"boolean\""]
            );
            assert_eq!(super::run("[first(.., 1)] | length", &text), ["1"]);
            assert_eq!(super::run("[., .] | unique | length", &text), ["1"]);
            if depth < 200 {
                assert_eq!(super::run("walk(.) == .", &text), ["true"]);
            }
        }
    }
}

#[test]
fn deep_records_work_on_threads_with_small_stacks() {
    let text = format!("{}1{}", "[".repeat(9_000), "]".repeat(9_000));
    let program = compile("., ([first(..)] | length)");
    let run = move || eval(&program, &json(&text)).unwrap().len();
    for size in [64 << 10, 512 << 10, 2 << 20] {
        let thread = std::thread::Builder::new()
            .stack_size(size)
            .spawn(run.clone())
            .unwrap();
        assert_eq!(thread.join().unwrap(), 2);
    }
}

#[test]
fn a_recursion_that_ends_may_be_deep() {
    assert_eq!(
        super::run(
            "def f($n): if $n == 0 then 0 else 1 + f($n - 1) end; f(3000)",
            "null"
        ),
        ["3000"]
    );
    assert_eq!(
        super::run(
            "def f: if . > 200000 then . else . + 1 | f end; 0 | f",
            "null"
        ),
        ["200001"]
    );
}

#[test]
fn values_that_are_emptied_again_are_not_too_deep() {
    assert_eq!(
        super::run("reduce range(20000) as $i ([]; [.] | .[0] = 0)", "null"),
        ["[0]"]
    );
    assert_eq!(
        super::run(
            "reduce range(20000) as $i ({}; {prev: ., i: $i} | del(.prev.prev)) | .i",
            "null"
        ),
        ["19999"]
    );
}

#[test]
fn programs_that_are_too_long_or_too_deep_do_not_compile() {
    let depth = 100_000;
    let sources = [
        "(".repeat(depth),
        "[".repeat(depth),
        "-".repeat(depth) + "1",
        "1|".repeat(depth) + "1",
        "1,".repeat(depth) + "1",
        "try ".repeat(depth) + "1",
        ". as $x|".repeat(depth) + "1",
        "def f: ".repeat(depth),
        "if 1 then ".repeat(depth),
        "\"\\(".repeat(depth),
        "{a:".repeat(depth),
        "label $x|".repeat(depth) + "1",
        "reduce ".repeat(depth),
        ".a".repeat(600_000),
        "1+".repeat(depth) + "1",
    ];
    for source in sources {
        let error = Program::compile("--map", &source, &Options::default()).err();
        let message = error.expect("is refused").faults()[0].message.clone();
        assert!(
            message.contains("deeper than") || message.contains("longer than"),
            "{message}"
        );
    }
    let wide = vec!["1"; 1_900].join("|");
    assert_eq!(super::run(&wide, "null"), ["1"]);
}

#[test]
fn a_run_over_its_limits_leaves_the_next_one_alone() {
    let bomb = Program::compile("--map", "[range(1e12)]", &options()).unwrap();
    let small = Program::compile("--map", "[range(3)]", &options()).unwrap();
    for _ in 0..20 {
        eval(&bomb, &json("null")).unwrap_err();
        assert_eq!(eval(&small, &json("null")).unwrap(), ["[0,1,2]"]);
    }
}

#[test]
fn a_record_bigger_than_the_limit_is_refused() {
    let program = Program::compile("--map", ".", &options()).unwrap();
    let big = format!("\"{}\"", "a".repeat(5 << 20));
    assert!(matches!(
        eval(&program, &json(&big)).unwrap_err().kind(),
        EvalErrorKind::LimitBytes(_)
    ));
    let text = Input {
        payload: Payload::Text(big.as_bytes()),
        meta: Meta::default(),
    };
    assert!(matches!(
        eval(&program, &text).unwrap_err().kind(),
        EvalErrorKind::LimitBytes(_)
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_program_makes_the_engine_panic(
        words in prop::collection::vec(prop::sample::select(WORDS), 1..14),
        input in prop::sample::select(vec!["null", "[1,[2],{\"a\":3}]", "{\"a\":[1,\"b\",null]}", "\"aé\"", "-1.5", "1e400"]),
    ) {
        let limits = Limits { time: Duration::from_millis(50), outputs: 1000, bytes: 1 << 20, depth: 500 };
        if let Ok(program) = Program::compile("--map", &words.join(" "), &Options { limits })
            && let Err(error) = eval(&program, &json(input))
        {
            prop_assert!(!matches!(error.kind(), EvalErrorKind::Internal(_)), "{error}");
        }
    }
}

/// Words of which some sequences are programs.
const WORDS: &[&str] = &[
    ".",
    ".a",
    ".[0]",
    ".[]",
    "..",
    "|",
    "|",
    ",",
    "+",
    "-",
    "*",
    "/",
    "%",
    "//",
    "==",
    "<",
    "and",
    "or",
    "=",
    "|=",
    "+=",
    "(",
    ")",
    "[",
    "]",
    "1",
    "0",
    "-1",
    "1e9",
    "\"a\"",
    "null",
    "true",
    "nan",
    "infinite",
    "length",
    "keys",
    "map(",
    "select(",
    "path(",
    "sort_by(",
    "def f:",
    ";",
    "f",
    "reduce",
    "as $x",
    "$x",
    "if",
    "then",
    "else",
    "end",
    "try",
    "?",
    "tojson",
    "fromjson",
    "tostring",
    "add",
    "range(5)",
    "limit(3;",
    "first(",
    "explode",
    "implode",
    "to_entries",
    "from_entries",
    "del(",
    "flatten",
    "@base64",
    "@csv",
    "test(\"a\")",
    "splits(\"a\")",
    "gmtime",
    "todate",
    "mktime",
    "tonumber",
    "{a: .}",
    "{(.): 1}",
    ".[1:]",
    ".[-1]",
    "getpath([0])",
    "recurse",
    "group_by(.)",
    "unique",
    "transpose",
    "walk(.)",
    "indices(1)",
    "error",
    "empty",
    "not",
    "min",
    "ltrimstr(\"a\")",
    "ascii_upcase",
    "has(0)",
    "contains(.)",
    "floor",
    "sqrt",
    "pow(.; 2)",
    "ldexp(.; 3)",
    "frexp",
    "tostream",
    "bsearch(1)",
];
