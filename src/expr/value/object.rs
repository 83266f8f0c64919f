//! Objects: entries in the order they came, found by a scan while there are few of them.

use std::collections::HashMap;
use std::rc::Rc;

use super::super::meter;
use super::{Extent, SLOT, Text, Value};

/// An object. Cloning shares it; changing a shared one copies it first.
#[derive(Clone, Default)]
pub(crate) struct Object(Rc<Body>);

#[derive(Default)]
struct Body {
    entries: Vec<(Text, Value)>,
    /// Where each key is, once there are more than [`SCANNED`] of them.
    index: Option<HashMap<Text, usize>>,
    /// Of keys and values alone.
    extent: Extent,
    charged: usize,
}

/// Entries that are searched one by one; beyond, a hash table is kept.
const SCANNED: usize = 16;

/// What an object takes besides its entries.
const OVERHEAD: usize = 128;

impl Body {
    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self
                .entries
                .iter()
                .position(|(known, _)| known.as_str() == key),
        }
    }

    /// Charges for the memory that the entries, and the hash table about like them, have grown to.
    fn charge(&mut self) {
        let slots = if self.index.is_some() { 3 } else { 2 };
        let size = OVERHEAD + self.entries.capacity() * SLOT * slots;
        if size > self.charged {
            meter::charge(size - self.charged);
            self.charged = size;
        }
    }

    fn reindex(&mut self) {
        self.index = (self.entries.len() > SCANNED).then(|| {
            meter::work(self.entries.len() * SLOT);
            let keys = self.entries.iter().enumerate();
            keys.map(|(at, (key, _))| (key.clone(), at)).collect()
        });
    }

    fn insert(&mut self, key: Text, value: Value) {
        if let Some(at) = self.position(key.as_str()) {
            let old = std::mem::replace(&mut self.entries[at].1, value);
            let values = self.entries.iter().map(|(_, value)| value);
            self.extent.replace(&old, &self.entries[at].1, values);
            return;
        }
        self.extent.add(&value);
        self.extent.grow(key.len());
        if let Some(index) = &mut self.index {
            index.insert(key.clone(), self.entries.len());
        }
        let full = self.entries.len() == self.entries.capacity();
        self.entries.push((key, value));
        if full {
            self.charge();
        }
        if self.index.is_none() && self.entries.len() > SCANNED {
            self.reindex();
            self.charge();
        }
    }
}

impl Clone for Body {
    fn clone(&self) -> Self {
        let mut copy = Self::default();
        copy.extent = self.extent;
        copy.entries.clone_from(&self.entries);
        copy.reindex();
        copy.charge();
        copy
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        meter::release(self.charged);
    }
}

impl Object {
    /// Starts an empty object to fill.
    pub(crate) fn builder() -> Builder {
        Builder::default()
    }

    /// Size and depth, the object itself included.
    pub(crate) fn extent(&self) -> Extent {
        self.0.extent.nested()
    }

    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        self.0.entries.len()
    }

    /// The value of `key`.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.0.position(key).map(|at| &self.0.entries[at].1)
    }

    /// Keys and values in the order of the object.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, (Text, Value)> {
        self.0.entries.iter()
    }

    /// Keys and values in the order of jq's `keys`.
    pub(crate) fn sorted(&self) -> Vec<&(Text, Value)> {
        let mut entries: Vec<_> = self.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| key.as_str());
        entries
    }

    /// Keys and values, copied if the object is shared.
    pub(crate) fn into_entries(self) -> Vec<(Text, Value)> {
        match Rc::try_unwrap(self.0) {
            Ok(mut body) => std::mem::take(&mut body.entries),
            Err(shared) => {
                meter::work(shared.entries.len());
                shared.entries.clone()
            }
        }
    }

    /// Sets `key`: in its place if it is there, else at the end.
    pub(crate) fn insert(&mut self, key: Text, value: Value) {
        Rc::make_mut(&mut self.0).insert(key, value);
        self.extent().admit();
    }

    /// Sets every key of `entries`, as [`insert`](Self::insert).
    pub(crate) fn extend(&mut self, entries: impl IntoIterator<Item = (Text, Value)>) {
        let body = Rc::make_mut(&mut self.0);
        for (key, value) in entries {
            meter::work(SLOT);
            body.insert(key, value);
        }
        self.extent().admit();
    }

    /// Takes the value of `key` out, leaving `null`, so that it can be changed in place.
    pub(crate) fn take(&mut self, key: &str) -> Option<Value> {
        let at = self.0.position(key)?;
        let body = Rc::make_mut(&mut self.0);
        let value = std::mem::replace(&mut body.entries[at].1, Value::NULL);
        let values = body.entries.iter().map(|(_, value)| value);
        body.extent.replace(&value, &Value::NULL, values);
        Some(value)
    }

    /// Removes `key`; the others keep their order.
    pub(crate) fn remove(&mut self, key: &str) {
        let Some(at) = self.0.position(key) else {
            return;
        };
        let body = Rc::make_mut(&mut self.0);
        meter::work(body.entries.len());
        let (key, value) = body.entries.remove(at);
        let values = body.entries.iter().map(|(_, value)| value);
        body.extent.remove(&value, key.len(), values);
        if let Some(index) = &mut body.index {
            index.remove(key.as_str());
            index
                .values_mut()
                .filter(|place| **place > at)
                .for_each(|place| *place -= 1);
        }
    }
}

impl Object {
    /// Keeps the entries whose key `keep` says; they keep their order.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        let entries = std::mem::take(self).into_entries().into_iter();
        *self = entries.filter(|(key, _)| keep(key.as_str())).collect();
    }
}

/// An object that nobody shares yet, checked against the limits when it is finished.
#[derive(Default)]
pub(crate) struct Builder(Body);

impl Builder {
    /// Sets `key`, as [`Object::insert`].
    pub(crate) fn insert(&mut self, key: Text, value: Value) {
        self.0.insert(key, value);
    }

    /// The object.
    pub(crate) fn finish(self) -> Object {
        let object = Object(Rc::new(self.0));
        object.extent().admit();
        object
    }
}

impl FromIterator<(Text, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Text, Value)>>(entries: I) -> Self {
        let mut object = Self::default();
        object.extend(entries);
        object
    }
}
