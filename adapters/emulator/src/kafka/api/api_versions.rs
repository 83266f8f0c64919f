//! ApiVersions: which requests are served in which versions.

use bytes::BytesMut;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};

use crate::kafka::apis::APIS;
use crate::kafka::call::{Call, CallError};

pub(crate) fn handle(_: &mut Call<'_>, _: ApiVersionsRequest) -> ApiVersionsResponse {
    ApiVersionsResponse::default().with_api_keys(served())
}

/// The answer to a version that is too new: in version 0, which every client reads, so that it can ask again.
pub(crate) fn unsupported(call: &Call<'_>) -> Result<BytesMut, CallError> {
    let response = ApiVersionsResponse::default()
        .with_error_code(ResponseError::UnsupportedVersion.code())
        .with_api_keys(served());
    call.encode(&response, 0)
}

fn served() -> Vec<ApiVersion> {
    let version = |api: &crate::kafka::apis::Api| {
        ApiVersion::default()
            .with_api_key(api.key as i16)
            .with_min_version(*api.versions.start())
            .with_max_version(*api.versions.end())
    };
    APIS.iter().map(version).collect()
}
