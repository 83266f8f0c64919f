//! JSON as bytes, as the jq of this program means it: fields of a record found in one pass, and values compared and
//! written.
//!
//! What costs nothing to a program in jq is not worth a copy here: values stay slices of the record wherever they can.

mod extract;
mod float;
mod number;
mod path;
mod scan;
mod text;
mod tree;

pub use extract::{Extractor, Fields};
pub use float::write as write_float;
pub use number::Number;
pub use path::Path;
pub use text::{unescape, write as write_string};
pub use tree::{Value, canonical, compare};
