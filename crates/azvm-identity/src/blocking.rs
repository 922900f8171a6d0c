//! The same calls for programs without an async runtime.
//!
//! ```no_run
//! use azvm_identity::{Cloud, ManagedIdentity, blocking};
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let identity = blocking::ManagedIdentity::new(ManagedIdentity::system());
//! let token = identity.token(&Cloud::Public.audience().try_into()?)?;
//! println!("a token until {}", token.expires_on().unix_seconds());
//! # Ok(())
//! # }
//! ```
//!
//! A token that is in memory is handed out on the caller's thread. What has to be waited for runs on one thread of this
//! crate, which the first such call starts, which all clients share, and which lives as long as the process. The calls
//! may be made on any thread; on a thread of an async runtime they block it, as any blocking call does.

use crate::{Audience, Error, Stopped, Token};
use std::future::{Future, pending};
use std::io;
use std::sync::{Mutex, PoisonError, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use tokio::runtime::{Builder, Handle};

#[cfg(feature = "tls")]
use crate::{Permission, Resource, ResourceId, RoleAssignment};

/// [`ManagedIdentity`](crate::ManagedIdentity), blocking. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ManagedIdentity(crate::ManagedIdentity);

impl ManagedIdentity {
    /// Of an identity that [`ManagedIdentity::builder`](crate::ManagedIdentity::builder) made. They share their tokens.
    pub fn new(identity: crate::ManagedIdentity) -> Self {
        Self(identity)
    }

    /// As [`ManagedIdentity::token`](crate::ManagedIdentity::token).
    ///
    /// # Errors
    ///
    /// Those of [`ManagedIdentity::token`](crate::ManagedIdentity::token), and [`Error::Stopped`] when the system gives
    /// no thread.
    pub fn token(&self, audience: &Audience) -> Result<Token, Error> {
        let (identity, audience) = (self.0.clone(), audience.clone());
        wait(async move { identity.token(&audience).await })
    }

    /// As [`ManagedIdentity::audience`](crate::ManagedIdentity::audience).
    pub fn audience(&self, audience: &Audience) -> TokenSource {
        TokenSource(self.0.audience(audience))
    }
}

/// [`TokenSource`](crate::TokenSource), blocking. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TokenSource(crate::TokenSource);

impl TokenSource {
    /// As [`TokenSource::token`](crate::TokenSource::token).
    ///
    /// # Errors
    ///
    /// Those of [`ManagedIdentity::token`].
    pub fn token(&self) -> Result<Token, Error> {
        let source = self.0.clone();
        wait(async move { source.token().await })
    }
}

/// [`ResourceManager`](crate::ResourceManager), blocking. Cheap to clone.
#[cfg(feature = "tls")]
#[derive(Clone, Debug)]
pub struct ResourceManager(crate::ResourceManager);

#[cfg(feature = "tls")]
impl ResourceManager {
    /// Of a client that [`ResourceManager::builder`](crate::ResourceManager::builder) made.
    pub fn new(arm: crate::ResourceManager) -> Self {
        Self(arm)
    }

    /// As [`ResourceManager::get`](crate::ResourceManager::get).
    ///
    /// # Errors
    ///
    /// Those of [`ResourceManager::get`](crate::ResourceManager::get), and [`Error::Stopped`] when the system gives no
    /// thread.
    pub fn get(&self, id: &ResourceId, api_version: &str) -> Result<Resource, Error> {
        let (arm, id, api_version) = (self.0.clone(), id.clone(), api_version.to_owned());
        wait(async move { arm.get(&id, &api_version).await })
    }

    /// As [`ResourceManager::resource_group`](crate::ResourceManager::resource_group).
    ///
    /// # Errors
    ///
    /// Those of [`get`](Self::get), and [`Error::Invalid`] for an ID of something else.
    pub fn resource_group(&self, id: &ResourceId) -> Result<Resource, Error> {
        let (arm, id) = (self.0.clone(), id.clone());
        wait(async move { arm.resource_group(&id).await })
    }

    /// As [`ResourceManager::permissions`](crate::ResourceManager::permissions).
    ///
    /// # Errors
    ///
    /// Those of [`get`](Self::get), and [`Error::Paging`].
    pub fn permissions(&self, scope: &ResourceId) -> Result<Vec<Permission>, Error> {
        let (arm, scope) = (self.0.clone(), scope.clone());
        wait(async move { arm.permissions(&scope).await })
    }

    /// As [`ResourceManager::role_assignments`](crate::ResourceManager::role_assignments).
    ///
    /// # Errors
    ///
    /// Those of [`permissions`](Self::permissions).
    pub fn role_assignments(
        &self,
        scope: &ResourceId,
        object_id: &str,
    ) -> Result<Vec<RoleAssignment>, Error> {
        let (arm, scope, object_id) = (self.0.clone(), scope.clone(), object_id.to_owned());
        wait(async move { arm.role_assignments(&scope, &object_id).await })
    }
}

/// Tries on the caller's thread first, for what is in memory; what has to wait goes on in the background thread.
fn wait<T: Send + 'static>(
    call: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let runtime = background().map_err(|error| {
        tracing::debug!(%error, "the background thread did not start");
        Error::Stopped(Stopped::NoThread)
    })?;
    let mut call = Box::pin(call);
    {
        let _entered = runtime.enter();
        if let Poll::Ready(outcome) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return outcome;
        }
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    runtime.spawn(async move {
        // The receiver waits until this is sent or dropped.
        let _ = sender.send(call.await);
    });
    receiver
        .recv()
        .unwrap_or(Err(Error::Stopped(Stopped::Ended)))
}

/// The runtime of the one background thread.
fn background() -> io::Result<Handle> {
    static STARTED: Mutex<Option<Handle>> = Mutex::new(None);
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*started {
        return Ok(handle.clone());
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("azvm-identity".into())
        .spawn(move || runtime.block_on(pending::<()>()))?;
    *started = Some(handle.clone());
    Ok(handle)
}
