//! What an exchange may cost at most, besides its budget and its body; and the two profiles.

use std::time::Duration;

/// How long opening the TCP connection to IMDS may take. It answers on the same host: off Azure nothing ever does.
pub const IMDS_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How long IMDS may think about an answer: it asks Entra for a token that it does not have yet.
pub const IMDS_FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection to IMDS is kept for the next request: about as long as the waits between retries.
pub const IMDS_IDLE_AGE: Duration = Duration::from_secs(30);

/// How long opening the TCP connection to Azure Resource Manager, or to the proxy before it, may take.
pub const ARM_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long Azure Resource Manager may think about an answer; the proxy's tunnel and the TLS handshake get as much each.
pub const ARM_FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(15);

/// How large a response's head may be; see [`Limits::with_head_bytes`].
pub const DEFAULT_HEAD_BYTES: usize = 16 * 1024;

/// The smallest head limit that takes effect.
pub const MIN_HEAD_BYTES: usize = 8 * 1024;

/// Limits of a [`Client`](crate::Client). The budget is given per exchange, the cap of the body per request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    connect: Duration,
    first_byte: Duration,
    idle_age: Duration,
    head_bytes: usize,
}

impl Limits {
    /// For IMDS: [`IMDS_CONNECT_TIMEOUT`], [`IMDS_FIRST_BYTE_TIMEOUT`], [`DEFAULT_HEAD_BYTES`], and one connection kept
    /// for [`IMDS_IDLE_AGE`].
    pub const fn imds() -> Self {
        Self {
            connect: IMDS_CONNECT_TIMEOUT,
            first_byte: IMDS_FIRST_BYTE_TIMEOUT,
            idle_age: IMDS_IDLE_AGE,
            head_bytes: DEFAULT_HEAD_BYTES,
        }
    }

    /// For Azure Resource Manager: [`ARM_CONNECT_TIMEOUT`], [`ARM_FIRST_BYTE_TIMEOUT`], [`DEFAULT_HEAD_BYTES`], and no
    /// connection kept.
    pub const fn arm() -> Self {
        Self {
            connect: ARM_CONNECT_TIMEOUT,
            first_byte: ARM_FIRST_BYTE_TIMEOUT,
            idle_age: Duration::ZERO,
            head_bytes: DEFAULT_HEAD_BYTES,
        }
    }

    /// Sets how long opening the TCP connection may take, all addresses of a name together. On Windows the system itself
    /// repeats a refused connection for about two seconds, so that a shorter limit reports a closed port as a timeout
    /// there.
    #[must_use]
    pub const fn with_connect(mut self, timeout: Duration) -> Self {
        self.connect = timeout;
        self
    }

    /// Sets how long the other side may take to say something: the whole head of the answer, and before it the proxy's
    /// answer and the TLS handshake, each. The budget of the exchange ends all of them if it is over sooner.
    #[must_use]
    pub const fn with_first_byte(mut self, timeout: Duration) -> Self {
        self.first_byte = timeout;
        self
    }

    /// Sets how long one connection is kept for the next request to the same origin; with zero none is.
    #[must_use]
    pub const fn with_idle_age(mut self, age: Duration) -> Self {
        self.idle_age = age;
        self
    }

    /// Sets how many bytes of status line and headers are accepted. Values under [`MIN_HEAD_BYTES`] count as that. More
    /// than 100 headers are refused whatever their size.
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

    /// How long the other side may take to say something.
    pub const fn first_byte(&self) -> Duration {
        self.first_byte
    }

    /// How long a connection is kept for the next request.
    pub const fn idle_age(&self) -> Duration {
        self.idle_age
    }

    /// How many bytes of status line and headers are accepted.
    pub const fn head_bytes(&self) -> usize {
        self.head_bytes
    }
}
