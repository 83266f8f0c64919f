//! The query protocol: forms in, XML out, translated from and to the documents of the JSON protocol.
//!
//! Lists and maps are flattened, as the services that use this protocol have them: `Tag.1.Key=a&Tag.1.Value=b`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::xml::Xml;

/// Names deeper than this are not told apart, so that nobody can nest without end.
const DEPTH: usize = 8;

/// What a flattened name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A list.
    List,
    /// A map with `Name` and `Value`.
    Map,
    /// A map with `Key` and `Value`.
    Tags,
}

/// How the parameters of a service are called in a form, and its results in XML.
#[derive(Debug)]
pub(crate) struct Names {
    /// The namespace of the answers.
    pub(crate) namespace: &'static str,
    /// Lists and maps in requests: name in the form, name in JSON.
    pub(crate) requests: &'static [(&'static str, &'static str, Shape)],
    /// Parameters that are numbers.
    pub(crate) numbers: &'static [&'static str],
    /// Lists and maps in results: name in JSON, name of each element.
    pub(crate) results: &'static [(&'static str, &'static str, Shape)],
    /// The list in results whose elements are called `OPERATIONResultEntry`.
    pub(crate) entries: &'static str,
    /// Operations that have no result at all; an empty result of the others is an empty element, which SDKs look for.
    pub(crate) void: &'static [&'static str],
}

/// A form, by the parts of its names.
#[derive(Debug, Default)]
struct Tree {
    value: Option<String>,
    children: BTreeMap<String, Tree>,
}

/// The JSON document that says the same as a form.
pub(super) fn to_json(form: Vec<(String, String)>, names: &Names) -> Value {
    let mut tree = Tree::default();
    for (name, value) in form {
        let parts = name.splitn(DEPTH, '.');
        let leaf = parts.fold(&mut tree, |node, part| {
            node.children.entry(part.to_owned()).or_default()
        });
        leaf.value = Some(value);
    }
    tree.into_object(names)
}

impl Tree {
    fn into_object(self, names: &Names) -> Value {
        // SDKs write an empty list as its name in JSON with nothing behind it.
        let is_list = |name: &str| names.requests.iter().any(|(_, json, _)| *json == name);
        let is_empty = |name: &str, node: &Self| {
            is_list(name) && node.children.is_empty() && node.value.as_deref() == Some("")
        };
        let children = self.children.into_iter();
        let children = children.filter(|(name, node)| !is_empty(name, node));
        let fields = children.map(|(name, node)| {
            let known = names.requests.iter().find(|(form, ..)| *form == name);
            match known {
                Some((_, json, Shape::List)) => ((*json).to_owned(), node.into_list(names)),
                Some((_, json, Shape::Map)) => ((*json).to_owned(), node.into_map("Name", names)),
                Some((_, json, Shape::Tags)) => ((*json).to_owned(), node.into_map("Key", names)),
                None if names.numbers.contains(&name.as_str()) => (name, node.into_number()),
                None => (name, node.into_value(names)),
            }
        });
        Value::Object(fields.collect())
    }

    fn into_value(self, names: &Names) -> Value {
        match self.value {
            Some(text) if self.children.is_empty() => Value::String(text),
            _ => self.into_object(names),
        }
    }

    fn into_number(self) -> Value {
        let text = self.value.unwrap_or_default();
        text.parse::<i64>().map_or(Value::String(text), Value::from)
    }

    /// The elements by their numbers; an element may also stand without one.
    fn into_list(self, names: &Names) -> Value {
        let mut elements: Vec<_> = self.children.into_iter().collect();
        elements.sort_by_key(|(number, _)| number.parse::<u32>().unwrap_or(u32::MAX));
        let single = self.value.map(Value::String);
        let numbered = elements.into_iter().map(|(_, node)| node.into_value(names));
        Value::Array(single.into_iter().chain(numbered).collect())
    }

    fn into_map(self, key: &str, names: &Names) -> Value {
        if self.children.contains_key(key) {
            return Value::Object(Map::from_iter(self.into_entry(key, names)));
        }
        let entries = self.children.into_values();
        Value::Object(
            entries
                .filter_map(|node| node.into_entry(key, names))
                .collect(),
        )
    }

    fn into_entry(mut self, key: &str, names: &Names) -> Option<(String, Value)> {
        let name = self.children.remove(key)?.value?;
        let value = self.children.remove("Value").unwrap_or_default();
        match value.value {
            Some(text) => Some((name, Value::String(text))),
            None => Some((name, value.into_object(names))),
        }
    }
}

/// The XML answer of an operation; `result` is an object.
pub(super) fn to_xml(operation: &str, result: &Value, names: &Names, request_id: &str) -> String {
    let (response, wrapper) = (format!("{operation}Response"), format!("{operation}Result"));
    let mut xml = Xml::document();
    xml.open_with(&response, names.namespace);
    match result {
        _ if names.void.contains(&operation) => {}
        Value::Object(fields) if !fields.is_empty() => {
            xml.open(&wrapper);
            write_fields(&mut xml, fields, operation, names);
            xml.close(&wrapper);
        }
        _ => xml.empty(&wrapper),
    }
    xml.open("ResponseMetadata");
    xml.text("RequestId", request_id);
    xml.close("ResponseMetadata");
    xml.close(&response);
    xml.finish()
}

