//! What an exchange may cost at most, besides its budget and its body.

use std::time::Duration;

/// How long opening the TCP connection may take; see [`Limits::with_connect`].
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How large a response's head may be; see [`Limits::with_head_bytes`].
pub const DEFAULT_HEAD_BYTES: usize = 16 * 1024;

/// The smallest head limit that takes effect.
pub const MIN_HEAD_BYTES: usize = 8 * 1024;

/// Limits of a [`Client`](crate::Client). The budget is given per exchange, the cap of the body per request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    connect: Duration,
    head_bytes: usize,
}

impl Limits {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            connect: DEFAULT_CONNECT_TIMEOUT,
            head_bytes: DEFAULT_HEAD_BYTES,
        }
    }

    /// Sets how long opening the TCP connection may take, all addresses of a name together; [`DEFAULT_CONNECT_TIMEOUT`]
    /// otherwise. On Windows the system itself repeats a refused connection for about two seconds, so that a shorter
    /// limit reports a closed port as a timeout there.
    #[must_use]
    pub const fn with_connect(mut self, timeout: Duration) -> Self {
        self.connect = timeout;
        self
    }

    /// Sets how many bytes of status line and headers are accepted; [`DEFAULT_HEAD_BYTES`] otherwise.
    /// Values under [`MIN_HEAD_BYTES`] count as that. More than 100 headers are refused whatever their size.
    #[must_use]
    pub const fn with_head_bytes(mut self, bytes: usize) -> Self {
        self.head_bytes = if bytes < MIN_HEAD_BYTES {
            MIN_HEAD_BYTES
        } else {
            bytes
        };
        self
    }

    /// How long opening the TCP connection may take.
    pub const fn connect(&self) -> Duration {
        self.connect
    }

    /// How many bytes of status line and headers are accepted.
    pub const fn head_bytes(&self) -> usize {
        self.head_bytes
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
