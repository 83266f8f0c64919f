//! DescribeCluster: the brokers there are.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::{BrokerId, DescribeClusterRequest, DescribeClusterResponse};
use kafka_protocol::protocol::StrBytes;

use super::{OPERATIONS_UNASKED, operations};
use crate::kafka::broker::NODE_ID;
use crate::kafka::call::Call;

/// Asks for brokers; the other type, 2, asks for controllers.
const BROKERS: i8 = 1;

pub(crate) fn handle(
    call: &mut Call<'_>,
    request: DescribeClusterRequest,
) -> DescribeClusterResponse {
    let answer = DescribeClusterResponse::default().with_endpoint_type(BROKERS);
    if request.endpoint_type != BROKERS {
        let reason =
            StrBytes::from_static_str("this is a broker; it does not serve controller endpoints");
        let code = ResponseError::MismatchedEndpointType.code();
        return answer
            .with_error_code(code)
            .with_error_message(Some(reason));
    }
    let (host, port) = call.advertised();
    let broker = DescribeClusterBroker::default()
        .with_broker_id(BrokerId(NODE_ID))
        .with_host(host)
        .with_port(port);
    let allowed = if request.include_cluster_authorized_operations {
        operations::CLUSTER
    } else {
        OPERATIONS_UNASKED
    };
    answer
        .with_cluster_id(call.broker.cluster_id.clone())
        .with_controller_id(BrokerId(NODE_ID))
        .with_brokers(vec![broker])
        .with_cluster_authorized_operations(allowed)
}
