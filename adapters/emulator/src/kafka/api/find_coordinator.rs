//! FindCoordinator: the only broker coordinates all groups and transactions.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{BrokerId, FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::broker::NODE_ID;
use crate::kafka::call::Call;

/// Key types: 0 a group, 1 a transactional id.
const KEY_TYPES: std::ops::RangeInclusive<i8> = 0..=1;

pub(crate) fn handle(
    call: &mut Call<'_>,
    request: FindCoordinatorRequest,
) -> FindCoordinatorResponse {
    let (host, port) = call.advertised();
    let known = KEY_TYPES.contains(&request.key_type);
    let error = if known {
        0
    } else {
        ResponseError::InvalidRequest.code()
    };
    let node = BrokerId(if known { NODE_ID } else { -1 });
    if call.version < 4 {
        return FindCoordinatorResponse::default()
            .with_error_code(error)
            .with_node_id(node)
            .with_host(host)
            .with_port(port);
    }
    let coordinator = |key: StrBytes| {
        let answer = Coordinator::default()
            .with_key(key)
            .with_error_code(error)
            .with_node_id(node);
        answer.with_host(host.clone()).with_port(port)
    };
    FindCoordinatorResponse::default().with_coordinators(
        request
            .coordinator_keys
            .into_iter()
            .map(coordinator)
            .collect(),
    )
}
