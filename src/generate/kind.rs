//! The kinds of events there are: what each is for, which fields it has, and what its key is.

use std::borrow::Cow;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::error::{SpecError, did_you_mean};

/// What to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Kind {
    /// One English word per event, common ones more often.
    Words,
    /// A made-up sentence per event.
    Sentences,
    /// Batches of sensor readings from phones.
    Phone,
    /// Orders of a small shop.
    Orders,
    /// Page views of a web shop, by user and session.
    Clicks,
    /// Climate readings of IoT sensors.
    Iot,
    /// HTTP requests as JSON.
    Http,
    /// HTTP requests as lines of the combined log format.
    Combined,
    /// Players joining teams and scoring.
    Players,
    /// Teams and the cities they play in.
    Teams,
    /// Amounts of money to give change for.
    Amounts,
    /// Text of one's own with placeholders.
    Template,
}

/// What help texts and checks need to know about a kind.
#[derive(Debug)]
#[non_exhaustive]
pub struct KindInfo {
    /// The kind itself.
    pub kind: Kind,
    /// Its name on the command line and in scenarios.
    pub name: &'static str,
    /// What it produces, in one line.
    pub about: &'static str,
    /// The fields that may serve as the key of a record.
    pub fields: &'static [&'static str],
    /// The field that names who or what an event is about, and whose number of values and skew
    /// `keys` sets.
    pub entity: &'static str,
    /// How many different entities there are unless `keys.count` says otherwise.
    pub entities: u64,
    pub(super) most_entities: u64,
    pub(super) turns: Turns,
    /// Whether records have a key without being asked for one.
    pub keyed: bool,
    /// The usual time from one event to the next.
    pub period: Duration,
}

/// How entities take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turns {
    /// At random, by `keys.skew`.
    Random,
    /// One after the other unless there is a skew, as devices that report at an interval do.
    Rotating,
    /// First each of them once, then at random, as the rows of a table that are created before they
    /// change.
    EachOnceFirst,
}

/// Enough for every purpose, and few enough for products of it to fit 64 bits.
const MANY: u64 = 1 << 40;

