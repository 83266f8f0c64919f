//! Schemas with their revisions, and the check of messages against them, by
//! <https://cloud.google.com/pubsub/docs/schemas>.

mod avro;
mod check;
mod definition;
mod protobuf;
mod revision;

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock, RwLockWriteGuard};

use tonic::Status;

pub(super) use self::check::{check_against, check_message};
use self::definition::Definition;
pub(super) use self::revision::{Revision, Revisions};
use super::error::{already_exists, invalid, not_found, store};
use super::proto::pubsub as pb;
use crate::store::{Change, RwLockExt, Store, StoreError};

/// The table of schemas by name; its number is part of the data directory's format.
const SCHEMAS: u8 = 65;

/// Bytes of a definition, at most.
const DEFINITION_BYTES: usize = 300 << 10;

/// Revisions of a schema, at most.
const REVISIONS: usize = 20;

/// What a topic says instead of a schema that was deleted.
pub(super) const DELETED_SCHEMA: &str = "_deleted-schema_";

/// What there is, by name.
type Registry = BTreeMap<String, Arc<Revisions>>;

/// All schemas.
#[derive(Debug)]
pub(super) struct Schemas {
    store: Arc<Store>,
    registry: RwLock<Registry>,
}

impl Schemas {
    /// All that the store remembers.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub(super) fn open(store: Arc<Store>) -> Result<Self, StoreError> {
        let mut registry = Registry::new();
        for (name, fact) in store.facts().table(SCHEMAS)? {
            let recalled = Revisions::recall(&fact).map_err(|reason| StoreError::Fact {
                table: SCHEMAS,
                key: name.clone(),
                reason,
            })?;
            registry.insert(name, Arc::new(recalled));
        }
        Ok(Self {
            registry: RwLock::new(registry),
            store,
        })
    }

    /// The revisions of a schema.
    ///
    /// # Errors
    /// There is no such schema.
    pub(super) fn get(&self, name: &str) -> Result<Arc<Revisions>, Status> {
        let found = self.registry.reading().get(name).cloned();
        found.ok_or_else(|| not_found(name))
    }

    /// All whose names begin so, by name.
    pub(super) fn starting_with(&self, prefix: &str) -> Vec<(String, Arc<Revisions>)> {
        let registry = self.registry.reading();
        let from = registry.range(prefix.to_owned()..);
        let own = from.take_while(|(name, _)| name.starts_with(prefix));
        own.map(|(name, one)| (name.clone(), Arc::clone(one)))
            .collect()
    }

    /// Creates a schema with its first revision.
    ///
    /// # Errors
    /// The name is taken, the definition is none, or it cannot be remembered.
    pub(super) fn create(&self, name: &str, given: pb::Schema) -> Result<Revisions, Status> {
        let registry = self.registry.writing();
        if registry.contains_key(name) {
            return Err(already_exists(name));
        }
        let first = self.read(name, given, &Revisions::default())?;
        self.put(registry, name, Revisions::default().with(first))
    }

    /// Adds a revision.
    ///
    /// # Errors
    /// There is no such schema, it has too many revisions, the new one does not fit to the one before, or it cannot be
    /// remembered.
    pub(super) fn commit(&self, name: &str, given: pb::Schema) -> Result<Revisions, Status> {
        let registry = self.registry.writing();
        let revisions = there(&registry, name)?;
        let new = self.read(name, given, &revisions)?;
        if let Some(latest) = revisions.latest() {
            let compared = latest.definition.check_successor(&new.definition);
            compared.map_err(|reason| incompatible(latest.about(), &reason))?;
        }
        self.add(registry, name, &revisions, new)
    }

    /// Adds a copy of a former revision.
    ///
    /// # Errors
    /// There is no such schema or revision, there are too many, or it cannot be remembered.
    pub(super) fn roll_back(&self, name: &str, id: &str) -> Result<Revisions, Status> {
        let registry = self.registry.writing();
        let revisions = there(&registry, name)?;
        let former = revisions.get(id);
        let former = former.ok_or_else(|| not_found(&format!("{name}@{id}")))?;
        let copy = self.read(name, former.about().clone(), &revisions)?;
        self.add(registry, name, &revisions, copy)
    }

    /// Deletes a revision, and gives it.
    ///
    /// # Errors
    /// There is no such schema or revision, it is the only one, or that cannot be remembered.
    pub(super) fn delete_revision(&self, name: &str, id: &str) -> Result<pb::Schema, Status> {
        let registry = self.registry.writing();
        let revisions = there(&registry, name)?;
        let deleted = revisions.get(id);
        let deleted = deleted.ok_or_else(|| not_found(&format!("{name}@{id}")))?;
        if revisions.len() == 1 {
            return Err(Status::failed_precondition(
                "The only revision of a schema cannot be deleted: delete the schema.",
            ));
        }
        let about = deleted.view(true);
        self.put(registry, name, revisions.without(id))?;
        Ok(about)
    }

    /// Deletes a schema with its revisions.
    ///
    /// # Errors
    /// There is none of that name, or that cannot be remembered.
    pub(super) fn delete(&self, name: &str) -> Result<(), Status> {
        let mut registry = self.registry.writing();
        there(&registry, name)?;
        let change = Change::remove(SCHEMAS, name);
        self.store.facts().apply(vec![change]).map_err(store)?;
        registry.remove(name);
        Ok(())
    }

    /// Deletes all.
    ///
    /// # Errors
    /// A deletion cannot be remembered.
    pub(super) fn reset(&self) -> Result<(), StoreError> {
        let mut registry = self.registry.writing();
        let names = registry
            .keys()
            .map(|name| Change::remove(SCHEMAS, name.as_str()));
        self.store.facts().apply(names.collect())?;
        registry.clear();
        Ok(())
    }

    /// A new revision, if it can be read.
    fn read(&self, name: &str, given: pb::Schema, others: &Revisions) -> Result<Revision, Status> {
        check_size(&given)?;
        let now_ms = self.store.clock().now_ms();
        Revision::new(name, given, others, now_ms).map_err(|reason| bad(name, &reason))
    }

    fn add(
        &self,
        registry: RwLockWriteGuard<'_, Registry>,
        name: &str,
        revisions: &Revisions,
        new: Revision,
    ) -> Result<Revisions, Status> {
        if revisions.len() >= REVISIONS {
            return Err(Status::failed_precondition(format!(
                "A schema has at most {REVISIONS} revisions (schema={name}): delete one first."
            )));
        }
        self.put(registry, name, revisions.with(new))
    }

    fn put(
        &self,
        mut registry: RwLockWriteGuard<'_, Registry>,
        name: &str,
        revisions: Revisions,
    ) -> Result<Revisions, Status> {
        let change = Change::put(SCHEMAS, name, &revisions.fact());
        self.store.facts().apply(vec![change]).map_err(store)?;
        registry.insert(name.to_owned(), Arc::new(revisions.clone()));
        Ok(revisions)
    }
}

