//! Why there is no value.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// What a fetch says when it brings no value, and whether asking again is of any use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failed<E> {
    /// The same question will get the same answer for a while: remembered for [`Config::with_error_memory`](crate::Config::with_error_memory).
    Definitive(E),
    /// May be gone by the next try: the next caller without a value fetches again.
    Transient(E),
}

/// What `?` makes of an error that nobody classified: a transient one.
impl<E> From<E> for Failed<E> {
    fn from(error: E) -> Self {
        Self::Transient(error)
    }
}

/// What a caller gets in place of a value, the same for all who waited for the same fetch.
#[derive(Debug)]
#[non_exhaustive]
pub enum FetchError<E> {
    /// The wall clock jumped past the end of a value that had just been fetched because it had jumped. Nothing is fetched for up
    /// to [`MIN_INTERVAL`](crate::MIN_INTERVAL) of monotonic time.
    ClockJumped,
    /// The fetch brought a value that had already expired. Remembered as a definitive error is.
    Expired,
    /// The fetch's own error, shared.
    Failed(Arc<E>),
    /// There is something to fetch, and the caller is in no tokio runtime.
    NoRuntime,
    /// The fetch did not end within [`Config::with_fetch_limit`](crate::Config::with_fetch_limit), and another one has taken its
    /// place: as a rule its runtime is not driven any more.
    Overdue,
    /// The fetch panicked, or its runtime was shut down under it.
    Panicked,
}

impl<E> Clone for FetchError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::ClockJumped => Self::ClockJumped,
            Self::Expired => Self::Expired,
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::NoRuntime => Self::NoRuntime,
            Self::Overdue => Self::Overdue,
            Self::Panicked => Self::Panicked,
        }
    }
}

impl<E> fmt::Display for FetchError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClockJumped => "the wall clock jumps past the end of each new value",
            Self::Expired => "the fetched value had already expired",
            Self::Failed(_) => "the fetch failed",
            Self::NoRuntime => "there is no tokio runtime to fetch in",
            Self::Overdue => "the fetch did not end in time",
            Self::Panicked => "the fetch panicked",
        })
    }
}

impl<E: Error + 'static> Error for FetchError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(&**error),
            Self::ClockJumped
            | Self::Expired
            | Self::NoRuntime
            | Self::Overdue
            | Self::Panicked => None,
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
        for (error, shown) in [
            (
                FetchError::<fmt::Error>::ClockJumped,
                "the wall clock jumps past the end of each new value",
            ),
            (FetchError::Expired, "the fetched value had already expired"),
            (
                FetchError::NoRuntime,
                "there is no tokio runtime to fetch in",
            ),
            (FetchError::Overdue, "the fetch did not end in time"),
            (FetchError::Panicked, "the fetch panicked"),
        ] {
            assert_eq!(error.to_string(), shown);
            assert!(error.source().is_none());
        }
        assert!(size_of::<FetchError<[u8; 99]>>() <= 16);
    }

    #[test]
    fn the_question_mark_takes_an_error_for_transient() {
        let fetched: Result<(), Failed<fmt::Error>> = (|| {
            Err(fmt::Error)?;
            Ok(())
        })();
        assert_eq!(fetched, Err(Failed::Transient(fmt::Error)));
    }
}
