//! Arrays that know what they cost.

use std::ops::Deref;
use std::rc::Rc;

use super::super::meter;
use super::{Extent, SLOT, Value};

/// An array. Cloning shares it; changing a shared one copies it first.
#[derive(Clone, Default)]
pub(crate) struct List(Rc<Body>);

#[derive(Default)]
struct Body {
    items: Vec<Value>,
    /// Of the items alone.
    extent: Extent,
    charged: usize,
}

impl Body {
    /// Charges for the memory that the items have grown to.
    fn charge(&mut self) {
        let size = OVERHEAD + self.items.capacity() * SLOT;
        if size > self.charged {
            meter::charge(size - self.charged);
            self.charged = size;
        }
    }

    fn push(&mut self, item: Value) {
        if self.items.len() == self.items.capacity() {
            self.extent.nested().admit();
            self.items.push(Value::NULL);
            self.charge();
            self.items.pop();
        }
        self.extent.add(&item);
        self.items.push(item);
    }
}

impl Clone for Body {
    fn clone(&self) -> Self {
        let charged = OVERHEAD + self.items.len() * SLOT;
        meter::charge(charged);
        let items = self.items.clone();
        Self {
            items,
            extent: self.extent,
            charged,
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        meter::release(self.charged);
    }
}

/// What an array takes besides its items.
const OVERHEAD: usize = 64;

impl List {
    /// Takes over `items`.
    pub(crate) fn new(items: Vec<Value>) -> Self {
        let mut body = Body {
            items,
            ..Body::default()
        };
        body.charge();
        body.items.iter().for_each(|item| body.extent.add(item));
        body.extent.nested().admit();
        Self(Rc::new(body))
    }

    /// Size and depth, the array itself included.
    pub(crate) fn extent(&self) -> Extent {
        self.0.extent.nested()
    }

    /// The items, copied if the array is shared.
    pub(crate) fn into_items(self) -> Vec<Value> {
        match Rc::try_unwrap(self.0) {
            Ok(mut body) => std::mem::take(&mut body.items),
            Err(shared) => {
                meter::work(shared.items.len());
                shared.items.clone()
            }
        }
    }

    /// Appends all of `items`.
    pub(crate) fn extend(&mut self, items: impl IntoIterator<Item = Value>) {
        let body = Rc::make_mut(&mut self.0);
        for item in items {
            meter::work(1);
            body.push(item);
        }
        self.extent().admit();
    }

    /// Takes the item at `index` out, leaving `null`, so that it can be changed in place.
    pub(crate) fn take(&mut self, index: usize) -> Value {
        let body = Rc::make_mut(&mut self.0);
        let item = std::mem::replace(&mut body.items[index], Value::NULL);
        body.extent.replace(&item, &Value::NULL, &body.items);
        item
    }

    /// Puts `item` at `index`, filling up with `null` if the array is shorter.
    pub(crate) fn put(&mut self, index: usize, item: Value) {
        let body = Rc::make_mut(&mut self.0);
        match body.items.get_mut(index) {
            Some(slot) => {
                let old = std::mem::replace(slot, item);
                body.extent.replace(&old, &body.items[index], &body.items);
            }
            None => {
                meter::admit_bytes(index.saturating_mul(SLOT));
                while body.items.len() < index {
                    body.push(Value::NULL);
                }
                body.push(item);
            }
        }
        self.extent().admit();
    }

    /// The items from `start` to `end`; `deeper` makes them count as one level deeper than this.
    pub(crate) fn slice(&self, start: usize, end: usize, deeper: bool) -> Self {
        let mut slice: Self = self[start..end].iter().cloned().collect();
        if deeper {
            let depth = self.extent().depth;
            Rc::make_mut(&mut slice.0).extent.depth = depth;
            slice.extent().admit();
        }
        slice
    }

    /// Keeps the items that `keep` says.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&Value) -> bool) {
        let body = Rc::make_mut(&mut self.0);
        body.items.retain(|item| keep(item));
        body.extent = Extent::default();
        body.items.iter().for_each(|item| body.extent.add(item));
    }

    /// Puts `middle` in the place of the items from `start` to `end`.
    pub(crate) fn splice(&mut self, start: usize, end: usize, middle: Vec<Value>) {
        let mut items = std::mem::take(self).into_items();
        items.splice(start..end, middle);
        *self = Self::new(items);
    }
}

impl Deref for List {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.0.items
    }
}

impl FromIterator<Value> for List {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        let items = items.into_iter();
        let mut body = Body::default();
        body.items.reserve_exact(items.size_hint().0.min(64));
        body.charge();
        for item in items {
            meter::work(1);
            body.push(item);
        }
        body.extent.nested().admit();
        Self(Rc::new(body))
    }
}
