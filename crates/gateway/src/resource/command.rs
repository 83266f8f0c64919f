//! Changes as they stand in a log.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::item::ItemKey;

/// One change that somebody asked for. Whether it is made, the state at its place in the log decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Command {
    /// Tells it from all others.
    pub(super) id: String,
    /// The resource.
    pub(super) resource: String,
    /// What is asked for.
    #[serde(flatten)]
    pub(super) act: Act,
}

/// What a command asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "lowercase")]
pub(super) enum Act {
    /// A new thing; without a key, the next number.
    Create {
        /// Its key, where the client chooses it.
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<ItemKey>,
        /// Its other members.
        fields: Map<String, Value>,
    },
    /// Other values for some members; `null` takes one away.
    Merge {
        /// Which thing.
        key: ItemKey,
        /// The members that change.
        fields: Map<String, Value>,
        /// Whether the others go.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        whole: bool,
        /// The tags that the client takes it for; any without them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected: Option<String>,
    },
    /// The thing goes.
    Delete {
        /// Which thing.
        key: ItemKey,
        /// The tags that the client takes it for; any without them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected: Option<String>,
    },
}
