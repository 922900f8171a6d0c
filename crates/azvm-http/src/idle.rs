//! The place for the one connection that is kept between two requests.
//!
//! Nothing watches it there: no task belongs to it, so a server that hangs up meanwhile is noticed when the connection
//! is wanted again.

use crate::connection::Connection;
use azvm_exchange::Origin;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::{Handle, Id};
use tokio::time::Instant;

/// One connection or none. The lock is held for moves of a pointer only, never across an await.
#[derive(Default)]
pub(crate) struct IdleSlot(Mutex<Option<Idle>>);

struct Idle {
    origin: Origin,
    connection: Box<Connection>,
    since: Instant,
    /// The sockets of a runtime that nobody drives are silent for ever.
    runtime: Id,
}

impl IdleSlot {
    /// Takes the connection out, if it leads to `origin`, is younger than `age` and still open and silent.
    pub(crate) fn take(&self, origin: &Origin, age: Duration) -> Option<Box<Connection>> {
        let idle = {
            let mut slot = self.lock();
            if slot.as_ref()?.origin != *origin {
                return None;
            }
            slot.take()?
        };
        let is_fresh = idle.since.elapsed() < age && idle.runtime == Handle::current().id();
        let mut connection = idle.connection;
        (is_fresh && connection.is_reusable()).then_some(connection)
    }

    /// Keeps a connection whose last answer was read to its end; the one that was kept before is closed.
    pub(crate) fn keep(&self, origin: &Origin, mut connection: Box<Connection>) {
        if !connection.is_reusable() {
            return;
        }
        let idle = Idle {
            origin: origin.clone(),
            connection,
            since: Instant::now(),
            runtime: Handle::current().id(),
        };
        let replaced = self.lock().replace(idle);
        drop(replaced); // closes a socket, which the lock need not wait for
    }

    fn lock(&self) -> MutexGuard<'_, Option<Idle>> {
        // Nothing in here panics, and a connection is whole or gone in any case.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for IdleSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdleSlot").finish_non_exhaustive()
    }
}
