//! How records lie in a byte stream.

use serde::{Deserialize, Serialize};
use ssectl_adapter::{Error, ErrorKind, Result};

use crate::decode::{CsvDecoder, Decode, EnvelopeDecoder, LineDecoder};
use crate::encode::{Encode, csv::CsvEncoder, envelope::EnvelopeEncoder, lines::LineEncoder};

/// The formats a byte stream can have.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Framing {
    /// One JSON value per line; blank lines are skipped.
    #[default]
    Json,
    /// One record per line, whatever it holds.
    Text,
    /// Rows under a header (RFC 4180); a row is a JSON object.
    Csv,
    /// One JSON object per line that carries key, headers, time and origin, bit for bit.
    Envelope,
}

impl Framing {
    /// All of them, in the order to list them.
    pub const ALL: [Self; 4] = [Self::Json, Self::Text, Self::Csv, Self::Envelope];

    /// The name used in options.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
            Self::Csv => "csv",
            Self::Envelope => "envelope",
        }
    }

    /// What a file's name says about its content: `.csv` (also `.csv.gz`) is CSV, `.txt` and
    /// `.log` are text, anything else JSON lines.
    pub fn of_path(path: &str) -> Self {
        let plain = path
            .strip_suffix(".gz")
            .or(path.strip_suffix(".zst"))
            .unwrap_or(path);
        match plain.rsplit_once('.').map(|(_, ending)| ending) {
            Some("csv") => Self::Csv,
            Some("txt" | "log") => Self::Text,
            _ => Self::Json,
        }
    }
}

/// Options that every framed adapter shares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FramingOptions {
    /// `json`, `text`, `csv` or `envelope`; by default what the file's name says, else `json`.
    #[serde(default)]
    pub format: Option<Framing>,
    /// Columns of a CSV that is written; by default the fields of the first record.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Longest record in bytes; a longer one is a fault. Default 64 MiB.
    #[serde(default)]
    pub max_record: Option<usize>,
}

/// Longest record that is read unless the options say otherwise, in bytes.
const MAX_RECORD: usize = 64 << 20;

impl FramingOptions {
    /// The framing for this name.
    pub fn framing(&self, path: &str) -> Framing {
        self.format.unwrap_or_else(|| Framing::of_path(path))
    }

    /// A decoder for a stream of this name.
    pub fn decoder(&self, path: &str) -> Box<dyn Decode> {
        let max = self.max_record.unwrap_or(MAX_RECORD);
        match self.framing(path) {
            Framing::Json => Box::new(LineDecoder::new(path, max, true)),
            Framing::Text => Box::new(LineDecoder::new(path, max, false)),
            Framing::Csv => Box::new(CsvDecoder::new(path, max)),
            Framing::Envelope => Box::new(EnvelopeDecoder::new(path, max)),
        }
    }

    /// An encoder for a stream of this name. `headed`: a CSV header stands there already.
    pub fn encoder(&self, path: &str, headed: bool) -> Result<Box<dyn Encode>> {
        let framing = self.framing(path);
        if framing != Framing::Csv && !self.columns.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "`columns` belongs to format `csv`, not `{}`",
                    framing.as_str()
                ),
            ));
        }
        if headed && framing == Framing::Csv && self.columns.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "cannot append to a CSV without `columns`",
            )
            .hint("name the columns in the order of the file's header"));
        }
        Ok(match framing {
            Framing::Json | Framing::Text => Box::new(LineEncoder),
            Framing::Csv => Box::new(CsvEncoder::new(self.columns.clone(), headed)),
            Framing::Envelope => Box::new(EnvelopeEncoder),
        })
    }
}
