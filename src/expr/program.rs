//! A compiled program and its runs.

use std::sync::Arc;

use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data::JustLut};
use jaq_json::{Val, read, write};

use ssectl_adapter::Position;

use super::error::position;
use super::{CompileError, EvalError, EvalErrorKind, Input, Options, Outputs, Payload};

const VARIABLES: [&str; 7] = [
    "$key",
    "$headers",
    "$stream",
    "$partition",
    "$offset",
    "$time",
    "$time_ns",
];

/// A compiled program. Cheap to clone, and may run on several threads at once.
#[derive(Clone)]
pub struct Program(Arc<Compiled>);

struct Compiled {
    origin: Arc<str>,
    filter: jaq_core::Filter<JustLut<Val>>,
    options: Options,
}

impl Program {
    /// Compiles `source`; `origin` is its name in messages: `--map`, `-f prog.jq`, `scenario.yaml:12:20`.
    ///
    /// # Errors
    /// Everything that does not parse or is not defined, each with its place.
    pub fn compile(origin: &str, source: &str, options: &Options) -> Result<Self, CompileError> {
        let at = |part: &str| {
            let start = (part.as_ptr() as usize).wrapping_sub(source.as_ptr() as usize);
            start.min(source.len())
        };
        let fail = |faults: Vec<(usize, String)>| CompileError::new(origin, source, faults);
        let off = [
            "env",
            "now",
            "halt",
            "halt_error",
            "debug",
            "stderr",
            "debug_empty",
            "stderr_empty",
            "localtime",
            "strflocaltime",
        ];
        let defs = jaq_core::defs()
            .chain(jaq_std::defs())
            .chain(jaq_json::defs())
            .filter(|def| !off.contains(&def.name));
        let funs = jaq_core::funs()
            .chain(jaq_std::funs())
            .chain(jaq_json::funs());
        let funs = funs.filter(|(name, ..)| !off.contains(name));
        let arena = Arena::default();
        let file = File {
            path: (),
            code: source,
        };
        let modules = Loader::new(defs).load(&arena, file).map_err(|errors| {
            use jaq_core::load::Error;
            let faults = errors.into_iter().flat_map(|(_, error)| -> Vec<_> {
                match error {
                    Error::Io(list) => list.into_iter().map(|(s, e)| (at(s), e)).collect(),
                    Error::Lex(list) => list
                        .into_iter()
                        .map(|(e, s)| (at(s), format!("expected {}", e.as_str())))
                        .collect(),
                    Error::Parse(list) => list
                        .into_iter()
                        .map(|(e, s)| (at(s), format!("expected {}", e.as_str())))
                        .collect(),
                }
            });
            fail(faults.collect())
        })?;
        let compiler = Compiler::default()
            .with_funs(funs)
            .with_global_vars(VARIABLES);
        let filter = compiler.compile(modules).map_err(|errors| {
            let faults = errors.into_iter().flat_map(|(_, list)| list);
            fail(
                faults
                    .map(|(s, e)| (at(s), format!("`{s}` is not a known {}", e.as_str())))
                    .collect(),
            )
        })?;
        Ok(Self(Arc::new(Compiled {
            origin: origin.into(),
            filter,
            options: options.clone(),
        })))
    }

    /// Runs on one record and appends every result to `out`.
    ///
    /// # Errors
    /// Also then, the results before the error are in `out`.
    pub fn eval(&self, input: &Input<'_>, out: &mut Outputs) -> Result<(), EvalError> {
        self.results(input, |value| {
            let start = out.bytes.len();
            write::write(&mut out.bytes, &write::Pp::default(), 0, &value)
                .map_err(|e| EvalErrorKind::Program(e.to_string()))?;
            out.spans.push(start..out.bytes.len());
            if out.spans.len() > self.0.options.limits.outputs {
                return Err(EvalErrorKind::LimitOutputs(self.0.options.limits.outputs));
            }
            Ok(true)
        })
    }

