//! What holds and where it comes from, for `config show --origin`.

use super::Config;
use crate::document::{Faults, Node, Place, Value, interpolate, redact_uri};

/// What is shown of a secret.
const MASK: &str = "***";

/// One setting.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its path, such as `targets.local.adapter`.
    pub path: String,
    /// Its value, `***` for a secret. A variable that is not set stands as it is written.
    pub value: String,
    /// Where it comes from: `file:line:col`, `$VARIABLE`, `--flag`, or `built-in default`.
    pub origin: Place,
}

impl Config {
    /// Every setting that has a value, in the order of the layers.
    pub fn shown(&self) -> Vec<Shown> {
        let mut shown = Vec::new();
        self.show(&self.root, String::new(), &mut shown);
        shown
    }

    fn show(&self, node: &Node, path: String, shown: &mut Vec<Shown>) {
        let join = |name: &str| match path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        match &node.value {
            Value::Map(entries) => {
                for entry in entries {
                    self.show(&entry.node, join(&entry.key.name), shown);
                }
            }
            Value::List(nodes) => {
                for (index, node) in nodes.iter().enumerate() {
                    self.show(node, format!("{path}[{index}]"), shown);
                }
            }
            Value::Scalar(_) | Value::Faulty => shown.push(Shown {
                path,
                value: self.value(node),
                origin: node.place.clone(),
            }),
        }
    }

    fn value(&self, node: &Node) -> String {
        if node.secret {
            return MASK.to_owned();
        }
        let mut filled = node.clone();
        interpolate(&mut filled, &self.env, &mut Faults::default());
        let text = filled.text().or(node.text()).unwrap_or_default();
        redact_uri(text)
    }
}
