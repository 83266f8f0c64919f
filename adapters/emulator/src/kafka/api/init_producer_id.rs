//! InitProducerId: gives a producer its id and epoch.

use kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse, ProducerId};

use crate::kafka::call::Call;

pub(crate) fn handle(
    call: &mut Call<'_>,
    request: InitProducerIdRequest,
) -> InitProducerIdResponse {
    let known = Some((request.producer_id.0, request.producer_epoch)).filter(|(id, _)| *id >= 0);
    let id = request.transactional_id.as_ref().map(|id| id.as_str());
    match call
        .broker
        .transactions
        .init_producer(id, request.transaction_timeout_ms, known)
    {
        Ok((producer_id, epoch)) => InitProducerIdResponse::default()
            .with_producer_id(ProducerId(producer_id))
            .with_producer_epoch(epoch),
        Err(error) => {
            let error = super::transaction::fenced_for(error, call.version, 4);
            let answer = InitProducerIdResponse::default().with_error_code(error.code());
            answer
                .with_producer_id(ProducerId(-1))
                .with_producer_epoch(-1)
        }
    }
}
