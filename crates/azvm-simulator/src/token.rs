//! Tokens: issued by the simulated IMDS, verified by the simulated ARM.
//!
//! They are shaped like Entra's version 1.0 tokens and signed with RS256.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::key::SigningKey;
use crate::random::Random;
use crate::{Identity, World};

/// Signs tokens and recognises its own.
pub(crate) struct TokenAuthority {
    key_id: String,
    lifetime_secs: u32,
    /// The tenant that issues, when it is not the subscription's.
    tenant_id: Option<String>,
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
    current: HashMap<String, HashMap<String, Issued>>,
    count: usize,
    issued: Vec<String>,
}

impl TokenAuthority {
    /// Tokens of two authorities in one process differ by their key ID, which comes out of `random`.
    pub(crate) fn new(lifetime_secs: u32, tenant_id: Option<String>, random: &Random) -> Self {
        Self {
            key_id: URL_SAFE_NO_PAD.encode(random.guid()),
            lifetime_secs,
            tenant_id,
            cache: Mutex::default(),
        }
    }

    /// The token for this identity and resource: the same one until it has expired, unless `fresh` asks for another.
    ///
    /// `None` when there are no random bytes for a key.
    pub(crate) fn token(
        &self,
        world: &World,
        identity: &Identity,
        resource: &str,
        now: i64,
        random: &Random,
    ) -> Option<Issued> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let current = cache
            .current
            .get(&identity.object_id)
            .and_then(|by_resource| by_resource.get(resource))
            .filter(|current| now < current.expires_on);
        if let Some(current) = current {
            return Some(current.clone());
        }
        let issued = self.issue(world, identity, resource, now, random)?;
        cache.keep(identity, resource, &issued);
        Some(issued)
    }

    /// Every token handed out, oldest first.
    pub(crate) fn issued(&self) -> Vec<String> {
        self.cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .issued
            .clone()
    }

    /// Drops what is kept, so that the next token is a new one: as a day later.
    pub(crate) fn forget(&self) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.current.clear();
        cache.count = 0;
    }

    /// The claims of a token that this authority signed. Audience, tenant and times are the caller's to judge.
    pub(crate) fn verify(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
        let is_own = header.alg == ALGORITHM && header.kid == self.key_id;
        let key = SigningKey::shared().filter(|_| is_own)?;
        let is_signed = key.verifies(signed.as_bytes(), &decode(signature)?);
        serde_json::from_slice(&decode(payload).filter(|_| is_signed)?).ok()
    }

    /// The public key as a JSON Web Key Set (RFC 7517).
    pub(crate) fn key_set(&self) -> Option<Value> {
        let [modulus, exponent] = SigningKey::shared()?
            .public_parts()
            .map(|part| URL_SAFE_NO_PAD.encode(part));
        Some(json!({ "keys": [{
            "alg": ALGORITHM, "e": exponent, "kid": self.key_id, "kty": "RSA", "n": modulus, "use": "sig", "x5t": self.key_id,
        }] }))
    }

    fn issue(
        &self,
        world: &World,
        identity: &Identity,
        resource: &str,
        now: i64,
        random: &Random,
    ) -> Option<Issued> {
        let claims = self.claims(world, identity, resource, now, random);
        let (not_before, expires_on) = (claims.nbf, claims.exp);
        let header = Header {
            typ: "JWT".to_owned(),
            alg: ALGORITHM.to_owned(),
            x5t: self.key_id.clone(),
            kid: self.key_id.clone(),
        };
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = SigningKey::shared()?.sign(signed.as_bytes())?;
        Some(Issued {
            token: format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)),
            not_before,
            expires_on,
        })
    }

    fn claims(
        &self,
        world: &World,
        identity: &Identity,
        resource: &str,
        now: i64,
        random: &Random,
    ) -> Claims {
        let not_before = now - BACKDATED_SECS;
        let tenant_id = self.tenant_id.as_ref().unwrap_or(&world.tenant_id);
        let issuer = format!("https://sts.windows.net/{tenant_id}/");
        let opaque = || URL_SAFE_NO_PAD.encode(random.guid());
        let groups = world.principal_groups.iter();
        let groups = groups.filter(|group| {
            group
                .members
                .iter()
                .any(|member| member.eq_ignore_ascii_case(&identity.object_id))
        });
        let is_system = world
            .system_identity
            .as_ref()
            .is_some_and(|system| system.object_id == identity.object_id);
        let (person, app_id) = match world.has_person {
            true => (true, AZURE_CLI),
            false => (false, identity.client_id.as_str()),
        };
        Claims {
            aud: resource.to_owned(),
            iss: issuer.clone(),
            iat: not_before,
            nbf: not_before,
            exp: now + i64::from(self.lifetime_secs),
            aio: opaque(),
            appid: app_id.to_owned(),
            appidacr: if person { "0" } else { "2" }.to_owned(),
            groups: groups.map(|group| group.id.clone()).collect(),
            idp: issuer,
            idtyp: if person { "user" } else { "app" }.to_owned(),
            oid: identity.object_id.clone(),
            rh: opaque(),
            sub: identity.object_id.clone(),
            tid: tenant_id.clone(),
            uti: opaque(),
            ver: "1.0".to_owned(),
            xms_az_rid: (!is_system && !person).then(|| world.vm.resource_id.clone()),
            xms_mirid: (!person).then(|| mirid(identity, is_system)),
            xms_tcdt: TENANT_CREATED,
        }
    }
}

