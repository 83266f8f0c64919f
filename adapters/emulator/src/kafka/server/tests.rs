//! Requests made from the shapes: in every version, whole, and broken in every way.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, RequestKind, ResponseHeader, ResponseKind};
use kafka_protocol::protocol::Decodable;
use proptest::prelude::*;

use super::connection::{Fault, handle};
use crate::kafka::Config;
use crate::kafka::apis::{APIS, Api};
use crate::kafka::broker::Broker;
use crate::kafka::call::{Authentication, CallError, Peer};
use crate::kafka::wire::{self, Field, Shape};

/// A generator of numbers, so that every run tries the same requests.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// Writes requests of a shape. Names are often those of things that exist.
struct Writer<'a> {
    dice: &'a mut Dice,
    version: i16,
    flexible: bool,
    out: BytesMut,
}

impl Writer<'_> {
    fn structure(&mut self, shape: Shape) {
        for ((since, until), field) in shape {
            if (*since..=*until).contains(&self.version) {
                self.field(field);
            }
        }
        if self.flexible {
            self.tagged_fields();
        }
    }

    fn field(&mut self, field: &Field) {
        match field {
            Field::Fixed(16) => self.out.put_slice(&[0; 16]),
            Field::Fixed(size) => {
                let value = self.dice.pick(&[0_i64, 0, 0, 1, 1, 2, -1, -2, 100]);
                self.out.put_slice(&value.to_be_bytes()[8 - size..]);
            }
            Field::Text => {
                let text = self.dice.pick(&[
                    "",
                    "t",
                    "t",
                    "t",
                    "g",
                    "g",
                    "x",
                    "retention.ms",
                    "100",
                    "not there",
                ]);
                self.length(2, text.len());
                self.out.put_slice(text.as_bytes());
            }
            Field::Bytes => {
                let bytes = self.dice.pick(&[&b""[..], b"\0\0", &[0xFF; 70]]);
                self.length(4, bytes.len());
                self.out.put_slice(bytes);
            }
            Field::Each(element) => self.array(|writer| writer.field(element)),
            Field::Structs(shape) => self.array(|writer| writer.structure(shape)),
        }
    }

    fn array(&mut self, mut element: impl FnMut(&mut Self)) {
        let count = self.dice.pick(&[0, 1, 1, 1, 2, 3]);
        self.length(4, count);
        (0..count).for_each(|_| element(self));
    }

    fn length(&mut self, size: usize, length: usize) {
        match self.flexible {
            true => self.out.put_u8(length as u8 + 1),
            false => self.out.put_slice(&length.to_be_bytes()[8 - size..]),
        }
    }

    fn tagged_fields(&mut self) {
        // One that nobody knows, now and then.
        match self.dice.below(4) {
            0 => self.out.put_slice(&[1, 99, 2, 7, 7]),
            _ => self.out.put_u8(0),
        }
    }
}

fn is_flexible(api: &Api, version: i16) -> bool {
    api.key.request_header_version(version) >= 2
}

/// A request without its length: header and body, and where the body begins.
fn request(api: &Api, version: i16, dice: &mut Dice) -> (Bytes, usize) {
    let mut out = BytesMut::new();
    out.put_i16(api.key as i16);
    out.put_i16(version);
    out.put_i32(77);
    out.put_slice(b"\0\x04test");
    if is_flexible(api, version) {
        out.put_u8(0);
    }
    let body = out.len();
    let mut writer = Writer {
        dice,
        version,
        flexible: is_flexible(api, version),
        out,
    };
    writer.structure(api.shape);
    (writer.out.freeze(), body)
}

fn broker() -> Broker {
    let config = Config {
        initial_rebalance_delay: Duration::ZERO,
        ..Config::default()
    };
    let (broker, _) = Broker::open(config).unwrap();
    broker.topics.create("t", 3, Default::default()).unwrap();
    broker
        .transactions
        .init_producer(Some("t"), 1000, None)
        .unwrap();
    broker
}

fn peer() -> Peer {
    let address = "127.0.0.1:9".parse().unwrap();
    Peer {
        address,
        local: address,
        authentication: Authentication::NotRequired,
        muted: std::time::Duration::ZERO,
    }
}

/// Every request of every version that is advertised.
fn for_every_request(rounds: usize, mut run: impl FnMut(&Api, i16, Bytes, usize)) {
    let mut dice = Dice(1);
    for api in APIS {
        for version in api.versions.clone() {
            for _ in 0..rounds {
                let (bytes, body) = request(api, version, &mut dice);
                run(api, version, bytes, body);
            }
        }
    }
}

#[test]
fn shapes_and_decoders_agree_on_where_a_request_ends() {
    for_every_request(50, |api, version, bytes, body| {
        let flexible = is_flexible(api, version);
        assert_eq!(wire::walk_header(flexible, &bytes), Ok(body));
        let walked = wire::walk(api.shape, version, flexible, &bytes[body..]);
        assert_eq!(walked, Ok(bytes.len() - body), "{:?} {version}", api.key);
        let mut rest = bytes;
        RequestHeader::decode(&mut rest, api.key.request_header_version(version)).unwrap();
        RequestKind::decode(api.key, &mut rest, version).unwrap();
        assert!(
            rest.is_empty(),
            "{:?} {version}: {} bytes left",
            api.key,
            rest.len()
        );
    });
}

