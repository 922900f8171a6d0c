//! The attested document: what Azure signs about the VM.

use crate::document::{self, document};
use crate::request::with_metadata_header;
use crate::{Malformed, ProtocolError};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::{Request, Response};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use core::fmt;
use core::str::FromStr;

/// The api-version of the attested document. The endpoint came with 2018-10-01; `subscriptionId`, `sku` and
/// `licenseType` are in the signed content from this one on.
///
/// Source: *Azure Instance Metadata Service*, Attested data.
pub const ATTESTED_API_VERSION: &str = "2020-09-01";

/// The longest [`Nonce`], in characters.
pub const MAX_NONCE_CHARS: usize = 32;

/// The largest signature that is decoded. A signature with its certificate has one to three kilobytes; no maximum is
/// published.
pub const MAX_SIGNATURE_BYTES: usize = 32 * 1024;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A text that IMDS signs with the document, so that an old one cannot be played again.
///
/// The page *Azure Instance Metadata Service* asks for 10 digits, the OpenAPI description for up to 32 alphanumeric
/// characters. Ten digits satisfy both.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Nonce(String);

impl Nonce {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Nonce {
    type Err = NonceError;

    /// # Errors
    ///
    /// [`NonceError`] unless the text is 1 to [`MAX_NONCE_CHARS`] ASCII letters and digits.
    fn from_str(text: &str) -> Result<Self, NonceError> {
        let is_nonce = (1..=MAX_NONCE_CHARS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_nonce {
            Ok(Self(text.into()))
        } else {
            Err(NonceError(()))
        }
    }
}

/// A text is not a [`Nonce`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonceError(());

impl fmt::Display for NonceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected 1 to 32 ASCII letters and digits as a nonce")
    }
}

impl core::error::Error for NonceError {}

/// `GET /metadata/attested/document`. Without a nonce IMDS signs the current time in its place.
pub fn attested_document(nonce: Option<&Nonce>) -> Request {
    let mut target = format!("/metadata/attested/document?api-version={ATTESTED_API_VERSION}");
    if let Some(nonce) = nonce {
        target.push_str("&nonce=");
        target.push_str(nonce.as_str());
    }
    with_metadata_header(Request::get(target))
}

document! {
    struct Body {
        encoding: Option<String> = text("encoding"),
        signature: Option<String> = data("signature"),
    }
}

/// A signed document, **not verified**: neither the signature, nor the chain of its certificate, nor the nonce. Who decides
/// anything from its content has to do all three.
///
/// ```
/// use azvm_exchange::Response;
/// use azvm_imds::UnverifiedAttestedDocument;
///
/// let body = br#"{"encoding":"pkcs7","signature":"MIIEEg=="}"#;
/// let document = UnverifiedAttestedDocument::read(&Response::new(200, vec![], body.to_vec()))?;
/// assert_eq!(document.unverified_signature(), [0x30, 0x82, 0x04, 0x12]); // DER to hand to a PKCS #7 library
/// # Ok::<(), azvm_imds::ProtocolError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct UnverifiedAttestedDocument {
    encoding: Option<String>,
    signature: Vec<u8>,
}

impl UnverifiedAttestedDocument {
    /// Reads the answer to [`attested_document`].
    ///
    /// # Errors
    ///
    /// [`ProtocolError::Rejected`] for any status but 200, [`ProtocolError::Malformed`] for a body without a signature in
    /// base64 of 1 to [`MAX_SIGNATURE_BYTES`].
    pub fn read(response: &Response) -> Result<Self, ProtocolError> {
        let body: Body = document::read(response, "the body is no attested document")?;
        let malformed = |reason| ProtocolError::Malformed(Malformed::new(reason, response));
        let mut text = body
            .signature
            .ok_or_else(|| malformed("the document has no signature"))?;
        // Base64 is broken into lines in some encoders.
        text.retain(|c| !c.is_ascii_whitespace());
        if text.len() / 4 > MAX_SIGNATURE_BYTES / 3 {
            return Err(malformed("the signature is longer than 32 KiB"));
        }
        let signature = BASE64
            .decode(text)
            .map_err(|_| malformed("the signature is not base64"))?;
        if signature.is_empty() {
            return Err(malformed("the document has no signature"));
        }
        Ok(Self {
            encoding: body.encoding,
            signature,
        })
    }

    /// `encoding`: `pkcs7`, the only one documented.
    pub fn encoding(&self) -> Option<&str> {
        self.encoding.as_deref()
    }

    /// `signature`, decoded from base64: for `pkcs7` the DER of a signed message with its content (`nonce`, `plan`, `sku`,
    /// `subscriptionId`, `timeStamp`, `vmId`, `licenseType`) and certificate. Not verified.
    pub fn unverified_signature(&self) -> &[u8] {
        &self.signature
    }
}

impl fmt::Debug for UnverifiedAttestedDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedAttestedDocument")
            .field("encoding", &self.encoding)
            .field("signature_bytes", &self.signature.len())
            .finish()
    }
}
