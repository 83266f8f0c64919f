//! CreatePartitions: more partitions for a topic.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::{BrokerId, CreatePartitionsRequest, CreatePartitionsResponse};

use super::error_of;
use crate::kafka::broker::NODE_ID;
use crate::kafka::call::Call;
use crate::kafka::partition::Refusal;
use crate::kafka::topics::MAX_PARTITIONS;

pub(crate) fn handle(
    call: &mut Call<'_>,
    request: CreatePartitionsRequest,
) -> CreatePartitionsResponse {
    let one = |asked: CreatePartitionsTopic| {
        let (code, message) = error_of(grow(call, &asked, request.validate_only));
        CreatePartitionsTopicResult::default()
            .with_name(asked.name)
            .with_error_code(code)
            .with_error_message(message)
    };
    CreatePartitionsResponse::default().with_results(request.topics.into_iter().map(one).collect())
}

fn grow(
    call: &Call<'_>,
    asked: &CreatePartitionsTopic,
    validate_only: bool,
) -> Result<(), Refusal> {
    let unknown = || {
        (
            ResponseError::UnknownTopicOrPartition,
            format!("The topic '{}' does not exist.", *asked.name),
        )
    };
    let topic = call.broker.topics.get(&asked.name).ok_or_else(unknown)?;
    let (now, wanted) = (topic.partition_count(), asked.count);
    if wanted <= now {
        let reason = format!(
            "The topic {} currently has {now} partition(s); {wanted} would not be an increase.",
            *asked.name
        );
        return Err((ResponseError::InvalidPartitions, reason));
    }
    if wanted > MAX_PARTITIONS as i32 {
        let reason = format!("A topic can have at most {MAX_PARTITIONS} partitions.");
        return Err((ResponseError::InvalidPartitions, reason));
    }
    if call.broker.config.bridge.is_some() {
        let reason = "A bridged stream keeps its partitions: they are also shards of Kinesis and partitions of a hub.";
        return Err((ResponseError::InvalidPartitions, reason.to_owned()));
    }
    if let Some(assignments) = &asked.assignments {
        let here = assignments
            .iter()
            .all(|assignment| assignment.broker_ids == [BrokerId(NODE_ID)]);
        if !here || assignments.len() as i32 != wanted - now {
            let reason =
                format!("Each new partition must be assigned to the only broker, {NODE_ID}.");
            return Err((ResponseError::InvalidReplicaAssignment, reason));
        }
    }
    if validate_only {
        Ok(())
    } else {
        call.broker.topics.grow(&topic, wanted as u32)
    }
}
