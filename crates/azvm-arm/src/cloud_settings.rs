//! A cloud as data: one of the table, or one that the caller describes.

use crate::{Cloud, Endpoint};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use azvm_exchange::Origin;
use core::fmt;

/// Where ARM is, which audiences it takes, and who issues the tokens.
///
/// ```
/// use azvm_arm::{Cloud, CloudSettings};
/// let public = CloudSettings::from(Cloud::Public);
/// assert!(public.accepts("https://management.core.windows.net/"));
///
/// let own = CloudSettings::custom(
///     "https://management.local.azurestack.external".parse()?,
///     "https://management.azurestack.example/4de154de",
///     "login.azurestack.example",
/// )?;
/// assert_eq!(own.cloud(), None);
/// assert!(!own.accepts("https://management.azure.com/"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudSettings {
    cloud: Option<Cloud>,
    endpoint: Endpoint,
    /// The first one is asked for. Never empty.
    audiences: Vec<String>,
    authority: String,
}

impl CloudSettings {
    /// A cloud by hand: `endpoint` gets the tokens, `audience` is what they are asked for, `authority` is the host that
    /// issues them. One audience is accepted; [`with_audience`](Self::with_audience) adds others.
    ///
    /// # Errors
    ///
    /// [`CloudSettingsError`] for an audience that is empty or holds spaces or control characters, and for an authority
    /// that is no host.
    pub fn custom(
        endpoint: Endpoint,
        audience: &str,
        authority: &str,
    ) -> Result<Self, CloudSettingsError> {
        let is_host = !authority.contains('/') && {
            let origin = "https://".to_string() + authority;
            origin.parse::<Origin>().is_ok()
        };
        if !is_host {
            return Err(CloudSettingsError::Authority);
        }
        Ok(Self {
            cloud: None,
            endpoint,
            audiences: [checked(audience)?].into(),
            authority: authority.to_ascii_lowercase(),
        })
    }

    /// Adds an audience that ARM accepts.
    ///
    /// # Errors
    ///
    /// [`CloudSettingsError::Audience`] when it is empty or holds spaces or control characters.
    pub fn with_audience(mut self, audience: &str) -> Result<Self, CloudSettingsError> {
        self.audiences.push(checked(audience)?);
        Ok(self)
    }

    /// The cloud of the table that these are the settings of; `None` for one by hand.
    pub fn cloud(&self) -> Option<Cloud> {
        self.cloud
    }

    /// Where ARM is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The audience to ask a token for.
    pub fn audience(&self) -> &str {
        self.audiences.first().map_or("", String::as_str)
    }

    /// Every audience that ARM accepts here.
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.audiences.iter().map(String::as_str)
    }

    /// Whether ARM accepts a token for this audience here. A slash makes another audience.
    pub fn accepts(&self, audience: &str) -> bool {
        self.audiences.iter().any(|known| known == audience)
    }

    /// The host that issues tokens, with its port if it has one of its own.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

impl From<Cloud> for CloudSettings {
    fn from(cloud: Cloud) -> Self {
        Self {
            cloud: Some(cloud),
            endpoint: cloud.into(),
            audiences: cloud.audiences().map(String::from).into(),
            authority: cloud.authority().into(),
        }
    }
}

fn checked(audience: &str) -> Result<String, CloudSettingsError> {
    let is_odd = |c: char| c.is_control() || c.is_whitespace();
    if audience.is_empty() || audience.contains(is_odd) {
        return Err(CloudSettingsError::Audience);
    }
    Ok(audience.into())
}

/// Why texts are not [`CloudSettings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloudSettingsError {
    /// The audience is empty, or holds spaces or control characters.
    Audience,
    /// The authority is no host.
    Authority,
}

impl fmt::Display for CloudSettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Audience => "expected an audience without spaces",
            Self::Authority => {
                "expected the host of an authority, such as login.microsoftonline.com"
            }
        })
    }
}

impl core::error::Error for CloudSettingsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(audience: &str, authority: &str, expected: Result<(), CloudSettingsError>) {
        let endpoint = "https://arm.example".parse().unwrap();
        let settings = CloudSettings::custom(endpoint, audience, authority);
        assert_eq!(settings.map(drop), expected, "{audience:?} {authority:?}");
    }

    #[test]
    fn odd_settings_are_refused() {
        check("https://arm.example/", "login.example", Ok(()));
        check("api://arm", "login.example:8443", Ok(()));
        for audience in ["", "a b", "a\n", "\t"] {
            check(audience, "login.example", Err(CloudSettingsError::Audience));
        }
        for authority in [
            "",
            "https://login.example",
            "a/b",
            "login.example/",
            "a b",
            "u@login.example",
            "a:0",
        ] {
            check("a", authority, Err(CloudSettingsError::Authority));
        }
    }

    #[test]
    fn the_table_becomes_settings() {
        for cloud in Cloud::ALL {
            let settings = CloudSettings::from(cloud);
            assert_eq!(settings.cloud(), Some(cloud));
            assert_eq!(settings.audience(), cloud.audience());
            assert_eq!(settings.authority(), cloud.authority());
            assert_eq!(settings.endpoint().to_string(), cloud.endpoint());
            assert!(settings.accepts(cloud.canonical_audience()));
            assert_eq!(settings.audiences().count(), 4);
        }
    }

    #[test]
    fn audiences_may_be_added() {
        let endpoint = "https://arm.example".parse().unwrap();
        let settings = CloudSettings::custom(endpoint, "a", "Login.Example").unwrap();
        let settings = settings.with_audience("b").unwrap();
        assert_eq!(
            (settings.audience(), settings.authority()),
            ("a", "login.example")
        );
        assert!(settings.accepts("b") && !settings.accepts("b/"));
        assert_eq!(
            settings.with_audience(""),
            Err(CloudSettingsError::Audience)
        );
    }
}
