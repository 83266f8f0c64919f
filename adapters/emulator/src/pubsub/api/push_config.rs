//! What a push configuration may say.

use hyper::Uri;
use tonic::Status;

use crate::pubsub::error::{invalid, unsupported};
use crate::pubsub::proto::pubsub as pb;

/// Checks where messages are pushed to, if they are.
///
/// # Errors
/// The endpoint is none, or needs what the emulator has not.
pub(super) fn check(subscription: &pb::Subscription) -> Result<(), Status> {
    let endpoint = subscription
        .push_config
        .as_ref()
        .map_or("", |config| config.push_endpoint.as_str());
    if endpoint.is_empty() {
        return Ok(());
    }
    let bad = || {
        invalid(format!(
            "Invalid push endpoint given (endpoint={endpoint}). Refer to \
             https://cloud.google.com/pubsub/docs/push for more information."
        ))
    };
    let uri: Uri = endpoint.parse().map_err(|_| bad())?;
    match (uri.scheme_str(), uri.authority()) {
        (Some("http"), Some(_)) => {}
        (Some("https"), Some(_)) => {
            return Err(unsupported("push over https: use an http:// endpoint"));
        }
        _ => return Err(bad()),
    }
    if subscription.enable_exactly_once_delivery {
        return Err(invalid(
            "Exactly once delivery is not supported with push subscriptions.",
        ));
    }
    Ok(())
}