#[test]
fn every_advertised_version_is_answered_in_a_way_that_clients_can_decode() {
    let (broker, mut peer) = (broker(), peer());
    for_every_request(60, |api, version, bytes, _| {
        let asked = bytes.clone();
        let answer = handle(bytes, &mut peer, &broker);
        let answer =
            answer.unwrap_or_else(|fault| panic!("{:?} {version}: {fault} for {asked:?}", api.key));
        let Some(answer) = answer else {
            assert_eq!(
                api.key,
                ApiKey::Produce,
                "only acks=0 goes without an answer"
            );
            return;
        };
        let mut answer = answer.freeze();
        let length = answer.split_to(4);
        assert_eq!(
            u32::from_be_bytes(length[..].try_into().unwrap()) as usize,
            answer.len()
        );
        let header =
            ResponseHeader::decode(&mut answer, api.key.response_header_version(version)).unwrap();
        assert_eq!(header.correlation_id, 77);
        ResponseKind::decode(api.key, &mut answer, version).unwrap();
        assert!(
            answer.is_empty(),
            "{:?} {version}: {} bytes left",
            api.key,
            answer.len()
        );
    });
}

#[test]
fn a_request_cut_at_any_byte_is_a_fault_of_the_client() {
    let (broker, mut peer) = (broker(), peer());
    for_every_request(2, |api, version, bytes, _| {
        for length in 0..bytes.len() {
            let outcome = handle(bytes.slice(..length), &mut peer, &broker);
            let expected = matches!(
                outcome,
                Err(Fault::Length { .. }
                    | Fault::Call {
                        source: CallError::Misshapen(_) | CallError::Decode(_),
                        ..
                    })
            );
            assert!(
                expected,
                "{:?} {version} cut at {length}: {outcome:?}",
                api.key
            );
        }
    });
}

#[test]
fn a_huge_count_is_refused_before_memory_is_set_aside_for_it() {
    let metadata = [&[0, 3, 0, 1, 0, 0, 0, 1, 0, 0][..], &i32::MAX.to_be_bytes()].concat();
    let outcome = handle(Bytes::from(metadata), &mut peer(), &broker());
    assert!(matches!(
        outcome,
        Err(Fault::Call {
            source: CallError::Misshapen(wire::Misshapen::Short),
            ..
        })
    ));
    let many = 200_000_u32;
    let mut metadata = [&[0, 3, 0, 1, 0, 0, 0, 1, 0, 0][..], &many.to_be_bytes()].concat();
    metadata.resize(metadata.len() + 2 * many as usize, 0);
    let outcome = handle(Bytes::from(metadata), &mut peer(), &broker());
    assert!(matches!(
        outcome,
        Err(Fault::Call {
            source: CallError::Misshapen(wire::Misshapen::Elements),
            ..
        })
    ));
}

/// Changes to a request: at a share of its length, bytes are replaced by others.
fn damage() -> impl Strategy<Value = Vec<(u16, Vec<u8>)>> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..8),
        Just(vec![0x7F, 0xFF, 0xFF, 0xFF]),
        Just(vec![0xFF, 0xFF, 0xFF, 0xFF, 0x0F]),
        Just(vec![0x80, 0, 0, 0]),
    ];
    prop::collection::vec((any::<u16>(), bytes), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn damaged_requests_are_answered_or_refused(seed in any::<u64>(), choice in any::<u16>(), damage in damage()) {
        let api = &APIS[usize::from(choice) % APIS.len()];
        // A damaged length of time would make these wait for it.
        prop_assume!(!matches!(api.key, ApiKey::Fetch | ApiKey::JoinGroup | ApiKey::SyncGroup));
        let versions: Vec<_> = api.versions.clone().collect();
        let mut dice = Dice(seed);
        let version = dice.pick(&versions);
        let (bytes, body) = request(api, version, &mut dice);
        let mut bytes = bytes.to_vec();
        for (place, new) in damage {
            let at = body + usize::from(place) * (bytes.len() - body) / 65536;
            let end = (at + new.len()).min(bytes.len());
            bytes.splice(at..end, new);
        }
        drop(handle(Bytes::from(bytes), &mut peer(), &broker()));
    }

    #[test]
    fn what_the_shapes_let_through_the_decoders_survive(seed in any::<u64>(), choice in any::<u16>(), damage in damage()) {
        let api = &APIS[usize::from(choice) % APIS.len()];
        let versions: Vec<_> = api.versions.clone().collect();
        let mut dice = Dice(seed);
        let version = dice.pick(&versions);
        let (bytes, body) = request(api, version, &mut dice);
        let mut bytes = bytes[body..].to_vec();
        for (place, new) in damage {
            let at = usize::from(place) * bytes.len() / 65536;
            let end = (at + new.len()).min(bytes.len());
            bytes.splice(at..end, new);
        }
        if let Ok(length) = wire::walk(api.shape, version, is_flexible(api, version), &bytes) {
            let mut rest = Bytes::from(bytes);
            let before = rest.len();
            if RequestKind::decode(api.key, &mut rest, version).is_ok() {
                prop_assert_eq!(before - rest.len(), length);
            }
        }
    }
}
