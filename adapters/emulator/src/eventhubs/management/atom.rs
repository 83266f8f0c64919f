//! Atom entries, written and read.

use http::StatusCode;
use jiff::Timestamp;
use quick_xml::escape::escape;
use quick_xml::events::Event;

use super::Refusal;
use crate::eventhubs::hub::OpenHub;

/// The namespace of the descriptions.
const SERVICE_BUS: &str = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect";

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3600 * 1000;

/// The longest retention that can be asked for, in days: that of the service's Premium tier.
const MAX_DAYS: i64 = 90;

/// What a client wants of a hub.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Description {
    pub(super) partitions: Option<u32>,
    pub(super) retention_ms: Option<i64>,
}

impl Description {
    /// Reads an entry; an empty body wants nothing.
    ///
    /// # Errors
    /// It is not XML, or a number is none.
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let bad = |reason: String| (StatusCode::BAD_REQUEST, reason);
        let mut description = Self::default();
        let mut reader = quick_xml::Reader::from_reader(body);
        let mut element = Vec::new();
        loop {
            match reader.read_event() {
                Err(error) => return Err(bad(format!("the entry is not XML: {error}"))),
                Ok(Event::Eof) => return Ok(description),
                Ok(Event::Start(start)) => element = start.local_name().as_ref().to_vec(),
                Ok(Event::End(_)) => element.clear(),
                Ok(Event::Text(text)) if !element.is_empty() => {
                    let text = text.decode().unwrap_or_default();
                    description.note(&element, text.trim()).map_err(bad)?;
                }
                Ok(_) => {}
            }
        }
    }

    fn note(&mut self, element: &[u8], text: &str) -> Result<(), String> {
        let wrong = |name: &str| format!("`{name}` is `{text}`");
        match element {
            b"PartitionCount" => {
                self.partitions = Some(text.parse().map_err(|_| wrong("PartitionCount"))?);
            }
            b"MessageRetentionInDays" => {
                let days: i64 = text.parse().map_err(|_| wrong("MessageRetentionInDays"))?;
                if !(1..=MAX_DAYS).contains(&days) {
                    let reason = format!("`MessageRetentionInDays` is {days}; use 1 to {MAX_DAYS}");
                    return Err(reason);
                }
                self.retention_ms = Some(days * DAY_MS);
            }
            _ => {}
        }
        Ok(())
    }
}

/// The entry of a hub.
pub(super) fn hub(hub: &OpenHub) -> String {
    let about = hub.about();
    let days = match about.retention_ms {
        ..0 => MAX_DAYS,
        ms => (ms / DAY_MS).max(1),
    };
    let count = hub.stream.partition_count();
    let ids: String = (0..count)
        .map(|number| {
            format!(
                "<d2p1:string xmlns:d2p1=\"http://schemas.microsoft.com/2003/10/Serialization/Arrays\">{number}</d2p1:string>"
            )
        })
        .collect();
    let created = time(about.created_ms);
    let description = format!(
        "<EventHubDescription xmlns=\"{SERVICE_BUS}\"><MessageRetentionInDays>{days}</MessageRetentionInDays>\
         <Status>Active</Status><CreatedAt>{created}</CreatedAt><PartitionCount>{count}</PartitionCount>\
         <PartitionIds>{ids}</PartitionIds></EventHubDescription>"
    );
    entry(hub.name(), hub.name(), about.created_ms, &description)
}

/// The entry of a consumer group: its name, and when it was created.
pub(super) fn group(hub: &OpenHub, (name, created_ms): &(String, i64)) -> String {
    let created = time(*created_ms);
    let description = format!(
        "<ConsumerGroupDescription xmlns=\"{SERVICE_BUS}\"><CreatedAt>{created}</CreatedAt></ConsumerGroupDescription>"
    );
    let path = format!("{}/ConsumerGroups/{name}", hub.name());
    entry(&path, name, *created_ms, &description)
}

fn entry(path: &str, title: &str, created_ms: i64, description: &str) -> String {
    let (path, title, created) = (escape(path), escape(title), time(created_ms));
    format!(
        "<entry xmlns=\"http://www.w3.org/2005/Atom\"><id>/{path}</id><title type=\"text\">{title}</title>\
         <published>{created}</published><updated>{created}</updated>\
         <content type=\"application/xml\">{description}</content></entry>"
    )
}

/// Several entries.
pub(super) struct Feed {
    title: &'static str,
    entries: Vec<String>,
}

impl Feed {
    /// A feed of these.
    pub(super) fn new(title: &'static str, entries: Vec<String>) -> Self {
        Self { title, entries }
    }

    /// The whole document.
    pub(super) fn to_xml(&self) -> String {
        format!(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title type=\"text\">{}</title>{}</feed>",
            self.title,
            self.entries.concat()
        )
    }
}

/// The body of a refusal.
pub(super) fn error(code: u16, reason: &str) -> String {
    let reason = escape(reason);
    format!("<Error><Code>{code}</Code><Detail>{reason}</Detail></Error>")
}

fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms)
        .unwrap_or_default()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_the_dotnet_client_is_read() {
        let entry = format!(
            "<?xml version=\"1.0\"?><entry xmlns=\"http://www.w3.org/2005/Atom\"><content type=\"application/xml\">\
             <EventHubDescription xmlns=\"{SERVICE_BUS}\"><MessageRetentionInDays>2</MessageRetentionInDays>\
             <PartitionCount>4</PartitionCount></EventHubDescription></content></entry>"
        );
        let read = Description::read(entry.as_bytes());
        let expected = Description {
            partitions: Some(4),
            retention_ms: Some(2 * DAY_MS),
        };
        assert_eq!(read, Ok(expected));
        assert_eq!(Description::read(b""), Ok(Description::default()));
    }

    #[test]
    fn what_is_no_number_is_told() {
        let refused = Description::read(b"<PartitionCount>many</PartitionCount>");
        assert!(refused.is_err_and(|(_, reason)| reason.contains("many")));
    }
}
