//! Who asks, and in which region: the credential scope of a signature, which itself is not checked.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::AwsError;

/// The region of signatures that do not name one.
const DEFAULT_REGION: &str = "us-east-1";

/// What a signature says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) region: String,
    /// The service it was made for, if it says.
    pub(super) service: Option<String>,
}

/// Reads the scope from the `Authorization` header (SigV4) or from the parameters of a presigned URL or of a form
/// (SigV4 `X-Amz-Credential`, SigV2 `AWSAccessKeyId`).
///
/// # Errors
/// There is no signature, or it does not say who signed.
pub(super) fn scope(
    headers: &HeaderMap,
    parameters: &[(String, String)],
) -> Result<Scope, AwsError> {
    let parameter = |name: &str| {
        let found = parameters.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    };
    if let Some(header) = headers.get(AUTHORIZATION) {
        let text = header.to_str().unwrap_or_default();
        let credential = text
            .split([' ', ','])
            .find_map(|part| part.trim().strip_prefix("Credential="));
        return match credential {
            Some(credential) => from_credential(credential),
            None => Err(incomplete()),
        };
    }
    if let Some(credential) = parameter("X-Amz-Credential") {
        return from_credential(credential);
    }
    match parameter("AWSAccessKeyId") {
        Some(_) => Ok(Scope {
            region: DEFAULT_REGION.to_owned(),
            service: None,
        }),
        None => Err(AwsError::coral(
            403,
            "MissingAuthenticationToken",
            "Request is missing Authentication Token",
        )),
    }
}

/// `KEY/DATE/REGION/SERVICE/aws4_request`.
fn from_credential(credential: &str) -> Result<Scope, AwsError> {
    let parts: Vec<_> = credential.split('/').collect();
    match parts[..] {
        [key, _, region, service, "aws4_request"] if !key.is_empty() && is_region(region) => {
            Ok(Scope {
                region: region.to_owned(),
                service: Some(service.to_owned()),
            })
        }
        _ => Err(incomplete()),
    }
}

fn is_region(region: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    (1..=40).contains(&region.len()) && region.chars().all(is_plain)
}

fn incomplete() -> AwsError {
    AwsError::coral(
        400,
        "IncompleteSignature",
        "Authorization header requires 'Credential' parameter of the form \
         KEY/DATE/REGION/SERVICE/aws4_request. Authorization header requires existence of either a 'X-Amz-Date' or \
         a 'Date' header.",
    )
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn with_header(value: &str) -> Result<Scope, AwsError> {
        let value = HeaderValue::from_str(value).unwrap();
        scope(&HeaderMap::from_iter([(AUTHORIZATION, value)]), &[])
    }

    #[test]
    fn the_scope_names_the_region() {
        let header = "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=0";
        let scope = with_header(header).unwrap();
        assert_eq!(scope.region, "eu-west-1");
        assert_eq!(scope.service.as_deref(), Some("sqs"));
    }

    #[test]
    fn a_presigned_url_has_it_in_a_parameter() {
        let credential = "AKID/20260101/us-west-2/sts/aws4_request".to_owned();
        let parameters = [("X-Amz-Credential".to_owned(), credential)];
        assert_eq!(
            scope(&HeaderMap::new(), &parameters).unwrap().region,
            "us-west-2"
        );
    }

    #[test]
    fn without_a_signature_a_request_is_refused() {
        assert_eq!(
            scope(&HeaderMap::new(), &[]).unwrap_err().code,
            "MissingAuthenticationToken"
        );
        assert_eq!(
            with_header("Bearer x").unwrap_err().code,
            "IncompleteSignature"
        );
        let no_region = "AWS4-HMAC-SHA256 Credential=AKID/20260101//sqs/aws4_request";
        assert_eq!(
            with_header(no_region).unwrap_err().code,
            "IncompleteSignature"
        );
    }
}