fn write_fields(xml: &mut Xml, fields: &Map<String, Value>, operation: &str, names: &Names) {
    for (name, value) in fields {
        let known = names.results.iter().find(|(json, ..)| json == name);
        match (known, value) {
            (_, Value::Array(elements)) if name == names.entries => {
                let element = format!("{operation}ResultEntry");
                write_list(xml, &element, elements, operation, names);
            }
            (Some((_, element, _)), Value::Array(elements)) => {
                write_list(xml, element, elements, operation, names);
            }
            (Some((_, element, shape)), Value::Object(entries)) => {
                let key = if *shape == Shape::Tags { "Key" } else { "Name" };
                for (name, value) in entries {
                    xml.open(element);
                    xml.text(key, name);
                    write_value(xml, "Value", value, operation, names);
                    xml.close(element);
                }
            }
            _ => write_value(xml, name, value, operation, names),
        }
    }
}

fn write_list(xml: &mut Xml, element: &str, elements: &[Value], operation: &str, names: &Names) {
    for value in elements {
        write_value(xml, element, value, operation, names);
    }
}

fn write_value(xml: &mut Xml, name: &str, value: &Value, operation: &str, names: &Names) {
    match value {
        Value::Null => {}
        Value::String(text) => xml.text(name, text),
        Value::Bool(_) | Value::Number(_) => xml.text(name, &value.to_string()),
        Value::Array(elements) => write_list(xml, name, elements, operation, names),
        Value::Object(fields) => {
            xml.open(name);
            write_fields(xml, fields, operation, names);
            xml.close(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NAMES: Names = Names {
        namespace: "urn:test",
        requests: &[
            ("Attribute", "Attributes", Shape::Map),
            ("Tag", "Tags", Shape::Tags),
            ("AttributeName", "AttributeNames", Shape::List),
            ("Entry", "Entries", Shape::List),
        ],
        numbers: &["Wait"],
        results: &[
            ("Attributes", "Attribute", Shape::Map),
            ("Tags", "Tag", Shape::Tags),
            ("Failed", "ErrorEntry", Shape::List),
        ],
        entries: "Successful",
        void: &["Forget"],
    };

    fn form(text: &str) -> Value {
        let pairs = form_urlencoded::parse(text.as_bytes()).into_owned();
        to_json(pairs.collect(), &NAMES)
    }

    #[test]
    fn lists_and_maps_are_unflattened() {
        assert_eq!(
            form("Entry.2.Id=b&Entry.1.Id=a&Entry.10.Id=c&Wait=5&Name=q"),
            json!({"Entries": [{"Id": "a"}, {"Id": "b"}, {"Id": "c"}], "Wait": 5, "Name": "q"})
        );
        assert_eq!(
            form(
                "Attribute.1.Name=A&Attribute.1.Value=1&Attribute.2.Name=B&Attribute.2.Value.Deep=2"
            ),
            json!({"Attributes": {"A": "1", "B": {"Deep": "2"}}})
        );
        assert_eq!(form("Tag.1.Key=k&Tag.1.Value="), json!({"Tags": {"k": ""}}));
    }

    #[test]
    fn a_single_element_needs_no_number() {
        assert_eq!(
            form("AttributeName=All"),
            json!({"AttributeNames": ["All"]})
        );
        assert_eq!(
            form("Attribute.Name=A&Attribute.Value=1"),
            json!({"Attributes": {"A": "1"}})
        );
    }

    #[test]
    fn an_empty_list_is_left_out() {
        assert_eq!(form("AttributeNames=&Entries="), json!({}));
    }

    #[test]
    fn names_without_end_do_not_nest_without_end() {
        let deep = format!("{}=1", "a.".repeat(100_000));
        assert!(form(&deep).is_object());
    }

    #[test]
    fn results_are_flattened_and_escaped() {
        let result = json!({
            "Attributes": {"A": "<1>"},
            "Tags": {"k": "v\r"},
            "Successful": [{"Id": "a"}],
            "Failed": [{"Id": "b", "SenderFault": true}],
        });
        let xml = to_xml("Act", &result, &NAMES, "r-1");
        for part in [
            "<ActResponse xmlns=\"urn:test\"><ActResult>",
            "<Attribute><Name>A</Name><Value>&lt;1&gt;</Value></Attribute>",
            "<Tag><Key>k</Key><Value>v&#xD;</Value></Tag>",
            "<ActResultEntry><Id>a</Id></ActResultEntry>",
            "<ErrorEntry><Id>b</Id><SenderFault>true</SenderFault></ErrorEntry>",
            "<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></ActResponse>",
        ] {
            assert!(xml.contains(part), "{part} is not in {xml}");
        }
        assert!(to_xml("Act", &json!({}), &NAMES, "r").contains("<ActResult/>"));
        assert!(!to_xml("Forget", &json!({}), &NAMES, "r").contains("ForgetResult"));
    }
}
