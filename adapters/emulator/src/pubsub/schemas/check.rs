//! Messages, checked against schemas.

use tonic::{Code, Status};

use super::{DELETED_SCHEMA, Revision, Revisions, Schemas, parse};
use crate::pubsub::error::{explained, invalid, not_found};
use crate::pubsub::proto::pubsub::{Encoding, PubsubMessage, Schema, SchemaSettings};

/// How the attributes begin that say what a message was checked against.
const ATTRIBUTE: &str = "googclient_schema";

impl Schemas {
    /// Checks what a topic says of its schema.
    ///
    /// # Errors
    /// There is no such schema or revision, the revisions are in the wrong order, or the encoding is missing.
    pub(in crate::pubsub) fn check_settings(
        &self,
        settings: &SchemaSettings,
    ) -> Result<(), Status> {
        let revisions = self.get(&settings.schema)?;
        if settings.encoding() == Encoding::Unspecified {
            return Err(invalid(
                "Invalid schema encoding provided: it must be JSON or BINARY.",
            ));
        }
        let (first, last) = (&settings.first_revision_id, &settings.last_revision_id);
        for id in [first, last] {
            if !id.is_empty() && revisions.find(id).is_none() {
                return Err(not_found(&format!("{}@{id}", settings.schema)));
            }
        }
        match revisions.between(first, last) {
            Some(_) => Ok(()),
            None => Err(invalid(format!(
                "Invalid schema settings given: the first revision ({first}) is newer than the last one ({last})."
            ))),
        }
    }

    /// Checks messages that are published to a topic with such settings, and says in their attributes which revision
    /// they are of: the newest that allows them.
    ///
    /// # Errors
    /// The schema or a revision was deleted, or a message fits to none of the revisions.
    pub(in crate::pubsub) fn stamp(
        &self,
        settings: &SchemaSettings,
        messages: &mut [PubsubMessage],
    ) -> Result<(), Status> {
        if settings.schema == DELETED_SCHEMA {
            return Err(Status::not_found("Schema associated with topic deleted."));
        }
        let all = self.get(&settings.schema)?;
        let allowed = all.between(&settings.first_revision_id, &settings.last_revision_id);
        let allowed = allowed
            .ok_or_else(|| Status::not_found("Schema revision associated with topic deleted."))?;
        for message in messages {
            let revision = fitting(&allowed, &message.data, settings.encoding())?;
            let about = [
                ("name", settings.schema.as_str()),
                ("encoding", settings.encoding().as_str_name()),
                ("revisionid", &revision.about().revision_id),
            ];
            let about = about.map(|(name, value)| (format!("{ATTRIBUTE}{name}"), value.to_owned()));
            message.attributes.extend(about);
        }
        Ok(())
    }
}

/// Checks a message against the newest of these revisions.
///
/// # Errors
/// It does not fit.
pub(in crate::pubsub) fn check_message(
    revisions: &Revisions,
    data: &[u8],
    encoding: Encoding,
) -> Result<(), Status> {
    check_encoding(encoding)?;
    let latest: Vec<_> = revisions.latest().into_iter().collect();
    fitting(&latest, data, encoding).map(drop)
}

/// Checks a message against a schema that is not kept.
///
/// # Errors
/// The schema is none, or the message does not fit.
pub(in crate::pubsub) fn check_against(
    schema: &Schema,
    data: &[u8],
    encoding: Encoding,
) -> Result<(), Status> {
    let definition = parse(schema)?;
    check_encoding(encoding)?;
    let checked = definition.check(data, encoding);
    checked.map_err(|reason| refused(definition.refusal(encoding), reason))
}

fn check_encoding(encoding: Encoding) -> Result<(), Status> {
    match encoding {
        Encoding::Unspecified => Err(invalid("The encoding must be JSON or BINARY.")),
        Encoding::Json | Encoding::Binary => Ok(()),
    }
}

/// The first of these revisions that a message fits to.
fn fitting<'a>(
    revisions: &[&'a std::sync::Arc<Revision>],
    data: &[u8],
    encoding: Encoding,
) -> Result<&'a Revision, Status> {
    let mut last = None;
    for revision in revisions {
        match revision.definition.check(data, encoding) {
            Ok(()) => return Ok(revision),
            Err(reason) => last = Some((*revision, reason)),
        }
    }
    let (revision, reason) = last.ok_or_else(|| invalid("The schema has no revision."))?;
    let about = revision.about();
    let info = format!(
        "Could not validate message with any schema revision for schema: {}, last checked revision: revision_id={} \
         failed with status: {reason}",
        about.name, about.revision_id
    );
    Err(refused(revision.definition.refusal(encoding), info))
}

/// A message that fits to no schema.
fn refused(reason: &str, info: String) -> Status {
    let message = "Message failed schema validation";
    let metadata = [
        ("message".to_owned(), message.to_owned()),
        ("revisionInfo".to_owned(), info),
    ];
    let text = format!("Invalid data in message: {message}.");
    explained(Code::InvalidArgument, &text, reason, metadata.into())
}
