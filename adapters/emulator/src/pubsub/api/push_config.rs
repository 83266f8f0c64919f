//! What a push configuration may say.

use hyper::Uri;
use tonic::Status;

use crate::pubsub::error::invalid;
use crate::pubsub::proto::pubsub as pb;
use crate::pubsub::proto::pubsub::push_config::AuthenticationMethod;

/// Checks where messages are pushed to, if they are.
///
/// # Errors
/// The endpoint is none, or its token is of nobody.
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
        (Some("http" | "https"), Some(_)) => {}
        _ => return Err(bad()),
    }
    check_token(subscription)?;
    if subscription.enable_exactly_once_delivery {
        return Err(invalid(
            "Exactly once delivery is not supported with push subscriptions.",
        ));
    }
    Ok(())
}

/// Checks for whom tokens are.
fn check_token(subscription: &pb::Subscription) -> Result<(), Status> {
    let config = subscription.push_config.as_ref();
    let Some(AuthenticationMethod::OidcToken(token)) =
        config.and_then(|config| config.authentication_method.as_ref())
    else {
        return Ok(());
    };
    let email = &token.service_account_email;
    match email.split_once('@') {
        Some((name, domain)) if !name.is_empty() && !domain.is_empty() => Ok(()),
        _ => Err(invalid(format!(
            "Invalid service account email given (service_account_email={email})."
        ))),
    }
}
