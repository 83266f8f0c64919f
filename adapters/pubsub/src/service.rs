//! The clients of a project, each made when it is first used, and topics by their names.

use std::time::Duration;

use google_cloud_auth::credentials::{Credentials, anonymous};
use google_cloud_gax::paginator::ItemPaginator as _;
use google_cloud_gax::retry_policy::{NeverRetry, RetryPolicyExt as _};
use google_cloud_pubsub::client::{BasePublisher, Subscriber, SubscriptionAdmin, TopicAdmin};
use google_cloud_pubsub::model::Topic;
use ssectl_adapter::{Error, ErrorKind, Result, closest, is_loopback_url};
use tokio::sync::OnceCell;

use crate::config::PubsubConfig;
use crate::{error, names};

/// Where topics live; connects when first used.
pub(crate) struct Service {
    pub(crate) config: PubsubConfig,
    /// Another service than Google's.
    endpoint: Option<String>,
    project: String,
    credentials: OnceCell<Credentials>,
    topics: OnceCell<TopicAdmin>,
    subscriptions: OnceCell<SubscriptionAdmin>,
    publisher: OnceCell<BasePublisher>,
    subscriber: OnceCell<Subscriber>,
}

/// The project at an emulator, where nobody has said another one.
const LOCAL_PROJECT: &str = "ssectl-local";
/// A bounded read waits for so long a silence at a service on this machine.
const QUIET_HERE: Duration = Duration::from_secs(1);
/// The same elsewhere.
const QUIET: Duration = Duration::from_secs(10);

/// Makes a client once, with the options that all of them have.
macro_rules! client {
    ($service:ident, $cell:ident, $builder:expr) => {
        $service
            .$cell
            .get_or_try_init(async || {
                let mut builder = $builder.with_credentials($service.credentials().await?.clone());
                if let Some(endpoint) = &$service.endpoint {
                    builder = builder.with_endpoint(endpoint);
                }
                builder.build().await.map_err(|fault| error::client(&fault))
            })
            .await
    };
}

impl Service {
    /// `Config` when nobody says which project it is.
    pub(crate) fn new(config: PubsubConfig) -> Result<Self> {
        let of = |name| {
            std::env::var(name)
                .ok()
                .filter(|value: &String| !value.is_empty())
        };
        let emulator = || of("PUBSUB_EMULATOR_HOST").map(|host| emulator_url(&host));
        let endpoint = config.endpoint.clone().or_else(emulator);
        let plain = endpoint.as_deref().is_some_and(is_plain);
        let project = config
            .project
            .clone()
            .or_else(|| of("GOOGLE_CLOUD_PROJECT"))
            .or_else(|| of("GCLOUD_PROJECT"))
            .or_else(|| plain.then(|| LOCAL_PROJECT.to_owned()));
        Ok(Self {
            project: project.unwrap_or_default(),
            endpoint,
            config,
            credentials: OnceCell::new(),
            topics: OnceCell::new(),
            subscriptions: OnceCell::new(),
            publisher: OnceCell::new(),
            subscriber: OnceCell::new(),
        })
    }

    /// The project, which a topic's full name need not say.
    pub(crate) fn project(&self) -> Result<&str> {
        if self.project.is_empty() {
            return Err(Error::new(ErrorKind::Config, "no Google Cloud project")
                .hint("set the option `project`, or `GOOGLE_CLOUD_PROJECT`; `pubsub://PROJECT/TOPIC` names it too"));
        }
        Ok(&self.project)
    }

    /// The full name of a topic.
    pub(crate) fn topic_name(&self, stream: &str) -> Result<String> {
        if stream.starts_with("projects/") {
            return names::topic("", stream);
        }
        names::topic(self.project()?, stream)
    }

    /// Where it is, for messages.
    pub(crate) fn place(&self) -> String {
        let project = if self.project.is_empty() {
            "no project"
        } else {
            &self.project
        };
        match &self.endpoint {
            Some(endpoint) => format!("{project} at {endpoint}"),
            None => project.to_owned(),
        }
    }

    /// How long a silence is the end of a bounded read.
    pub(crate) fn quiet(&self) -> Duration {
        // Who cannot be asked whether it is still there is given more time.
        let here = !self.config.data_only && self.endpoint.as_deref().is_some_and(is_loopback_url);
        let usual = if here { QUIET_HERE } else { QUIET };
        self.config
            .quiet
            .map_or(usual, ssectl_adapter::Span::as_duration)
    }

    pub(crate) async fn topics(&self) -> Result<&TopicAdmin> {
        client!(
            self,
            topics,
            TopicAdmin::builder().with_retry_policy(NeverRetry)
        )
    }

    pub(crate) async fn subscriptions(&self) -> Result<&SubscriptionAdmin> {
        client!(
            self,
            subscriptions,
            SubscriptionAdmin::builder().with_retry_policy(NeverRetry)
        )
    }

    /// A request that is not answered in time is given up by both sides, so none arrives late and out of order.
    pub(crate) async fn publisher(&self) -> Result<&BasePublisher> {
        let limit = self.config.timeout.as_duration();
        client!(
            self,
            publisher,
            BasePublisher::builder().with_retry_policy(NeverRetry.with_time_limit(limit))
        )
    }

    pub(crate) async fn subscriber(&self) -> Result<&Subscriber> {
        client!(self, subscriber, Subscriber::builder())
    }

