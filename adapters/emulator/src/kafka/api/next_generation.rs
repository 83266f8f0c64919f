//! The consumer group protocol of KIP-848, which is refused.
//!
//! It is advertised nevertheless, as by a Kafka that has it switched off: librdkafka waits for ever for a broker that
//! does not know it, but says plainly what a broker answers.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::consumer_group_describe_response::DescribedGroup;
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::call::Call;

const REASON: &str = "the consumer group protocol is not supported: use `group.protocol=classic`";

pub(crate) fn heartbeat(
    _call: &mut Call<'_>,
    _request: ConsumerGroupHeartbeatRequest,
) -> ConsumerGroupHeartbeatResponse {
    ConsumerGroupHeartbeatResponse::default()
        .with_error_code(ResponseError::UnsupportedVersion.code())
        .with_error_message(Some(StrBytes::from_static_str(REASON)))
}

pub(crate) fn describe(
    _call: &mut Call<'_>,
    request: ConsumerGroupDescribeRequest,
) -> ConsumerGroupDescribeResponse {
    let groups = request.group_ids.into_iter().map(|group| {
        DescribedGroup::default()
            .with_error_code(ResponseError::UnsupportedVersion.code())
            .with_error_message(Some(StrBytes::from_static_str(REASON)))
            .with_group_id(group)
    });
    ConsumerGroupDescribeResponse::default().with_groups(groups.collect())
}
