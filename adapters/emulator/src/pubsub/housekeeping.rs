//! What happens by itself, once a second.

use std::sync::Arc;

use super::dead_letters;
use super::service::PubSub;
use super::topic::{LOG_SETTINGS, Topic};
use crate::interchange::references::References;
use crate::store::{Frame, RwLockExt, StoreError, Verdict};

/// Bytes of acknowledged messages that are not worth rewriting segments for.
const SLACK: u64 = 8 << 20;

/// Time between two compactions of a topic.
const PAUSE_MS: i64 = 10_000;

/// A segment that is smaller was rewritten already, or is not worth it.
const WORTH_IT: u64 = LOG_SETTINGS.segment_bytes / 4;

/// Ends leases and dead letters that are due, and forgets what nobody needs.
///
/// # Errors
/// A log cannot be read or written; everything else is done all the same.
pub(super) fn run(service: &PubSub) -> Result<(), StoreError> {
    service.retire_deleted();
    let registry = service.registry().reading();
    let subscriptions: Vec<_> = registry.subscriptions.values().cloned().collect();
    let topics = registry.topics.values().chain(&registry.orphans);
    let topics: Vec<_> = topics.cloned().collect();
    drop(registry);
    let mut results = Vec::new();
    for subscription in subscriptions {
        results.push(subscription.clean_up());
        // The log of the other topic may be full: the message stays, and it is tried again.
        drop(dead_letters::forward(service, &subscription));
    }
    expire_snapshots(service);
    results.extend(topics.iter().map(|topic| clean_up(service, topic)));
    results.push(forget_orphans(service));
    let is_gone = |error: &StoreError| matches!(error, StoreError::Deleted);
    let failed = results
        .into_iter()
        .filter_map(Result::err)
        .find(|error| !is_gone(error));
    failed.map_or(Ok(()), Err)
}

/// Drops the messages of a topic that neither a subscription nor a snapshot nor the topic's retention needs.
fn clean_up(service: &PubSub, topic: &Arc<Topic>) -> Result<(), StoreError> {
    let (start, end) = topic.bounds();
    if start == end {
        return Ok(());
    }
    let registry = service.registry().reading();
    let mut needed = topic.retained_from(service.now_ms())?.unwrap_or(end);
    let subscriptions = registry.subscriptions_to(topic);
    for subscription in &subscriptions {
        needed = needed.min(subscription.needs_from()?);
    }
    let snapshots = registry.snapshots.values();
    for snapshot in snapshots.filter(|snapshot| Arc::ptr_eq(snapshot.topic(), topic)) {
        needed = needed.min(snapshot.acked().floor());
    }
    drop(registry);
    let closed = topic.log().closed_segments();
    if closed
        .first()
        .is_some_and(|oldest| oldest.next_offset <= needed)
    {
        topic.shared().map_or(Ok(()), References::save)?;
        service.store().truncate_front(topic.stream(), 0, needed)?;
    }
    compact(service, topic)
}

/// Rewrites closed segments most of whose messages are acknowledged by all, while an old one holds the rest.
fn compact(service: &PubSub, topic: &Arc<Topic>) -> Result<(), StoreError> {
    let now_ms = service.now_ms();
    let is_small = topic.log().size() < SLACK;
    if is_small || topic.retained_from(now_ms)?.is_some() {
        return Ok(());
    }
    if !topic.is_due_for_compaction(now_ms, PAUSE_MS) {
        return Ok(());
    }
    let registry = service.registry().reading();
    let subscriptions = registry.subscriptions_to(topic);
    let snapshots = registry.snapshots.values();
    let snapshots: Vec<_> = snapshots
        .filter(|snapshot| Arc::ptr_eq(snapshot.topic(), topic))
        .cloned()
        .collect();
    drop(registry);
    let is_dead = |from, to| {
        let mut subscriptions = subscriptions.iter();
        let mut snapshots = snapshots.iter();
        subscriptions.all(|subscription| subscription.has_acked(from, to))
            && snapshots.all(|snapshot| snapshot.acked().contains_all(from, to))
    };
    topic.shared().map_or(Ok(()), References::save)?;
    for segment in topic.log().closed_segments() {
        let (from, to) = (segment.base_offset, segment.next_offset);
        if segment.bytes < WORTH_IT || !is_dead_mostly(&is_dead, from, to) {
            continue;
        }
        topic.log().rewrite(segment, |frame: &Frame| {
            match is_dead(frame.header.base_offset, frame.header.next_offset()) {
                true => Verdict::Drop,
                false => Verdict::Keep,
            }
        })?;
    }
    Ok(())
}

/// Whether at least three of four samples of a range are dead, so that rewriting it is worth the work.
fn is_dead_mostly(is_dead: &impl Fn(i64, i64) -> bool, from: i64, to: i64) -> bool {
    const SAMPLES: i64 = 64;
    let step = ((to - from) / SAMPLES).max(1);
    let samples = (from..to).step_by(step.unsigned_abs() as usize);
    let (mut dead, mut all) = (0, 0);
    for sample in samples {
        all += 1;
        dead += i64::from(is_dead(sample, sample + 1));
    }
    dead * 4 >= all * 3
}

/// Forgets snapshots whose time is over.
fn expire_snapshots(service: &PubSub) {
    let now_ms = service.now_ms();
    let registry = service.registry().reading();
    let snapshots = registry.snapshots.iter();
    let old = snapshots.filter(|(_, snapshot)| snapshot.expires_ms() <= now_ms);
    let names: Vec<_> = old.map(|(name, _)| name.clone()).collect();
    drop(registry);
    for name in names {
        // Somebody may have deleted it.
        drop(service.delete_snapshot(&name));
    }
}

/// Forgets deleted topics that nobody has messages of any more.
fn forget_orphans(service: &PubSub) -> Result<(), StoreError> {
    let mut registry = service.registry().writing();
    let orphans = std::mem::take(&mut registry.orphans);
    let (needed, forgotten): (Vec<_>, Vec<_>) =
        orphans.into_iter().partition(|topic| registry.needs(topic));
    registry.orphans = needed;
    for topic in forgotten {
        service.delete_stream(topic.stream())?;
    }
    Ok(())
}
