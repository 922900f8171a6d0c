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
