//! Which crate may depend on which, as data; `cargo xtask tidy` fails on any other edge.
//!
//! docs/architecture.md draws the picture. A new edge is a decision: add it here in a commit of its own that says why.

/// Every library and program, and what it may depend on among ours.
pub(crate) const EDGES: &[(&str, &[&str])] = &[
    ("azvm-resource-id", &[]),
    ("azvm-exchange", &[]),
    ("azvm-imds", &["azvm-exchange", "azvm-resource-id"]),
    ("azvm-arm", &["azvm-exchange", "azvm-resource-id"]),
    ("azvm-http", &["azvm-exchange"]),
    ("azvm-token-cache", &[]),
    (
        "azvm-identity",
        &[
            "azvm-arm",
            "azvm-exchange",
            "azvm-http",
            "azvm-imds",
            "azvm-resource-id",
            "azvm-token-cache",
        ],
    ),
    (
        "azvm-diagnostics",
        &[
            "azvm-arm",
            "azvm-exchange",
            "azvm-http",
            "azvm-identity",
            "azvm-imds",
            "azvm-resource-id",
            "azvm-token-cache",
        ],
    ),
    // An independent witness: were it built on the client's encoders, a mistake in them could not be seen.
    ("azvm-simulator", &[]),
    // Resource IDs are linted by the command line itself; everything else comes through the facade.
    (
        "azvm-doctor",
        &[
            "azvm-diagnostics",
            "azvm-identity",
            "azvm-resource-id",
            "azvm-simulator",
        ],
    ),
];

/// What tests and examples may use on top of [`EDGES`].
pub(crate) const DEV_EDGES: &[(&str, &[&str])] = &[
    ("azvm-identity", &["azvm-simulator"]),
    ("azvm-diagnostics", &["azvm-simulator"]),
    ("azvm-doctor", &["azvm-simulator"]),
];

/// May depend on anything of ours; nothing may depend on them.
pub(crate) const TOPS: &[&str] = &["xtask", "benches"];

/// `#![no_std]`: they cannot open a socket, read a clock or read the environment.
pub(crate) const PURE: &[&str] = &["azvm-resource-id", "azvm-exchange", "azvm-imds", "azvm-arm"];

/// Foreign crates that only the named ones may depend on directly.
pub(crate) const CONFINED: &[(&str, &[&str])] = &[
    ("aws-lc-rs", &["azvm-simulator"]),
    // The bench of a cold fetch measures against a connection of hyper that is written out by hand.
    ("hyper", &["azvm-http", "azvm-simulator", "benches"]),
    ("hyper-util", &["azvm-http", "azvm-simulator", "benches"]),
    ("ipconfig", &["azvm-diagnostics"]),
    ("rcgen", &["azvm-http", "azvm-simulator"]),
    // The doctor hashes reports, and names in them; ring is below its TLS anyway.
    ("ring", &["azvm-diagnostics", "azvm-simulator"]),
    ("rustls", &["azvm-http", "azvm-simulator"]),
    ("tokio-rustls", &["azvm-http", "azvm-simulator"]),
    ("windows-registry", &["azvm-diagnostics"]),
];

/// A package built with `flags` (no dev-dependencies) has none of `without` anywhere below it.
pub(crate) struct Lean {
    pub(crate) package: &'static str,
    pub(crate) flags: &'static [&'static str],
    pub(crate) without: &'static [&'static str],
}

pub(crate) const LEAN: &[Lean] = &[
    Lean {
        package: "azvm-imds",
        flags: &[],
        without: IO,
    },
    Lean {
        package: "azvm-arm",
        flags: &[],
        without: IO,
    },
    Lean {
        package: "azvm-token-cache",
        flags: &[],
        without: &["hyper", "ring", "rustls"],
    },
    Lean {
        package: "azvm-http",
        flags: &[],
        without: TLS,
    },
    Lean {
        package: "azvm-identity",
        flags: &["--no-default-features"],
        without: TLS,
    },
    // Who wants nothing but tokens builds no ARM, and no derive macro.
    Lean {
        package: "azvm-identity",
        flags: &["--no-default-features"],
        without: &["azvm-arm", "syn"],
    },
];

const TLS: &[&str] = &[
    "native-tls",
    "openssl-sys",
    "ring",
    "rustls",
    "tokio-rustls",
];
const IO: &[&str] = &["hyper", "mio", "rustls", "socket2", "tokio"];
