//! OffsetDelete: forgets how far a group has read.

use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use kafka_protocol::messages::{OffsetDeleteRequest, OffsetDeleteResponse};

use super::code_of;
use crate::kafka::call::Call;

pub(crate) fn handle(call: &mut Call<'_>, request: OffsetDeleteRequest) -> OffsetDeleteResponse {
    let keys = request.topics.iter().flat_map(|topic| {
        topic
            .partitions
            .iter()
            .map(|partition| (topic.name.to_string(), partition.partition_index))
    });
    let keys: Vec<_> = keys.collect();
    let results = match call.broker.groups.delete_offsets(&request.group_id, &keys) {
        Ok(results) => results,
        Err(error) => return OffsetDeleteResponse::default().with_error_code(error.code()),
    };
    let mut codes = results.iter().map(code_of);
    let topic =
        |asked: kafka_protocol::messages::offset_delete_request::OffsetDeleteRequestTopic| {
            let partition = |index: i32| {
                let answer = OffsetDeleteResponsePartition::default().with_partition_index(index);
                answer.with_error_code(codes.next().unwrap_or_default())
            };
            let partitions = asked
                .partitions
                .iter()
                .map(|one| one.partition_index)
                .map(partition)
                .collect();
            OffsetDeleteResponseTopic::default()
                .with_name(asked.name)
                .with_partitions(partitions)
        };
    OffsetDeleteResponse::default().with_topics(request.topics.into_iter().map(topic).collect())
}
