//! What programs see of records: payload, variables, and what is wrong with them.

use bytes::Bytes;
use ssectl::expr::{EvalErrorKind, Input, Meta, Options, Outputs, Payload, Program};
use ssectl_adapter::Position;

use super::{compile, eval, fail, json, run};

#[test]
fn the_variables_tell_where_a_record_comes_from() {
    let headers = [
        ("a".to_owned(), Some(Bytes::from("1"))),
        ("b".to_owned(), Some(Bytes::from("2"))),
        ("a".to_owned(), Some(Bytes::from("3"))),
        ("none".to_owned(), None),
    ];
    let position = Position::Offset(9_007_199_254_740_993);
    let meta = Meta {
        key: Some(b"k\xff"),
        headers: &headers,
        stream: "orders",
        partition: "3",
        position: Some(&position),
        timestamp_ns: Some(1_715_254_403_007_507_001),
    };
    let input = Input {
        payload: Payload::Null,
        meta,
    };
    let program = compile("[., $key, $headers, $stream, $partition, $offset, $time, $time_ns]");
    assert_eq!(
        eval(&program, &input).unwrap(),
        [
            r#"[null,"k�",{"a":"3","b":"2","none":null},"orders",3,9007199254740993,1715254403007,1715254403007507001]"#
        ]
    );
    let token = Position::Token("49590".into());
    let unknown = Meta {
        partition: "shardId-000",
        position: Some(&token),
        ..Meta::default()
    };
    let input = Input {
        payload: Payload::Null,
        meta: unknown,
    };
    assert_eq!(
        eval(&program, &input).unwrap(),
        [r#"[null,null,{},"","shardId-000","49590",null,null]"#]
    );
}

#[test]
fn times_before_1970_round_down_to_the_millisecond() {
    let meta = Meta {
        timestamp_ns: Some(-1),
        ..Meta::default()
    };
    assert_eq!(
        eval(
            &compile("$time, $time_ns"),
            &Input {
                payload: Payload::Null,
                meta
            }
        )
        .unwrap(),
        ["-1", "-1"]
    );
}

#[test]
fn variables_are_reachable_from_definitions_and_can_be_shadowed() {
    let meta = Meta {
        stream: "s",
        ..Meta::default()
    };
    let input = Input {
        payload: Payload::Null,
        meta,
    };
    assert_eq!(
        eval(
            &compile("def f: $stream; [1 | f], (2 as $stream | $stream), {$stream}"),
            &input
        )
        .unwrap(),
        [r#"["s"]"#, "2", r#"{"stream":"s"}"#]
    );
}

#[test]
fn text_is_one_string() {
    let text = |bytes| Input {
        payload: Payload::Text(bytes),
        meta: Meta::default(),
    };
    assert_eq!(
        eval(&compile("., length"), &text("a\"é\n".as_bytes())).unwrap(),
        [r#""a\"é\n""#, "4"]
    );
    assert_eq!(eval(&compile("."), &text(b"")).unwrap(), [r#""""#]);
    let error = eval(&compile("."), &text(b"ab\xffc")).unwrap_err();
    assert_eq!(error.kind(), &EvalErrorKind::InvalidText { offset: 2 });
}

#[test]
fn of_equal_keys_the_last_value_stays_in_the_place_of_the_first() {
    assert_eq!(run(".", r#"{"a":1,"b":2,"a":3}"#), [r#"{"a":3,"b":2}"#]);
    let many: Vec<String> = (0..40).map(|i| format!("\"k{}\":{i}", i % 20)).collect();
    let kept: Vec<String> = (0..20).map(|i| format!("\"k{i}\":{}", i + 20)).collect();
    assert_eq!(
        run(".", &format!("{{{}}}", many.join(","))),
        [format!("{{{}}}", kept.join(","))]
    );
}

#[test]
fn a_byte_order_mark_is_skipped_and_lone_surrogates_are_replaced() {
    assert_eq!(run(".", "\u{feff} [1]"), ["[1]"]);
    assert_eq!(
        run(".", r#""\ud83d\ude00 \ud800x \udc00 \ud800\u0041""#),
        ["\"😀 \u{fffd}x \u{fffd} \u{fffd}A\""]
    );
}

#[test]
fn what_is_not_one_json_value_is_an_error_with_its_place() {
    let cases: &[(&[u8], usize, &str)] = &[
        (b"", 0, "expected a JSON value, found the end of the text"),
        (
            b"  \n",
            3,
            "expected a JSON value, found the end of the text",
        ),
        (
            b"1 2",
            2,
            "expected the end: a record is one JSON value, found `2`",
        ),
        (
            b"{} x",
            3,
            "expected the end: a record is one JSON value, found `x`",
        ),
        (b"[1,]", 3, "expected a JSON value, found `]`"),
        (b"[1 2]", 3, "expected `,` or `]`, found `2`"),
        (b"{\"a\" 1}", 5, "expected `:`, found `1`"),
        (b"{a:1}", 1, "expected a key in double quotes, found `a`"),
        (
            b"{\"a\":1",
            6,
            "expected `,` or `}`, found the end of the text",
        ),
        (b"\"abc", 4, "expected `\"`, found the end of the text"),
        (
            b"\"a\nb\"",
            2,
            "expected a character of a string, or its escape, found `\\n`",
        ),
        (
            b"\"\\x\"",
            2,
            "expected one of `\"\\/bfnrtu` after `\\`, found `x`",
        ),
        (b"\"\\u12g4\"", 5, "expected a hexadecimal digit, found `g`"),
        (
            b"01",
            1,
            "expected the end: a record is one JSON value, found `1`",
        ),
        (b"1.", 2, "expected a digit, found the end of the text"),
        (b"-", 1, "expected a digit, found the end of the text"),
        (b"NaN", 0, "expected a JSON value, found `N`"),
        (b"[Infinity]", 1, "expected a JSON value, found `I`"),
        (b"nul", 0, "expected a JSON value, found `n`"),
        (b"\"a\xffb\"", 2, "invalid UTF-8"),
        (
            b"{\"a\":1}\n{\"a\":2}",
            8,
            "expected the end: a record is one JSON value, found `{`",
        ),
    ];
    for (bytes, expected, message) in cases {
        let input = Input {
            payload: Payload::Json(bytes),
            meta: Meta::default(),
        };
        let error = eval(&compile("."), &input).unwrap_err();
        let EvalErrorKind::InvalidJson { offset, what, .. } = error.kind() else {
            panic!("{error}");
        };
        assert_eq!(
            (*offset, &what[..]),
            (*expected, *message),
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
    let error = fail(".", "[1,\n é,x]");
    assert_eq!(
        error.to_string(),
        "--map: record is not JSON: expected a JSON value, found `é` at line 2, column 2 (byte 5)"
    );
}

#[test]
fn outputs_can_be_reused_and_taken_out_as_bytes() {
    let program = compile(".[]");
    let mut out = Outputs::default();
    program
        .eval(&json(r#"["a\n\"b",null,1.0]"#), &mut out)
        .unwrap();
    let first = out.get(0).unwrap();
    assert_eq!(
        (first.json(), &*first.raw()),
        (&br#""a\n\"b""#[..], &b"a\n\"b"[..])
    );
    assert!(
        first.is_string()
            && first.is_truthy()
            && out.get(1).unwrap().is_null()
            && !out.get(1).unwrap().is_truthy()
    );
    assert_eq!(&*out.get(2).unwrap().raw(), b"1.0");
    assert!(out.get(3).is_none());
    program.eval(&json("[2]"), &mut out).unwrap();
    assert_eq!(out.len(), 4);
    let taken: Vec<Bytes> = out.drain().collect();
    assert_eq!(taken, [&br#""a\n\"b""#[..], b"null", b"1.0", b"2"]);
    assert!(out.is_empty());
    program.eval(&json("[3]"), &mut out).unwrap();
    out.clear();
    assert!(out.is_empty() && out.iter().next().is_none());
}

#[test]
fn what_was_found_before_an_error_stays() {
    let program = compile("1, 2, error(\"x\")");
    let mut out = Outputs::default();
    program.eval(&json("null"), &mut out).unwrap_err();
    assert_eq!(out.len(), 2);
}

#[test]
fn one_program_runs_on_many_threads() {
    let program =
        Program::compile("--map", "[.[] | test(\"a\")] | length", &Options::default()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert_eq!(eval(&program, &json(r#"["a","b"]"#)).unwrap(), ["2"]);
                }
            });
        }
    });
}
