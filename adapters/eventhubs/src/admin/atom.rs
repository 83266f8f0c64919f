//! The management API of a namespace: Atom entries over HTTP, as Service Bus and Event Hubs have it.

use azure_core::http::Method;
use azure_messaging_eventhubs::ConnectionString;
use quick_xml::Reader;
use quick_xml::events::Event;
use ssectl_adapter::{Error, ErrorKind, Result};

use super::http::{Http, Right};
use super::settings::Settings;
use crate::client::Service;
use crate::config::Access;

const VERSION: &str = "api-version=2014-01";
const KIND: &str = "application/atom+xml;type=entry;charset=utf-8";
/// The scope of tokens for the data of a namespace, which its management API takes too.
const SCOPE: &str = "https://eventhubs.azure.net/.default";
/// Entries of one page of a list.
const PAGE: usize = 100;

/// The management API of one namespace.
pub(super) struct Atom {
    http: Http,
    base: String,
}

impl Atom {
    /// The one of the service's namespace.
    pub(super) async fn of(service: &Service) -> Result<Self> {
        let origin = service.origin().await?;
        let right = match &origin.access {
            Access::Shared(string) => shared(string)?,
            Access::Entra => Right::Token(service.credential().await?, SCOPE),
        };
        Ok(Self {
            http: Http::new(right, service.config.timeout.as_duration()),
            base: origin.http(),
        })
    }

    pub(super) async fn create(&self, name: &str, settings: &Settings) -> Result<()> {
        let url = format!("{}/{name}?{VERSION}", self.base);
        let body = Some((KIND, entry(settings)));
        self.http
            .ask("making the hub", Method::Put, &url, body)
            .await?;
        Ok(())
    }

    pub(super) async fn delete(&self, name: &str) -> Result<()> {
        let url = format!("{}/{name}?{VERSION}", self.base);
        self.http
            .ask("deleting the hub", Method::Delete, &url, None)
            .await?;
        Ok(())
    }

    pub(super) async fn list(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        loop {
            let skip = names.len();
            let url = format!(
                "{}/$Resources/EventHubs?{VERSION}&$skip={skip}&$top={PAGE}",
                self.base
            );
            let feed = self
                .http
                .ask("listing hubs", Method::Get, &url, None)
                .await?;
            let page = titles(&feed)?;
            let last = page.len() < PAGE;
            names.extend(page);
            if last {
                return Ok(names);
            }
        }
    }
}

fn shared(string: &str) -> Result<Right> {
    let parsed = string.parse::<ConnectionString>().ok();
    let right = parsed.as_ref().and_then(Right::of);
    right.ok_or_else(|| {
        let what = "the connection string holds neither a key nor a signature";
        Error::new(ErrorKind::Authentication, what)
    })
}

fn entry(settings: &Settings) -> String {
    let number = |name: &str, value: Option<u32>| match value {
        Some(value) => format!("<{name}>{value}</{name}>"),
        None => String::new(),
    };
    // The service reads the elements in this order only.
    let days = number("MessageRetentionInDays", settings.retention_days);
    let partitions = number("PartitionCount", settings.partitions);
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <entry xmlns=\"http://www.w3.org/2005/Atom\"><content type=\"application/xml\">\
         <EventHubDescription xmlns=\"http://schemas.microsoft.com/netservices/2010/10/servicebus/connect\">\
         {days}{partitions}</EventHubDescription></content></entry>"
    )
}

/// The titles of the entries of a feed.
fn titles(feed: &str) -> Result<Vec<String>> {
    let mut reader = Reader::from_str(feed);
    let (mut titles, mut path) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().map_err(|error| damaged(&error))? {
            Event::Start(start) => path.push(start.local_name().as_ref().to_vec()),
            Event::End(_) => {
                path.pop();
            }
            Event::Text(text) if path.ends_with(&[b"entry".to_vec(), b"title".to_vec()]) => {
                let text = text.decode().map_err(|error| damaged(&error))?;
                titles.push(text.trim().to_owned());
            }
            Event::Eof => return Ok(titles),
            _ => {}
        }
    }
}

fn damaged(error: &dyn std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::Data,
        format!("listing hubs: the answer is no Atom feed: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_titles_of_entries_are_hubs() {
        let feed = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title type=\"text\">EventHubs</title>\
                    <entry><id>x</id><title type=\"text\">orders</title><content><a><title>no</title></a></content></entry>\
                    <entry><title type=\"text\">a.b-c</title></entry></feed>";
        assert_eq!(titles(feed).expect("a feed"), ["orders", "a.b-c"]);
        assert!(titles("<feed/>").expect("a feed").is_empty());
        assert_eq!(
            titles("<feed><entry></feed>").expect_err("torn").kind(),
            ErrorKind::Data
        );
    }

    #[test]
    fn only_what_was_said_is_asked_for() {
        assert!(!entry(&Settings::default()).contains("PartitionCount"));
        let settings = Settings {
            partitions: Some(4),
            retention_days: Some(7),
        };
        let text = entry(&settings);
        assert!(
            text.contains("<MessageRetentionInDays>7</MessageRetentionInDays><PartitionCount>4<")
        );
    }
}
