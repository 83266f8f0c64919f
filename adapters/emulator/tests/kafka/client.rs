//! A small client: typed requests over one connection, and record batches.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::PartitionProduceResponse;
use kafka_protocol::messages::{
    ApiKey, BrokerId, CreateTopicsRequest, FetchRequest, ListOffsetsRequest, ProduceRequest,
    RequestHeader, ResponseHeader, TopicName, TransactionalId,
};
use kafka_protocol::protocol::{Decodable, Encodable, Request, StrBytes};
use kafka_protocol::records::{
    Compression, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, Record, RecordBatchDecoder,
    RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};
use ssectl_emulator::kafka::{Config, Emulator};

/// How long a test waits for something that should come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Sooner than this is not after a wait for records: nobody waits for longer than 15 s, and a busy machine has to have time.
pub(crate) const SOON: Duration = Duration::from_secs(12);

pub(crate) fn start() -> Emulator {
    Emulator::start(Config::default()).unwrap()
}

/// Waits until `condition` holds.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::yield_now();
    }
}

pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

pub(crate) fn topic_name(name: &str) -> TopicName {
    TopicName(text(name))
}

/// One connection.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    correlation_id: i32,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap())
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream,
            correlation_id: 0,
        }
    }

    pub(crate) fn of(emulator: &Emulator) -> Self {
        Self::connect(emulator.address())
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn call<Q: Request>(&mut self, version: i16, request: &Q) -> Q::Response {
        self.try_call(version, request)
            .expect("the emulator closed the connection")
    }

    /// The same, or `None` if the connection is gone.
    pub(crate) fn try_call<Q: Request>(
        &mut self,
        version: i16,
        request: &Q,
    ) -> Option<Q::Response> {
        self.try_send(version, request).ok()?;
        self.try_receive::<Q>(version)
    }

    pub(crate) fn send<Q: Request>(&mut self, version: i16, request: &Q) {
        self.try_send(version, request)
            .expect("the emulator closed the connection");
    }

    fn try_send<Q: Request>(&mut self, version: i16, request: &Q) -> io::Result<()> {
        self.correlation_id += 1;
        let header = RequestHeader::default()
            .with_request_api_key(Q::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation_id)
            .with_client_id(Some(text("test")));
        let mut bytes = BytesMut::new();
        bytes.put_i32(0);
        header
            .encode(&mut bytes, key::<Q>().request_header_version(version))
            .unwrap();
        request.encode(&mut bytes, version).unwrap();
        let length = bytes.len() as u32 - 4;
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        self.stream.write_all(&bytes)
    }

    pub(crate) fn receive<Q: Request>(&mut self, version: i16) -> Q::Response {
        self.try_receive::<Q>(version)
            .expect("the emulator closed the connection")
    }

    fn try_receive<Q: Request>(&mut self, version: i16) -> Option<Q::Response> {
        let mut bytes = self.receive_bytes()?;
        let header =
            ResponseHeader::decode(&mut bytes, key::<Q>().response_header_version(version))
                .unwrap();
        assert_eq!(header.correlation_id, self.correlation_id);
        let response = Q::Response::decode(&mut bytes, version).unwrap();
        assert!(bytes.is_empty());
        Some(response)
    }

    /// The next answer, or `None` if the connection is closed.
    pub(crate) fn receive_bytes(&mut self) -> Option<Bytes> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).ok()?;
        let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut bytes).ok()?;
        Some(Bytes::from(bytes))
    }

    pub(crate) fn create_topic(&mut self, name: &str, partitions: i32, configs: &[(&str, &str)]) {
        let response = self.call(7, &create_request(name, partitions, configs));
        let result = &response.topics[0];
        assert_eq!(result.error_code, 0, "{name}: {:?}", result.error_message);
    }

    /// Produces one batch.
    pub(crate) fn produce(
        &mut self,
        topic: &str,
        partition: i32,
        batch: Bytes,
    ) -> PartitionProduceResponse {
        self.try_produce(None, topic, partition, batch)
            .expect("the emulator closed the connection")
    }

    /// The same, perhaps as part of a transaction, or `None` if the connection is gone.
    pub(crate) fn try_produce(
        &mut self,
        transactional_id: Option<&str>,
        topic: &str,
        partition: i32,
        batch: Bytes,
    ) -> Option<PartitionProduceResponse> {
        let data = PartitionProduceData::default()
            .with_index(partition)
            .with_records(Some(batch));
        let data = TopicProduceData::default()
            .with_name(topic_name(topic))
            .with_partition_data(vec![data]);
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(1000)
            .with_transactional_id(transactional_id.map(|id| TransactionalId(text(id))))
            .with_topic_data(vec![data]);
        let mut response = self.try_call(9, &request)?;
        Some(response.responses.remove(0).partition_responses.remove(0))
    }

    /// Fetches from one partition, without waiting.
    pub(crate) fn fetch(
        &mut self,
        topic: &str,
        partition: i32,
        offset: i64,
        committed: bool,
    ) -> PartitionData {
        let request =
            fetch_request(topic, partition, offset).with_isolation_level(i8::from(committed));
        let mut response = self.call(12, &request);
        assert_eq!(response.error_code, 0);
        response.responses.remove(0).partitions.remove(0)
    }

    /// The offset at a place (-1 latest, -2 earliest, -3 latest time) or a time, and the time there.
    pub(crate) fn offset_at(&mut self, topic: &str, partition: i32, time: i64) -> (i64, i64) {
        let partition = ListOffsetsPartition::default()
            .with_partition_index(partition)
            .with_timestamp(time);
        let partition = partition.with_current_leader_epoch(-1);
        let topic = ListOffsetsTopic::default()
            .with_name(topic_name(topic))
            .with_partitions(vec![partition]);
        let response = self.call(9, &ListOffsetsRequest::default().with_topics(vec![topic]));
        let found = &response.topics[0].partitions[0];
        assert_eq!(found.error_code, 0);
        (found.offset, found.timestamp)
    }

    /// All values that a consumer sees, control records and aborted transactions left out.
    pub(crate) fn values(&mut self, topic: &str, partition: i32, committed: bool) -> Vec<String> {
        let mut offset = self.offset_at(topic, partition, -2).0;
        let mut values = Vec::new();
        loop {
            let data = self.fetch(topic, partition, offset, committed);
            assert_eq!(data.error_code, 0);
            let mut aborted = data.aborted_transactions.clone().unwrap_or_default();
            let bytes = data.records.unwrap_or_default();
            let Some(next) = next_offset(&bytes) else {
                return values;
            };
            offset = next;
            let records = decode(bytes);
            let mut skipped = Vec::new();
            for record in &records {
                let starts = |transaction: &&mut _| is_start(transaction, record);
                if let Some(transaction) = aborted.iter_mut().find(starts) {
                    skipped.push(transaction.producer_id.0);
                    transaction.first_offset = i64::MAX;
                }
                if record.control {
                    skipped.retain(|id| *id != record.producer_id);
                } else if !(record.transactional && skipped.contains(&record.producer_id)) {
                    values.push(
                        String::from_utf8(record.value.clone().unwrap_or_default().to_vec())
                            .unwrap(),
                    );
                }
            }
        }
    }
}

