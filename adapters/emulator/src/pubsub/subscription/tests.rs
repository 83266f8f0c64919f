//! Subscriptions in virtual time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use prost_types::Duration as Seconds;
use uuid::Uuid;

use super::*;
use crate::pubsub::proto::pubsub::{DeadLetterPolicy, PubsubMessage, RetryPolicy};
use crate::pubsub::topic::{LOG_SETTINGS, attributes_of};
use crate::store::{Attributes, LogSettings, ManualClock, Medium, Visitor, frame};

const START: i64 = 1_700_000_000_000;

struct Unseen;

impl Visitor for Unseen {
    fn settings(&mut self, _: &str, _: &Attributes) -> LogSettings {
        LOG_SETTINGS
    }

    fn frame(&mut self, _: &str, _: u32, _: &frame::Header, _: &[u8]) {}
}

struct Fixture {
    clock: Arc<ManualClock>,
    topic: Arc<Topic>,
    subscription: Subscription,
}

fn about() -> pb::Subscription {
    pb::Subscription {
        name: "projects/p/subscriptions/s".to_owned(),
        ack_deadline_seconds: 10,
        ..pb::Subscription::default()
    }
}

/// Opens a topic and a subscription in a medium, made anew unless they are there.
fn open(medium: Medium, about: pb::Subscription) -> Fixture {
    let clock = Arc::new(ManualClock::new(START));
    let (store, _) = Store::open(medium, clock.clone(), &mut Unseen).unwrap();
    let store = Arc::new(store);
    let stream = |name: &str, attributes| {
        let id = Uuid::new_v4().as_u128();
        let made = store.create(name, id, 1, LOG_SETTINGS, attributes).unwrap();
        made.unwrap_or_else(|| store.stream(name).unwrap())
    };
    let topic = Topic::attributes(&pb::Topic::default(), START);
    let topic = Topic::open(&store, stream("topic", topic)).unwrap();
    let topic = Arc::new(topic.unwrap());
    let own = stream("subscription", attributes_of(&about, []));
    let subscription = Subscription::open(store.clone(), own, topic.clone(), about, 0).unwrap();
    Fixture {
        clock,
        topic,
        subscription,
    }
}

fn memory(about: pb::Subscription) -> Fixture {
    open(Medium::Memory { limit: 1 << 30 }, about)
}

