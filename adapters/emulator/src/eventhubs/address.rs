//! What a link is attached to.

/// A node of the namespace, by the address of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// `$cbs`: where tokens are put.
    Cbs,
    /// `$management` or `HUB/$management`: what is known of hubs.
    Management,
    /// `HUB` or `HUB/Partitions/N`: where events are sent.
    Sender {
        hub: String,
        partition: Option<String>,
    },
    /// `HUB/ConsumerGroups/G/Partitions/N`: where events are received.
    Receiver {
        hub: String,
        group: String,
        partition: String,
    },
}

impl Node {
    /// Reads an address, with or without scheme and host; the words in it may be in any case. `None` if it is nothing
    /// that there can be.
    pub(crate) fn parse(address: &str) -> Option<Self> {
        let path = path_of(address);
        let parts: Vec<_> = path.split('/').collect();
        let is = |part: &str, word: &str| part.eq_ignore_ascii_case(word);
        Some(match parts[..] {
            [word] if is(word, "$cbs") => Self::Cbs,
            [word] | [_, word] if is(word, "$management") => Self::Management,
            [hub] if !hub.is_empty() => Self::Sender {
                hub: hub.to_owned(),
                partition: None,
            },
            [hub, word, number] if is(word, "partitions") && !hub.is_empty() => Self::Sender {
                hub: hub.to_owned(),
                partition: Some(number.to_owned()),
            },
            [hub, groups, group, partitions, number]
                if is(groups, "consumergroups") && is(partitions, "partitions") =>
            {
                Self::Receiver {
                    hub: hub.to_owned(),
                    group: group.to_owned(),
                    partition: number.to_owned(),
                }
            }
            _ => return None,
        })
    }
}

/// The path of an address, without slashes around it.
pub(crate) fn path_of(address: &str) -> &str {
    let path = match address.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => address,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.trim_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_all_clients_are_read() {
        let hub = |partition: Option<&str>| {
            Some(Node::Sender {
                hub: "hub".to_owned(),
                partition: partition.map(str::to_owned),
            })
        };
        for address in ["hub", "/hub/", "sb://h:5672/hub", "amqps://h/hub/"] {
            assert_eq!(Node::parse(address), hub(None), "{address}");
        }
        assert_eq!(Node::parse("amqps://h/hub/Partitions/3"), hub(Some("3")));
        assert_eq!(Node::parse("hub/partitions/3"), hub(Some("3")));
        let receiver = Node::parse("amqps://h/hub/consumergroups/$Default/Partitions/0");
        assert!(matches!(receiver, Some(Node::Receiver { .. })));
        assert_eq!(Node::parse("$cbs"), Some(Node::Cbs));
        assert_eq!(
            Node::parse("amqps://h/hub/$management"),
            Some(Node::Management)
        );
        assert_eq!(Node::parse("amqps://h"), None);
        assert_eq!(Node::parse("hub/what/ever"), None);
    }
}
