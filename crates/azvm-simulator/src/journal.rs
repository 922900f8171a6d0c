//! What was asked of the simulator, and what it answered.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::Server;

/// One request that a simulator answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// Who was asked.
    pub server: Server,
    /// The number of the TCP connection that carried the request, counted from 1 over all servers.
    pub connection: u64,
    /// The method, such as `GET`.
    pub method: String,
    /// The request target as sent: path and query, or a whole URL when the client took the simulator for its proxy.
    pub target: String,
    /// The request's headers in their order, names in lower case.
    /// The values of those that carry secrets, such as `authorization`, are replaced by `<redacted>`.
    pub headers: Vec<(String, String)>,
    /// The status of the answer.
    pub status: u16,
    /// When the request's head had arrived, in milliseconds since the simulator's start.
    pub at_millis: u64,
}

impl Received {
    /// The value of the first header of this name, ignoring case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn bytes(&self) -> usize {
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        self.method.len() + self.target.len() + headers
    }
}

/// The last requests, bounded in number and in bytes.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Received>,
    bytes: usize,
    dropped: u64,
}

impl Journal {
    pub(crate) fn push(&self, received: Received) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += received.bytes();
        kept.entries.push_back(received);
        while kept.entries.len() > MAX_ENTRIES || kept.bytes > MAX_BYTES {
            let Some(oldest) = kept.entries.pop_front() else {
                break;
            };
            kept.bytes -= oldest.bytes();
            kept.dropped += 1;
        }
    }

    pub(crate) fn entries(&self) -> Vec<Received> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entries.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .dropped
    }
}

const MAX_ENTRIES: usize = 10_000;
const MAX_BYTES: usize = 32 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn received(target: String) -> Received {
        let method = "GET".to_owned();
        Received {
            server: Server::Imds,
            connection: 1,
            method,
            target,
            headers: Vec::new(),
            status: 200,
            at_millis: 0,
        }
    }

    #[test]
    fn the_oldest_requests_are_dropped_and_counted() {
        let journal = Journal::default();
        for idx in 0..MAX_ENTRIES + 5 {
            journal.push(received(idx.to_string()));
        }
        assert_eq!(
            (journal.entries().len(), journal.dropped()),
            (MAX_ENTRIES, 5)
        );
        assert_eq!(journal.entries()[0].target, "5");
    }

    #[test]
    fn huge_requests_do_not_fill_the_memory() {
        let journal = Journal::default();
        for _ in 0..10 {
            journal.push(received("x".repeat(MAX_BYTES / 4)));
        }
        assert_eq!(journal.entries().len(), 3);
    }
}
