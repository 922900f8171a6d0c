//! ARM's error envelope.

use serde::Serialize;

use crate::exchange::Reply;

#[derive(Serialize)]
struct Envelope<'a> {
    error: Failure<'a>,
}

#[derive(Serialize)]
struct Failure<'a> {
    code: &'a str,
    message: &'a str,
}

pub(super) fn failure(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(
        status,
        &Envelope {
            error: Failure { code, message },
        },
    )
}

/// Too many requests; there is another one in so many seconds.
pub(super) fn throttled(secs: u64) -> Reply {
    let message = "The number of requests exceeded the limit for this principal and subscription. Please try again later.";
    failure(429, "TooManyRequests", message).with_header("retry-after", secs.to_string())
}
