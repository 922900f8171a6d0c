//! Azure Arc's agent: a token is given to whoever can read a file that the first answer names.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::exchange::{Reply, Request};
use crate::simulator::State;

/// The files that wait to be read, with what is in them. They are deleted when they were used, and at the end.
#[derive(Default)]
pub(crate) struct Challenges(Mutex<Vec<(PathBuf, String)>>);

impl Challenges {
    /// Writes a file with a new secret.
    fn make(&self, state: &State) -> io::Result<PathBuf> {
        let folder = state.scenario.imds.arc_folder.clone();
        let folder = folder.unwrap_or_else(std::env::temp_dir);
        let path = folder.join(format!("{}.key", state.random.guid()));
        let mut secret = [0; 32];
        aws_lc_rs::rand::fill(&mut secret).map_err(|_| io::ErrorKind::Other)?;
        let secret = STANDARD.encode(secret);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path)?.write_all(secret.as_bytes())?;
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MAX_WAITING {
            let (oldest, _) = waiting.remove(0);
            // A file that is gone already is as good.
            let _ = fs::remove_file(oldest);
        }
        waiting.push((path.clone(), secret));
        Ok(path)
    }

    /// Whether this is the content of a file that waits; it does not wait any longer then.
    fn meets(&self, secret: &str) -> bool {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(idx) = waiting.iter().position(|(_, known)| known == secret) else {
            return false;
        };
        let (path, _) = waiting.remove(idx);
        let _ = fs::remove_file(path);
        true
    }
}

impl Drop for Challenges {
    fn drop(&mut self) {
        let waiting = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (path, _) in waiting.drain(..) {
            let _ = fs::remove_file(path);
        }
    }
}

impl std::fmt::Debug for Challenges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Challenges")
    }
}

/// The challenge, unless the request meets one or asks for something else.
pub(crate) fn intercept(state: &State, request: &Request) -> Option<Reply> {
    let is_token = request
        .path
        .trim_end_matches('/')
        .ends_with("/oauth2/token");
    let is_marked = request
        .header("metadata")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if !is_token || !is_marked {
        return None;
    }
    let secret = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Basic "));
    match secret {
        Some(secret) if state.challenges.meets(secret.trim()) => None,
        Some(_) => Some(refusal("The Basic authorization header is not valid")),
        None => Some(match state.challenges.make(state) {
            Ok(path) => refusal("Missing Basic Authorization header").with_header(
                "www-authenticate",
                format!("Basic realm={}", path.display()),
            ),
            Err(_) => Reply::json(
                500,
                &json!({ "error": "server_error", "error_description": "The challenge could not be written" }),
            ),
        }),
    }
}

fn refusal(description: &str) -> Reply {
    let body = json!({
        "error": "unauthorized_client",
        "error_description": description,
        "error_codes": [401],
    });
    Reply::json(401, &body)
}

const MAX_WAITING: usize = 16;