impl Cache {
    fn keep(&mut self, identity: &Identity, resource: &str, issued: &Issued) {
        if self.count >= MAX_CACHED {
            self.current.clear();
            self.count = 0;
        }
        if self.issued.len() >= MAX_REMEMBERED {
            self.issued.remove(0);
        }
        self.count += 1;
        let by_resource = self.current.entry(identity.object_id.clone()).or_default();
        by_resource.insert(resource.to_owned(), issued.clone());
        self.issued.push(issued.token.clone());
    }
}

impl fmt::Debug for TokenAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAuthority")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    typ: String,
    alg: String,
    x5t: String,
    kid: String,
}

/// The claims of a managed identity's token, in alphabetical order after those that RFC 7519 registers.
#[derive(Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) aud: String,
    pub(crate) iss: String,
    iat: i64,
    pub(crate) nbf: i64,
    pub(crate) exp: i64,
    aio: String,
    pub(crate) appid: String,
    appidacr: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) groups: Vec<String>,
    idp: String,
    idtyp: String,
    pub(crate) oid: String,
    rh: String,
    sub: String,
    pub(crate) tid: String,
    uti: String,
    ver: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    xms_az_rid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    xms_mirid: Option<String>,
    xms_tcdt: i64,
}

/// The application through which the Azure CLI signs people in, the same in every tenant.
const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// Who the identity is: Entra writes `resourcegroups` in lower case for user-assigned identities.
fn mirid(identity: &Identity, is_system: bool) -> String {
    if is_system {
        return identity.resource_id.clone();
    }
    identity
        .resource_id
        .replacen("/resourceGroups/", "/resourcegroups/", 1)
}

fn encode(part: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).expect("tokens are plain structs"))
}

fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

/// Entra dates tokens back, so that a slow clock at the resource does no harm.
const BACKDATED_SECS: i64 = 300;

const ALGORITHM: &str = "RS256";
const TENANT_CREATED: i64 = 1_500_000_000;
const MAX_CACHED: usize = 1_000;
const MAX_REMEMBERED: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scenario;

    struct Setup {
        authority: TokenAuthority,
        random: Random,
        world: World,
    }

    impl Setup {
        fn new() -> Self {
            let random = Random::new(None).unwrap();
            Self {
                authority: TokenAuthority::new(86_400, None, &random),
                random,
                world: Scenario::named("healthy").unwrap().world,
            }
        }

        fn token(&self, resource: &str, now: i64) -> String {
            let identity = self.world.system_identity().unwrap();
            let issued = self
                .authority
                .token(&self.world, identity, resource, now, &self.random);
            issued.unwrap().token
        }
    }

    #[test]
    fn a_token_is_served_again_until_it_has_expired_or_is_forgotten() {
        let setup = Setup::new();
        let first = setup.token("https://a/", 1_000);
        assert_eq!(setup.token("https://a/", 1_000 + 86_399), first);
        assert_ne!(setup.token("https://a", 1_000), first);
        assert_ne!(setup.token("https://a/", 1_000 + 86_400), first);
        assert_eq!(setup.authority.issued().len(), 3);
        setup.authority.forget();
        assert_ne!(setup.token("https://a", 1_000), setup.authority.issued()[1]);
    }

    #[test]
    fn only_own_and_unchanged_tokens_are_recognised() {
        let (setup, other) = (Setup::new(), Setup::new());
        let own = setup.token("https://a/", 1_000);
        let foreign = other.token("https://a/", 1_000);
        let oid = setup.authority.verify(&own).unwrap().oid;
        assert_eq!(oid, setup.world.system_identity().unwrap().object_id);
        let (signed, signature) = own.rsplit_once('.').unwrap();
        let (_, payload) = signed.split_once('.').unwrap();
        let unsigned = URL_SAFE_NO_PAD.encode(format!(
            r#"{{"typ":"JWT","alg":"none","x5t":"","kid":"{}"}}"#,
            setup.authority.key_id
        ));
        for refused in [
            foreign.as_str(),
            &own.replacen('.', "A.", 1),
            &format!("{unsigned}.{payload}."),
            &format!("{unsigned}.{payload}.{signature}"),
            "",
            "a",
            "a.b",
            "..",
            "a.b.c.d.",
            "a.b.%",
            "é.é.é",
        ] {
            assert!(setup.authority.verify(refused).is_none(), "{refused}");
        }
    }

    #[test]
    fn debug_shows_no_key_and_no_token() {
        let setup = Setup::new();
        let token = setup.token("https://a/", 1_000);
        let shown = format!("{:?}", setup.authority);
        assert!(!shown.contains(&token) && shown.len() < 80, "{shown}");
    }
}
