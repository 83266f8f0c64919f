//! The ends of a link: source and target.

use super::Value;

/// What a source and a target have in common, and the filters of a source.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Terminus {
    pub(crate) address: Option<String>,
    /// A source's filters.
    pub(crate) filter: Vec<(Value, Value)>,
    /// All fields as they came, to be echoed.
    fields: Vec<Value>,
}

impl Terminus {
    /// Descriptor of a source.
    pub(crate) const SOURCE: u64 = 0x28;
    /// Descriptor of a target.
    pub(crate) const TARGET: u64 = 0x29;

    /// How many fields a source has.
    const SOURCE_FIELDS: usize = 11;
    /// How many fields a target has.
    const TARGET_FIELDS: usize = 7;
    /// The filters among the fields of a source.
    const FILTER: usize = 7;

    /// Reads a described source or target; `None` if it is null or something else, such as a transaction's coordinator.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let Value::Described(described) = value else {
            return None;
        };
        let is_source = is(&described.0, Self::SOURCE, "amqp:source:list");
        if !is_source && !is(&described.0, Self::TARGET, "amqp:target:list") {
            return None;
        }
        let Value::List(fields) = &described.1 else {
            return None;
        };
        let filter = fields.get(Self::FILTER).filter(|_| is_source);
        let filter = filter.and_then(Value::as_map).unwrap_or_default().to_vec();
        Some(Self {
            address: fields.first().and_then(Value::as_text).map(str::to_owned),
            filter,
            fields: fields.clone(),
        })
    }

    /// The same as it came, with every field.
    pub(crate) fn to_value(&self, code: u64) -> Value {
        let count = match code {
            Self::SOURCE => Self::SOURCE_FIELDS,
            _ => Self::TARGET_FIELDS,
        };
        let mut fields = self.fields.clone();
        fields.resize(count, Value::Null);
        Value::Described(Box::new((Value::ulong(code), Value::List(fields))))
    }
}

/// Whether a descriptor is the one with this code or name.
fn is(descriptor: &Value, code: u64, name: &str) -> bool {
    match descriptor {
        Value::Uint { value, .. } => *value == code,
        Value::Symbol(text) => text == name,
        _ => false,
    }
}
