//! How records look on stdout: data formats for pipes, pretty JSON for people, and templates.

mod pretty;
mod raw;
mod template;

use std::fmt;
use std::str::FromStr;

use ssectl_framing::{Encode, Framing, FramingOptions};

pub use pretty::PrettyEncoder;
pub use raw::RawEncoder;
pub use template::{Template, TemplateError};

/// A format by name, or a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// The formats that can be read back.
    Framing(Framing),
    /// Value bytes and a newline, whatever they are, as kcat prints them.
    Raw,
    /// Indented JSON under a line with key, time and place.
    Pretty,
    /// Text with `%` fields.
    Template(Template),
}

impl Format {
    /// Names to list in help and errors.
    pub const NAMES: [&str; 7] = ["json", "ndjson", "text", "csv", "envelope", "raw", "pretty"];

    /// What writes records so. `colour` only matters to `pretty`.
    pub fn encoder(
        &self,
        columns: Vec<String>,
        colour: bool,
    ) -> ssectl_adapter::Result<Box<dyn Encode>> {
        let framing = |format| FramingOptions {
            format: Some(format),
            columns: columns.clone(),
            max_record: None,
        };
        Ok(match self {
            Self::Framing(format) => framing(*format).encoder("-", false)?,
            Self::Raw => Box::new(RawEncoder),
            Self::Pretty => Box::new(PrettyEncoder::new(colour)),
            Self::Template(template) => Box::new(template.clone()),
        })
    }
}

impl FromStr for Format {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        Ok(match text {
            "json" | "ndjson" => Self::Framing(Framing::Json),
            "text" => Self::Framing(Framing::Text),
            "csv" => Self::Framing(Framing::Csv),
            "envelope" => Self::Framing(Framing::Envelope),
            "raw" => Self::Raw,
            "pretty" => Self::Pretty,
            _ => Self::Template(text.parse()?),
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Framing(framing) => framing.as_str(),
            Self::Raw => "raw",
            Self::Pretty => "pretty",
            Self::Template(template) => template.source(),
        })
    }
}
