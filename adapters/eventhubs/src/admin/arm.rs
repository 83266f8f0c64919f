//! Azure Resource Manager: hubs as resources of a subscription.

use azure_core::http::Method;
use serde::Deserialize;
use serde_json::json;
use ssectl_adapter::{Error, ErrorKind, Result};

use super::http::{Http, Right};
use super::settings::Settings;
use crate::client::Service;

const VERSION: &str = "api-version=2024-01-01";
const PUBLIC: &str = "https://management.azure.com";
const SCOPE: &str = "https://management.azure.com/.default";
const KIND: &str = "application/json";

/// The hubs of one namespace.
pub(super) struct Arm {
    http: Http,
    /// The address of all of them, without the query.
    hubs: String,
}

/// A page of a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    value: Vec<Resource>,
    next_link: Option<String>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
}

impl Arm {
    /// Where the options name a subscription.
    pub(super) async fn of(service: &Service) -> Result<Option<Self>> {
        let config = &service.config;
        let (Some(subscription), Some(group)) = (&config.subscription, &config.resource_group)
        else {
            return Ok(None);
        };
        let right = Right::Token(service.credential().await?, SCOPE);
        let namespace = &service.origin().await?.namespace;
        Ok(Some(Self {
            http: Http::new(right, config.timeout.as_duration()),
            hubs: address(PUBLIC, subscription, group, namespace),
        }))
    }

    /// Resource Manager changes a hub that is there, so it is asked for first.
    pub(super) async fn create(&self, name: &str, settings: &Settings) -> Result<()> {
        let url = self.url(name);
        match self
            .http
            .ask("looking for the hub", Method::Get, &url, None)
            .await
        {
            Ok(_) => {
                let what = format!("hub `{name}` exists");
                return Err(Error::new(ErrorKind::AlreadyExists, what));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let body = Some((KIND, properties(settings)));
        self.http
            .ask("making the hub", Method::Put, &url, body)
            .await?;
        Ok(())
    }

    /// Resource Manager deletes what is not there without a word, so it is asked for first.
    pub(super) async fn delete(&self, name: &str) -> Result<()> {
        let url = self.url(name);
        self.http
            .ask("looking for the hub", Method::Get, &url, None)
            .await?;
        self.http
            .ask("deleting the hub", Method::Delete, &url, None)
            .await?;
        Ok(())
    }

    pub(super) async fn list(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        let mut next = Some(format!("{}?{VERSION}", self.hubs));
        while let Some(url) = next {
            let text = self
                .http
                .ask("listing hubs", Method::Get, &url, None)
                .await?;
            let page: Page = serde_json::from_str(&text).map_err(|error| {
                let what = format!("listing hubs: the answer is none of Resource Manager: {error}");
                Error::new(ErrorKind::Data, what)
            })?;
            names.extend(page.value.into_iter().map(|hub| hub.name));
            next = page.next_link.filter(|link| !link.is_empty());
        }
        Ok(names)
    }

    fn url(&self, name: &str) -> String {
        format!("{}/{name}?{VERSION}", self.hubs)
    }
}

fn address(base: &str, subscription: &str, group: &str, namespace: &str) -> String {
    let namespace = namespace.split('.').next().unwrap_or(namespace);
    format!(
        "{base}/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.EventHub/namespaces/{namespace}/eventhubs"
    )
}

fn properties(settings: &Settings) -> String {
    let mut properties = serde_json::Map::new();
    if let Some(count) = settings.partitions {
        properties.insert("partitionCount".to_owned(), count.into());
    }
    if let Some(days) = settings.retention_days {
        properties.insert("messageRetentionInDays".to_owned(), days.into());
    }
    json!({ "properties": properties }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hubs_are_resources_of_their_namespace() {
        assert_eq!(
            address(PUBLIC, "s-1", "rg", "shop.servicebus.windows.net"),
            "https://management.azure.com/subscriptions/s-1/resourceGroups/rg/providers/Microsoft.EventHub/namespaces/shop/eventhubs"
        );
    }

    #[test]
    fn only_what_was_said_is_asked_for() {
        assert_eq!(properties(&Settings::default()), r#"{"properties":{}}"#);
        let settings = Settings {
            partitions: Some(4),
            retention_days: Some(7),
        };
        assert_eq!(
            properties(&settings),
            r#"{"properties":{"messageRetentionInDays":7,"partitionCount":4}}"#
        );
    }
}
