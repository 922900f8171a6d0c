//! The scenario's faults while they last.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::Server;
use crate::exchange::Reply;
use crate::scenario::Fault;

/// Each fault with what became of it so far.
#[derive(Debug)]
pub(crate) struct Faults(Vec<(Fault, Mutex<Progress>)>);

#[derive(Debug, Default)]
struct Progress {
    /// When the first request met this fault, counted from the simulator's start.
    first: Option<Duration>,
    hits: u32,
}

impl Faults {
    pub(crate) fn new(faults: &[Fault]) -> Self {
        Self(
            faults
                .iter()
                .map(|fault| (fault.clone(), Mutex::default()))
                .collect(),
        )
    }

    /// The faulty answer to this request, if a fault covers it and is not over.
    pub(crate) fn strike(&self, server: Server, path: &str, elapsed: Duration) -> Option<Reply> {
        let path = path.to_ascii_lowercase();
        let mut matching = self.0.iter().filter(|(fault, _)| {
            fault.server.covers(server) && path.starts_with(&fault.path_prefix)
        });
        let (fault, _) = matching.find(|(fault, progress)| {
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.strikes(fault, elapsed)
        })?;
        let mut reply = Reply::new(fault.status, fault.content_type, fault.body.clone());
        if let Some(secs) = fault.retry_after_secs {
            reply = reply.with_header("retry-after", secs.to_string());
        }
        Some(reply)
    }
}

impl Progress {
    fn strikes(&mut self, fault: &Fault, elapsed: Duration) -> bool {
        let first = *self.first.get_or_insert(elapsed);
        let is_over = fault.times.is_some_and(|times| self.hits >= times)
            || fault.seconds.is_some_and(|secs| {
                elapsed.saturating_sub(first) >= Duration::from_secs(secs.into())
            });
        if !is_over {
            self.hits = self.hits.saturating_add(1);
        }
        !is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::FaultyServer;

    fn faults(times: Option<u32>, seconds: Option<u32>) -> Faults {
        let (server, path_prefix, body) = (
            FaultyServer::Imds,
            "/metadata/identity".to_owned(),
            String::new(),
        );
        let fault = Fault {
            server,
            path_prefix,
            status: 410,
            times,
            seconds,
            retry_after_secs: Some(7),
            content_type: "text/plain",
            body,
        };
        Faults::new(&[fault])
    }

    fn strikes(faults: &Faults, secs: u64) -> bool {
        faults
            .strike(
                Server::Imds,
                "/Metadata/identity/oauth2/token",
                Duration::from_secs(secs),
            )
            .is_some()
    }

    #[test]
    fn a_counted_fault_ends_after_its_count() {
        let faults = faults(Some(2), None);
        assert_eq!(
            [0, 90, 91].map(|secs| strikes(&faults, secs)),
            [true, true, false]
        );
    }

    #[test]
    fn a_timed_fault_counts_from_the_first_request_it_met() {
        let faults = faults(None, Some(3));
        assert_eq!(
            [100, 102, 103, 104].map(|secs| strikes(&faults, secs)),
            [true, true, false, false]
        );
    }

    #[test]
    fn a_fault_without_end_has_no_end_and_leaves_other_paths_alone() {
        let faults = faults(None, None);
        assert!(strikes(&faults, 0) && strikes(&faults, 1_000_000));
        assert!(
            faults
                .strike(Server::Imds, "/metadata/versions", Duration::ZERO)
                .is_none()
        );
        assert!(
            faults
                .strike(Server::ArmHttps, "/metadata/identity", Duration::ZERO)
                .is_none()
        );
    }

    #[test]
    fn retry_after_is_sent_when_the_fault_has_one() {
        let reply = faults(None, None)
            .strike(Server::Imds, "/metadata/identity", Duration::ZERO)
            .unwrap();
        assert_eq!(
            (reply.status, reply.header("retry-after")),
            (410, Some("7"))
        );
    }
}