fn is_start(
    transaction: &kafka_protocol::messages::fetch_response::AbortedTransaction,
    record: &Record,
) -> bool {
    transaction.producer_id.0 == record.producer_id && transaction.first_offset <= record.offset
}

fn key<Q: Request>() -> ApiKey {
    ApiKey::try_from(Q::KEY).unwrap()
}

pub(crate) fn create_request(
    name: &str,
    partitions: i32,
    configs: &[(&str, &str)],
) -> CreateTopicsRequest {
    let configs = configs.iter().map(|(key, value)| {
        CreatableTopicConfig::default()
            .with_name(text(key))
            .with_value(Some(text(value)))
    });
    let topic = CreatableTopic::default()
        .with_name(topic_name(name))
        .with_num_partitions(partitions)
        .with_replication_factor(1)
        .with_configs(configs.collect());
    CreateTopicsRequest::default().with_topics(vec![topic])
}

pub(crate) fn fetch_request(topic: &str, partition: i32, offset: i64) -> FetchRequest {
    let partition = FetchPartition::default()
        .with_partition(partition)
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20)
        .with_current_leader_epoch(-1);
    let topic = FetchTopic::default()
        .with_topic(topic_name(topic))
        .with_partitions(vec![partition]);
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_bytes(50 << 20)
        .with_session_epoch(-1)
        .with_topics(vec![topic])
}

