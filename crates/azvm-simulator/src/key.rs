//! The RSA key that signs tokens and attested documents.
//!
//! Making one takes about a tenth of a second, so that a process makes it once, when the first token is asked for, and all its
//! simulators share it.
//! They still do not take each other's tokens: each has a key ID of its own, which the signature covers.

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};

/// A private key that never leaves memory.
pub(crate) struct SigningKey(RsaKeyPair);

impl SigningKey {
    /// The process's key; `None` when the operating system gives no random bytes.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<SigningKey>> = OnceLock::new();
        SHARED
            .get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).ok().map(Self))
            .as_ref()
    }

    /// A signature as in RS256 (RFC 7518 section 3.3); `None` when the operating system gives no random bytes.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .ok()?;
        Some(signature)
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.0.public_key())
            .verify(message, signature)
            .is_ok()
    }

    /// Modulus and exponent, big-endian, as a key set publishes them.
    pub(crate) fn public_parts(&self) -> [Vec<u8>; 2] {
        let public = self.0.public_key();
        [
            public.modulus().big_endian_without_leading_zero().to_vec(),
            public.exponent().big_endian_without_leading_zero().to_vec(),
        ]
    }

    /// The private key as PKCS #8, for the certificate library.
    pub(crate) fn pkcs8(&self) -> Option<Vec<u8>> {
        Some(self.0.as_der().ok()?.as_ref().to_vec())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_recognises_its_own_signatures() {
        let key = SigningKey::shared().unwrap();
        assert!(std::ptr::eq(key, SigningKey::shared().unwrap()));
        let signature = key.sign(b"message").unwrap();
        assert_eq!(signature.len(), 256);
        assert!(key.verifies(b"message", &signature));
        assert!(!key.verifies(b"massage", &signature) && !key.verifies(b"message", b""));
        assert_eq!(key.public_parts()[1], [1, 0, 1]);
        assert_eq!(format!("{key:?}"), "SigningKey");
    }
}