static KINDS: &[KindInfo] = &[
    KindInfo {
        kind: Kind::Words,
        name: "words",
        about: "one English word per event, common ones more often",
        fields: &["text", "seq", "key"],
        entity: "key",
        entities: 10,
        most_entities: MANY,
        turns: Turns::Random,
        keyed: false,
        period: Duration::from_millis(1_000),
    },
    KindInfo {
        kind: Kind::Sentences,
        name: "sentences",
        about: "a made-up sentence per event, for counting words",
        fields: &["text", "seq", "key"],
        entity: "key",
        entities: 10,
        most_entities: MANY,
        turns: Turns::Random,
        keyed: false,
        period: Duration::from_millis(1_000),
    },
    KindInfo {
        kind: Kind::Amounts,
        name: "amounts",
        about: "amounts of money to give change for",
        fields: &["amount", "seq", "key"],
        entity: "key",
        entities: 10,
        most_entities: MANY,
        turns: Turns::Random,
        keyed: false,
        period: Duration::from_millis(1_000),
    },
    KindInfo {
        kind: Kind::Phone,
        name: "phone",
        about: "batches of sensor readings from phones, nested and with times in nanoseconds",
        fields: &["deviceId", "sessionId", "messageId"],
        entity: "deviceId",
        entities: 4,
        most_entities: MANY,
        turns: Turns::Rotating,
        keyed: true,
        period: Duration::from_micros(62_500),
    },
    KindInfo {
        kind: Kind::Orders,
        name: "orders",
        about: "orders of a small shop",
        fields: &["customer", "order", "product", "category", "country", "seq"],
        entity: "customer",
        entities: 1_000,
        most_entities: MANY,
        turns: Turns::Random,
        keyed: true,
        period: Duration::from_millis(1_000),
    },
    KindInfo {
        kind: Kind::Clicks,
        name: "clicks",
        about: "page views of a web shop, by user and session",
        fields: &[
            "user", "session", "page", "country", "device", "referrer", "seq",
        ],
        entity: "user",
        entities: 1_000,
        most_entities: MANY,
        turns: Turns::Random,
        keyed: true,
        period: Duration::from_millis(200),
    },
    KindInfo {
        kind: Kind::Iot,
        name: "iot",
        about: "climate readings of sensors in buildings",
        fields: &["device", "site", "status", "seq"],
        entity: "device",
        entities: 100,
        most_entities: MANY,
        turns: Turns::Random,
        keyed: true,
        period: Duration::from_millis(1_000),
    },
    KindInfo {
        kind: Kind::Http,
        name: "http",
        about: "requests to a web server, as JSON",
        fields: &["client", "method", "path", "status", "seq"],
        entity: "client",
        entities: 1_000,
        most_entities: 1 << 24,
        turns: Turns::Random,
        keyed: true,
        period: Duration::from_millis(50),
    },
    KindInfo {
        kind: Kind::Combined,
        name: "combined",
        about: "requests to a web server, as lines of the combined log format",
        fields: &["client", "path", "status"],
        entity: "client",
        entities: 1_000,
        most_entities: 1 << 24,
        turns: Turns::Random,
        keyed: true,
        period: Duration::from_millis(50),
    },
    KindInfo {
        kind: Kind::Players,
        name: "players",
        about: "players joining teams and scoring: each event is a row of a table as it is then",
        fields: &["id", "name", "team", "op", "seq"],
        entity: "id",
        entities: 100,
        most_entities: MANY,
        turns: Turns::EachOnceFirst,
        keyed: true,
        period: Duration::from_millis(1_000),
    },
    KindInfo {
        kind: Kind::Teams,
        name: "teams",
        about: "teams and the cities they play in: each event is a row of a table as it is then",
        fields: &["team", "id", "city", "op", "seq"],
        entity: "team",
        entities: 20,
        most_entities: MANY,
        turns: Turns::EachOnceFirst,
        keyed: true,
        period: Duration::from_millis(1_000),
    },
    KindInfo {
        kind: Kind::Template,
        name: "template",
        about: "text of your own with placeholders, such as `{{seq}} {{word}}`",
        fields: &["key"],
        entity: "key",
        entities: 10,
        most_entities: MANY,
        turns: Turns::Random,
        keyed: false,
        period: Duration::from_millis(1_000),
    },
];

/// All kinds of this build, in the order in which help should list them.
pub fn kinds() -> &'static [KindInfo] {
    KINDS
}

impl Kind {
    /// The entry of this kind in [`kinds`].
    pub fn info(self) -> &'static KindInfo {
        KINDS
            .iter()
            .find(|info| info.kind == self)
            .expect("every kind is in the table, which a test checks")
    }
}

impl FromStr for Kind {
    type Err = SpecError;

    fn from_str(name: &str) -> Result<Self, SpecError> {
        KINDS
            .iter()
            .find(|info| info.name == name)
            .map(|info| info.kind)
            .ok_or_else(|| {
                let names = || KINDS.iter().map(|info| info.name);
                let hint = did_you_mean(name, names());
                let all = names().collect::<Vec<_>>().join(", ");
                SpecError::new(
                    "generate",
                    format!("there is no kind `{name}`{hint}; kinds are {all}"),
                )
            })
    }
}

impl TryFrom<String> for Kind {
    type Error = SpecError;

    fn try_from(name: String) -> Result<Self, SpecError> {
        name.parse()
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        kind.info().name.to_owned()
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.info().name)
    }
}

impl JsonSchema for Kind {
    fn schema_name() -> Cow<'static, str> {
        "Kind".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let choices: Vec<Schema> = KINDS
            .iter()
            .map(|info| json_schema!({ "const": info.name, "description": info.about }))
            .collect();
        json_schema!({ "type": "string", "oneOf": choices })
    }
}