    /// Whether the first result is truthy; no result, `null` and `false` are not.
    ///
    /// # Errors
    /// If the program fails before its first result.
    pub fn test(&self, input: &Input<'_>) -> Result<bool, EvalError> {
        let mut truthy = false;
        self.results(input, |value| {
            truthy = jaq_core::ValT::as_bool(&value);
            Ok(false)
        })?;
        Ok(truthy)
    }

    pub(super) fn error(&self, kind: EvalErrorKind) -> EvalError {
        EvalError {
            origin: self.0.origin.clone(),
            kind,
        }
    }

    fn results(
        &self,
        input: &Input<'_>,
        mut each: impl FnMut(Val) -> Result<bool, EvalErrorKind>,
    ) -> Result<(), EvalError> {
        let fail = |kind| self.error(kind);
        let value = parse(&input.payload).map_err(fail)?;
        let filter = &self.0.filter;
        let ctx = Ctx::<JustLut<Val>>::new(&filter.lut, Vars::new(variables(input)));
        for result in filter.id.run((ctx, value)).map(jaq_core::unwrap_valr) {
            let value = result.map_err(|e| fail(EvalErrorKind::Program(e.to_string())))?;
            if !each(value).map_err(fail)? {
                break;
            }
        }
        Ok(())
    }
}

fn parse(payload: &Payload<'_>) -> Result<Val, EvalErrorKind> {
    match payload {
        Payload::Json(bytes) => read::parse_single(bytes).map_err(|e| {
            let text = e.to_string();
            let offset = text
                .split([' ', ':'])
                .nth(2)
                .and_then(|n| n.parse().ok())
                .unwrap_or(0);
            let (line, column) = position(bytes, offset);
            EvalErrorKind::InvalidJson {
                offset,
                line,
                column,
                what: text,
            }
        }),
        Payload::Text(bytes) => Ok(Val::utf8_str(bytes.to_vec())),
        Payload::Null => Ok(Val::Null),
    }
}

fn variables(input: &Input<'_>) -> [Val; 7] {
    let meta = &input.meta;
    let text = |s: &[u8]| Val::utf8_str(s.to_vec());
    let number = |n: i128| {
        Val::Num(jaq_json::Num::from_str_radix(&n.to_string(), 10).unwrap_or(jaq_json::Num::Int(0)))
    };
    let headers = meta
        .headers
        .iter()
        .map(|(k, v)| (text(k.as_bytes()), v.as_deref().map_or(Val::Null, text)));
    [
        meta.key.map_or(Val::Null, text),
        Val::obj(headers.collect()),
        text(meta.stream.as_bytes()),
        text(meta.partition.as_bytes()),
        match meta.position {
            Some(Position::Offset(offset)) => number(i128::from(*offset)),
            Some(Position::Token(token)) => text(token.as_bytes()),
            Some(Position::None) | None => Val::Null,
        },
        meta.timestamp_ns
            .map_or(Val::Null, |ns| number(ns.div_euclid(1_000_000))),
        meta.timestamp_ns.map_or(Val::Null, number),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::{Input, Meta, Options, Outputs, Payload, Program};

    fn run(source: &str, json: &str) -> Vec<String> {
        let program = Program::compile("--map", source, &Options::default()).unwrap();
        let mut out = Outputs::default();
        let payload = Payload::Json(json.as_bytes());
        program
            .eval(
                &Input {
                    payload,
                    meta: Meta::default(),
                },
                &mut out,
            )
            .unwrap();
        out.iter()
            .map(|o| String::from_utf8(o.json().to_vec()).unwrap())
            .collect()
    }

    #[test]
    fn moves_numbers_exactly() {
        assert_eq!(
            run(".a, .b", r#"{"a":1715254403007507001,"b":1.0}"#),
            ["1715254403007507001", "1.0"]
        );
    }
}