impl Fixture {
    fn publish(&self, bodies: &[&'static str], key: &str) {
        let message = |body: &&'static str| PubsubMessage {
            data: Bytes::from_static(body.as_bytes()),
            attributes: [("first".to_owned(), body[..1].to_owned())].into(),
            ordering_key: key.to_owned(),
            ..PubsubMessage::default()
        };
        let messages: Vec<_> = bodies.iter().map(message).collect();
        self.topic
            .publish(&messages, self.subscription.now_ms())
            .unwrap();
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Bodies with the ids that acknowledge them.
    fn take(&self, messages: usize) -> Vec<(String, AckId)> {
        let wanted = Wanted {
            messages,
            bytes: usize::MAX,
            lease_ms: 10_000,
            one_per_key: false,
            window: None,
        };
        let taken = self.subscription.take(&wanted).unwrap().into_iter();
        let taken = taken.map(|received| {
            let message = PubsubMessage::decode(received.message).unwrap();
            let body = String::from_utf8(message.data.to_vec()).unwrap();
            (body, AckId::decode(&received.ack_id).unwrap())
        });
        taken.collect()
    }

    fn bodies(&self, messages: usize) -> Vec<String> {
        self.take(messages)
            .into_iter()
            .map(|(body, _)| body)
            .collect()
    }

    fn ack(&self, id: AckId) -> Outcome {
        self.subscription.acknowledge(&[id]).unwrap()[0]
    }

    fn nack(&self, id: AckId) -> Outcome {
        self.subscription.change_leases(&[id], 0)[0]
    }
}

#[test]
fn a_message_comes_again_when_its_deadline_has_passed_and_not_before() {
    let fixture = memory(about());
    fixture.publish(&["a", "b"], "");
    let taken = fixture.take(9);
    assert_eq!(taken.len(), 2);
    fixture.ack(taken[1].1);
    fixture.subscription.change_leases(&[taken[0].1], 30_000);
    fixture.pass(29);
    assert!(fixture.take(9).is_empty());
    fixture.pass(1);
    assert_eq!(fixture.bodies(9), ["a"]);
}

#[test]
fn a_late_acknowledgement_still_counts() {
    let fixture = memory(about());
    fixture.publish(&["a"], "");
    let first = fixture.take(1)[0].1;
    fixture.pass(11);
    assert_eq!(fixture.take(1).len(), 1);
    assert_eq!(fixture.ack(first), Outcome::Done);
    fixture.pass(11);
    assert!(fixture.take(1).is_empty());
}

#[test]
fn with_exactly_once_delivery_only_the_last_lease_counts() {
    let fixture = memory(pb::Subscription {
        enable_exactly_once_delivery: true,
        ..about()
    });
    fixture.publish(&["a"], "");
    let first = fixture.take(1)[0].1;
    fixture.pass(11);
    assert_eq!(fixture.ack(first), Outcome::Expired);
    let second = fixture.take(1)[0].1;
    assert_eq!(fixture.nack(first), Outcome::Expired);
    assert_eq!(fixture.ack(second), Outcome::Done);
    assert_eq!(fixture.ack(second), Outcome::Done);
    assert_eq!(fixture.ack(first), Outcome::Expired);
    fixture.pass(11);
    assert!(fixture.take(1).is_empty());
}

#[test]
fn a_key_goes_on_when_all_of_it_is_acknowledged_and_others_do_not_wait() {
    let fixture = memory(pb::Subscription {
        enable_message_ordering: true,
        ..about()
    });
    fixture.publish(&["a1", "a2", "a3"], "a");
    fixture.publish(&["b1"], "b");
    let first = fixture.take(2);
    assert_eq!([&first[0].0, &first[1].0], ["a1", "a2"]);
    assert_eq!(fixture.bodies(9), ["b1"]);
    fixture.ack(first[1].1);
    assert!(fixture.take(9).is_empty());
    fixture.ack(first[0].1);
    assert_eq!(fixture.bodies(9), ["a3"]);
}

#[test]
fn what_is_behind_a_message_that_comes_again_comes_again_in_order() {
    for gives_back in [true, false] {
        let fixture = memory(pb::Subscription {
            enable_message_ordering: true,
            ..about()
        });
        fixture.publish(&["1", "2", "3"], "k");
        let taken = fixture.take(3);
        fixture.ack(taken[1].1);
        if gives_back {
            fixture.nack(taken[0].1);
        } else {
            fixture.pass(10);
        }
        assert_eq!(fixture.bodies(9), ["1", "2", "3"]);
    }
}

#[test]
fn a_back_off_doubles_up_to_its_maximum() {
    let seconds = |seconds| Some(Seconds { seconds, nanos: 0 });
    let fixture = memory(pb::Subscription {
        retry_policy: Some(RetryPolicy {
            minimum_backoff: seconds(2),
            maximum_backoff: seconds(5),
        }),
        ..about()
    });
    fixture.publish(&["a"], "");
    for pause in [2, 4, 5, 5] {
        let taken = fixture.take(1)[0].1;
        fixture.nack(taken);
        fixture.pass(pause - 1);
        assert!(fixture.take(1).is_empty());
        fixture.pass(1);
    }
    assert_eq!(fixture.take(1).len(), 1);
}

#[test]
fn a_message_that_was_delivered_too_often_is_taken_out() {
    let fixture = memory(pb::Subscription {
        dead_letter_policy: Some(DeadLetterPolicy {
            dead_letter_topic: "projects/p/topics/dead".to_owned(),
            max_delivery_attempts: 5,
        }),
        ..about()
    });
    fixture.publish(&["a"], "");
    for _ in 0..4 {
        let taken = fixture.take(1)[0].1;
        fixture.nack(taken);
    }
    assert!(fixture.subscription.take_exhausted().unwrap().is_empty());
    assert_eq!(fixture.take(1).len(), 1);
    fixture.pass(10);
    assert!(fixture.take(1).is_empty());
    let exhausted = fixture.subscription.take_exhausted().unwrap();
    assert_eq!((exhausted.len(), exhausted[0].attempts), (1, 5));
    fixture.subscription.bury(exhausted[0].offset).unwrap();
    fixture.pass(60);
    assert!(fixture.take(1).is_empty());
}

#[test]
fn a_filter_hides_messages_as_if_they_were_acknowledged() {
    let fixture = memory(pb::Subscription {
        filter: "attributes.first = \"b\"".to_owned(),
        ..about()
    });
    fixture.publish(&["a1", "b1", "c1", "b2"], "");
    assert_eq!(fixture.bodies(9), ["b1", "b2"]);
    assert_eq!(fixture.subscription.needs_from().unwrap(), 1);
}

#[test]
fn a_seek_into_the_past_brings_back_what_is_retained() {
    let fixture = memory(pb::Subscription {
        retain_acked_messages: true,
        ..about()
    });
    fixture.publish(&["a"], "");
    fixture.pass(5);
    fixture.publish(&["b"], "");
    for (_, id) in fixture.take(2) {
        fixture.ack(id);
    }
    let leased_before = fixture.subscription.acked();
    fixture.subscription.seek_to_time(START + 5_000).unwrap();
    assert_eq!(fixture.bodies(9), ["b"]);
    fixture.subscription.seek_to_time(START).unwrap();
    assert_eq!(fixture.bodies(9), ["a", "b"]);
    fixture.subscription.seek_to_time(START + 60_000).unwrap();
    assert!(fixture.take(9).is_empty());
    fixture.subscription.seek_to(Acked::starting(1)).unwrap();
    assert_eq!(fixture.bodies(9), ["b"]);
    assert_eq!(leased_before.floor(), 2);
}

#[test]
fn without_retention_a_seek_brings_back_nothing_that_is_acknowledged() {
    let fixture = memory(about());
    fixture.publish(&["a", "b"], "");
    let taken = fixture.take(2);
    fixture.ack(taken[0].1);
    fixture.subscription.seek_to_time(START).unwrap();
    assert_eq!(fixture.bodies(9), ["b"]);
}

#[test]
fn an_ack_id_from_before_a_seek_is_worth_nothing() {
    let fixture = memory(about());
    fixture.publish(&["a"], "");
    let before = fixture.take(1)[0].1;
    fixture.subscription.seek_to(Acked::starting(0)).unwrap();
    assert_eq!(fixture.take(1).len(), 1);
    assert_eq!(fixture.ack(before), Outcome::Done);
    fixture.pass(11);
    assert_eq!(fixture.take(1).len(), 1);
}

#[test]
fn old_messages_go() {
    let fixture = memory(about());
    fixture.publish(&["a"], "");
    fixture.pass(6 * 24 * 3600);
    fixture.publish(&["b"], "");
    fixture.pass(2 * 24 * 3600);
    fixture.subscription.clean_up().unwrap();
    assert_eq!(fixture.bodies(9), ["b"]);
}

#[test]
fn a_window_holds_no_more_than_it_may() {
    let fixture = memory(about());
    fixture.publish(&["a", "b", "c"], "");
    let window = Arc::new(Window::new(2, 0));
    let take = || {
        let wanted = Wanted {
            messages: 9,
            bytes: usize::MAX,
            lease_ms: 10_000,
            one_per_key: false,
            window: Some(Arc::clone(&window)),
        };
        let taken = fixture.subscription.take(&wanted).unwrap();
        let ids = taken.iter().map(|one| AckId::decode(&one.ack_id).unwrap());
        ids.collect::<Vec<_>>()
    };
    let first = take();
    assert_eq!((first.len(), window.room().0), (2, 0));
    fixture.ack(first[0]);
    assert_eq!((take().len(), window.room().0), (1, 0));
    assert!(take().is_empty());
    fixture.pass(10);
    assert_eq!((take().len(), window.room().0), (2, 0));
}

#[test]
fn what_was_acknowledged_stays_so_in_a_new_process() {
    let directory = tempfile::tempdir().unwrap();
    let medium = || Medium::Directory {
        path: directory.path().to_owned(),
        fsync: crate::store::Fsync::EveryAppend,
    };
    let fixture = open(medium(), about());
    fixture.publish(&["a", "b", "c"], "");
    let taken = fixture.take(3);
    fixture.ack(taken[1].1);
    drop(fixture);
    let fixture = open(medium(), about());
    assert_eq!(fixture.ack(taken[0].1), Outcome::Done);
    assert_eq!(fixture.bodies(9), ["c"]);
    fixture.subscription.seek_to(Acked::starting(2)).unwrap();
    drop(fixture);
    assert_eq!(open(medium(), about()).bodies(9), ["c"]);
}
