//! One revision of a schema, and all of a schema's.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::definition::Definition;
use crate::pubsub::frames::timestamp;
use crate::pubsub::proto::pubsub as pb;
use crate::pubsub::topic::{decode_text, encode};

/// One revision.
#[derive(Debug)]
pub(in crate::pubsub) struct Revision {
    about: pb::Schema,
    pub(super) definition: Definition,
}

impl Revision {
    /// A revision of now, with an id that none of `others` has.
    ///
    /// # Errors
    /// The definition cannot be read; says why.
    pub(super) fn new(
        name: &str,
        given: pb::Schema,
        others: &Revisions,
        now_ms: i64,
    ) -> Result<Self, String> {
        let id = || Uuid::new_v4().simple().to_string()[..8].to_owned();
        let mut ids = std::iter::repeat_with(id);
        let revision_id = ids.find(|id| others.find(id).is_none());
        Self::read(pb::Schema {
            name: name.to_owned(),
            revision_id: revision_id.unwrap_or_default(),
            revision_create_time: Some(timestamp(now_ms)),
            ..given
        })
    }

    /// A revision as it was shown.
    fn read(about: pb::Schema) -> Result<Self, String> {
        let definition = Definition::parse(about.r#type(), &about.definition)?;
        Ok(Self { about, definition })
    }

    /// As it is shown.
    pub(in crate::pubsub) fn about(&self) -> &pb::Schema {
        &self.about
    }

    /// As it is shown, with its definition or without.
    pub(in crate::pubsub) fn view(&self, is_full: bool) -> pb::Schema {
        let definition = if is_full {
            self.about.definition.as_str()
        } else {
            ""
        };
        pb::Schema {
            name: self.about.name.clone(),
            r#type: self.about.r#type,
            definition: definition.to_owned(),
            revision_id: self.about.revision_id.clone(),
            revision_create_time: self.about.revision_create_time,
        }
    }
}

/// The revisions of a schema, the oldest first.
#[derive(Clone, Debug, Default)]
pub(in crate::pubsub) struct Revisions(Vec<Arc<Revision>>);

/// What is remembered of them.
#[derive(Serialize, Deserialize)]
pub(super) struct Fact {
    revisions: Vec<String>,
}

impl Revisions {
    /// Those that are remembered.
    ///
    /// # Errors
    /// One cannot be read; says why.
    pub(super) fn recall(fact: &Fact) -> Result<Self, String> {
        let read = |text: &String| {
            let about = decode_text(text).ok_or("it is no schema")?;
            Revision::read(about).map(Arc::new)
        };
        fact.revisions
            .iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// What is to be remembered.
    pub(super) fn fact(&self) -> Fact {
        let revisions = self.0.iter().map(|one| encode(&one.about)).collect();
        Fact { revisions }
    }

    /// All of them, the oldest first.
    pub(in crate::pubsub) fn iter(&self) -> std::slice::Iter<'_, Arc<Revision>> {
        self.0.iter()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The one that counts; `None` where there are none, as before the first.
    pub(in crate::pubsub) fn latest(&self) -> Option<&Arc<Revision>> {
        self.0.last()
    }

    /// Where the revision of that id is.
    pub(in crate::pubsub) fn find(&self, id: &str) -> Option<usize> {
        self.0.iter().position(|one| one.about.revision_id == id)
    }

    /// The revision of that id.
    pub(in crate::pubsub) fn get(&self, id: &str) -> Option<&Arc<Revision>> {
        self.0.get(self.find(id)?)
    }

    /// The same and one more, which counts from now on.
    pub(super) fn with(&self, revision: Revision) -> Self {
        let all = self.0.iter().cloned().chain([Arc::new(revision)]);
        Self(all.collect())
    }

    /// The same without one.
    pub(super) fn without(&self, id: &str) -> Self {
        let left = self.0.iter().filter(|one| one.about.revision_id != id);
        Self(left.cloned().collect())
    }

    /// Those from the newest that is allowed back to the oldest; an empty id is no bound.
    pub(super) fn between(&self, first: &str, last: &str) -> Option<Vec<&Arc<Revision>>> {
        let bound = |id: &str, open: usize| match id {
            "" => Some(open),
            id => self.find(id),
        };
        let first = bound(first, 0)?;
        let last = bound(last, self.0.len().checked_sub(1)?)?;
        Some(self.0.get(first..=last)?.iter().rev().collect())
    }
}
