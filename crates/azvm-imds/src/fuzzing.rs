//! Bodies of the fuzz targets, compiled and tried on every test run. Not part of the API.

use crate::{Audience, IdentitySelector, Rejection, TokenRequest, UnverifiedClaims};
use alloc::format;
use alloc::string::String;
use alloc::vec;
use azvm_exchange::{Response, Secret, Timestamp};

/// Any bytes as the body of a 200 from the token endpoint.
pub fn token_response(data: &[u8]) {
    let Ok(audience) = Audience::new("https://management.azure.com/") else {
        return;
    };
    let ask = TokenRequest::new(audience, IdentitySelector::System);
    let response = Response::new(200, vec![], data.into());
    if let Ok(token) = ask.read(&response, Timestamp::from_unix_seconds(1_795_258_709)) {
        assert!(!token.secret().is_empty());
        assert!(
            !format!("{token:?}").contains(token.secret().expose()) || token.secret().len() < 16
        );
    }
}

/// Any bytes as the body of a refusal, and as an instance document.
pub fn error_body(data: &[u8]) {
    let refused = Response::new(400, vec![], data.into());
    let shown = format!("{}", Rejection::read(&refused));
    assert!(!shown.chars().any(char::is_control));
    let _ = crate::read_instance(&Response::new(200, vec![], data.into()));
}

/// Any bytes as a token.
pub fn claims(data: &[u8]) {
    let _ = UnverifiedClaims::read(&Secret::new(String::from_utf8_lossy(data).into_owned()));
}

#[cfg(test)]
mod tests {
    #[test]
    fn odd_bodies_do_no_harm() {
        let bodies: [&[u8]; 6] = [
            b"",
            b"{}",
            b"{\"access_token\":\"a\",\"expires_on\":\"9223372036854775807\",\"expires_in\":-9}",
            b"{\"error\":\"\\u001b[2J\",\"error_description\":\"\\u0000\",\"newest-versions\":[\"a\"]}",
            b"a.eyJ9.b",
            &[0xff; 64],
        ];
        for body in bodies {
            super::token_response(body);
            super::error_body(body);
            super::claims(body);
        }
    }
}