/// Checks a schema that is not kept.
///
/// # Errors
/// Its definition is none.
pub(super) fn check_definition(given: &pb::Schema) -> Result<(), Status> {
    parse(given).map(drop)
}

fn parse(given: &pb::Schema) -> Result<Definition, Status> {
    check_size(given)?;
    let parsed = Definition::parse(given.r#type(), &given.definition);
    parsed.map_err(|reason| bad(&given.name, &reason))
}

fn check_size(given: &pb::Schema) -> Result<(), Status> {
    match given.definition.len() {
        0..=DEFINITION_BYTES => Ok(()),
        bytes => Err(invalid(format!(
            "The schema definition exceeds the maximum size of {DEFINITION_BYTES} bytes (it has {bytes})."
        ))),
    }
}

fn there(registry: &Registry, name: &str) -> Result<Arc<Revisions>, Status> {
    registry.get(name).cloned().ok_or_else(|| not_found(name))
}

fn bad(name: &str, reason: &str) -> Status {
    invalid(format!(
        "Invalid schema definition given (schema={name}, reason=\"{reason}\"). Refer to \
         https://cloud.google.com/pubsub/docs/schemas for more information."
    ))
}

fn incompatible(latest: &pb::Schema, reason: &str) -> Status {
    let (name, id) = (&latest.name, &latest.revision_id);
    invalid(format!(
        "Compatibility checking failed to commit a schema revision for (schema=\"{name}\"). (reason=\"Revision is \
         incompatible with previous revision: {id}. Failed with error: {reason}\"). Refer to \
         https://cloud.google.com/pubsub/docs/schemas for more information."
    ))
}
