//! What a path is of.

use crate::eventhubs::coverage::PathKind;

/// A path that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    kind: PathKind,
    /// The hub, or empty.
    pub(super) hub: String,
    /// The consumer group, or empty.
    pub(super) group: String,
}

impl Target {
    /// Reads a path; the words in it may be in any case.
    pub(super) fn of(path: &str) -> Option<Self> {
        let decoded = path.trim_matches('/').replace("%24", "$");
        let parts: Vec<_> = decoded.split('/').collect();
        let is = |part: &str, word: &str| part.eq_ignore_ascii_case(word);
        let (kind, hub, group) = match parts[..] {
            ["health"] => (PathKind::Health, "", ""),
            ["_ssectl", "reset"] => (PathKind::Reset, "", ""),
            [resources, hubs] if is(resources, "$Resources") && is(hubs, "EventHubs") => {
                (PathKind::Hubs, "", "")
            }
            [hub] if !hub.is_empty() => (PathKind::Hub, hub, ""),
            [hub, groups] if is(groups, "ConsumerGroups") => (PathKind::Groups, hub, ""),
            [hub, groups, group] if is(groups, "ConsumerGroups") => (PathKind::Group, hub, group),
            _ => return None,
        };
        Some(Self {
            kind,
            hub: hub.to_owned(),
            group: group.to_owned(),
        })
    }

    /// What it is of.
    pub(super) fn kind(&self) -> PathKind {
        self.kind
    }
}