/// One past the last offset that these batches cover; compaction may have taken the records there away.
fn next_offset(mut batches: &[u8]) -> Option<i64> {
    let mut next = None;
    while let Some(header) = batches.first_chunk::<27>() {
        let base_offset = i64::from_be_bytes(header[..8].try_into().unwrap());
        let last_delta = i32::from_be_bytes(header[23..27].try_into().unwrap());
        next = Some(base_offset + i64::from(last_delta) + 1);
        let length = u32::from_be_bytes(header[8..12].try_into().unwrap()) as usize;
        batches = &batches[12 + length..];
    }
    next
}

pub(crate) fn decode(mut records: Bytes) -> Vec<Record> {
    if records.is_empty() {
        return Vec::new();
    }
    let sets = RecordBatchDecoder::decode_all(&mut records).unwrap();
    sets.into_iter().flat_map(|set| set.records).collect()
}

/// Who writes a batch, and how.
#[derive(Clone, Copy)]
pub(crate) struct Writer {
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
    pub(crate) sequence: i32,
    pub(crate) transactional: bool,
}

/// A producer that is neither idempotent nor transactional.
pub(crate) const ANYBODY: Writer = Writer {
    producer_id: NO_PRODUCER_ID,
    epoch: NO_PRODUCER_EPOCH,
    sequence: NO_SEQUENCE,
    transactional: false,
};

/// A batch of records with a key, a value and a time.
pub(crate) fn batch_of(writer: Writer, records: &[(Option<&str>, Option<&str>, i64)]) -> Bytes {
    let bytes = |text: Option<&str>| text.map(|text| Bytes::copy_from_slice(text.as_bytes()));
    let record =
        |(index, (key, value, timestamp)): (usize, &(Option<&str>, Option<&str>, i64))| Record {
            transactional: writer.transactional,
            control: false,
            partition_leader_epoch: 0,
            producer_id: writer.producer_id,
            producer_epoch: writer.epoch,
            timestamp_type: TimestampType::Creation,
            offset: index as i64,
            // The encoder takes records into one batch only if their sequence numbers follow each other.
            sequence: writer.sequence + index as i32,
            timestamp: *timestamp,
            key: bytes(*key),
            value: bytes(*value),
            headers: Default::default(),
            delete_horizon: false,
        };
    let records: Vec<_> = records.iter().enumerate().map(record).collect();
    let mut batch = BytesMut::new();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    RecordBatchEncoder::encode(&mut batch, &records, &options).unwrap();
    batch.freeze()
}

/// A batch of values.
pub(crate) fn batch(writer: Writer, values: &[&str]) -> Bytes {
    let records: Vec<_> = values
        .iter()
        .map(|value| (None, Some(*value), 1000))
        .collect();
    batch_of(writer, &records)
}

/// The name of an error code, for messages.
pub(crate) fn error(code: i16) -> Option<ResponseError> {
    ResponseError::try_from_code(code)
}

/// An error code as a result.
pub(crate) fn result(code: i16) -> Result<(), ResponseError> {
    match error(code) {
        Some(error) if code != 0 => Err(error),
        _ => Ok(()),
    }
}
