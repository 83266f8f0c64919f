//! What is served, from the tables that dispatch.

use super::sts;
use crate::{kinesis, sqs};

/// How far one operation of a service is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The service, in small letters.
    pub service: &'static str,
    /// The operation, as AWS calls it.
    pub operation: &'static str,
    /// How far.
    pub support: Support,
}

/// How far something is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// As at AWS.
    Full,
    /// With something missing.
    Partly(&'static str),
    /// Answered with the service's error for operations that it does not have.
    Refused,
}

/// Every operation of the services on the port.
pub fn coverage() -> Vec<Coverage> {
    let of_table = |service| {
        move |(operation, missing)| Coverage {
            service,
            operation,
            support: match missing {
                "" => Support::Full,
                missing => Support::Partly(missing),
            },
        }
    };
    let kinesis = kinesis::operations().map(of_table("kinesis"));
    let sqs = sqs::operations().map(of_table("sqs"));
    let sts = sts::OPERATIONS.map(|(operation, result)| Coverage {
        service: "sts",
        operation,
        support: match result {
            Some(_) => Support::Full,
            None => Support::Refused,
        },
    });
    kinesis.chain(sqs).chain(sts).collect()
}
