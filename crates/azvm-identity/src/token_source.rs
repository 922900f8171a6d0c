//! The tokens for one audience.

use crate::error::no_token;
use crate::managed_identity::{Inner, fetch};
use crate::{Audience, Error};
use azvm_imds::AccessToken;
use azvm_token_cache::{Entry, Guard};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// A token from memory, to look at and let go; dereferences to [`AccessToken`].
///
/// Getting one writes to nothing that threads share. A token that is kept for longer than one request is better taken out
/// with [`Guard::to_arc`].
pub type Token = Guard<AccessToken>;

/// The tokens of one identity for one audience: [`ManagedIdentity::audience`](crate::ManagedIdentity::audience) makes it.
/// Cheap to clone, and quicker than [`ManagedIdentity::token`](crate::ManagedIdentity::token), which looks the audience up
/// on each call.
#[derive(Clone)]
pub struct TokenSource {
    identity: Arc<Inner>,
    audience: Arc<Audience>,
    entry: Entry<Audience, AccessToken, Error>,
}

impl TokenSource {
    pub(crate) fn new(
        identity: Arc<Inner>,
        audience: Arc<Audience>,
        entry: Entry<Audience, AccessToken, Error>,
    ) -> Self {
        Self {
            identity,
            audience,
            entry,
        }
    }

    /// As [`ManagedIdentity::token`](crate::ManagedIdentity::token).
    ///
    /// # Errors
    ///
    /// Those of [`ManagedIdentity::token`](crate::ManagedIdentity::token).
    ///
    /// # Cancel safety
    ///
    /// That of [`ManagedIdentity::token`](crate::ManagedIdentity::token).
    #[inline]
    pub async fn token(&self) -> Result<Token, Error> {
        match self.entry.hit() {
            Some(token) => Ok(token),
            None => self.token_slowly().await,
        }
    }

    /// Boxed, so that the future of a hit is small.
    #[cold]
    #[inline(never)]
    fn token_slowly(&self) -> Pin<Box<impl Future<Output = Result<Token, Error>>>> {
        Box::pin(async {
            let fetch = || fetch(Arc::clone(&self.identity), Audience::clone(&self.audience));
            self.entry.get_or_fetch(fetch).await.map_err(no_token)
        })
    }

    /// As [`ManagedIdentity::invalidate`](crate::ManagedIdentity::invalidate).
    pub fn invalidate(&self, token: &AccessToken) -> bool {
        let kept = self.entry.peek();
        kept.is_some_and(|kept| kept.secret() == token.secret() && self.entry.invalidate(&kept))
    }

    /// Whom the tokens are for.
    pub fn audience(&self) -> &Audience {
        &self.audience
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource")
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}
