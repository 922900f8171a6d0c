//! Why a fetch brought no value.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// What all waiters of a failed fetch get.
#[derive(Debug)]
#[non_exhaustive]
pub enum FetchError<E> {
    /// The fetch's own error, shared.
    Failed(Arc<E>),
    /// The fetch panicked, or its runtime was shut down under it.
    Panicked,
}

impl<E> Clone for FetchError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::Panicked => Self::Panicked,
        }
    }
}

impl<E> fmt::Display for FetchError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failed(_) => "the fetch failed",
            Self::Panicked => "the fetch panicked",
        })
    }
}

impl<E: Error + 'static> Error for FetchError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(&**error),
            Self::Panicked => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_leaves_the_cause_to_the_source() {
        let failed = FetchError::Failed(Arc::new(fmt::Error));
        assert_eq!(failed.to_string(), "the fetch failed");
        assert_eq!(failed.source().unwrap().to_string(), fmt::Error.to_string());
        let panicked = FetchError::<fmt::Error>::Panicked;
        assert_eq!(panicked.to_string(), "the fetch panicked");
        assert!(panicked.source().is_none());
        assert!(size_of::<FetchError<[u8; 99]>>() <= 24);
    }
}
