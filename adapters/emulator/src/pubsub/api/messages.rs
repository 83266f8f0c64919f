//! Pull, Acknowledge, ModifyAckDeadline.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tonic::Status;

use crate::faults::Fault;
use crate::pubsub::call::Call;
use crate::pubsub::dead_letters;
use crate::pubsub::error::{invalid, invalid_ack_ids, not_found, out_of_bounds, store};
use crate::pubsub::proto::pubsub as pb;
use crate::pubsub::received::ReceivedMessage;
use crate::pubsub::service::PubSub;
use crate::pubsub::subscription::{AckId, Outcome, Subscription, Wanted};

/// How long a pull waits for a first message, where the client does not stop before.
const PATIENCE: Duration = Duration::from_secs(90);

/// So long before the client stops waiting nothing is leased any more: it might not hear of it.
const MARGIN: Duration = Duration::from_millis(20);

/// Bytes of the messages of an answer, at most: what clients take by default is 4 MiB.
const BYTES: usize = 3 << 20;

/// Messages of an answer, at most.
const MESSAGES: usize = 1000;

/// The longest ack deadline, in seconds.
const LONGEST: i32 = 600;

/// Bytes of the ack ids of a request, at most (512 KiB and some for the rest).
const ACK_ID_BYTES: usize = 524_288;

/// Pull.
pub(in crate::pubsub) async fn pull(
    call: &Call,
    request: pb::PullRequest,
) -> Result<pb::PullResponse, Status> {
    let subscription = call.service.subscription(&request.subscription)?;
    let messages = usize::try_from(request.max_messages).unwrap_or_default();
    if messages == 0 {
        let given = request.max_messages.into();
        return Err(out_of_bounds("max_messages", given, 1, MESSAGES as i64));
    }
    let wanted = Wanted {
        messages: messages.min(MESSAGES),
        bytes: BYTES,
        lease_ms: subscription.terms().lease_ms,
        one_per_key: false,
        window: None,
    };
    let patience = Instant::now() + PATIENCE;
    let until = call.deadline.unwrap_or(patience).min(patience);
    #[expect(deprecated, reason = "clients use it all the same")]
    let at_once = request.return_immediately;
    let until = if at_once { Instant::now() } else { until };
    let received_messages = wait(&call.service, &subscription, &wanted, until).await?;
    Ok(pb::PullResponse { received_messages })
}

