//! A compiled program and its runs.

use std::sync::{Arc, OnceLock};

use jaq_core::load::{Arena, File, Loader, span};
use jaq_core::{Compiler, Ctx, Filter, Vars, compile::Undefined};

use super::engine::{Lang, Run};
use super::input::VARIABLES;
use super::meter::{self, Ended, Stop};
use super::native::{self, Regexes};
use super::syntax::{self, Def, Fault, Term};
use super::value::{Error, Value};
use super::{
    CompileError, EvalError, EvalErrorKind, Input, Limits, Options, Origin, Outputs, Place, names,
    prelude,
};

/// A compiled program. Cheap to clone, and may run on several threads at once.
#[derive(Clone)]
pub struct Program(Arc<Compiled>);

struct Compiled {
    origin: Origin,
    source: String,
    filter: Filter<Lang>,
    /// The program with markers of its places, compiled when it first fails.
    traced: OnceLock<Option<Filter<Lang>>>,
    /// The variables that the program names.
    variables: Vec<&'static str>,
    regexes: Regexes,
    options: Options,
}

/// The longest program, in bytes.
const LONGEST: usize = 1 << 20;

/// Enough stack for the passes over a tree, by the bytes of the program: each nests at most once.
const STACK_PER_BYTE: usize = 128 << 10;

/// Enough for the deepest tree that the parser lets through.
const MOST_STACK: usize = 256 << 20;

/// What the program is called for the engine.
const MAIN: &str = "__main__";

impl Program {
    /// Compiles `source`; `origin` is its name in messages.
    ///
    /// # Errors
    /// What does not parse, or all that is not defined, each with its place.
    pub fn compile(
        origin: impl Into<Origin>,
        source: &str,
        options: &Options,
    ) -> Result<Self, CompileError> {
        let origin = origin.into();
        let compiled = if source.len() > LONGEST {
            Err(vec![(
                LONGEST,
                format!("the program is longer than {LONGEST} bytes"),
            )])
        } else {
            with_stack(source, || compile(source, |program, _, _| program))
        };
        let (filter, variables) = match compiled {
            Ok(compiled) => compiled,
            Err(faults) => return Err(CompileError::new(origin, source, faults)),
        };
        Ok(Self(Arc::new(Compiled {
            origin,
            source: source.to_owned(),
            filter,
            traced: OnceLock::new(),
            variables,
            regexes: Regexes::default(),
            options: options.clone(),
        })))
    }

    /// Its text.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Runs on one record and appends every result to `out`.
    ///
    /// # Errors
    /// Also then, the results before the error are in `out`.
    pub fn eval(&self, input: &Input<'_>, out: &mut Outputs) -> Result<(), EvalError> {
        let limits = &self.0.options.limits;
        let start = out.mark();
        self.run(input, |results| {
            out.reset(start);
            for result in results {
                out.push(&result?);
                if out.mark().results() - start.results() > limits.outputs {
                    return Err(EvalErrorKind::LimitOutputs(limits.outputs));
                }
                if out.mark().bytes() - start.bytes() > limits.bytes {
                    return Err(EvalErrorKind::LimitBytes(limits.bytes));
                }
            }
            Ok(())
        })
    }

    /// Whether the first result is truthy; no result, `null` and `false` are not.
    ///
    /// # Errors
    /// If the program fails before its first result.
    pub fn test(&self, input: &Input<'_>) -> Result<bool, EvalError> {
        self.run(input, |results| {
            Ok(results
                .next()
                .transpose()?
                .is_some_and(|value| value.is_truthy()))
        })
    }

    /// The first result as JSON, if there is one.
    pub(super) fn first(&self, input: &Input<'_>) -> Result<Option<String>, EvalError> {
        self.run(input, |results| {
            let first = results.next().transpose()?;
            Ok(first.map(|value| value.to_json().as_str().to_owned()))
        })
    }

