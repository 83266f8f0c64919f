//! Aggregates of one's own: `reduce` with programs in jq.

use ssectl_window::aggregate::Fold;

use crate::expr::{Input, Meta, Outputs, Payload, Program};

/// The programs of a `reduce`. Those that get two values get them as an array.
pub(super) struct Reduction {
    pub(super) init: Program,
    pub(super) update: Program,
    pub(super) merge: Option<Program>,
}

impl Fold for Reduction {
    fn start(&self, out: &mut Vec<u8>) -> Result<(), String> {
        first(&self.init, Payload::Null, out)
    }

    fn update(&self, state: &[u8], value: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        first(&self.update, Payload::Json(&pair(state, value)), out)
    }

    fn merge(&self, state: &[u8], other: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        match &self.merge {
            Some(merge) => first(merge, Payload::Json(&pair(state, other)), out),
            None => Err("two states cannot be merged without a third program".to_owned()),
        }
    }
}

fn pair(first: &[u8], second: &[u8]) -> Vec<u8> {
    [b"[", first, b",", second, b"]"].concat()
}

/// Appends the first result; `null` if there is none.
fn first(program: &Program, payload: Payload<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    let mut outputs = Outputs::default();
    let input = Input {
        payload,
        meta: Meta::default(),
    };
    program
        .eval(&input, &mut outputs)
        .map_err(|error| error.to_string())?;
    out.extend_from_slice(outputs.get(0).map_or(b"null", |output| output.json()));
    Ok(())
}
