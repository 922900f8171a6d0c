//! Bodies of the fuzz targets, compiled and tried on every test run. Not part of the API.

use crate::Challenge;
use alloc::string::{String, ToString};
use alloc::vec;
use azvm_exchange::Response;

/// Any bytes as the body of an answer, good and bad.
pub fn answer(data: &[u8]) {
    for status in [200, 403] {
        let response = Response::new(status, vec![], data.into());
        if let Err(error) = crate::read_resource(&response) {
            assert!(!error.to_string().chars().any(char::is_control));
        }
        let _ = crate::read_role_assignments(&response).map_err(|error| error.denied());
    }
}

/// Any bytes as a `WWW-Authenticate` header.
pub fn challenge(data: &[u8]) {
    let _ = Challenge::read(&String::from_utf8_lossy(data));
}

#[cfg(test)]
mod tests {
    #[test]
    fn odd_bodies_do_no_harm() {
        let bodies: [&[u8]; 5] = [
            b"",
            b"{\"id\":\"/\",\"properties\":null}",
            b"{\"error\":{\"code\":\"\\u0007\",\"message\":\"perform action 'unfinished\"}}",
            b"{\"value\":[{\"properties\":{}}]}",
            &[0xff; 64],
        ];
        for body in bodies {
            super::answer(body);
            super::challenge(body);
        }
    }
}
