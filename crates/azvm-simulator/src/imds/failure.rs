//! IMDS's error bodies.

use serde::Serialize;
use serde_json::json;

use crate::clock::{ERROR_TIME, utc};
use crate::exchange::Reply;
use crate::random::Random;

/// Members in this order: clients compare whole bodies.
#[derive(Serialize)]
struct Failure<'a> {
    error: &'a str,
    error_description: &'a str,
}

/// What Entra says is handed through by IMDS.
#[derive(Serialize)]
struct EntraFailure<'a> {
    error: &'a str,
    error_description: String,
    error_codes: [u32; 1],
    timestamp: String,
    trace_id: String,
    correlation_id: String,
    error_uri: &'a str,
}

pub(super) fn failure(status: u16, error: &str, error_description: &str) -> Reply {
    Reply::json(
        status,
        &Failure {
            error,
            error_description,
        },
    )
}

pub(super) fn invalid_request(description: &str) -> Reply {
    failure(400, "invalid_request", description)
}

pub(super) fn not_found() -> Reply {
    Reply::json(404, &json!({ "error": "Not found" }))
}

/// Entra knows no such resource in this tenant.
pub(super) fn unknown_resource(
    resource: &str,
    tenant_id: &str,
    now: i64,
    random: &Random,
) -> Reply {
    let (timestamp, trace_id, correlation_id) = (
        utc(now, ERROR_TIME),
        random.guid().to_string(),
        random.guid().to_string(),
    );
    let error_description = format!(
        "AADSTS500011: The resource principal named {resource} was not found in the tenant named {tenant_id}. \
         This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. \
         You might have sent your authentication request to the wrong tenant.\r\n\
         Trace ID: {trace_id}\r\nCorrelation ID: {correlation_id}\r\nTimestamp: {timestamp}"
    );
    let (error, error_uri) = (
        "invalid_resource",
        "https://login.microsoftonline.com/error?code=500011",
    );
    Reply::json(
        400,
        &EntraFailure {
            error,
            error_description,
            error_codes: [500_011],
            timestamp,
            trace_id,
            correlation_id,
            error_uri,
        },
    )
}
