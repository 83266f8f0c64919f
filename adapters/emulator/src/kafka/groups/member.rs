//! One member of a group.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::protocol::StrBytes;

use super::group::Ticket;
use super::join::JoinRequest;

/// A member and what it waits for.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) instance_id: Option<StrBytes>,
    pub(crate) client_id: StrBytes,
    pub(crate) client_host: String,
    pub(super) session_timeout: Duration,
    pub(super) rebalance_timeout: Duration,
    /// Assignment strategies with the member's subscription, the most wanted first.
    pub(super) protocols: Vec<(StrBytes, Bytes)>,
    pub(crate) assignment: Bytes,
    /// When it is given up, unless it is heard of or waits.
    pub(super) deadline: Duration,
    /// The waiting JoinGroup.
    pub(super) joining: Option<Ticket>,
    /// The waiting SyncGroup.
    pub(super) syncing: Option<Ticket>,
}

impl Member {
    pub(super) fn new(request: JoinRequest, now: Duration) -> Self {
        Self {
            instance_id: request.instance_id,
            client_id: request.client_id,
            client_host: request.client_host,
            session_timeout: request.session_timeout,
            rebalance_timeout: request.rebalance_timeout,
            protocols: request.protocols,
            assignment: Bytes::new(),
            deadline: now + request.session_timeout,
            joining: None,
            syncing: None,
        }
    }

    /// Takes over what a repeated JoinGroup says.
    pub(super) fn update(&mut self, request: JoinRequest, now: Duration) {
        self.session_timeout = request.session_timeout;
        self.rebalance_timeout = request.rebalance_timeout;
        self.protocols = request.protocols;
        self.heard(now);
    }

    /// Puts its end off by a session time-out.
    pub(super) fn heard(&mut self, now: Duration) {
        self.deadline = now + self.session_timeout;
    }

    /// Whether it went silent for longer than its session time-out.
    pub(super) fn is_expired(&self, now: Duration) -> bool {
        self.joining.is_none() && self.syncing.is_none() && self.deadline <= now
    }

    /// The metadata that it sent for a protocol.
    pub(crate) fn metadata(&self, protocol: &str) -> Bytes {
        let found = self
            .protocols
            .iter()
            .find(|(name, _)| name.as_str() == protocol);
        found
            .map(|(_, metadata)| metadata.clone())
            .unwrap_or_default()
    }

    /// Whether it can use a protocol.
    pub(super) fn supports(&self, protocol: &str) -> bool {
        self.protocols
            .iter()
            .any(|(name, _)| name.as_str() == protocol)
    }
}
