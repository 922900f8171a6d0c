//! The Azure Instance Metadata Service (IMDS) protocol as data: what to ask, and what the answers mean.
//!
//! ```
//! use azvm_exchange::{Response, Timestamp};
//! use azvm_imds::{Audience, IdentitySelector, TokenRequest};
//!
//! let audience = Audience::new("https://management.azure.com/")?;
//! let ask = TokenRequest::new(audience, IdentitySelector::System);
//! let request = ask.to_request();
//! assert_eq!(
//!     request.target(),
//!     "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F",
//! );
//! // Send it to `Endpoint::default()` with any HTTP client, never through a proxy, and hand the answer back:
//! let body = br#"{"access_token":"t","expires_in":"86400","expires_on":"1795345109"}"#;
//! let answer = Response::new(200, vec![], body.to_vec());
//! let token = ask.read(&answer, Timestamp::from_unix_seconds(1_795_258_709))?;
//! assert_eq!(token.expires_on().unix_seconds(), 1_795_345_109);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The protocol on one page
//!
//! * Plain HTTP/1.1 to `169.254.169.254:80`, from the VM itself, never through a proxy, and without `X-Forwarded-For`.
//! * Every request but the [`probe()`] carries `Metadata: true`; every path but [`versions()`] carries `api-version`.
//! * A token is asked for one *audience* (called `resource` on the wire) and, when the VM has more than one identity,
//!   for one [`IdentitySelector`].
//! * 404, 410, 429 and 5xx are worth a retry ([`retry_policy`]); 410 passes within 70 seconds. 400 is an answer.
//! * Numbers come as strings, sometimes as numbers, sometimes not at all; unknown members are ignored, unknown values
//!   are kept as text, and a member of an odd type does not cost the others.
//! * Read who answered ([`Responder`]) before reading a status: a proxy's 403 is not IMDS's.
//!
//! # Endpoints
//!
//! | what | request | answer |
//! |---|---|---|
//! | a token | [`TokenRequest::to_request`] | [`TokenRequest::read`] |
//! | is IMDS there | [`probe()`] | [`read_probe`] |
//! | the versions that it has | [`versions()`] | [`read_versions`], [`ApiVersion::newest`] |
//! | the tenant | [`identity_info()`] | [`read_identity_info`] |
//! | the machine | [`instance()`], [`InstanceRequest::extended`] | [`Instance::read`], [`read_instance`] |
//! | a part of it | [`InstanceRequest::json`] with an [`InstancePath`] | [`Network::read`], [`StorageProfile::read`] |
//! | one value of it | [`InstanceRequest::text`] | [`read_instance_text`] |
//! | what Azure signs about it | [`attested_document`] | [`UnverifiedAttestedDocument::read`] |
//! | maintenance ahead | [`scheduled_events()`] | [`ScheduledEvents::read`] |
//! | letting it start | [`start_events`] | [`read_start_events`] |
//! | the load balancer in front | [`load_balancer()`] | [`LoadBalancer::read`] |
//!
//! Every reader takes a [`Response`](azvm_exchange::Response) and returns a [`ProtocolError`] that says who answered.
//! An [`Exchange`](azvm_exchange::Exchange) with [`retry_policy`] says when to send a request again:
//!
//! ```
//! use azvm_exchange::{Event, Exchange, Monotonic, Response, Step};
//! use azvm_imds::{InstancePath, InstanceRequest, read_instance_text, retry_policy};
//!
//! # fn send(_: &azvm_exchange::Request) -> Response { Response::new(200, vec![], b"Standard_D2s_v5".to_vec()) }
//! # fn sleep(_: core::time::Duration) {}
//! let path: InstancePath = "compute/vmSize".parse()?;
//! let request = InstanceRequest::text(path).to_request();
//! let mut exchange = Exchange::new(request, retry_policy(), 7);
//! let clock = || Monotonic::ZERO; // of your own, as `send` and `sleep` are
//! loop {
//!     match exchange.poll(clock()) {
//!         Step::Send { request, .. } => {
//!             let response = send(request);
//!             exchange.handle(clock(), Event::Answered(response));
//!         }
//!         Step::Sleep(wait) => sleep(wait),
//!         _ => break,
//!     }
//! }
//! let response = exchange.finish()?;
//! assert_eq!(read_instance_text(&response)?, "Standard_D2s_v5");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Who is asked for, and who answers
//!
//! A [`TokenRequest`] with a selector compares the answer with it: first the member of the same kind that some hosts
//! repeat (`client_id`, `object_id`, `msi_res_id`), then the claim (`appid` or `azp`, `oid`, `xms_mirid`). Another ID is
//! [`ProtocolError::IgnoredSelector`]. Where neither is there, nothing is proven and the token is handed out.
//!
//! Sources: Microsoft's pages *How to use managed identities for Azure resources on an Azure VM to acquire an access
//! token* and *Azure Instance Metadata Service*, and the published IMDS OpenAPI description of 2023-07-01.
//!
//! # Features
//!
//! * `machine` (default): all that is about the machine and not about its tokens: the instance document, scheduled events, the
//!   load balancer, the attested document, the tenant and the versions. A program that only wants tokens can do without.
//!
//! # What this crate never does
//!
//! It opens no socket, reads no clock and no environment (`no_std`), verifies no token, and decides nothing from an
//! `error_description`, whose text the documentation reserves the right to change.