/// Messages as soon as there are some; none when the time is over or the emulator ends.
async fn wait(
    service: &PubSub,
    subscription: &Arc<Subscription>,
    wanted: &Wanted,
    until: Instant,
) -> Result<Vec<ReceivedMessage>, Status> {
    let mut stopped = service.stopped();
    let last_look = until.checked_sub(MARGIN).unwrap_or(until);
    let mut has_looked = false;
    loop {
        if has_looked && Instant::now() >= last_look {
            sleep_until(until).await;
            return Ok(Vec::new());
        }
        has_looked = true;
        let (changed, published) = subscription.changed();
        let (mut changed, mut published) = (std::pin::pin!(changed), std::pin::pin!(published));
        // From here on no change goes unseen.
        changed.as_mut().enable();
        published.as_mut().enable();
        let messages = take(service, subscription, wanted)?;
        if !messages.is_empty() || Instant::now() >= until || *stopped.borrow() {
            return Ok(messages);
        }
        tokio::select! {
            () = changed => {}
            () = published => {}
            () = sleep_until(last_look.min(next_look(subscription))) => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }
}

/// When to look again although nothing was said.
pub(in crate::pubsub) fn next_look(subscription: &Subscription) -> Instant {
    let due = subscription.next_due();
    let left = due.map_or(3_600_000, |due| (due - subscription.now_ms()).max(1));
    Instant::now() + Duration::from_millis(left.unsigned_abs())
}

/// The messages that there are now.
///
/// # Errors
/// The subscription is deleted or detached, or the log cannot be read.
pub(in crate::pubsub) fn take(
    service: &PubSub,
    subscription: &Arc<Subscription>,
    wanted: &Wanted,
) -> Result<Vec<ReceivedMessage>, Status> {
    if subscription.is_deleted() {
        return Err(not_found(subscription.name()));
    }
    if subscription.is_detached() {
        return Err(Status::failed_precondition(
            "The subscription is detached from its topic.",
        ));
    }
    let mut messages = subscription.take(wanted).map_err(store)?;
    dead_letters::forward(service, subscription)?;
    let terms = subscription.terms();
    if !messages.is_empty() && service.faults.strikes(Fault::Reorder) && !terms.ordered {
        messages.reverse();
    }
    if !messages.is_empty() && !terms.exactly_once {
        misbehave(service, subscription, &messages);
    }
    Ok(messages)
}

/// The faults of delivery at least once: leases that end early, which lets messages come twice.
fn misbehave(service: &PubSub, subscription: &Subscription, messages: &[ReceivedMessage]) {
    let faults = &service.faults;
    let first = messages.first().into_iter();
    let ids: Vec<_> = first
        .filter_map(|message| AckId::decode(&message.ack_id))
        .collect();
    if faults.strikes(Fault::StaleLease) || faults.strikes(Fault::Duplicate) {
        subscription.change_leases(&ids, 0);
    }
}

/// Acknowledge.
pub(in crate::pubsub) fn acknowledge(
    call: &Call,
    request: pb::AcknowledgeRequest,
) -> Result<(), Status> {
    let subscription = call.service.subscription(&request.subscription)?;
    check_ids(&request.ack_ids)?;
    settle(&subscription, request.ack_ids)
}

/// ModifyAckDeadline.
pub(in crate::pubsub) fn modify_ack_deadline(
    call: &Call,
    request: pb::ModifyAckDeadlineRequest,
) -> Result<(), Status> {
    let subscription = call.service.subscription(&request.subscription)?;
    check_ids(&request.ack_ids)?;
    change(
        &call.service,
        &subscription,
        request.ack_ids,
        request.ack_deadline_seconds,
    )
}

/// Acknowledges messages.
///
/// # Errors
/// Some ack ids are not good; the others are done.
pub(in crate::pubsub) fn settle(
    subscription: &Subscription,
    texts: Vec<String>,
) -> Result<(), Status> {
    let ids = decode(&texts);
    let known: Vec<_> = ids.iter().copied().flatten().collect();
    let outcomes = subscription.acknowledge(&known).map_err(store)?;
    judge(subscription, texts, &ids, outcomes)
}

/// Lets leases end in so many seconds.
///
/// # Errors
/// Some ack ids are not good, the others are done; or the time is none that there is.
pub(in crate::pubsub) fn change(
    service: &PubSub,
    subscription: &Arc<Subscription>,
    texts: Vec<String>,
    seconds: i32,
) -> Result<(), Status> {
    if !(0..=LONGEST).contains(&seconds) {
        let given = seconds.into();
        return Err(out_of_bounds(
            "ack_deadline_seconds",
            given,
            0,
            LONGEST.into(),
        ));
    }
    let ids = decode(&texts);
    let known: Vec<_> = ids.iter().copied().flatten().collect();
    let outcomes = subscription.change_leases(&known, i64::from(seconds) * 1000);
    dead_letters::forward(service, subscription)?;
    judge(subscription, texts, &ids, outcomes)
}

fn decode(texts: &[String]) -> Vec<Option<AckId>> {
    texts.iter().map(|text| AckId::decode(text)).collect()
}

/// Says which ack ids were not good, as far as a subscription says that.
fn judge(
    subscription: &Subscription,
    texts: Vec<String>,
    ids: &[Option<AckId>],
    outcomes: Vec<Outcome>,
) -> Result<(), Status> {
    let mut outcomes = outcomes.into_iter();
    let judged = ids.iter().map(|id| match id {
        Some(_) => outcomes.next().unwrap_or(Outcome::Foreign),
        None => Outcome::Foreign,
    });
    let bad = texts.into_iter().zip(judged);
    let bad: Vec<_> = bad
        .filter(|(_, outcome)| *outcome != Outcome::Done)
        .collect();
    let Some((first, _)) = bad.first() else {
        return Ok(());
    };
    if subscription.terms().exactly_once {
        return Err(invalid_ack_ids(bad.into_iter().map(|(text, _)| text)));
    }
    Err(invalid(format!(
        "You have passed an invalid ack ID to the service (ack_id={first})."
    )))
}

fn check_ids(ids: &[String]) -> Result<(), Status> {
    let bytes: usize = ids.iter().map(String::len).sum();
    match (ids.is_empty(), bytes > ACK_ID_BYTES) {
        (true, _) => Err(out_of_bounds("ack_ids", 0, 1, i64::MAX)),
        (_, true) => Err(invalid(format!(
            "Request payload size exceeds the limit: {ACK_ID_BYTES} bytes."
        ))),
        _ => Ok(()),
    }
}
