//! DescribeLogDirs: how large partitions are.

use std::sync::Arc;

use kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use kafka_protocol::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use kafka_protocol::messages::{DescribeLogDirsRequest, DescribeLogDirsResponse};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::call::Call;
use crate::kafka::topics::Topic;

pub(crate) fn handle(
    call: &mut Call<'_>,
    request: DescribeLogDirsRequest,
) -> DescribeLogDirsResponse {
    let topics = &call.broker.topics;
    let sizes = match request.topics {
        None => topics
            .all()
            .iter()
            .map(|topic| describe(topic, None))
            .collect(),
        Some(asked) => {
            let known = |asked: DescribableLogDirTopic| {
                Some(describe(&topics.get(&asked.topic)?, Some(asked.partitions)))
            };
            asked.into_iter().filter_map(known).collect()
        }
    };
    let directory = StrBytes::from_string(call.broker.log_dir());
    let result = DescribeLogDirsResult::default()
        .with_log_dir(directory)
        .with_topics(sizes);
    DescribeLogDirsResponse::default().with_results(vec![result])
}

fn describe(topic: &Arc<Topic>, wanted: Option<Vec<i32>>) -> DescribeLogDirsTopic {
    let is_wanted = |number: &i32| wanted.as_ref().is_none_or(|wanted| wanted.contains(number));
    let size = |number: i32| {
        let size = topic
            .partition(number)
            .map_or(0, |partition| partition.log.size());
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        DescribeLogDirsPartition::default()
            .with_partition_index(number)
            .with_partition_size(size)
    };
    let partitions = (0..topic.partition_count())
        .filter(is_wanted)
        .map(size)
        .collect();
    DescribeLogDirsTopic::default()
        .with_name(topic.wire_name())
        .with_partitions(partitions)
}
