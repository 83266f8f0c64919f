//! AddTagsToStream, RemoveTagsFromStream, ListTagsForStream, TagResource, UntagResource, ListTagsForResource.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::aws::AwsError;
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::error::{invalid, over_limit};
use crate::kinesis::resource::Resource;

/// Tags of one stream or consumer.
const LIMIT: usize = 50;

/// Tags that one request can set; a resource that has tags may not hold as many.
const SET: usize = 200;

/// Tags that one request can remove.
const REMOVED: usize = 50;

/// Tags of one answer, for those who do not say.
const PAGE: i64 = 50;

/// Tags by key.
type Tags = BTreeMap<String, String>;

/// A tag in a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

fn list(tags: &Tags) -> impl Iterator<Item = Tag> {
    tags.iter().map(|(key, value)| Tag {
        key: key.clone(),
        value: value.clone(),
    })
}

/// Checks all tags of a stream or a consumer.
///
/// # Errors
/// There are too many, or one is too long or reserved.
pub(super) fn check(tags: &Tags) -> Result<(), AwsError> {
    if tags.len() > LIMIT {
        return Err(over_limit(format!(
            "A resource can have at most {LIMIT} tags."
        )));
    }
    let mut checks = Checks::default();
    for (key, value) in tags {
        checks.length(key, "tags.key", key.chars().count(), (1, 128));
        checks.length(value, "tags.value", value.chars().count(), (0, 256));
    }
    checks.done()?;
    match tags
        .keys()
        .any(|key| key.to_lowercase().starts_with("aws:"))
    {
        true => Err(invalid("Tag keys that begin with aws: are reserved.")),
        false => Ok(()),
    }
}

/// The parameters of AddTagsToStream.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Add {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    tags: Option<Tags>,
}

/// AddTagsToStream.
pub(in crate::kinesis) fn add(call: &Call<'_>, input: Add) -> Result<(), AwsError> {
    let tags = required("tags", input.tags, Tags::len, SET)?;
    let stream = call.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    call.update(&stream, |about| {
        about.tags.extend(tags);
        check(&about.tags)
    })
}

/// The parameters of RemoveTagsFromStream.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Remove {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    tag_keys: Option<Vec<String>>,
}

/// RemoveTagsFromStream.
pub(in crate::kinesis) fn remove(call: &Call<'_>, input: Remove) -> Result<(), AwsError> {
    let keys = required("tagKeys", input.tag_keys, Vec::len, REMOVED)?;
    let stream = call.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    call.update(&stream, |about| {
        about.tags.retain(|key, _| !keys.contains(key));
        Ok(())
    })
}

/// A list that has to be there, and whose length has to be right.
fn required<T>(
    at: &str,
    value: Option<T>,
    length: impl FnOnce(&T) -> usize,
    most: usize,
) -> Result<T, AwsError> {
    let mut checks = Checks::default();
    checks.required(at, value.as_ref());
    if let Some(length) = value.as_ref().map(length) {
        let shown = format_args!("[{length} tags]");
        checks.length(shown, at, length, (1, most));
    }
    checks.done()?;
    value.ok_or_else(|| invalid(format!("{at} is missing")))
}

/// The parameters of ListTagsForStream.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct OfStream {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    exclusive_start_tag_key: Option<String>,
    limit: Option<i64>,
}

/// The result of ListTagsForStream.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Page {
    tags: Vec<Tag>,
    has_more_tags: bool,
}

/// ListTagsForStream.
pub(in crate::kinesis) fn of_stream(call: &Call<'_>, input: OfStream) -> Result<Page, AwsError> {
    let mut checks = Checks::default();
    checks.range("limit", input.limit, (1, PAGE));
    checks.done()?;
    let stream = call.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let limit = usize::try_from(input.limit.unwrap_or(PAGE)).unwrap_or(1);
    let after = input.exclusive_start_tag_key;
    let about = stream.about();
    let tags = list(&about.tags).filter(|tag| after.as_ref().is_none_or(|after| tag.key > *after));
    let mut tags: Vec<_> = tags.take(limit + 1).collect();
    let has_more_tags = tags.len() > limit;
    tags.truncate(limit);
    Ok(Page {
        tags,
        has_more_tags,
    })
}

/// The parameters of TagResource.
#[derive(Debug, Deserialize)]
pub(in crate::kinesis) struct TagResource {
    #[serde(rename = "ResourceARN")]
    resource_arn: Option<String>,
    #[serde(rename = "Tags")]
    tags: Option<Tags>,
}

/// TagResource.
pub(in crate::kinesis) fn tag_resource(
    call: &Call<'_>,
    input: TagResource,
) -> Result<(), AwsError> {
    let tags = required("tags", input.tags, Tags::len, SET)?;
    let resource = Resource::find(call, input.resource_arn.as_deref())?;
    call.update(&resource.stream, |about| {
        let known = resource.attached(about)?.tags;
        known.extend(tags);
        check(known)
    })
}

/// The parameters of UntagResource.
#[derive(Debug, Deserialize)]
pub(in crate::kinesis) struct UntagResource {
    #[serde(rename = "ResourceARN")]
    resource_arn: Option<String>,
    #[serde(rename = "TagKeys")]
    tag_keys: Option<Vec<String>>,
}

/// UntagResource.
pub(in crate::kinesis) fn untag_resource(
    call: &Call<'_>,
    input: UntagResource,
) -> Result<(), AwsError> {
    let keys = required("tagKeys", input.tag_keys, Vec::len, REMOVED)?;
    let resource = Resource::find(call, input.resource_arn.as_deref())?;
    call.update(&resource.stream, |about| {
        let known = resource.attached(about)?.tags;
        known.retain(|key, _| !keys.contains(key));
        Ok(())
    })
}

/// The parameters of ListTagsForResource.
#[derive(Debug, Deserialize)]
pub(in crate::kinesis) struct OfResource {
    #[serde(rename = "ResourceARN")]
    resource_arn: Option<String>,
}

/// The result of ListTagsForResource.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Listed {
    tags: Vec<Tag>,
}

/// ListTagsForResource.
pub(in crate::kinesis) fn of_resource(
    call: &Call<'_>,
    input: OfResource,
) -> Result<Listed, AwsError> {
    let resource = Resource::find(call, input.resource_arn.as_deref())?;
    let mut about = (*resource.stream.about()).clone();
    let tags = list(resource.attached(&mut about)?.tags).collect();
    Ok(Listed { tags })
}
