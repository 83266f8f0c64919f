//! Names of topics and subscriptions, short and in full.

use ssectl_adapter::{Error, ErrorKind, Result};

/// What a topic is called once its messages are all that is left of it.
pub(crate) const DELETED_TOPIC: &str = "_deleted-topic_";

/// `projects/PROJECT/topics/TOPIC` of a name that may be so already.
pub(crate) fn topic(project: &str, name: &str) -> Result<String> {
    full(project, "topics", name)
}

/// `projects/PROJECT/subscriptions/NAME` of a name that may be so already.
pub(crate) fn subscription(project: &str, name: &str) -> Result<String> {
    full(project, "subscriptions", name)
}

/// `projects/PROJECT/snapshots/NAME` of a name that may be so already.
pub(crate) fn snapshot(project: &str, name: &str) -> Result<String> {
    full(project, "snapshots", name)
}

/// The last part of a resource's name.
pub(crate) fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The project of a resource.
pub(crate) fn project_of(name: &str) -> Option<&str> {
    name.strip_prefix("projects/")?.split('/').next()
}

fn full(project: &str, collection: &str, name: &str) -> Result<String> {
    let (project, id) = match name.strip_prefix("projects/") {
        None => (project, name),
        Some(rest) => {
            let parts: Vec<_> = rest.split('/').collect();
            match parts[..] {
                [project, kind, id] if kind == collection && !project.is_empty() => (project, id),
                _ => {
                    let form = format!("projects/PROJECT/{collection}/NAME");
                    let what = format!("`{name}` is not of the form `{form}`");
                    return Err(Error::new(ErrorKind::Config, what));
                }
            }
        }
    };
    if !is_id(id) {
        return Err(
            Error::new(ErrorKind::Config, format!("`{id}` is no name in Pub/Sub")).hint(
                "a name has 3 to 255 letters, digits and `-._~+%`, begins with a letter and not with `goog`",
            ),
        );
    }
    Ok(format!("projects/{project}/{collection}/{id}"))
}

/// The rule for ids of topics, subscriptions and snapshots.
fn is_id(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~+%".contains(&b);
    (3..=255).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.starts_with("goog")
        && text.bytes().all(allowed)
}

/// Whether Pub/Sub takes it as an ordering key.
pub(crate) fn is_ordering_key(text: &str) -> bool {
    (1..=1024).contains(&text.len())
}

/// Whether a text can be the id of a project: 6 to 30 letters, digits and hyphens, perhaps behind a domain.
pub(crate) fn is_project(text: &str) -> bool {
    let id = match text.split_once(':') {
        Some((domain, id)) if domain.contains('.') => id,
        Some(_) => return false,
        None => text,
    };
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (6..=30).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_of_the_project_and_full_ones_of_their_own() {
        assert_eq!(
            topic("mine", "orders").expect("a name"),
            "projects/mine/topics/orders"
        );
        let full = "projects/other/topics/orders";
        assert_eq!(topic("mine", full).expect("a name"), full);
        assert_eq!((short(full), project_of(full)), ("orders", Some("other")));
    }

    #[test]
    fn what_pubsub_would_refuse_is_refused_here() {
        for name in [
            "",
            "ab",
            "1st",
            "two words",
            "google-things",
            "projects/p/subscriptions/orders",
            "projects//topics/abc",
        ] {
            let error = topic("mine", name).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::Config, "{name}");
        }
    }

    #[test]
    fn projects_are_told_from_hosts() {
        for project in ["my-project", "example.com:my-project"] {
            assert!(is_project(project), "{project}");
        }
        for host in [
            "localhost:8085",
            "pubsub.example.com",
            "127.0.0.1",
            "My-Project",
            "abc",
        ] {
            assert!(!is_project(host), "{host}");
        }
    }
}
