//! All things of all resources, and how a command changes them: a function of what came before, and of nothing else.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::command::{Act, Command};
use super::declaration::{Declared, KeyKind, Resource, check_all};
use super::item::{Item, ItemKey};
use super::precondition::is_expected;

/// The things of all resources.
#[derive(Debug, Default)]
pub(super) struct State {
    collections: HashMap<String, Collection>,
}

/// The things of one resource.
#[derive(Debug)]
pub(super) struct Collection {
    pub(super) resource: Resource,
    pub(super) items: BTreeMap<ItemKey, Item>,
    /// The number that the next thing gets.
    next: u64,
}

/// What became of a command.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// There is a new thing.
    Created(ItemKey, Item),
    /// It is as it was asked to be.
    Changed(Item),
    /// It is gone.
    Deleted,
    /// There is one of this key already.
    Exists,
    /// There is none of this key.
    Missing,
    /// It is another one than the client takes it for.
    Unexpected,
}

impl State {
    /// Nothing, of these resources.
    ///
    /// # Errors
    /// What is declared makes no sense.
    pub(super) fn new(resources: Vec<Resource>) -> Result<Self, Declared> {
        check_all(&resources)?;
        let collection = |resource: Resource| {
            let name = resource.name.clone();
            let items = BTreeMap::new();
            (
                name,
                Collection {
                    resource,
                    items,
                    next: 1,
                },
            )
        };
        let collections = resources.into_iter().map(collection).collect();
        Ok(Self { collections })
    }

    pub(super) fn collection(&self, name: &str) -> Option<&Collection> {
        self.collections.get(name)
    }

    /// Obeys a command, or says why not. One for a resource that is not here finds nothing.
    pub(super) fn apply(&mut self, command: &Command) -> Outcome {
        match self.collections.get_mut(&command.resource) {
            Some(collection) => collection.apply(&command.act),
            None => Outcome::Missing,
        }
    }
}

impl Collection {
    fn apply(&mut self, act: &Act) -> Outcome {
        match act {
            Act::Create { key, fields } => self.create(key.as_ref(), fields),
            Act::Merge {
                key,
                fields,
                whole,
                expected,
            } => self.merge(key, fields, *whole, expected.as_deref()),
            Act::Delete { key, expected } => match self.items.get(key) {
                None => Outcome::Missing,
                Some(item) if !is_expected(item, expected.as_deref()) => Outcome::Unexpected,
                Some(_) => {
                    self.items.remove(key);
                    Outcome::Deleted
                }
            },
        }
    }

    fn create(&mut self, key: Option<&ItemKey>, fields: &Map<String, Value>) -> Outcome {
        let key = match (self.resource.key.kind, key) {
            (KeyKind::Serial, _) => ItemKey::Number(self.next),
            (KeyKind::Text { .. }, Some(key)) => key.clone(),
            (KeyKind::Text { .. }, None) => return Outcome::Missing,
        };
        if self.items.contains_key(&key) {
            return Outcome::Exists;
        }
        self.next += 1;
        let item = Item::new(&self.resource, &key, fields.clone(), 1);
        self.items.insert(key.clone(), item.clone());
        Outcome::Created(key, item)
    }

    fn merge(
        &mut self,
        key: &ItemKey,
        fields: &Map<String, Value>,
        whole: bool,
        expected: Option<&str>,
    ) -> Outcome {
        let Some(item) = self.items.get_mut(key) else {
            return Outcome::Missing;
        };
        if !is_expected(item, expected) {
            return Outcome::Unexpected;
        }
        let mut after = match whole {
            true => Map::new(),
            false => item.fields.clone(),
        };
        after.extend(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        after.retain(|_, value| !value.is_null());
        *item = Item::new(&self.resource, key, after, item.revision + 1);
        Outcome::Changed(item.clone())
    }
}