#![no_std]
#![warn(missing_docs, clippy::exhaustive_enums, clippy::exhaustive_structs)]
#![warn(
    clippy::alloc_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

#[cfg(feature = "machine")]
mod attested;
mod audience;
mod claims;
mod date;
#[cfg_attr(
    not(feature = "machine"),
    expect(
        dead_code,
        unused_imports,
        unused_macros,
        reason = "of what reads documents, an error needs a part"
    )
)]
mod document;
mod endpoint;
mod error;
#[cfg(feature = "machine")]
#[doc(hidden)]
pub mod fuzzing;
mod guid;
#[cfg(feature = "machine")]
mod identity_info;
#[cfg(feature = "machine")]
mod instance;
#[cfg(feature = "machine")]
mod load_balancer;
mod loose;
mod plain;
mod probe;
mod request;
mod responder;
mod retry;
#[cfg(feature = "machine")]
mod scheduled_events;
mod selector;
mod token;
#[cfg(feature = "machine")]
mod versions;
mod wire;

#[cfg(feature = "machine")]
pub use attested::{
    ATTESTED_API_VERSION, MAX_NONCE_CHARS, MAX_SIGNATURE_BYTES, Nonce, NonceError,
    UnverifiedAttestedDocument, attested_document,
};
pub use audience::{Audience, AudienceError, MAX_AUDIENCE_BYTES};
pub use claims::{ClaimsError, UnverifiedClaims};
pub use endpoint::{DEFAULT_ENDPOINT, Endpoint, EndpointError};
pub use error::{IgnoredSelector, Malformed, ProtocolError, Rejection};
pub use guid::{Guid, GuidError};
#[cfg(feature = "machine")]
pub use identity_info::read_identity_info;
#[cfg(feature = "machine")]
pub use instance::{
    AdditionalCapabilities, Compute, DataDisk, DiffDiskSettings, DiskEncryption, Extended,
    ExtendedCompute, ExtendedLocation, Host, ImageReference, Instance, InstancePath,
    InstancePathError, InstanceRequest, IpAddressBlock, Ipv4, Ipv4Address, Ipv6, Ipv6Address,
    KeyReference, MAX_PATH_SEGMENTS, MAX_SEGMENT_BYTES, ManagedDisk, Network, NetworkInterface,
    OsDisk, OsProfile, Plan, PublicKey, ResourceDisk, ScaleSet, SecurityProfile, SourceVault,
    StorageProfile, Subnet, Tag, VirtualHardDisk, read_instance, read_instance_text,
};
#[cfg(feature = "machine")]
pub use load_balancer::{
    AddressPair, InboundRule, LOAD_BALANCER_API_VERSION, LoadBalancer, load_balancer,
};
pub use probe::{probe, read_probe};
#[cfg(feature = "machine")]
pub use request::{
    EXTENDED_INSTANCE_API_VERSION, INSTANCE_API_VERSION, identity_info, instance, versions,
};
pub use request::{MAX_TOKEN_RESPONSE_BYTES, TOKEN_API_VERSION};
pub use responder::Responder;
pub use retry::{
    ATTEMPT_TIMEOUT, CONNECTION_DELAYS, DEFAULT_DEADLINE, JITTER_PERCENT, JUST_ATTACHED_DELAYS,
    MAX_JUST_ATTACHED_WINDOW, PROBE_DEADLINE, SERVER_ERROR_DELAYS, TRANSIENT_DELAYS,
    UPDATING_DELAYS, classify, just_attached_policy, probe_policy, retry_policy,
};
#[cfg(feature = "machine")]
pub use scheduled_events::{
    EventId, EventIdError, EventSource, EventStatus, EventType, MAX_EVENT_ID_BYTES,
    SCHEDULED_EVENTS_API_VERSION, SCHEDULED_EVENTS_FIRST_CALL, ScheduledEvent, ScheduledEvents,
    read_start_events, scheduled_events, scheduled_events_policy, start_events,
};
pub use selector::IdentitySelector;
pub use token::{AccessToken, TokenRequest};
#[cfg(feature = "machine")]
pub use versions::{ApiVersion, ApiVersionError, PUBLISHED_VERSIONS, read_versions};
