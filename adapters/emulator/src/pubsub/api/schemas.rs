//! Schemas.

use tonic::Status;

use super::pages::page;
use crate::pubsub::call::Call;
use crate::pubsub::error::{invalid, not_found};
use crate::pubsub::names::{self, Kind};
use crate::pubsub::proto::pubsub as pb;
use crate::pubsub::proto::pubsub::validate_message_request::SchemaSpec;
use crate::pubsub::schemas::{self, Revisions};

/// CreateSchema.
pub(in crate::pubsub) fn create(
    call: &Call,
    request: pb::CreateSchemaRequest,
) -> Result<pb::Schema, Status> {
    let prefix = names::prefix(&request.parent)?;
    let name = format!("{prefix}schemas/{}", request.schema_id);
    names::check(&name, Kind::Schema)?;
    latest(&call.service.schemas.create(&name, given(request.schema)?)?)
}

/// GetSchema: the newest revision, or the one that the name says.
pub(in crate::pubsub) fn get(
    call: &Call,
    request: pb::GetSchemaRequest,
) -> Result<pb::Schema, Status> {
    let is_full = request.view() != pb::SchemaView::Basic;
    let (name, id) = split(&request.name);
    let revisions = call.service.schemas.get(name)?;
    let found = match id {
        Some(id) => revisions.get(id),
        None => revisions.latest(),
    };
    let found = found.ok_or_else(|| not_found(&request.name))?;
    Ok(found.view(is_full))
}

/// ListSchemas: the newest revision of each.
pub(in crate::pubsub) fn list(
    call: &Call,
    request: pb::ListSchemasRequest,
) -> Result<pb::ListSchemasResponse, Status> {
    let is_full = request.view() == pb::SchemaView::Full;
    let prefix = names::prefix(&request.parent)?;
    let own = call.service.schemas.starting_with(&prefix).into_iter();
    let (found, next_page_token) = page(own, request.page_size, &request.page_token)?;
    let newest = found.iter().filter_map(|revisions| revisions.latest());
    Ok(pb::ListSchemasResponse {
        schemas: newest.map(|revision| revision.view(is_full)).collect(),
        next_page_token,
    })
}

/// ListSchemaRevisions, the oldest first.
pub(in crate::pubsub) fn list_revisions(
    call: &Call,
    request: pb::ListSchemaRevisionsRequest,
) -> Result<pb::ListSchemaRevisionsResponse, Status> {
    let is_full = request.view() == pb::SchemaView::Full;
    let revisions = call.service.schemas.get(&request.name)?;
    // In the order of time, which is that of the list, too.
    let key = |about: &pb::Schema| {
        let time = about.revision_create_time.unwrap_or_default();
        format!("{:020}.{:09}", time.seconds, time.nanos)
    };
    let keyed = revisions.iter().enumerate();
    let keyed = keyed.map(|(at, one)| (format!("{}.{at:02}", key(one.about())), one));
    let (found, next_page_token) = page(keyed, request.page_size, &request.page_token)?;
    Ok(pb::ListSchemaRevisionsResponse {
        schemas: found
            .iter()
            .map(|revision| revision.view(is_full))
            .collect(),
        next_page_token,
    })
}

/// CommitSchema.
pub(in crate::pubsub) fn commit(
    call: &Call,
    request: pb::CommitSchemaRequest,
) -> Result<pb::Schema, Status> {
    let schema = given(request.schema)?;
    if !schema.name.is_empty() && schema.name != request.name {
        return Err(invalid(format!(
            "The name of the schema ({}) is not that of the request ({}).",
            schema.name, request.name
        )));
    }
    latest(&call.service.schemas.commit(&request.name, schema)?)
}

/// RollbackSchema.
pub(in crate::pubsub) fn roll_back(
    call: &Call,
    request: pb::RollbackSchemaRequest,
) -> Result<pb::Schema, Status> {
    if request.revision_id.is_empty() {
        return Err(invalid("The revision_id must be set."));
    }
    let schemas = &call.service.schemas;
    latest(&schemas.roll_back(&request.name, &request.revision_id)?)
}

/// DeleteSchemaRevision.
pub(in crate::pubsub) fn delete_revision(
    call: &Call,
    request: pb::DeleteSchemaRevisionRequest,
) -> Result<pb::Schema, Status> {
    #[expect(deprecated, reason = "old clients say it there")]
    let elsewhere = request.revision_id.as_str();
    let (name, id) = split(&request.name);
    let id = id.unwrap_or(elsewhere);
    if id.is_empty() {
        return Err(invalid(format!(
            "The name must say which revision is meant (name={name}@REVISION_ID)."
        )));
    }
    call.service.schemas.delete_revision(name, id)
}

/// DeleteSchema; its topics take no messages any more.
pub(in crate::pubsub) fn delete(
    call: &Call,
    request: pb::DeleteSchemaRequest,
) -> Result<(), Status> {
    call.service.schemas.get(&request.name)?;
    super::topics::forget_schema(call, &request.name)?;
    call.service.schemas.delete(&request.name)
}

/// ValidateSchema.
pub(in crate::pubsub) fn validate(
    _: &Call,
    request: pb::ValidateSchemaRequest,
) -> Result<pb::ValidateSchemaResponse, Status> {
    names::prefix(&request.parent)?;
    schemas::check_definition(&given(request.schema)?)?;
    Ok(pb::ValidateSchemaResponse {})
}

/// ValidateMessage.
pub(in crate::pubsub) fn validate_message(
    call: &Call,
    request: pb::ValidateMessageRequest,
) -> Result<pb::ValidateMessageResponse, Status> {
    names::prefix(&request.parent)?;
    let encoding = request.encoding();
    match &request.schema_spec {
        None => return Err(invalid("The name of a schema or a schema must be set.")),
        Some(SchemaSpec::Name(name)) => {
            let revisions = call.service.schemas.get(name)?;
            schemas::check_message(&revisions, &request.message, encoding)?;
        }
        Some(SchemaSpec::Schema(schema)) => {
            schemas::check_against(schema, &request.message, encoding)?;
        }
    }
    Ok(pb::ValidateMessageResponse {})
}

/// The name of a schema, and the revision behind it, if one is said.
fn split(name: &str) -> (&str, Option<&str>) {
    match name.split_once('@') {
        Some((name, id)) => (name, Some(id)),
        None => (name, None),
    }
}

fn given(schema: Option<pb::Schema>) -> Result<pb::Schema, Status> {
    schema.ok_or_else(|| invalid("The schema must be set."))
}

/// The newest revision, as it is shown.
fn latest(revisions: &Revisions) -> Result<pb::Schema, Status> {
    let latest = revisions.latest();
    latest
        .map(|revision| revision.view(true))
        .ok_or_else(|| Status::internal("a schema has no revision"))
}
