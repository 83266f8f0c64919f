//! DescribeProducers, ListTransactions, DescribeTransactions.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::describe_producers_response::{
    PartitionResponse, ProducerState, TopicResponse,
};
use kafka_protocol::messages::{
    DescribeProducersRequest, DescribeProducersResponse, DescribeTransactionsRequest,
    DescribeTransactionsResponse, ListTransactionsRequest, ListTransactionsResponse, ProducerId,
    TopicName, TransactionalId, describe_transactions_response, list_transactions_response,
};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::call::Call;
use crate::kafka::producers::Producer;
use crate::kafka::transactions::{State, Transaction};

pub(crate) fn describe_producers(
    call: &mut Call<'_>,
    request: DescribeProducersRequest,
) -> DescribeProducersResponse {
    let topic = |asked: TopicRequest| {
        let partitions = asked
            .partition_indexes
            .iter()
            .map(|index| producers(call, &asked.name, *index))
            .collect();
        TopicResponse::default()
            .with_name(asked.name)
            .with_partitions(partitions)
    };
    DescribeProducersResponse::default()
        .with_topics(request.topics.into_iter().map(topic).collect())
}

fn producers(call: &Call<'_>, topic: &str, index: i32) -> PartitionResponse {
    let answer = PartitionResponse::default().with_partition_index(index);
    let Some(partition) = call.broker.topics.partition(topic, index) else {
        return answer.with_error_code(ResponseError::UnknownTopicOrPartition.code());
    };
    let state = |(id, producer): (i64, &Producer)| {
        ProducerState::default()
            .with_producer_id(ProducerId(id))
            .with_producer_epoch(i32::from(producer.epoch))
            .with_last_sequence(producer.last_sequence())
            .with_last_timestamp(producer.last_ms)
            .with_coordinator_epoch(0)
            .with_current_txn_start_offset(producer.transaction_start.unwrap_or(-1))
    };
    answer.with_active_producers(
        partition.with_producers(|producers| producers.iter().map(state).collect()),
    )
}

pub(crate) fn list(
    call: &mut Call<'_>,
    request: ListTransactionsRequest,
) -> ListTransactionsResponse {
    let states = [
        State::Empty,
        State::Ongoing,
        State::PrepareCommit,
        State::PrepareAbort,
        State::CompleteCommit,
        State::CompleteAbort,
    ];
    let is_known = |name: &StrBytes| states.iter().any(|state| state.name() == name.as_str());
    let unknown = request
        .state_filters
        .iter()
        .filter(|name| !is_known(name))
        .cloned()
        .collect();
    let now_ms = call.broker.now_ms();
    let is_wanted = |transaction: &Transaction| {
        let state = StrBytes::from_static_str(transaction.state.name());
        let age_ms = if transaction.started_ms < 0 {
            -1
        } else {
            now_ms - transaction.started_ms
        };
        let id = ProducerId(transaction.producer_id);
        (request.state_filters.is_empty() || request.state_filters.contains(&state))
            && (request.producer_id_filters.is_empty() || request.producer_id_filters.contains(&id))
            && (request.duration_filter < 0 || age_ms > request.duration_filter)
    };
    let listed = |(id, transaction): (String, Transaction)| {
        list_transactions_response::TransactionState::default()
            .with_transactional_id(TransactionalId(StrBytes::from_string(id)))
            .with_producer_id(ProducerId(transaction.producer_id))
            .with_transaction_state(StrBytes::from_static_str(transaction.state.name()))
    };
    let all = call.broker.transactions.list().into_iter();
    let states = all
        .filter(|(_, transaction)| is_wanted(transaction))
        .map(listed)
        .collect();
    ListTransactionsResponse::default()
        .with_unknown_state_filters(unknown)
        .with_transaction_states(states)
}

pub(crate) fn describe(
    call: &mut Call<'_>,
    request: DescribeTransactionsRequest,
) -> DescribeTransactionsResponse {
    let one = |id: TransactionalId| describe_one(call, id);
    let states = request.transactional_ids.into_iter().map(one).collect();
    DescribeTransactionsResponse::default().with_transaction_states(states)
}

fn describe_one(
    call: &Call<'_>,
    id: TransactionalId,
) -> describe_transactions_response::TransactionState {
    let answer = describe_transactions_response::TransactionState::default()
        .with_transactional_id(id.clone());
    let Some(transaction) = call.broker.transactions.describe(&id) else {
        return answer.with_error_code(ResponseError::TransactionalIdNotFound.code());
    };
    let mut topics: Vec<describe_transactions_response::TopicData> = Vec::new();
    for (name, number) in &transaction.partitions {
        if topics
            .last()
            .is_none_or(|topic| topic.topic.as_str() != name)
        {
            let name = TopicName(StrBytes::from_string(name.clone()));
            topics.push(describe_transactions_response::TopicData::default().with_topic(name));
        }
        if let Some(topic) = topics.last_mut() {
            topic.partitions.push(*number);
        }
    }
    answer
        .with_transaction_state(StrBytes::from_static_str(transaction.state.name()))
        .with_transaction_timeout_ms(transaction.timeout_ms)
        .with_transaction_start_time_ms(transaction.started_ms)
        .with_producer_id(ProducerId(transaction.producer_id))
        .with_producer_epoch(transaction.epoch)
        .with_topics(topics)
}
