//! What can go wrong, by what a program can do about it.

#[cfg(feature = "tls")]
use azvm_arm::{ArmError, PagingError};
use azvm_exchange::Failure;
use azvm_imds::{ProtocolError, Rejection};
use azvm_token_cache::FetchError;
use std::fmt;

/// Which of the two services an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// Azure Resource Manager.
    Arm,
    /// The Instance Metadata Service.
    Imds,
}

/// Why a token could not be had, or an ARM call did not succeed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// ARM refused the call: look at its code. A fresh 403 may be a role that has not propagated yet.
    #[cfg(feature = "tls")]
    Arm(ArmError),
    /// A request that this crate will not make: the wrong kind of ID, or a trust store that cannot be read.
    Invalid(Box<str>),
    /// A list of ARM could not be read to its end.
    #[cfg(feature = "tls")]
    Paging(PagingError),
    /// IMDS refused: no such identity, several identities and no selector, an unknown audience. Retrying is useless.
    Refused(Box<Rejection>),
    /// There is no answer to report on, for a reason within this process or machine.
    Stopped(Stopped),
    /// IMDS asked to try again later, until the schedule of retries was used up.
    Unavailable(Box<Rejection>),
    /// IMDS answered with something else than a token for the identity asked for.
    Unexpected(Box<ProtocolError>),
    /// No answer came. Off Azure this is what happens.
    Unreachable(Service, Box<Failure>),
}

/// Why there is neither a token nor an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stopped {
    /// The wall clock jumps past the end of each new token. Nothing is fetched for up to half a minute; the clock needs to be
    /// set right.
    ClockJumped,
    /// The fetch panicked, or its runtime was shut down. The next call fetches again.
    Ended,
    /// The service handed out a token that had expired by both clocks. Asked again in some seconds.
    Expired,
    /// The call was made outside a tokio runtime: make it inside one, or through the feature `blocking`.
    NoRuntime,
    /// The feature `blocking` got no thread or no runtime from the system.
    NoThread,
    /// The fetch was not over [`FETCH_GRACE`](crate::FETCH_GRACE) after its deadline, because its runtime was not driven
    /// meanwhile. Another one has taken its place.
    Overdue,
}

impl Stopped {
    fn text(self) -> &'static str {
        match self {
            Self::ClockJumped => "the wall clock jumps past the end of each new token",
            Self::Ended => "the fetch ended without an answer",
            Self::Expired => "the fetched token had already expired",
            Self::NoRuntime => "there is no tokio runtime to fetch in",
            Self::NoThread => "the background thread did not start",
            Self::Overdue => "the fetch did not end in time",
        }
    }
}

/// What a person could look at next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// The VM has no such identity, or none at all; a new one takes a while to appear.
    AssignIdentity,
    /// The VM has several identities and none was chosen.
    ChooseIdentity,
    /// The wall clock of the machine is wrong, or jumps.
    CheckClock,
    /// The audience is not one that the tenant knows.
    CheckAudience,
    /// Not an Azure VM, or something on the machine blocks `169.254.169.254`.
    CheckNetwork,
    /// No role at this scope, or one that has not propagated yet: up to ten minutes.
    CheckRole,
    /// Somebody other than the service answered, such as a proxy.
    CheckResponder,
    /// The program calls from outside a tokio runtime, or leaves the one that it called from undriven.
    CheckRuntime,
    /// Too many requests from this VM: share one [`ManagedIdentity`](crate::ManagedIdentity).
    ShareTokens,
}

impl Hint {
    /// One sentence for a person.
    pub fn text(self) -> &'static str {
        match self {
            Self::AssignIdentity => {
                "assign the identity to the virtual machine; a new one takes a minute to appear"
            }
            Self::ChooseIdentity => {
                "the machine has several identities: choose one by client, object or resource ID"
            }
            Self::CheckAudience => {
                "check the audience; for ARM it is https://management.azure.com/"
            }
            Self::CheckClock => "check the clock of the machine, and what sets it",
            Self::CheckNetwork => {
                "is this an Azure virtual machine, and does a firewall or route block 169.254.169.254?"
            }
            Self::CheckRole => {
                "assign a role at this scope or above; a new assignment takes up to 10 minutes"
            }
            Self::CheckResponder => "something other than the service answered; look for a proxy",
            Self::CheckRuntime => {
                "call inside a tokio runtime that is driven until the answer is there, or use the feature `blocking`"
            }
            Self::ShareTokens => "too many requests from this machine: share one ManagedIdentity",
        }
    }
}

