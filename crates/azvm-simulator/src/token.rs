//! Tokens: issued by the simulated IMDS, verified by the simulated ARM.
//!
//! They are shaped like Entra's version 1.0 tokens and signed with a random key that lives as long as the simulator.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Identity, World};

/// Signs tokens and recognises its own.
pub(crate) struct TokenAuthority {
    key: hmac::Key,
    key_id: String,
    lifetime_secs: u32,
    cache: Mutex<Cache>,
}

/// A token with the figures that go into IMDS's answer.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) not_before: i64,
    pub(crate) expires_on: i64,
}

#[derive(Default)]
struct Cache {
    /// By object ID and exact resource text, as IMDS does.
    current: HashMap<(String, String), Issued>,
    issued: Vec<String>,
}

impl TokenAuthority {
    /// `None` when the operating system gives no random bytes.
    pub(crate) fn new(lifetime_secs: u32) -> Option<Self> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok()?;
        let key_id = URL_SAFE_NO_PAD.encode(Uuid::new_v4());
        Some(Self {
            key,
            key_id,
            lifetime_secs,
            cache: Mutex::default(),
        })
    }

    /// The token for this identity and resource: the same one until it has expired.
    pub(crate) fn token(
        &self,
        world: &World,
        identity: &Identity,
        resource: &str,
        now: i64,
    ) -> Issued {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (identity.object_id.clone(), resource.to_owned());
        if let Some(current) = cache
            .current
            .get(&key)
            .filter(|current| now < current.expires_on)
        {
            return current.clone();
        }
        let issued = self.issue(world, identity, resource, now);
        if cache.current.len() >= MAX_CACHED {
            cache.current.clear();
        }
        if cache.issued.len() >= MAX_REMEMBERED {
            cache.issued.remove(0);
        }
        cache.current.insert(key, issued.clone());
        cache.issued.push(issued.token.clone());
        issued
    }

    /// Every token handed out, oldest first.
    pub(crate) fn issued(&self) -> Vec<String> {
        self.cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .issued
            .clone()
    }

    /// The claims of a token that this authority signed. Audience and expiry are the caller's to judge.
    pub(crate) fn verify(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (_, payload) = signed.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        hmac::verify(&self.key, signed.as_bytes(), &signature).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }

    fn issue(&self, world: &World, identity: &Identity, resource: &str, now: i64) -> Issued {
        let not_before = now - BACKDATED_SECS;
        let expires_on = now + i64::from(self.lifetime_secs);
        let issuer = format!("https://sts.windows.net/{}/", world.tenant_id);
        let claims = Claims {
            aud: resource.to_owned(),
            iss: issuer.clone(),
            iat: not_before,
            nbf: not_before,
            exp: expires_on,
            appid: identity.client_id.clone(),
            appidacr: "2".to_owned(),
            idp: issuer,
            idtyp: "app".to_owned(),
            oid: identity.object_id.clone(),
            sub: identity.object_id.clone(),
            tid: world.tenant_id.clone(),
            uti: URL_SAFE_NO_PAD.encode(Uuid::new_v4()),
            ver: "1.0".to_owned(),
            xms_mirid: mirid(world, identity),
        };
        let header = Header {
            typ: "JWT",
            alg: "HS256",
            kid: &self.key_id,
        };
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = hmac::sign(&self.key, signed.as_bytes());
        Issued {
            token: format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)),
            not_before,
            expires_on,
        }
    }
}

impl fmt::Debug for TokenAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAuthority")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Header<'a> {
    typ: &'a str,
    alg: &'a str,
    kid: &'a str,
}

/// The claims of a managed identity's token.
#[derive(Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) aud: String,
    iss: String,
    iat: i64,
    nbf: i64,
    pub(crate) exp: i64,
    pub(crate) appid: String,
    appidacr: String,
    idp: String,
    idtyp: String,
    pub(crate) oid: String,
    sub: String,
    tid: String,
    uti: String,
    ver: String,
    xms_mirid: String,
}

/// Who the identity is: Entra writes `resourcegroups` in lower case for user-assigned identities.
fn mirid(world: &World, identity: &Identity) -> String {
    if identity.resource_id == world.vm_resource_id {
        return identity.resource_id.clone();
    }
    identity
        .resource_id
        .replacen("/resourceGroups/", "/resourcegroups/", 1)
}

fn encode(part: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).expect("tokens are plain structs"))
}

/// Entra dates tokens back, so that a slow clock at the resource does no harm.
const BACKDATED_SECS: i64 = 300;

const MAX_CACHED: usize = 1_000;
const MAX_REMEMBERED: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scenario;

    fn setup() -> (TokenAuthority, World) {
        (
            TokenAuthority::new(86_400).unwrap(),
            Scenario::named("healthy").unwrap().world,
        )
    }

    #[test]
    fn a_token_is_served_again_until_it_has_expired() {
        let (authority, world) = setup();
        let token = |resource: &str, now| {
            authority
                .token(&world, world.system_identity().unwrap(), resource, now)
                .token
        };
        let first = token("https://a/", 1_000);
        assert_eq!(token("https://a/", 1_000 + 86_399), first);
        assert_ne!(token("https://a", 1_000), first);
        assert_ne!(token("https://a/", 1_000 + 86_400), first);
        assert_eq!(authority.issued().len(), 3);
    }

    #[test]
    fn only_own_and_unchanged_tokens_are_recognised() {
        let (authority, world) = setup();
        let (other, _) = setup();
        let identity = world.system_identity().unwrap();
        let own = authority.token(&world, identity, "https://a/", 1_000).token;
        let foreign = other.token(&world, identity, "https://a/", 1_000).token;
        assert_eq!(authority.verify(&own).unwrap().oid, identity.object_id);
        let changed = own.replacen('.', "A.", 1);
        for refused in [
            foreign.as_str(),
            &changed,
            "",
            "a",
            "a.b",
            "..",
            "a.b.c.d.",
            "a.b.%",
            "é.é.é",
        ] {
            assert!(authority.verify(refused).is_none(), "{refused}");
        }
    }

    #[test]
    fn debug_shows_no_key_and_no_token() {
        let (authority, world) = setup();
        let token = authority
            .token(
                &world,
                world.system_identity().unwrap(),
                "https://a/",
                1_000,
            )
            .token;
        let shown = format!("{authority:?}");
        assert!(
            !shown.contains(&token) && !shown.contains("hmac") && shown.len() < 80,
            "{shown}"
        );
    }
}
