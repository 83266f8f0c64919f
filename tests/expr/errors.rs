//! Errors say what, where and how to fix it.

use ssectl::expr::{EvalErrorKind, Options, Program};

use super::fail;

fn refused(source: &str) -> String {
    match Program::compile("--map", source, &Options::default()) {
        Ok(_) => panic!("`{source}` compiles"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn syntax_errors_show_the_place() {
    for (source, expected) in [
        (
            "\"é\\ud83d\\u0041\"",
            "--map:1:3: `\\ud83d` is the first half of a surrogate pair; the second half, such as `\\ude00`, has to follow it\n  \"é\\ud83d\\u0041\"\n    ^",
        ),
        (
            ".a | ",
            "--map:1:6: expected a filter, found the end of the program\n  .a | \n       ^",
        ),
        (
            "if .a 1",
            "--map:1:7: expected `then`, found `1`\n  if .a 1\n        ^",
        ),
        (
            "if .a then 1",
            "--map:1:13: expected `elif`, `else` or `end`, found the end of the program\n  if .a then 1\n              ^",
        ),
        (
            "[1, 2",
            "--map:1:6: expected closing bracket, found the end of the program\n  [1, 2\n       ^",
        ),
        (".a]", "--map:1:3: expected token, found `]`\n  .a]\n    ^"),
        (
            "(1; 2)",
            "--map:1:3: expected an operator or `)`, found `;`\n  (1; 2)\n    ^",
        ),
        (
            "1 == 1 == 1",
            "--map:1:8: operators of this kind cannot be chained; put one side in parentheses\n  1 == 1 == 1\n         ^",
        ),
        (
            "{a b}",
            "--map:1:4: expected an operator or `}`, found `b`\n  {a b}\n     ^",
        ),
        (
            "reduce .[] as $x (0)",
            "--map:1:18: expected `(init; update)`, found `(0)`\n  reduce .[] as $x (0)\n                   ^",
        ),
        (
            ". as x | x",
            "--map:1:6: expected a pattern: `$x`, `[$x]` or `{$x}`, found `x`\n  . as x | x\n       ^",
        ),
        (
            "\"a\\qb\"",
            "--map:1:4: expected string escape sequence, found `q`\n  \"a\\qb\"\n     ^",
        ),
        (
            ".a |\n  .é, )",
            "--map:2:4: expected token, found `é`\n    .é, )\n     ^",
        ),
        (
            "def f: 1;",
            "--map:1:10: the definitions are not followed by a filter\n  def f: 1;\n           ^",
        ),
        (
            "import \"a\" as a; .",
            "--map:1:1: `import` is off: a program is one text, so define the filters in it\n  import \"a\" as a; .\n  ^",
        ),
    ] {
        assert_eq!(refused(source), expected, "{source}");
    }
}

#[test]
fn undefined_names_are_all_reported_with_what_may_be_meant() {
    assert_eq!(
        refused(".a | lenght\n| $kye | foo(1)"),
        "--map:1:6: `lenght` is not defined; did you mean `length`?\n  .a | lenght\n       ^\n\
         --map:2:3: `$kye` is not defined; did you mean `$key`?\n  | $kye | foo(1)\n    ^\n\
         --map:2:10: `foo` is not defined\n  | $kye | foo(1)\n           ^"
    );
    for (source, expected) in [
        (
            "map(.; .)",
            "`map` takes 1 argument, not 2; arguments are separated by `;`",
        ),
        (
            "test(\"a\", \"b\"; 1; 2)",
            "`test` takes 1 or 2 arguments, not 3; arguments are separated by `;`",
        ),
        (
            "def total: 1; totl",
            "`totl` is not defined; did you mean `total`?",
        ),
        ("break $x", "`$x` is not a label here"),
        ("_match(1; 2)", ""),
    ] {
        let message = refused_or_empty(source);
        assert!(message.contains(expected), "{source}: {message}");
    }
}

fn refused_or_empty(source: &str) -> String {
    Program::compile("--map", source, &Options::default())
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
}

#[test]
fn what_breaks_repeatability_or_does_io_is_off_with_a_reason() {
    for name in [
        "input",
        "inputs",
        "debug",
        "debug(1)",
        "stderr",
        "env",
        "$ENV",
        "now",
        "localtime",
        "strflocaltime(\"%Y\")",
        "input_filename",
        "input_line_number",
        "halt",
        "halt_error",
        "halt_error(1)",
        "modulemeta",
        "get_search_list",
    ] {
        let message = refused(name);
        let bare = name.split('(').next().unwrap();
        assert!(
            message.contains(&format!("`{bare}` is off: it ")),
            "{name}: {message}"
        );
    }
    assert_eq!(
        refused("now - .t"),
        "--map:1:1: `now` is off: it differs from run to run; the record's own time is `$time` (milliseconds) and `$time_ns`\n  now - .t\n  ^"
    );
    assert_eq!(super::run("def now: 1; now", "null"), ["1"]);
}

#[test]
fn errors_of_a_run_show_where_in_the_program() {
    for (source, input, expected) in [
        (
            ".a.b.c",
            r#"{"a":{"b":1}}"#,
            "--map:1:5: Cannot index number with string \"c\"\n  .a.b.c\n      ^",
        ),
        (
            "1 | .a",
            "null",
            "--map:1:5: Cannot index number with string \"a\"\n  1 | .a\n      ^",
        ),
        (
            ".items[]\n| .x + 1",
            r#"{"items":[{"x":1},{"x":"a"}]}"#,
            "--map:2:3: string (\"a\") and number (1) cannot be added\n  | .x + 1\n    ^",
        ),
        (
            "map(tonumber)",
            r#"["1","x"]"#,
            "--map:1:5: string (\"x\") cannot be parsed as a number\n  map(tonumber)\n      ^",
        ),
        (
            "def f: error(\"no\"); [1, 2] | f",
            "null",
            "--map:1:8: no\n  def f: error(\"no\"); [1, 2] | f\n         ^",
        ),
        (
            "{a: {b: .c.d}}",
            r#"{"c":[]}"#,
            "--map:1:11: Cannot index array with string \"d\"\n  {a: {b: .c.d}}\n            ^",
        ),
        (
            ".a |= ascii_upcase",
            r#"{"a":1}"#,
            "--map:1:7: ascii_upcase input must be a string\n  .a |= ascii_upcase\n        ^",
        ),
        (
            ".[0] += 1",
            r#"{"a":1}"#,
            "--map:1:3: Cannot index object with number\n  .[0] += 1\n    ^",
        ),
        (
            "error({code: 7})",
            "null",
            "--map:1:1: {\"code\":7} (not a string)\n  error({code: 7})\n  ^",
        ),
        (
            "error(null)",
            "null",
            "--map:1:1: null (not a string)\n  error(null)\n  ^",
        ),
    ] {
        let error = fail(source, input);
        assert!(matches!(error.kind(), EvalErrorKind::Program(_)));
        assert_eq!(error.to_string(), expected, "{source}");
    }
}

#[test]
fn try_catches_what_a_program_raises_with_the_messages_of_jq() {
    for (source, input, expected) in [
        (
            "try .a catch .",
            "[]",
            r#""Cannot index array with string \"a\"""#,
        ),
        (
            "try .[] catch .",
            "1",
            r#""Cannot iterate over number (1)""#,
        ),
        (
            "try ({} - 1) catch .",
            "null",
            r#""object ({}) and number (1) cannot be subtracted""#,
        ),
        (
            "try (1 / 0) catch .",
            "null",
            r#""number (1) and number (0) cannot be divided because the divisor is zero""#,
        ),
        (
            "try (. + 1) catch .",
            "\"very-long-long-long-long-string\"",
            r#""string (\"very-long-long-long-long...\") and number (1) cannot be added""#,
        ),
        ("try error({a: 1}) catch .a", "null", "1"),
        ("try keys catch .", "1", r#""number (1) has no keys""#),
        (
            "try has(0) catch .",
            "{}",
            r#""Cannot check whether object has a number key""#,
        ),
        (
            "try implode catch .",
            "null",
            r#""implode input must be an array""#,
        ),
        (
            "[.[] | try if . == 1 then error(\"one\") else . end catch .]",
            "[0,1,2]",
            r#"[0,"one",2]"#,
        ),
        ("[.[] | tonumber?]", r#"["1","x","2"]"#, "[1,2]"),
        (
            "try (1e18 | todate) catch .",
            "null",
            r#""number (1e+18) is no time in seconds since 1970: divide milliseconds by 1000, nanoseconds by 1000000000""#,
        ),
    ] {
        assert_eq!(super::run(source, input), [expected], "{source}");
    }
}
