//! Names of resources: `projects/PROJECT/KIND/ID`.

use tonic::Status;

use super::error::invalid;

/// What a subscription says instead of a topic that was deleted.
pub(super) const DELETED_TOPIC: &str = "_deleted-topic_";

/// Kinds of resources, as they stand in names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Topic,
    Subscription,
    Snapshot,
    Schema,
}

impl Kind {
    fn collection(self) -> &'static str {
        match self {
            Self::Topic => "topics",
            Self::Subscription => "subscriptions",
            Self::Snapshot => "snapshots",
            Self::Schema => "schemas",
        }
    }
}

/// The name of a resource of `kind`, taken apart; checks it by the rules for new ones.
///
/// # Errors
/// The name does not follow the rules.
pub(super) fn check(name: &str, kind: Kind) -> Result<(), Status> {
    let parts: Vec<_> = name.split('/').collect();
    let is_good = match parts[..] {
        ["projects", project, collection, id] => {
            !project.is_empty() && collection == kind.collection() && is_id(id)
        }
        _ => false,
    };
    if is_good {
        return Ok(());
    }
    Err(invalid(format!(
        "Invalid resource name given (name={name}). Refer to \
         https://cloud.google.com/pubsub/docs/admin#resource_names for more information."
    )))
}

/// Checks `projects/PROJECT` and gives what the names in it begin with.
///
/// # Errors
/// It is something else.
pub(super) fn prefix(project: &str) -> Result<String, Status> {
    match project.split('/').collect::<Vec<_>>()[..] {
        ["projects", id] if !id.is_empty() => Ok(format!("{project}/")),
        _ => Err(invalid(format!(
            "Invalid resource name given (name={project}). Refer to \
             https://cloud.google.com/pubsub/docs/admin#resource_names for more information."
        ))),
    }
}

/// The project's id of a resource's name.
pub(super) fn project_of(name: &str) -> &str {
    name.split('/').nth(1).unwrap_or_default()
}

/// 3 to 255 characters, a letter first, and not `goog...`.
fn is_id(id: &str) -> bool {
    let is_allowed =
        |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.' | b'~' | b'+' | b'%');
    (3..=255).contains(&id.len())
        && id.starts_with(|first: char| first.is_ascii_alphabetic())
        && id.bytes().all(is_allowed)
        && !id.starts_with("goog")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_the_service() {
        let good = |name| check(name, Kind::Topic).is_ok();
        assert!(good("projects/p/topics/abc"));
        assert!(good("projects/example.com:p/topics/a-_.~+%Z9"));
        for bad in [
            "",
            "projects/p/topics/ab",
            "projects/p/topics/1bc",
            "projects/p/topics/google",
            "projects/p/topics/a b c",
            "projects//topics/abc",
            "projects/p/subscriptions/abc",
            "projects/p/topics/abc/d",
        ] {
            assert!(!good(bad), "{bad}");
        }
        assert!(!good(&format!("projects/p/topics/{}", "a".repeat(256))));
    }
}
