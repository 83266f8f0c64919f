//! What the jq engine needs to run programs on our values within our limits.

use jaq_core::data::HasLut;
use jaq_core::{DataT, Lut};

use super::meter;
use super::native::Regexes;
use super::value::Value;

/// The language: our values, and [`Run`] beside them.
pub(crate) struct Lang;

impl DataT for Lang {
    type V<'a> = Value;
    type Data<'a> = Run<'a>;
}

/// What natives can reach while a program runs. The engine holds one in every context, which is
/// where it keeps what it has yet to do; so counting them bounds its memory.
pub(crate) struct Run<'a> {
    lut: &'a Lut<Lang>,
    regexes: &'a Regexes,
}

/// What a context and the iterator that holds it take, roughly.
const CONTEXT: usize = 256;

impl<'a> Run<'a> {
    /// For a run of the program in `lut`.
    pub(crate) fn new(lut: &'a Lut<Lang>, regexes: &'a Regexes) -> Self {
        meter::hold(CONTEXT);
        Self { lut, regexes }
    }

    /// The regular expressions that were compiled before.
    pub(crate) fn regexes(&self) -> &'a Regexes {
        self.regexes
    }
}

impl Clone for Run<'_> {
    fn clone(&self) -> Self {
        Self::new(self.lut, self.regexes)
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        meter::release(CONTEXT);
    }
}

/// The engine asks for the terms whenever it runs one, which makes this the place to count them.
impl<'a> HasLut<'a, Lang> for Run<'a> {
    fn lut(&self) -> &'a Lut<Lang> {
        meter::step();
        self.lut
    }
}
