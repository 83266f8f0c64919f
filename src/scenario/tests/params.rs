//! Parameters and variables: what is filled in, and that it cannot do more than that.

use serde_json::json;

use super::Case;
use crate::document::{Env, Faults, Text, interpolate, parse};
use crate::scenario::{Param, ParamKind, declared_params};

const BODY: &str = r#"
params:
  amount: {prompt: Amount, default: 1.10, type: number, help: In dollars}
  data: {default: d.ndjson, type: path}
  who: {prompt: Who}
summary: ${param.amount} of ${param.who} in ${PLACE:-nowhere}
streams: {in: {partitions: "${N:-3}"}, out: }
pipelines:
  p: {source: {replay: '${param.data}'}, sink: out}
"#;

fn body(partitions: &str) -> String {
    BODY.replace("\"${N:-3}\"", partitions)
}

#[test]
fn declared_parameters_are_told_before_they_have_values() {
    let case = Case::new(&body("3"));
    let params = declared_params(case.folder.path(), &case.env).expect("sound");
    assert_eq!(
        params[0],
        Param {
            name: "amount".into(),
            prompt: Some("Amount".into()),
            default: Some("1.10".into()),
            help: Some("In dollars".into()),
            kind: ParamKind::Number,
            value: Some("1.10".into()),
        }
    );
    assert_eq!(
        (params[1].kind, params[2].value.clone()),
        (ParamKind::Path, None)
    );
}

#[test]
fn given_values_win_over_defaults() {
    let case = Case::new(&body("3")).file("d.ndjson", "");
    let case = case
        .set("who", "me")
        .set("amount", "2.5")
        .env("PLACE", "here");
    let scenario = case.scenario();
    assert_eq!(scenario.summary.as_deref(), Some("2.5 of me in here"));
    assert_eq!(scenario.params[0].value.as_deref(), Some("2.5"));
}

#[test]
fn a_given_path_starts_from_the_working_directory() {
    let case = Case::new(&body("3"))
        .set("who", "me")
        .set("data", "Cargo.toml");
    let scenario = case.scenario();
    let path = std::env::current_dir()
        .expect("a directory")
        .join("Cargo.toml");
    assert_eq!(scenario.params[1].value, Some(path.display().to_string()));
}

#[test]
fn wrong_parameters_are_told() {
    let case = Case::new(&body("3")).file("d.ndjson", "");
    let case = case
        .set("who", "me")
        .set("amount", "five")
        .set("amonut", "5");
    assert_eq!(
        case.faults(),
        "--set amonut: unknown parameter `amonut`\n  hint: did you mean `amount`?\n\
         --set amount: parameter `amount` is `five`, which is no number\n  \
         hint: write it with digits and a point, such as `1.34`"
    );
    let none = Case::new("streams: {a: , b: }\npipelines: {p: {source: a, sink: b}}").set("x", "1");
    assert_eq!(
        none.faults(),
        "--set x: unknown parameter `x`\n  hint: the scenario has no parameters"
    );
}

#[test]
fn plain_scalars_get_their_type_after_interpolation_and_quoted_ones_stay_text() {
    let load = |partitions: &str| {
        let case = Case::new(&body(partitions)).file("d.ndjson", "");
        case.set("who", "me").env("N", "5")
    };
    let typed = |value: &str| {
        let mut faults = Faults::default();
        let text = Text::file("f", value);
        let mut node = parse(&text, &mut faults).expect("YAML");
        let env = [("N", "5"), ("T", "true"), ("W", "word"), ("E", "")];
        let env: Env = env.map(|(name, value)| (name.into(), value.into())).into();
        interpolate(&mut node, &env, &mut faults);
        assert!(faults.is_empty(), "{faults}");
        node.to_json()
    };
    assert_eq!(typed("${N}"), json!(5));
    assert_eq!(typed("1${N}.5"), json!(15.5));
    assert_eq!(typed("${T}"), json!(true));
    assert_eq!(typed("${E}"), json!(null));
    assert_eq!(typed("${W}"), json!("word"));
    assert_eq!(typed("'${N}'"), json!("5"));
    assert_eq!(typed("\"${T}\""), json!("true"));
    assert_eq!(typed("!!str ${N}"), json!("5"));
    // Inside of braces YAML needs the quotes; where only a number can be, it is one all the same.
    let partitions = |value| load(value).scenario().streams[0].spec.partitions;
    assert_eq!(partitions("'${N}'"), Some(5));
    assert_eq!(partitions("'${M:-7}'"), Some(7));
    assert!(
        load("'5'")
            .faults()
            .contains("expected an integer, found text `5`")
    );
    assert!(
        load("'${W:-x}'")
            .faults()
            .contains("expected an integer, found text `x`")
    );
}

#[test]
fn a_number_from_a_variable_is_text_where_text_is_wanted() {
    let body = "summary: ${N}\nstreams: {a: , b: }\npipelines: {p: {source: a, sink: b}}";
    let case = Case::new(body).env("N", "1.10");
    assert_eq!(case.scenario().summary.as_deref(), Some("1.10"));
}

#[test]
fn a_value_cannot_add_structure() {
    let body = "summary: ${X}\nstreams: {a: , b: }\npipelines: {p: {source: a, sink: b}}";
    let evil = "x\nstreams: {c: {}}\n# {a: [";
    let scenario = Case::new(body).env("X", evil).scenario();
    assert_eq!(scenario.summary.as_deref(), Some(evil));
    assert_eq!(scenario.streams.len(), 2);
    let again = Case::new(body).env("X", "${HOME}").scenario();
    assert_eq!(again.summary.as_deref(), Some("${HOME}"));
}

#[test]
fn comments_names_and_other_dollars_are_left_alone() {
    let body = r#"
# ${NOT_SET} in a comment is nobody's business
summary: $${HOME} $NAME $ $$ "\(.x)" \${Y:-z} # ${NEITHER}
streams: {a: , b: }
pipelines:
  ${p}: {source: a, steps: [{map: '. as $x | "\($x.id) $x"'}], sink: b}
"#;
    let scenario = Case::new(body).scenario();
    assert_eq!(
        scenario.summary.as_deref(),
        Some(r#"${HOME} $NAME $ $$ "\(.x)" \z"#)
    );
    assert_eq!(scenario.pipelines[0].name, "${p}");
    assert_eq!(
        scenario.pipelines[0].steps[0].programs()[0].0,
        r#". as $x | "\($x.id) $x""#
    );
}

#[test]
fn defaults_nest_and_look_at_empty_values_too() {
    for (text, expected) in [
        ("${EMPTY:-d}", "d"),
        ("[${EMPTY}]", "[]"),
        ("${A:-${B:-c}}", "c"),
        ("${A:-${FULL:-c}}", "full"),
        ("${FULL:-${NOT_LOOKED_AT}}", "full"),
        ("${FULL:?must be set}", "full"),
        ("${A:-a b: c}", "a b: c"),
        ("${A:-}x", "x"),
    ] {
        let body = format!(
            "summary: '{text}'\nstreams: {{a: , b: }}\npipelines: {{p: {{source: a, sink: b}}}}"
        );
        let case = Case::new(&body).env("EMPTY", "").env("FULL", "full");
        assert_eq!(case.scenario().summary.as_deref(), Some(expected), "{text}");
    }
}
