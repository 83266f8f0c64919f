//! Options of files.

use serde::Deserialize;
use ssectl_framing::{Framing, FramingOptions};

/// Options of a file that is read or written.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct FileOptions {
    /// `json`, `text`, `csv` or `envelope`; by default what the name's ending says, else `json`.
    format: Option<Framing>,
    /// Columns of a CSV that is written; by default the fields of the first record.
    #[serde(default)]
    columns: Vec<String>,
    /// Longest record in bytes; a longer one is a fault. Default 64 MiB.
    max_record: Option<usize>,
    /// Write behind what the file holds instead of replacing it. Default false.
    #[serde(default)]
    pub(crate) append: bool,
}

impl FileOptions {
    pub(crate) fn framing(&self) -> FramingOptions {
        FramingOptions {
            format: self.format,
            columns: self.columns.clone(),
            max_record: self.max_record,
        }
    }
}
