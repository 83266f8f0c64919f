//! The language is jq's: operators, paths, updates, definitions, builtins.

use super::run;

/// Checks that each program gives the results, which are separated by spaces, for the input.
fn check(cases: &[(&str, &str, &str)]) {
    for (source, input, expected) in cases {
        assert_eq!(
            run(source, input).join(" "),
            *expected,
            "{source} on {input}"
        );
    }
}

#[test]
fn operators_bind_as_in_jq() {
    check(&[
        ("10 * 3 % 4", "null", "2"),
        ("100 / 7 % 5 | floor", "null", "4"),
        (".a = .b // 1", "{}", r#"{"a":null}"#),
        (".a = (.b // 1)", "{}", r#"{"a":1}"#),
        ("1 + 2 as $x | -$x", "null", "-3"),
        ("1, 2 as $x | $x * 10", "null", "1 20"),
        ("1 - 1 - 1, -1 * 2, 2 - -2", "null", "-1 -2 4"),
        ("1 < 2 and 2 < 1 or true", "null", "true"),
        ("[.[] | . + 1, . * 2]", "[1,2]", "[2,2,3,4]"),
        ("[1,2][0], {a: 1}.a, \"x\" + \"y\"", "null", r#"1 1 "xy""#),
        ("try error(\"x\") // 1", "null", "1"),
        (".a.b?.c // \"none\"", "{\"a\":1}", "\"none\""),
        (".a?//2", "1", "2"),
        ("def f: 1; 2 + f, f", "null", "3 1"),
    ]);
}

#[test]
fn a_program_without_a_filter_is_the_identity() {
    check(&[
        ("", r#"{"a":1}"#, r#"{"a":1}"#),
        ("# only a comment", "1", "1"),
        (" \n# more \\\n than one line\n", "1", "1"),
    ]);
}

#[test]
fn surrogate_pairs_in_strings_are_one_character() {
    check(&[
        (r#""\ud83d\ude00", "\uD83D\uDE00""#, "null", r#""😀" "😀""#),
        (r#""\ud83d\ude00" | length, utf8bytelength"#, "null", "1 4"),
        (
            r#""a\n\(.)\ud83d\ude00b\u00e9\ud83d\ude01", @json "\ud83d\ude00\(.)""#,
            "7",
            r#""a\n7😀bé😁" "😀7""#,
        ),
        (
            r#"{"\ud83d\ude00": "\("\ud83d\ude00")"} | ."\ud83d\ude00", .["\ud83d\ude00"]"#,
            "null",
            r#""😀" "😀""#,
        ),
        // As in jq: a second half alone, and a backslash that is not the start of an escape.
        (
            r#""\ude00\ud83d\ude00", "\\ud83d\ude00""#,
            "null",
            "\"\u{fffd}😀\" \"\\\\ud83d\u{fffd}\"",
        ),
        ("# \"\\ud83d\n.", "1", "1"),
    ]);
}

#[test]
fn abs_is_the_negation_of_what_sorts_before_zero() {
    check(&[
        ("map(abs)", "[-1.5,-0,3]", "[1.5,0,3]"),
        (
            "map(try abs catch .)",
            r#"[null,true,"x",[1],{"a":1}]"#,
            r#"["null (null) cannot be negated","boolean (true) cannot be negated","x",[1],{"a":1}]"#,
        ),
    ]);
}

#[test]
fn operands_with_several_outputs_combine_in_the_order_of_jq() {
    check(&[
        ("[(1,2) + (10,20)]", "null", "[11,12,21,22]"),
        ("[(1,2) == (1,2)]", "null", "[true,false,false,true]"),
        (
            "[\"\\(1,2)-\\(3,4)\"]",
            "null",
            r#"["1-3","2-3","1-4","2-4"]"#,
        ),
        (
            "[{a: (1,2), b: (3,4)} | .a * 10 + .b]",
            "null",
            "[13,14,23,24]",
        ),
        ("[range(0, 1; 3, 4)]", "null", "[0,1,2,0,1,2,3,1,2,1,2,3]"),
    ]);
}

#[test]
fn paths_read_what_is_there_and_null_otherwise() {
    check(&[
        (
            ".a.b, .[\"a\"][\"b\"], .\"a\".b, .a[\"b\"]",
            r#"{"a":{"b":1}}"#,
            "1 1 1 1",
        ),
        (
            ".[0], .[-1], .[5], .[1.7], .[1:], .[:-1], .[-2:]",
            "[1,2,3]",
            "1 3 null 2 [2,3] [1,2] [2,3]",
        ),
        (".[1:3], .[:1], .[-1:]", "\"aéb\"", r#""éb" "a" "b""#),
        (".. | numbers", r#"[1,{"a":[2]}]"#, "1 2"),
        ("[.[]?], [.a?]", "1", "[] []"),
        (".[[2,3]]", "[1,2,3,2,3]", "[1,3]"),
        (
            "getpath([\"a\",0,\"b\"]), [paths]",
            r#"{"a":[{"b":5}]}"#,
            r#"5 [["a"],["a",0],["a",0,"b"]]"#,
        ),
        (
            ". as {a: $x, b: [$y, $z]} | $x, $y, $z",
            r#"{"a":1,"b":[2,3]}"#,
            "1 2 3",
        ),
        (". as [$a] ?// $a | [$a]", "[[1]]", "[[1]]"),
        (
            "[.[] as [$a] ?// {b: $a} | $a]",
            r#"[[1],{"b":2}]"#,
            "[1,2]",
        ),
    ]);
}

#[test]
fn updates_change_in_place_and_keep_the_order_of_keys() {
    check(&[
        (
            ".b |= . + 1",
            r#"{"a":1,"b":2,"c":3}"#,
            r#"{"a":1,"b":3,"c":3}"#,
        ),
        ("del(.a)", r#"{"a":1,"b":2,"c":3}"#, r#"{"b":2,"c":3}"#),
        (
            "del(.[0,2]), del(.[-1]), del(.[1:])",
            "[1,2,3]",
            "[2] [1,2] [1]",
        ),
        ("del(.x.y, .[\"a\"])", r#"{"a":1,"b":2}"#, r#"{"b":2}"#),
        (
            ".a += 1 | .b -= 1 | .c *= 2 | .d //= 9",
            r#"{"a":1,"b":2,"c":3}"#,
            r#"{"a":2,"b":1,"c":6,"d":9}"#,
        ),
        (".[] += (1,2)", "[1,2]", "[2,3] [3,4]"),
        (".[] |= (., .)", "[1,2]", "[1,2]"),
        (".[] |= empty", "[1,2,3]", "[]"),
        (".[] |= select(. % 2 == 0)", "[1,2,3,4]", "[2,4]"),
        ("(.[] | select(. > 1)) |= empty", "[1,2,3]", "[1]"),
        ("(.a, .b) |= 1", "{}", r#"{"a":1,"b":1}"#),
        ("first(.[]) |= 5", "[1,2]", "[5,2]"),
        ("(.[] // 9) |= 5", "[1,null]", "[5,null]"),
        (
            ".a.b.c = 1 | .a.l[2] = 1",
            "null",
            r#"{"a":{"b":{"c":1},"l":[null,null,1]}}"#,
        ),
        (".[1:] = [9] | .[:1] |= map(. + 1)", "[1,2,3]", "[2,9]"),
        (
            "to_entries",
            r#"{"b":1,"a":2}"#,
            r#"[{"key":"b","value":1},{"key":"a","value":2}]"#,
        ),
        (
            "with_entries(.value += 1) | with_entries(select(.key != \"a\"))",
            r#"{"b":1,"a":2}"#,
            r#"{"b":2}"#,
        ),
        (
            "{a: 1} + {b: 2} + {a: 3}, {a: {x: 1}} * {a: {y: 2}}",
            "null",
            r#"{"a":3,"b":2} {"a":{"x":1,"y":2}}"#,
        ),
    ]);
}

#[test]
fn folds_and_definitions() {
    check(&[
        ("reduce .[] as $x (0; . + $x)", "[1,2,3]", "6"),
        ("reduce .[] as $x (0; empty)", "[1]", "null"),
        ("reduce (1,2) as $x (0; ., 10)", "null", "10"),
        (
            "[foreach .[] as $x (0; . + $x)], [foreach .[] as $x (0; . + $x; [$x, .])]",
            "[1,2]",
            "[1,3] [[1,1],[2,3]]",
        ),
        ("[label $f | 1, break $f, 2]", "null", "[1]"),
        (
            "def f($a; $b): $a + $b; f(1; 2), (def g($a): a + $a; g(3))",
            "null",
            "3 6",
        ),
        (
            "def fac: if . <= 1 then 1 else . * (. - 1 | fac) end; fac",
            "20",
            "2432902008176640000",
        ),
        (
            "[recurse(if . < 3 then . + 1 else empty end)], [limit(3; repeat(1))]",
            "0",
            "[0,1,2,3] [1,1,1]",
        ),
        (
            "[while(. < 3; . + 1)], until(. > 3; . + 1)",
            "0",
            "[0,1,2] 4",
        ),
        (
            "[limit(2; .[])], [first(.[])], [skip(1; .[])], nth(1; .[])",
            "[1,2,3]",
            "[1,2] [1] [2,3] 2",
        ),
        (
            "def loop(f): if . < 100000 then f | loop(f) else . end; loop(. + 1)",
            "0",
            "100000",
        ),
    ]);
}

#[test]
fn a_program_may_define_what_the_builtins_are_made_of() {
    check(&[
        (
            "def add: 1, 2; [add + add], reduce 1 as $x (0; add)",
            "null",
            "[2,3,3,4] 2",
        ),
        (
            "def empty: 1; def null: 2; def _modify(a; b): 3; [.[] | . as [$a] ?// {b: $c} | $c] | (.[1] // .[0]) |= empty",
            r#"[[1],{"b":7}]"#,
            "[null,1]",
        ),
        (
            "def map(f): 0; def length: 9; [1, 2] | map(.), length, ([[3]] | transpose)",
            "null",
            "0 9 [[3]]",
        ),
        (
            "def select(f): 5; first(select(false)), ([1] | .[] |= select(false))",
            "null",
            "5 [5]",
        ),
    ]);
}

#[test]
fn alternatives_in_each_other_compile_to_little() {
    let source = ". as [$a] ?// $a | ".repeat(60) + "$a";
    assert_eq!(run(&source, "1"), ["1"]);
}

#[test]
fn builtins_on_strings() {
    check(&[
        (
            "ascii_upcase, ascii_downcase, length, utf8bytelength, explode",
            "\"aÉ\"",
            r#""AÉ" "aÉ" 2 3 [97,201]"#,
        ),
        (
            "split(\", \"), ltrimstr(\"a\"), rtrimstr(\"c\"), trim",
            "\" a, b\"",
            r#"[" a","b"] " a, b" " a, b" "a, b""#,
        ),
        (
            "index(\"b\"), rindex(\"b\"), indices(\"b\"), indices(\"x\")",
            "\"abéb\"",
            "1 3 [1,3] []",
        ),
        (
            "test(\"B\"; \"i\"), test(\"^b\"), [match(\"b\"; \"g\").offset]",
            "\"abéb\"",
            "true false [1,3]",
        ),
        (
            "capture(\"(?<y>\\\\d+)-(?<m>\\\\d+)\")",
            "\"2024-05\"",
            r#"{"y":"2024","m":"05"}"#,
        ),
        (
            "sub(\"(?<l>.)\"; \"\\(.l)!\"), gsub(\"b\"; \"[\\(.)]\" | ascii_upcase)",
            "\"abcb\"",
            r#""a!bcb" "a[{}]c[{}]""#,
        ),
        (
            "[scan(\"[a-z]+\")], [splits(\", *\")]",
            "\"ab, cd\"",
            r#"["ab","cd"] ["ab","cd"]"#,
        ),
        (
            "@csv, @tsv",
            r#"[1,"a\"b\t",null,true]"#,
            r#""1,\"a\"\"b\t\",,true" "1\ta\"b\\t\t\ttrue""#,
        ),
        (
            "@base64, (@base64 | @base64d), @uri, @html, @sh, @json",
            "\"é'<\"",
            r#""w6knPA==" "é'<" "%C3%A9%27%3C" "é&apos;&lt;" "'é'\\''<'" "\"é'<\"""#,
        ),
        (
            "@text \"a\\(1)\", @json \"x\\(\"q\")\"",
            "null",
            r#""a1" "x\"q\"""#,
        ),
        ("join(\"-\")", r#"["a",1,null,true]"#, r#""a-1--true""#),
        (
            "tojson, (tojson | fromjson)",
            r#"{"a":[1,"é",null]}"#,
            r#""{\"a\":[1,\"é\",null]}" {"a":[1,"é",null]}"#,
        ),
        (
            "map(tonumber)",
            r#"["1.10","-7","1e3","007","+5.5",12]"#,
            "[1.10,-7,1e3,7,5.5,12]",
        ),
    ]);
}

#[test]
fn builtins_on_arrays() {
    check(&[
        (
            "sort, unique, min, max, add, reverse, length",
            "[3,1,3]",
            "[1,3,3] [1,3] 1 3 7 [3,1,3] 3",
        ),
        (
            "sort",
            r#"[{"b":1},[1],"a",1,true,false,null,{"a":2}]"#,
            r#"[null,false,true,1,"a",[1],{"a":2},{"b":1}]"#,
        ),
        (
            "group_by(.a) | map(length)",
            r#"[{"a":1},{"a":2},{"a":1}]"#,
            "[2,1]",
        ),
        (
            "sort_by(.a, .b) | map(.b)",
            r#"[{"a":1,"b":2},{"a":1,"b":1}]"#,
            "[1,2]",
        ),
        (
            "flatten, flatten(1), transpose?",
            "[1,[2,[3]]]",
            "[1,2,3] [1,2,[3]]",
        ),
        (
            "transpose, [combinations]",
            "[[1,2],[3]]",
            "[[1,3],[2,null]] [[1,3],[2,3]]",
        ),
        (
            "any, all, (map(. > 0) | all), contains([1]), inside([1,2,3]), index(2)",
            "[1,2]",
            "true true true true true 1",
        ),
        (
            "map(select(. != null)), map(values), first, last, nth(1)",
            "[1,null,2]",
            "[1,2] [1,2] 1 2 null",
        ),
        (
            "[tostream] | fromstream(.[]), length",
            r#"{"a":[1,{"b":2}]}"#,
            r#"{"a":[1,{"b":2}]} 5"#,
        ),
        (
            "(INDEX(.id) | map_values(.v)), IN([{\"id\":1,\"v\":2}])",
            r#"[{"id":1,"v":2}]"#,
            r#"{"1":2} true"#,
        ),
        (
            "walk(if type == \"number\" then . + 1 else . end)",
            r#"[1,{"a":2}]"#,
            r#"[2,{"a":3}]"#,
        ),
    ]);
}

#[test]
fn every_builtin_has_all_it_is_made_of() {
    let builtins = run("builtins[] | split(\"/\")[]", "null");
    assert!(builtins.len() > 400, "{} words", builtins.len());
    for pair in builtins.chunks(2) {
        let arity: usize = pair[1].trim_matches('"').parse().unwrap();
        let arguments = if arity == 0 {
            String::new()
        } else {
            format!("({})", vec!["."; arity].join("; "))
        };
        super::compile(&format!("{}{arguments}", pair[0].trim_matches('"')));
    }
}

#[test]
fn dates_are_utc() {
    check(&[
        (
            "todate, gmtime, (gmtime | mktime)",
            "1425599621",
            r#""2015-03-05T23:53:41Z" [2015,2,5,23,53,41,4,63] 1425599621"#,
        ),
        (
            "strftime(\"%A, %B %d, %Y %H:%M\")",
            "1425599621",
            r#""Thursday, March 05, 2015 23:53""#,
        ),
        (
            "fromdate, (strptime(\"%Y-%m-%dT%H:%M:%SZ\") | mktime)",
            "\"2015-03-05T23:51:47Z\"",
            "1425599507 1425599507",
        ),
        (
            "strptime(\"%d/%b/%Y:%H:%M:%S %z\") | mktime",
            "\"09/May/2024:11:33:23 +0200\"",
            "1715247203",
        ),
        (
            "strptime(\"%Y-%m-%d\") | mktime",
            "\"2024-05-09\"",
            "1715212800",
        ),
    ]);
}

#[test]
fn true_and_false_are_everything_else_and_null_and_false() {
    let program = |source| super::compile(source);
    for (source, expected) in [
        (".a", true),
        (".b", false),
        (".c", false),
        ("empty", false),
        ("0", true),
        ("\"\"", true),
        ("false, true", false),
        ("true, error", true),
    ] {
        let truthy = program(source)
            .test(&super::json(r#"{"a":1,"b":null,"c":false}"#))
            .unwrap();
        assert_eq!(truthy, expected, "{source}");
    }
}
