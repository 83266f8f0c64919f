//! The options of a generator in a pipeline.

use serde_json::{Map, Value as Json};

use super::decode::Decoder;
use crate::document::{Node, Place};
use crate::generate::{Generator, Spec};

impl Decoder<'_> {
    /// Decodes and checks the options; all that are wrong are reported.
    pub(super) fn generated(&mut self, node: &Node) -> Option<Spec> {
        let Json::Object(mut options) = node.to_json() else {
            return None;
        };
        options.retain(|_, value| !value.is_null());
        let mut good = true;
        loop {
            let (path, problem) = match checked(&options) {
                Ok(spec) => return good.then_some(spec),
                Err(fault) => fault,
            };
            let name = path.split('.').next().unwrap_or_default();
            let is_there = options.contains_key(name);
            // Only because an option was taken out below, or the check of the shape has reported it.
            let known = !(is_there || good) || self.is_reported(node, &path);
            good = false;
            if !known {
                self.faults.error(&place_of(node, &path), problem);
            }
            // Without the option at fault, the next one comes to light.
            options.remove(name)?;
        }
    }

    fn is_reported(&self, node: &Node, path: &str) -> bool {
        let key = node.entry(path).map(|entry| &entry.key.place);
        self.faults.has_error_at(&place_of(node, path))
            || key.is_some_and(|key| self.faults.has_error_at(key))
    }
}

/// The options, or the path of the first one at fault and what is wrong with it.
fn checked(options: &Map<String, Json>) -> Result<Spec, (String, String)> {
    let json = Json::Object(options.clone());
    let spec: Spec = serde_path_to_error::deserialize(json).map_err(|error| {
        let (path, problem) = (error.path().to_string(), error.inner().to_string());
        let bare = problem
            .strip_prefix(&format!("`{path}`: "))
            .map(str::to_owned);
        (path, bare.unwrap_or(problem))
    })?;
    match Generator::new(&spec) {
        Ok(_) => Ok(spec),
        Err(error) => Err((error.path().to_owned(), error.problem().to_owned())),
    }
}

/// The place of the option `a.b`; of the nearest one above it that is there.
fn place_of(node: &Node, path: &str) -> Place {
    let mut found = node;
    for name in path.split('.') {
        match found.get(name) {
            Some(inner) => found = inner,
            None => break,
        }
    }
    found.place.clone()
}