    /// Without TLS none are sent; else they are those of Google's own chain.
    async fn credentials(&self) -> Result<&Credentials> {
        let find = async || {
            if self.endpoint.as_deref().is_some_and(is_plain) {
                return Ok(anonymous::Builder::new().build());
            }
            let chain = google_cloud_auth::credentials::Builder::default();
            chain.build().map_err(|fault| error::credentials(&fault))
        };
        self.credentials.get_or_try_init(find).await
    }

    /// Waits for an answer, but not for ever.
    pub(crate) async fn ask<T>(
        &self,
        doing: &str,
        asked: impl Future<Output = google_cloud_pubsub::Result<T>>,
    ) -> Result<T> {
        match tokio::time::timeout(self.config.timeout.as_duration(), asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(fault)) => Err(error::request(doing, &fault)),
            Err(_) => Err(error::no_answer(doing)),
        }
    }

    /// Connects to the service and hangs up; answers where it is.
    pub(crate) async fn connect(&self) -> Result<String> {
        let endpoint = self
            .endpoint
            .as_deref()
            .unwrap_or("https://pubsub.googleapis.com");
        let (scheme, rest) = endpoint.split_once("://").unwrap_or(("https", endpoint));
        let host = rest.split('/').next().unwrap_or(rest);
        let port = if scheme == "http" { 80 } else { 443 };
        let has_port = host
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let address = if has_port {
            host.to_owned()
        } else {
            format!("{host}:{port}")
        };
        let connected = tokio::time::timeout(
            self.config.timeout.as_duration(),
            tokio::net::TcpStream::connect(&address),
        );
        match connected.await {
            Ok(Ok(_)) => Ok(address),
            Ok(Err(fault)) => {
                let what = format!("connecting to `{address}`");
                Err(Error::new(ErrorKind::Unavailable, what)
                    .temporary()
                    .caused_by(fault))
            }
            Err(_) => Err(error::no_answer(&format!("connecting to `{address}`"))),
        }
    }

    /// A topic that is there; `NotFound` names the nearest one there is.
    pub(crate) async fn topic(&self, name: &str) -> Result<Topic> {
        let asked = self.topics().await?.get_topic().set_topic(name).send();
        match self.ask("finding the topic", asked).await {
            Err(fault) if fault.kind() == ErrorKind::NotFound => Err(self.unknown(name).await),
            Err(fault) => Err(fault
                .with("topic", names::short(name))
                .with("at", self.place())),
            found => found,
        }
    }

    async fn unknown(&self, name: &str) -> Error {
        let short = names::short(name);
        let error = Error::new(ErrorKind::NotFound, format!("there is no topic `{short}`"))
            .with("at", self.place());
        // Who may not list topics gets no suggestion.
        let project = names::project_of(name).unwrap_or_default();
        let all = self.list(project).await.unwrap_or_default();
        match closest(short, all.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("make it with `ssectl streams create`, or check `project`"),
        }
    }

    /// The short names of a project's topics, sorted.
    pub(crate) async fn list(&self, project: &str) -> Result<Vec<String>> {
        let asked = self.topics().await?.list_topics();
        let mut items = asked
            .set_project(format!("projects/{project}"))
            .set_page_size(1000)
            .by_item();
        let mut names = Vec::new();
        loop {
            let next = async { items.next().await.transpose() };
            let Some(topic) = self.ask("listing topics", next).await? else {
                break;
            };
            names.push(names::short(&topic.name).to_owned());
        }
        names.sort_unstable();
        Ok(names)
    }
}

/// `HOST:PORT`, or a URL as some tools write it.
fn emulator_url(host: &str) -> String {
    if host.contains("://") {
        host.to_owned()
    } else {
        format!("http://{host}")
    }
}

/// Whether requests travel without TLS.
fn is_plain(url: &str) -> bool {
    url.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use ssectl_adapter::decode;

    use super::*;

    fn service(options: serde_json::Value) -> Service {
        let options = serde_json::from_value(options).expect("a map");
        Service::new(decode("pubsub", &options).expect("valid options")).expect("a service")
    }

    #[test]
    fn silence_is_shorter_on_this_machine() {
        let here = service(json!({"endpoint": "http://127.0.0.1:8085", "project": "p"}));
        assert_eq!(here.quiet(), QUIET_HERE);
        let there = service(json!({"endpoint": "https://pubsub.example.com", "project": "p"}));
        assert_eq!(there.quiet(), QUIET);
        let said = service(json!({"endpoint": "http://127.0.0.1:8085", "quiet": "3s"}));
        assert_eq!(said.quiet(), Duration::from_secs(3));
    }

    #[tokio::test]
    async fn credentials_never_travel_without_tls() {
        let plain = service(json!({"endpoint": "http://pubsub.example.com", "project": "p"}));
        let credentials = plain.credentials().await.expect("none are needed");
        assert!(
            format!("{credentials:?}")
                .to_lowercase()
                .contains("anonymous"),
            "{credentials:?}"
        );
    }

    #[test]
    fn the_emulator_is_named_with_or_without_a_scheme() {
        assert_eq!(emulator_url("localhost:8085"), "http://localhost:8085");
        assert_eq!(
            emulator_url("http://localhost:8085"),
            "http://localhost:8085"
        );
    }
}
