//! AddPermission and RemovePermission: statements of the queue's policy, which is kept and shown but not enforced.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Nothing;
use crate::aws::{AwsError, or_default};
use crate::sqs::call::Call;
use crate::sqs::error::{invalid_value, missing, sqs};
use crate::sqs::queue::Queue;

/// Operations that other accounts can be allowed.
const SHARED: [&str; 7] = [
    "*",
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ReceiveMessage",
    "SendMessage",
];

/// Actions of one statement.
const ACTIONS: usize = 7;

/// The parameters of AddPermission.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Add {
    queue_url: Option<String>,
    label: Option<String>,
    #[serde(default, deserialize_with = "or_default", rename = "AWSAccountIds")]
    accounts: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    actions: Vec<String>,
}

/// AddPermission.
pub(in crate::sqs) fn add(call: &Call<'_>, input: Add) -> Result<Nothing, AwsError> {
    let queue = call.queue(input.queue_url.as_deref())?;
    let label = input.label.ok_or_else(|| missing("Label"))?;
    if input.accounts.is_empty() {
        return Err(missing("AWSAccountIds"));
    }
    if input.actions.is_empty() {
        return Err(missing("Actions"));
    }
    if let Some(unknown) = input
        .actions
        .iter()
        .find(|action| !SHARED.contains(&action.as_str()))
    {
        let reason = "Only the queue owner is allowed to invoke this action.";
        return Err(invalid_value(
            format!("SQS:{unknown}"),
            "ActionName",
            reason,
        ));
    }
    let given = input.actions.len();
    if given > ACTIONS {
        let message = format!("{given} Actions were found, maximum allowed is {ACTIONS}.");
        return Err(sqs("OverLimit", message));
    }
    check_principals(&label, &input.accounts)?;
    let statement = json!({
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": one_or_all(input.accounts.iter().map(|id| format!("arn:aws:iam::{id}:root")))},
        "Action": one_or_all(input.actions.iter().map(|action| format!("SQS:{action}"))),
        "Resource": queue.arn(),
    });
    change(call, &queue, |statements| {
        if statements.iter().any(|known| known["Sid"] == *label) {
            return Err(invalid_value(&label, "Label", "Already exists."));
        }
        statements.push(statement);
        Ok(())
    })
}

/// Checks who is allowed, and what that is called.
fn check_principals(label: &str, accounts: &[String]) -> Result<(), AwsError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !(1..=80).contains(&label.len()) || !label.bytes().all(is_plain) {
        let reason =
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.";
        return Err(invalid_value(label, "Label", reason));
    }
    let is_account = |id: &String| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    match accounts.iter().all(is_account) {
        true => Ok(()),
        false => Err(invalid_value(
            format!("[{}]", accounts.join(", ")),
            "PrincipalId",
            "Unable to verify.",
        )),
    }
}

/// The parameters of RemovePermission.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Remove {
    queue_url: Option<String>,
    label: Option<String>,
}

/// RemovePermission.
pub(in crate::sqs) fn remove(call: &Call<'_>, input: Remove) -> Result<Nothing, AwsError> {
    let queue = call.queue(input.queue_url.as_deref())?;
    let label = input.label.ok_or_else(|| missing("Label"))?;
    change(call, &queue, |statements| {
        let before = statements.len();
        statements.retain(|known| known["Sid"] != *label);
        match statements.len() < before {
            true => Ok(()),
            false => Err(invalid_value(&label, "Label", "can't find label.")),
        }
    })
}

/// Changes the statements of the policy; a policy without any is none.
fn change(
    call: &Call<'_>,
    queue: &Queue,
    change: impl FnOnce(&mut Vec<Value>) -> Result<(), AwsError>,
) -> Result<Nothing, AwsError> {
    queue.update(call.sqs.store(), |about| {
        let values = Arc::make_mut(&mut about.attributes);
        let known = values.get("Policy").and_then(|text| serde_json::from_str(text).ok());
        let mut policy: Value = known.unwrap_or_else(|| {
            json!({"Version": "2008-10-17", "Id": format!("{}/SQSDefaultPolicy", queue.arn()), "Statement": []})
        });
        let mut statements = match policy["Statement"].take() {
            Value::Array(statements) => statements,
            Value::Null => Vec::new(),
            single => vec![single],
        };
        change(&mut statements)?;
        let is_empty = statements.is_empty();
        policy["Statement"] = Value::Array(statements);
        match is_empty {
            true => drop(values.remove("Policy")),
            false => drop(values.insert("Policy".to_owned(), policy.to_string())),
        }
        Ok::<_, AwsError>(())
    })?;
    Ok(Nothing {})
}

/// A text if there is one, a list if there are more, as policies have it.
fn one_or_all(texts: impl Iterator<Item = String>) -> Value {
    let mut texts: Vec<_> = texts.map(Value::String).collect();
    match texts.len() {
        1 => texts.remove(0),
        _ => Value::Array(texts),
    }
}
