//! PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy: kept and shown, but not enforced.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::aws::AwsError;
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::error::{invalid, not_found};
use crate::kinesis::resource::Resource;

/// The longest policy in bytes.
const LONGEST: usize = 20 * 1024;

/// The policy of a resource that has none.
const NONE: &str = "{}";

/// The parameters of those that take nothing but a resource.
#[derive(Debug, Deserialize)]
pub(in crate::kinesis) struct Of {
    #[serde(rename = "ResourceARN")]
    resource_arn: Option<String>,
}

/// The parameters of PutResourcePolicy.
#[derive(Debug, Deserialize)]
pub(in crate::kinesis) struct Put {
    #[serde(rename = "ResourceARN")]
    resource_arn: Option<String>,
    #[serde(rename = "Policy")]
    policy: Option<String>,
}

/// PutResourcePolicy.
pub(in crate::kinesis) fn put(call: &Call<'_>, input: Put) -> Result<(), AwsError> {
    let mut checks = Checks::default();
    checks.required("policy", input.policy.as_ref());
    checks.done()?;
    let policy = input.policy.unwrap_or_default();
    let resource = Resource::find(call, input.resource_arn.as_deref())?;
    let is_document = serde_json::from_str::<Map<String, Value>>(&policy).is_ok();
    if !is_document || policy.len() > LONGEST {
        return Err(invalid(format!(
            "The policy has to be a JSON document of at most {LONGEST} bytes."
        )));
    }
    call.update(&resource.stream, |about| {
        *resource.attached(about)?.policy = Some(policy);
        Ok(())
    })
}

/// The result of GetResourcePolicy.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Got {
    policy: String,
}

/// GetResourcePolicy.
pub(in crate::kinesis) fn get(call: &Call<'_>, input: Of) -> Result<Got, AwsError> {
    let resource = Resource::find(call, input.resource_arn.as_deref())?;
    let mut about = (*resource.stream.about()).clone();
    let policy = resource.attached(&mut about)?.policy.take();
    Ok(Got {
        policy: policy.unwrap_or_else(|| NONE.to_owned()),
    })
}

/// DeleteResourcePolicy.
pub(in crate::kinesis) fn delete(call: &Call<'_>, input: Of) -> Result<(), AwsError> {
    let resource = Resource::find(call, input.resource_arn.as_deref())?;
    call.update(&resource.stream, |about| {
        match resource.attached(about)?.policy.take() {
            Some(_) => Ok(()),
            None => Err(no_policy(input.resource_arn.as_deref())),
        }
    })
}

fn no_policy(arn: Option<&str>) -> AwsError {
    not_found(format!(
        "No resource policy found for resource ARN {}",
        arn.unwrap_or_default()
    ))
}