impl Error {
    /// True when the same call may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            #[cfg(feature = "tls")]
            Self::Arm(error) => matches!(error.status(), 408 | 429 | 500..=599),
            #[cfg(feature = "tls")]
            Self::Paging(_) => false,
            Self::Invalid(_) | Self::Refused(_) | Self::Unexpected(_) => false,
            Self::Stopped(reason) => !matches!(reason, Stopped::NoRuntime),
            Self::Unavailable(_) => true,
            Self::Unreachable(_, failure) => failure.kind.is_connection_trouble(),
        }
    }

    /// What a person could look at next, the likeliest first. `cargo xtask doctor` and `azvm-doctor` say it exactly.
    pub fn hints(&self) -> Vec<Hint> {
        match self {
            #[cfg(feature = "tls")]
            Self::Arm(error) if !error.is_from_arm() => vec![Hint::CheckResponder],
            #[cfg(feature = "tls")]
            Self::Arm(error) if error.status() == 403 => vec![Hint::CheckRole],
            #[cfg(feature = "tls")]
            Self::Arm(_) | Self::Paging(_) => vec![],
            Self::Invalid(_) => vec![],
            Self::Stopped(reason) => match reason {
                Stopped::ClockJumped | Stopped::Expired => vec![Hint::CheckClock],
                Stopped::NoRuntime | Stopped::Overdue => vec![Hint::CheckRuntime],
                Stopped::Ended | Stopped::NoThread => vec![],
            },
            Self::Refused(rejection) => refusal_hints(rejection),
            Self::Unavailable(rejection) if !rejection.responder().is_azure() => {
                vec![Hint::CheckResponder]
            }
            Self::Unavailable(rejection) if rejection.status() == 429 => vec![Hint::ShareTokens],
            Self::Unavailable(_) => vec![],
            Self::Unexpected(_) => vec![Hint::CheckResponder],
            Self::Unreachable(Service::Imds, _) => vec![Hint::CheckNetwork],
            Self::Unreachable(Service::Arm, _) => vec![],
        }
    }
}

fn refusal_hints(rejection: &Rejection) -> Vec<Hint> {
    if !rejection.responder().is_imds() {
        return vec![Hint::CheckResponder];
    }
    match rejection.error() {
        Some("invalid_resource") => vec![Hint::CheckAudience],
        _ if rejection.hints_several_identities() => vec![Hint::ChooseIdentity],
        _ if rejection.hints_identity_not_found() => vec![Hint::AssignIdentity],
        _ => vec![],
    }
}

/// What the cache says where it has no token.
pub(crate) fn no_token(error: FetchError<Error>) -> Error {
    Error::Stopped(match error {
        FetchError::Failed(error) => return Error::clone(&error),
        FetchError::ClockJumped => Stopped::ClockJumped,
        FetchError::Expired => Stopped::Expired,
        FetchError::NoRuntime => Stopped::NoRuntime,
        FetchError::Overdue => Stopped::Overdue,
        // A panic; others are not known here.
        _ => Stopped::Ended,
    })
}

impl From<ProtocolError> for Error {
    fn from(error: ProtocolError) -> Self {
        match error {
            ProtocolError::Rejected(rejection) if is_temporary(rejection.status()) => {
                Self::Unavailable(rejection)
            }
            ProtocolError::Rejected(rejection) => Self::Refused(rejection),
            other => Self::Unexpected(Box::new(other)),
        }
    }
}

#[cfg(feature = "tls")]
impl From<ArmError> for Error {
    fn from(error: ArmError) -> Self {
        Self::Arm(error)
    }
}

#[cfg(feature = "tls")]
impl From<PagingError> for Error {
    fn from(error: PagingError) -> Self {
        Self::Paging(error)
    }
}

fn is_temporary(status: u16) -> bool {
    azvm_imds::classify(status) != azvm_exchange::RetryClass::Final
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "tls")]
            Self::Arm(_) => f.write_str("the Azure Resource Manager call failed"),
            Self::Invalid(reason) => f.write_str(reason),
            #[cfg(feature = "tls")]
            Self::Paging(_) => f.write_str("a list of Azure Resource Manager is not complete"),
            Self::Stopped(reason) => write!(f, "no token: {}", reason.text()),
            Self::Refused(_) => f.write_str("the metadata service refused a token"),
            Self::Unavailable(_) => f.write_str("the metadata service has no token for now"),
            Self::Unexpected(_) => {
                f.write_str("the metadata service answered something else than the token")
            }
            Self::Unreachable(Service::Imds, _) => {
                f.write_str("the metadata service cannot be reached")
            }
            Self::Unreachable(Service::Arm, _) => {
                f.write_str("Azure Resource Manager cannot be reached")
            }
        }
    }
}

/// The service's own words. `Rejection` is no error by itself, so it is wrapped where it is the cause.
impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            #[cfg(feature = "tls")]
            Self::Arm(error) => Some(error),
            Self::Invalid(_) | Self::Stopped(_) => None,
            #[cfg(feature = "tls")]
            Self::Paging(error) => Some(error),
            Self::Refused(rejection) | Self::Unavailable(rejection) => Some(&**rejection),
            Self::Unexpected(error) => Some(&**error),
            Self::Unreachable(_, failure) => Some(&**failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_small_and_travels() {
        fn travels<T: Send + Sync + 'static>() {}
        travels::<Error>();
        assert!(size_of::<Error>() <= 24);
    }
}