    /// The error of a run that came to its end.
    pub(super) fn error(&self, kind: EvalErrorKind) -> EvalError {
        EvalError {
            origin: Arc::clone(self.0.origin.name()),
            kind,
            place: None,
        }
    }

    /// Runs within the limits and hands the results to `consume`, which may be called a second
    /// time from the start: see [`meter::run`].
    fn run<T>(
        &self,
        input: &Input<'_>,
        consume: impl FnMut(&mut Results<'_>) -> Result<T, EvalErrorKind>,
    ) -> Result<T, EvalError> {
        self.run_filter(&self.0.filter, input, consume)
            .map_err(|kind| match kind {
                EvalErrorKind::Program(_) => EvalError {
                    place: self.place(input).map(Box::new),
                    ..self.error(kind)
                },
                _ => self.error(kind),
            })
    }

    /// Where the program fails on this record: it is run once more, with markers.
    fn place(&self, input: &Input<'_>) -> Option<(Place, String)> {
        let Compiled {
            origin,
            source,
            traced,
            ..
        } = &*self.0;
        let trace = || compile(source, syntax::traced).ok();
        let filter = traced.get_or_init(|| with_stack(source, trace).map(|(filter, _)| filter));
        let failed = self.run_filter(filter.as_ref()?, input, |results| {
            for result in results {
                result?;
            }
            Ok(())
        });
        let place = matches!(failed, Err(EvalErrorKind::Program(_))).then(meter::last_place)?;
        let offset = place?;
        let place = Place::new(source, offset);
        let at = origin.place(offset, place.line, place.column);
        Some((place, at))
    }

    fn run_filter<T>(
        &self,
        filter: &Filter<Lang>,
        input: &Input<'_>,
        mut consume: impl FnMut(&mut Results<'_>) -> Result<T, EvalErrorKind>,
    ) -> Result<T, EvalErrorKind> {
        let Compiled {
            variables,
            regexes,
            options,
            ..
        } = &*self.0;
        let ended = meter::run(&options.limits, || {
            let value = input.payload.value()?;
            let variables = Vars::new(variables.iter().map(|name| input.meta.variable(name)));
            let context = Ctx::<Lang>::new(Run::new(&filter.lut, regexes), variables);
            let results = filter.id.run((context, value));
            consume(
                &mut results
                    .map(|result| result.map_err(|exception| raised(exception.get_err().ok()))),
            )
        });
        ended.unwrap_or_else(|ended| Err(stopped(ended, &options.limits)))
    }
}

/// The results of a run, up to the first error.
type Results<'a> = dyn Iterator<Item = Result<Value, EvalErrorKind>> + 'a;

/// The longest message of an error, in bytes; what is beyond is cut off.
const LONGEST_MESSAGE: usize = 4096;

/// What a program raised that it did not catch.
fn raised(error: Option<Error>) -> EvalErrorKind {
    let mut message = match error.map(Error::into_val) {
        Some(Value::Str(message)) => message.as_str().to_owned(),
        Some(value) => format!("{} (not a string)", value.to_json().as_str()),
        None => "`break` outside of its `label`".to_owned(),
    };
    if message.len() > LONGEST_MESSAGE {
        message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
        message.push('…');
    }
    EvalErrorKind::Program(message)
}

fn stopped(ended: Ended, limits: &Limits) -> EvalErrorKind {
    match ended {
        Ended::Stopped(Stop::Time) => EvalErrorKind::LimitTime(limits.time),
        Ended::Stopped(Stop::Bytes) => EvalErrorKind::LimitBytes(limits.bytes),
        Ended::Stopped(Stop::Depth | Stop::Stack) => EvalErrorKind::LimitDepth(limits.depth),
        Ended::Panicked(message) => EvalErrorKind::Internal(message),
    }
}

/// Calls `compile` where it has enough stack for `source`.
fn with_stack<T>(source: &str, compile: impl FnOnce() -> T) -> T {
    let needed = (1 << 20) + source.len().saturating_mul(STACK_PER_BYTE).min(MOST_STACK);
    stacker::maybe_grow(needed, needed, compile)
}

/// Compiles to a filter and the variables that it has to be given; `change` may change the tree
/// of the program, whose names and strings are slices of the second argument.
fn compile(
    written: &str,
    change: impl for<'s> FnOnce(Term<'s>, &'s str, &'s Arena) -> Term<'s>,
) -> Result<(Filter<Lang>, Vec<&'static str>), Vec<Fault>> {
    let source = &*syntax::without_surrogates(written);
    let arena = Arena::default();
    let program = syntax::parse(written, source, &arena)?;
    let mut variables = VARIABLES.to_vec();
    variables.retain(|name| syntax::mentions(&program, name));
    let mut defs = prelude::used_by(&program, &arena);
    let body = change(program.clone(), source, &arena);
    defs.push(Def {
        name: MAIN,
        args: Vec::new(),
        body,
    });
    let file = File {
        path: (),
        code: MAIN,
    };
    // The engine parses only the name of the program, so this cannot fail for the user's text.
    let internal = || vec![(0, "the engine does not take the program".to_owned())];
    let modules = Loader::new(defs)
        .load(&arena, file)
        .map_err(|_| internal())?;
    let compiler = Compiler::default()
        .with_funs(native::all())
        .with_global_vars(variables.iter().copied());
    let filter = compiler.compile(modules).map_err(|errors| {
        let mut faults = Vec::new();
        for (name, undefined) in errors.into_iter().flat_map(|(_, errors)| errors) {
            faults.push((
                place(source, name),
                undefined_message(name, undefined, &program),
            ));
        }
        faults.sort();
        faults
    })?;
    Ok((filter, variables))
}

/// Where a name stands in the program.
fn place(source: &str, name: &str) -> usize {
    let within = source.as_bytes().as_ptr_range();
    if within.contains(&name.as_ptr()) {
        span(source, name).start
    } else {
        0
    }
}

fn undefined_message(name: &str, undefined: Undefined, program: &Term<'_>) -> String {
    match undefined {
        Undefined::Filter(arity) => names::unknown_filter(name, arity, program),
        Undefined::Var => names::unknown_variable(name),
        other => format!("`{name}` is not a {} here", other.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Meta, Payload};
    use super::*;

    #[test]
    fn all_that_a_run_charges_it_releases_however_it_ends() {
        let limits = Limits {
            bytes: 1 << 20,
            outputs: 100,
            depth: 300,
            ..Limits::default()
        };
        for source in [
            ".",
            ".. | tostring",
            "[.[]?] | sort | group_by(.) | add",
            "reduce range(100) as $i ({}; .[\"k\\($i)\"] = [$i]) | del(.k1, .k2) | keys",
            "error(\"x\" * 100)",
            "[range(1e9)]",
            "def f: [f]; f",
            "repeat(\"a\" * 100)",
            "[limit(50; repeat(. // 1))] | .[3] |= 5 | tojson | fromjson",
            "\"a,b\" * 50 | [splits(\",\")] | join(\"-\") | gsub(\"a\"; \"bb\")",
            "[path(..)] | map(length)",
            ". as [$a] | [$a, $a] | unique",
        ] {
            let program = Program::compile(
                "--map",
                source,
                &Options {
                    limits: limits.clone(),
                },
            )
            .unwrap();
            for json in ["null", r#"[1,["a\n",{"b":2.50}],"x"]"#, "[1,", "{\"a\":"] {
                let payload = Payload::Json(json.as_bytes());
                let _ = program.eval(
                    &Input {
                        payload,
                        meta: Meta::default(),
                    },
                    &mut Outputs::default(),
                );
                assert_eq!(meter::live(), 0, "{source} on {json}");
            }
        }
    }

    #[test]
    fn programs_can_be_shared_between_threads() {
        fn shared<T: Send + Sync + Clone>() {}
        shared::<Program>();
    }
}
