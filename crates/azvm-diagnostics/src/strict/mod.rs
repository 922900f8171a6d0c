//! Strict redaction: names, IDs and addresses of a machine and its tenant become keyed hashes, so that a report can be
//! given away and reports can still be compared.
//!
//! It is the facts that are redacted, and the rules judge them anew: every form of the report, with its causes and
//! commands, follows. A GUID becomes a GUID and a resource ID a resource ID, so that the verdict stays the same.
//!
//! | what | becomes |
//! |---|---|
//! | a GUID, wherever it stands | a GUID of version 8 |
//! | a subscription's, group's or resource's name in a resource ID, and the same word elsewhere | `name-` and ten digits |
//! | a word in quotes in a service's message | `name-…` |
//! | an IPv4, IPv6 or MAC address | `ip-…`, `mac-…` |
//! | a host name | `host-…` |
//! | a path of a file in the command | `path-…` |
//!
//! What is the same everywhere stays: Azure's own hosts, addresses, applications and general roles, loopback, types, regions, versions, statuses,
//! codes and times.

mod names;
mod scan;

use crate::facts::{Facts, Redaction};
use crate::stored::StoredError;
use names::Names;
use ring::hmac;
use std::fmt;

/// The key of the hashes. The same salt gives the same hashes, in one report and across reports; without it nobody can
/// try names until one fits.
#[derive(Clone)]
pub struct Salt(hmac::Key);

impl Salt {
    /// Of any length; 16 random bytes make hashes that nobody can reverse by trying.
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Ten hexadecimal digits after a word that says what was there. Letters' case makes no difference.
    fn word(&self, kind: &str, text: &str) -> String {
        let digits = self.hash(text).iter().take(5).fold(String::new(), hex);
        format!("{kind}-{digits}")
    }

    /// A GUID of the version that is free for such uses (RFC 9562 section 5.8).
    fn guid(&self, text: &str) -> String {
        let mut bytes = self.hash(text);
        bytes.truncate(16);
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let mut guid = bytes.iter().fold(String::new(), hex);
        for at in [20, 16, 12, 8] {
            guid.insert(at, '-');
        }
        guid
    }

    /// A machine's name, VM ID or resource ID as a redacted report has it.
    pub(crate) fn hidden_name(&self, text: &str) -> String {
        if scan::is_guid(text) {
            self.guid(text)
        } else if text.contains('/') {
            scan::everything("", text, self, &Names::default())
        } else {
            self.word("name", text)
        }
    }

    fn hash(&self, text: &str) -> Vec<u8> {
        let text = text.to_lowercase();
        hmac::sign(&self.0, text.as_bytes()).as_ref().to_vec()
    }
}

fn hex(mut digits: String, byte: &u8) -> String {
    digits.push_str(&format!("{byte:02x}"));
    digits
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt")
    }
}

/// Members whose texts are a vocabulary: of Azure, of the protocols, or our own. Only a GUID or an address is changed in
/// them.
const VOCABULARY: [&str; 37] = [
    "action",
    "asked",
    "asset_tag",
    "az_environment",
    "built_in",
    "cloud",
    "container",
    "code",
    "device",
    "error",
    "failure",
    "grant",
    "identity_type",
    "kernel",
    "kind",
    "location",
    "manufacturer",
    "newest_versions",
    "os",
    "os_type",
    "part",
    "phase",
    "policy",
    "present",
    "principal_type",
    "product",
    "reader",
    "reason",
    "redaction",
    "resource_type",
    "responder",
    "selector",
    "simulation",
    "state",
    "unknown",
    "unreadable",
    "variable",
];

impl Facts {
    /// The same facts, with hashes in the place of names, IDs and addresses. Facts that are redacted already stay as
    /// they are.
    ///
    /// # Errors
    ///
    /// [`StoredError`] when what is left could not be read again; then nothing should be shown.
    pub fn redacted(&self, salt: &Salt) -> Result<Self, StoredError> {
        if self.redaction == Redaction::Strict {
            return Ok(self.clone());
        }
        let mut names = Names::default();
        self.with_texts(|member, text| {
            names.learn(member, text);
            None
        })?;
        let mut facts = self.with_texts(|member, text| {
            Some(match VOCABULARY.contains(&member) {
                true => scan::ids(text, salt),
                false => scan::everything(member, text, salt, &names),
            })
        })?;
        facts.redaction = Redaction::Strict;
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_has_the_same_hash_under_the_same_salt_only() {
        let (salt, other) = (Salt::new(b"a"), Salt::new(b"b"));
        assert_eq!(salt.word("name", "App-RG"), salt.word("name", "app-rg"));
        assert_ne!(salt.word("name", "app-rg"), other.word("name", "app-rg"));
        assert_eq!(salt.word("name", "x").len(), "name-".len() + 10);
        let guid = salt.guid("01234567-89ab-cdef-0123-456789abcdef");
        assert!(guid.parse::<azvm_imds::Guid>().is_ok(), "{guid}");
        assert_eq!(&guid[14..15], "8");
        assert_eq!(format!("{salt:?}"), "Salt");
    }
}
