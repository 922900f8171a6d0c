//! Is IMDS there?

use crate::request::{MAX_TOKEN_RESPONSE_BYTES, TOKEN_API_VERSION, TOKEN_PATH};
use crate::{Malformed, ProtocolError, Rejection, Responder};
use alloc::boxed::Box;
use alloc::format;
use azvm_exchange::{Request, Response};

/// The token endpoint *without* the `Metadata` header: a genuine IMDS answers 400 and says so, and never hands out a
/// token. Asking this way is also the gentlest: IMDS throttles its 200s harder than its 400s.
pub fn probe() -> Request {
    Request::get(format!("{TOKEN_PATH}?api-version={TOKEN_API_VERSION}"))
        .with_max_response_bytes(MAX_TOKEN_RESPONSE_BYTES)
}

/// Reads the answer to [`probe`]: who refused it, IMDS itself, through its agent, or what looks like one.
///
/// A 400 of aad-pod-identity may look like IMDS's too; its other answers do not.
///
/// # Errors
///
/// [`ProtocolError::Rejected`] when somebody else answered or with another status than 400, which includes an IMDS that is
/// throttling or restarting; [`ProtocolError::Malformed`] for a 200, which no IMDS gives.
pub fn read_probe(response: &Response) -> Result<Responder, ProtocolError> {
    let responder = Responder::of(response);
    match response.status() {
        200 => Err(ProtocolError::Malformed(Malformed::new(
            "IMDS refuses a request without its header",
            response,
        ))),
        400 if responder.is_imds() => Ok(responder),
        _ => Err(ProtocolError::Rejected(Box::new(Rejection::read(response)))),
    }
}
