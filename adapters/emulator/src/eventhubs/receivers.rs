//! Who receives from which partition, and who has to give way.
//!
//! A receiver may have an epoch, its owner level. It drives away all receivers of its group and partition that have none or
//! one that is not higher; and while it is there, nobody with a lower one or without one gets in. At most
//! [`MAX_RECEIVERS`] receivers without an epoch share a group and partition.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::amqp::{AmqpError, condition};
use crate::store::{LockExt, Waiter};

/// Receivers without an epoch at a time, of one group and partition.
const MAX_RECEIVERS: usize = 5;

/// All receivers of a hub.
#[derive(Debug, Default)]
pub(crate) struct Receivers {
    by_place: Arc<Mutex<HashMap<Place, Vec<Entry>>>>,
}

/// A consumer group, in small letters, and a partition.
type Place = (String, u32);

#[derive(Debug)]
struct Entry {
    epoch: Option<i64>,
    seat: Arc<State>,
}

#[derive(Debug)]
struct State {
    is_stolen: AtomicBool,
    waiter: Arc<Waiter>,
}

/// A receiver's right to receive; it is given up when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    place: Place,
    state: Arc<State>,
    of: Arc<Mutex<HashMap<Place, Vec<Entry>>>>,
}

impl Receivers {
    /// Lets a receiver in, and drives away those that have to give way; their waiters are woken.
    ///
    /// # Errors
    /// It may not come in.
    pub(crate) fn admit(
        &self,
        group: &str,
        partition: u32,
        epoch: Option<i64>,
        waiter: &Arc<Waiter>,
    ) -> Result<Seat, AmqpError> {
        let place = (group.to_ascii_lowercase(), partition);
        let mut by_place = self.by_place.locked();
        let entries = by_place.entry(place.clone()).or_default();
        match epoch {
            Some(epoch) => check_epoch(entries, epoch)?,
            None => check_shared(entries, group, partition)?,
        }
        if epoch.is_some() {
            entries.drain(..).for_each(|entry| entry.seat.steal());
        }
        let state = Arc::new(State {
            is_stolen: AtomicBool::new(false),
            waiter: Arc::clone(waiter),
        });
        entries.push(Entry {
            epoch,
            seat: Arc::clone(&state),
        });
        Ok(Seat {
            place,
            state,
            of: Arc::clone(&self.by_place),
        })
    }

    /// Drives away everybody, or those of one group, because what they read is gone.
    pub(crate) fn evict(&self, group: Option<&str>) {
        let by_place = self.by_place.locked();
        for ((of, _), entries) in by_place.iter() {
            if group.is_none_or(|group| of.eq_ignore_ascii_case(group)) {
                entries.iter().for_each(|entry| entry.seat.steal());
            }
        }
    }
}

fn check_epoch(entries: &[Entry], epoch: i64) -> Result<(), AmqpError> {
    match entries.iter().filter_map(|entry| entry.epoch).max() {
        Some(known) if known > epoch => Err(AmqpError::new(
            condition::STOLEN,
            format!(
                "Receiver cannot be created with epoch '{epoch}' because a receiver with a higher epoch '{known}' already exists."
            ),
        )),
        _ => Ok(()),
    }
}

fn check_shared(entries: &[Entry], group: &str, partition: u32) -> Result<(), AmqpError> {
    if let Some(known) = entries.iter().find_map(|entry| entry.epoch) {
        let reason = format!(
            "A receiver with a higher epoch '{known}' already exists. A new receiver without an epoch cannot be created."
        );
        return Err(AmqpError::new(condition::STOLEN, reason));
    }
    if entries.len() >= MAX_RECEIVERS {
        let reason = format!(
            "Exceeded the maximum number of allowed receivers per partition in a consumer group which is {MAX_RECEIVERS}. Consumer group: {group}, partition: {partition}."
        );
        return Err(AmqpError::new(condition::RESOURCE_LIMIT, reason));
    }
    Ok(())
}

impl State {
    fn steal(&self) {
        self.is_stolen.store(true, Ordering::Release);
        self.waiter.wake();
    }
}

impl Seat {
    /// Whether it had to be given to somebody else.
    pub(crate) fn is_stolen(&self) -> bool {
        self.state.is_stolen.load(Ordering::Acquire)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut by_place = self.of.locked();
        if let Some(entries) = by_place.get_mut(&self.place) {
            entries.retain(|entry| !Arc::ptr_eq(&entry.seat, &self.state));
            if entries.is_empty() {
                by_place.remove(&self.place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(receivers: &Receivers, epoch: Option<i64>) -> Result<Seat, &'static str> {
        let seat = receivers.admit("$Default", 0, epoch, &Arc::default());
        seat.map_err(|error| error.condition)
    }

    #[test]
    fn a_higher_or_equal_epoch_takes_over() {
        let receivers = Receivers::default();
        let shared = admit(&receivers, None).unwrap();
        let first = admit(&receivers, Some(1)).unwrap();
        assert!(shared.is_stolen() && !first.is_stolen());
        let second = admit(&receivers, Some(1)).unwrap();
        assert!(first.is_stolen() && !second.is_stolen());
        assert_eq!(admit(&receivers, Some(0)).err(), Some(condition::STOLEN));
        assert_eq!(admit(&receivers, None).err(), Some(condition::STOLEN));
        // The end of the one that was driven away does not free the seat.
        drop((shared, first));
        assert_eq!(admit(&receivers, None).err(), Some(condition::STOLEN));
        drop(second);
        assert!(admit(&receivers, None).is_ok());
    }

    #[test]
    fn five_share_a_partition() {
        let receivers = Receivers::default();
        let seats: Vec<_> = (0..5).map(|_| admit(&receivers, None).unwrap()).collect();
        let refused = admit(&receivers, None).err();
        assert_eq!(refused, Some(condition::RESOURCE_LIMIT));
        let other = receivers.admit("other", 0, None, &Arc::default());
        assert!(other.is_ok(), "another group has seats of its own");
        drop(seats);
        assert!(admit(&receivers, None).is_ok());
    }
}
