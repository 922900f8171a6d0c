//! The faults of a scenario file.

use std::io::Error;
use std::time::Duration;

use toml::Spanned;

use super::Checker;
use crate::ScenarioError;
use crate::fault::{Fault, FaultReply};
use crate::scenario::file::{self, Connection};
use crate::scenario::read_capped;
use crate::server::WireFault;

impl Checker<'_> {
    pub(super) fn faults(&self, faults: &[file::Fault]) -> Result<Vec<Fault>, ScenarioError> {
        faults.iter().map(|fault| self.fault(fault)).collect()
    }

    pub(in crate::scenario) fn fault(&self, fault: &file::Fault) -> Result<Fault, ScenarioError> {
        if !fault.path_prefix.get_ref().starts_with('/') {
            return Err(self.error(&fault.path_prefix, "path_prefix has to start with a slash"));
        }
        let wire = match (fault.connection, fault.drip_milliseconds) {
            (Some(_), Some(_)) => {
                let message = "a fault has either connection or drip_milliseconds";
                return Err(self.error(&fault.path_prefix, message));
            }
            (Some(Connection::Garbage), None) => Some(WireFault::Garbage),
            (Some(Connection::Reset), None) => Some(WireFault::Reset),
            (Some(Connection::Truncate), None) => Some(WireFault::Truncate),
            (Some(Connection::WrongLength), None) => Some(WireFault::WrongLength),
            (None, Some(millis)) => Some(WireFault::Drip(Duration::from_millis(millis.into()))),
            (None, None) => None,
        };
        let reply = self.reply(fault)?;
        let delay = Duration::from_millis(fault.delay_milliseconds.unwrap_or(0).into());
        if reply.is_none() && wire.is_none() && delay.is_zero() {
            let message =
                "a fault needs a status, a delay_milliseconds, a drip_milliseconds or a connection";
            return Err(self.error(&fault.path_prefix, message));
        }
        Ok(Fault {
            server: fault.server,
            path_prefix: fault.path_prefix.get_ref().to_ascii_lowercase(),
            method: fault.method.clone(),
            hits_unmarked: fault.unmarked,
            per_million: self.per_million(fault.probability.as_ref())?,
            times: fault.times,
            seconds: fault.seconds,
            reply,
            delay,
            wire,
        })
    }

    fn reply(&self, fault: &file::Fault) -> Result<Option<FaultReply>, ScenarioError> {
        let Some(status) = &fault.status else {
            return Ok(None);
        };
        if !(200..=599).contains(status.get_ref()) {
            return Err(self.error(status, "a status is a number from 200 to 599"));
        }
        if let (Some(json), true) = (
            &fault.json,
            fault.body.is_some() || fault.body_file.is_some(),
        ) {
            return Err(self.error(json, "a fault has either json or body"));
        }
        let (default_type, body) = match (&fault.json, &fault.body, &fault.body_file) {
            (Some(json), ..) => (JSON, json.get_ref().to_string()),
            (None, Some(body), _) => (TEXT, body.clone()),
            (None, None, Some(file)) => (TEXT, self.file(file)?),
            (None, None, None) => (TEXT, String::new()),
        };
        let content_type = fault.content_type.as_deref().unwrap_or(default_type);
        Ok(Some(FaultReply {
            status: *status.get_ref(),
            retry_after_secs: fault.retry_after,
            content_type: content_type.to_owned(),
            body,
        }))
    }

    fn file(&self, name: &Spanned<String>) -> Result<String, ScenarioError> {
        let Some(folder) = self.folder else {
            let message = "body_file is for scenarios that are read from a file";
            return Err(self.error(name, message));
        };
        let path = folder.join(name.get_ref());
        let read = || {
            // Opening a pipe would wait for somebody to write to it.
            if !std::fs::metadata(&path)?.is_file() {
                return Err(Error::other("it is not a regular file"));
            }
            read_capped(&path)
        };
        read()
            .map_err(|error| self.error(name, format!("cannot read '{}': {error}", name.get_ref())))
    }

    fn per_million(&self, probability: Option<&Spanned<f64>>) -> Result<u32, ScenarioError> {
        let Some(probability) = probability else {
            return Ok(1_000_000);
        };
        let value = *probability.get_ref();
        if !(0.0..=1.0).contains(&value) {
            return Err(self.error(probability, "a probability is a number from 0 to 1"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be from 0 to 1"
        )]
        let per_million = (value * 1e6).round() as u32;
        Ok(per_million)
    }
}

const JSON: &str = "application/json; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
