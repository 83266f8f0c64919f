//! DescribeLimits, DescribeAccountSettings, UpdateAccountSettings.

use serde::{Deserialize, Serialize};

use super::Nothing;
use super::streams::SHARD_LIMIT;
use crate::aws::AwsError;
use crate::kinesis::account::Account;
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::error::{invalid, kinesis};
use crate::kinesis::wire::Timestamp;

/// Streams that scale themselves, as DescribeLimits shows it; it is not enforced.
const ON_DEMAND_LIMIT: usize = 50;

/// How long a commitment lasts at least, 24 hours in milliseconds.
const COMMITMENT_MS: i64 = 24 * 3_600_000;

/// The result of DescribeLimits.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Limits {
    shard_limit: usize,
    open_shard_count: usize,
    on_demand_stream_count: usize,
    on_demand_stream_count_limit: usize,
}

/// DescribeLimits.
pub(in crate::kinesis) fn limits(call: &Call<'_>, _: Nothing) -> Result<Limits, AwsError> {
    let streams = call.kinesis.streams(call.region);
    let abouts: Vec<_> = streams.iter().map(|stream| stream.about()).collect();
    let provisioned = abouts.iter().filter(|about| !about.on_demand);
    Ok(Limits {
        shard_limit: SHARD_LIMIT,
        open_shard_count: provisioned.map(|about| about.open_shards().count()).sum(),
        on_demand_stream_count: abouts.iter().filter(|about| about.on_demand).count(),
        on_demand_stream_count_limit: ON_DEMAND_LIMIT,
    })
}

/// The commitment to a minimum of throughput.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Commitment {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    earliest_allowed_end_at: Option<Timestamp>,
}

impl From<&Account> for Commitment {
    fn from(account: &Account) -> Self {
        let started = account.committed_ms;
        Self {
            status: if started.is_some() {
                "ENABLED"
            } else {
                "DISABLED"
            },
            started_at: started.map(Timestamp),
            ended_at: account
                .ended_ms
                .filter(|_| started.is_none())
                .map(Timestamp),
            earliest_allowed_end_at: started.map(|start| Timestamp(start + COMMITMENT_MS)),
        }
    }
}

/// The settings of the account.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Settings {
    minimum_throughput_billing_commitment: Commitment,
}

/// DescribeAccountSettings.
pub(in crate::kinesis) fn settings(call: &Call<'_>, _: Nothing) -> Result<Settings, AwsError> {
    Ok(Settings {
        minimum_throughput_billing_commitment: call
            .kinesis
            .account(call.region, |account| Commitment::from(&*account)),
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wish {
    status: Option<String>,
}

/// The parameters of UpdateAccountSettings.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Update {
    minimum_throughput_billing_commitment: Option<Wish>,
}

/// UpdateAccountSettings.
pub(in crate::kinesis) fn update(call: &Call<'_>, input: Update) -> Result<Settings, AwsError> {
    let (wish, at) = (
        input.minimum_throughput_billing_commitment,
        "minimumThroughputBillingCommitment",
    );
    let status = wish.as_ref().and_then(|wish| wish.status.as_deref());
    let mut checks = Checks::default();
    checks.required(at, wish.as_ref());
    if wish.is_some() {
        checks.required(&format!("{at}.status"), status.as_ref());
    }
    checks.one_of(&format!("{at}.status"), status, &["ENABLED", "DISABLED"]);
    checks.done()?;
    let status = status.ok_or_else(|| invalid("the status is missing"))?;
    let now_ms = call.now_ms();
    let commitment = call.kinesis.account(call.region, |account| {
        match (status, account.committed_ms) {
            ("ENABLED", None) => account.committed_ms = Some(now_ms),
            ("DISABLED", Some(start)) if now_ms - start < COMMITMENT_MS => {
                return Err(kinesis(
                    "ValidationException",
                    "The commitment cannot be disabled before its earliest allowed end, 24 hours after its start.",
                ));
            }
            ("DISABLED", Some(_)) => {
                account.committed_ms = None;
                account.ended_ms = Some(now_ms);
            }
            _ => {}
        }
        Ok(Commitment::from(&*account))
    })?;
    Ok(Settings {
        minimum_throughput_billing_commitment: commitment,
    })
}
