//! Variables by which SDKs choose where, and as whom, to ask for tokens. Secrets among their values are never kept.

use crate::collect::proxy_host;
use azvm_imds::Guid;
use std::borrow::Cow;
use std::net::Ipv6Addr;

/// A variable of the environment that redirects SDKs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentityVariable {
    /// Its name.
    pub name: Cow<'static, str>,
    /// What is known of its value.
    pub value: VariableValue,
}

/// What is kept of a variable's value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VariableValue {
    /// It is set to nothing, which many clients take for a value.
    Empty,
    /// It has a value, which is not kept.
    Set,
    /// Host and port of an address.
    Host(String),
    /// The ID of an application.
    Id(String),
}

/// What may be kept of a value.
#[derive(Clone, Copy, Debug)]
enum Keep {
    Nothing,
    Host,
    Id,
}

/// Sources: the credentials of Azure's SDKs, `azure-sdk-for-python`:sdk/identity/azure-identity/azure/identity/_constants.py
/// and `microsoft-authentication-library-for-dotnet`'s sources of managed identity.
const VARIABLES: [(&str, Keep); 9] = [
    ("AZURE_CLIENT_ID", Keep::Id),
    ("AZURE_FEDERATED_TOKEN_FILE", Keep::Nothing),
    ("AZURE_POD_IDENTITY_AUTHORITY_HOST", Keep::Host),
    ("IDENTITY_ENDPOINT", Keep::Host),
    ("IDENTITY_HEADER", Keep::Nothing),
    ("IDENTITY_SERVER_THUMBPRINT", Keep::Nothing),
    ("IMDS_ENDPOINT", Keep::Host),
    ("MSI_ENDPOINT", Keep::Host),
    ("MSI_SECRET", Keep::Nothing),
];

impl IdentityVariable {
    /// The variables that are set, in the order of their names; `read` tells the value of a name.
    pub fn read_all(read: impl Fn(&str) -> Option<String>) -> Vec<Self> {
        let set = VARIABLES.iter().filter_map(|&(name, keep)| {
            let value = read(name)?;
            Some(Self {
                name: name.into(),
                value: VariableValue::of(value.trim(), keep),
            })
        });
        set.collect()
    }

    /// Whether it points to this port of this machine.
    pub fn is_loopback(&self, port: u16) -> bool {
        let VariableValue::Host(host) = &self.value else {
            return false;
        };
        host.rsplit_once(':').is_some_and(|(host, own)| {
            let is_local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
            is_local && own.parse() == Ok(port)
        })
    }
}

impl VariableValue {
    fn of(value: &str, keep: Keep) -> Self {
        match keep {
            _ if value.is_empty() => Self::Empty,
            // What is no address, and what is no ID, may be anything.
            Keep::Host if is_address(value) => Self::Host(proxy_host(value)),
            Keep::Id if value.parse::<Guid>().is_ok() => Self::Id(value.to_ascii_lowercase()),
            Keep::Host | Keep::Id | Keep::Nothing => Self::Set,
        }
    }
}

/// `http://host…`, `https://host…` or `host:port`, with a host that is a name or an IP address.
fn is_address(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let has_scheme = ["http://", "https://"]
        .iter()
        .any(|it| lower.starts_with(it));
    let place = proxy_host(value);
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (place.as_str(), None),
    };
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = match bare {
        Some(ip) => ip.parse::<Ipv6Addr>().is_ok(),
        None => is_host_name(host),
    };
    is_host && port.map_or(has_scheme, |port| port.parse::<u16>().is_ok())
}

/// Letters, digits, hyphens and underscores between dots, in the lengths of RFC 1035 section 2.3.4.
fn is_host_name(host: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(is_part);
    let host = host.strip_suffix('.').unwrap_or(host);
    host.len() <= 253 && host.split('.').all(is_label)
}

impl std::fmt::Display for IdentityVariable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.value {
            VariableValue::Empty => write!(f, "{} (empty)", self.name),
            VariableValue::Set => write!(f, "{} (set)", self.name),
            VariableValue::Host(text) | VariableValue::Id(text) => {
                write!(f, "{}={text}", self.name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(name: &'static str, value: &str) -> Vec<IdentityVariable> {
        IdentityVariable::read_all(|it| (it == name).then(|| value.to_string()))
    }

    #[test]
    fn hosts_and_ids_are_kept_and_empty_is_said() {
        for (name, value, shown) in [
            (
                "IDENTITY_ENDPOINT",
                "http://localhost:40342/metadata/identity/oauth2/token",
                "IDENTITY_ENDPOINT=localhost:40342",
            ),
            ("MSI_ENDPOINT", "", "MSI_ENDPOINT (empty)"),
            ("AZURE_CLIENT_ID", " ", "AZURE_CLIENT_ID (empty)"),
            (
                "AZURE_CLIENT_ID",
                "11111111-AAAA-4000-8000-000000000001",
                "AZURE_CLIENT_ID=11111111-aaaa-4000-8000-000000000001",
            ),
            ("AZURE_CLIENT_ID", "hunter2", "AZURE_CLIENT_ID (set)"),
            ("MSI_ENDPOINT", "hunter2", "MSI_ENDPOINT (set)"),
            ("MSI_ENDPOINT", "hunter2:x", "MSI_ENDPOINT (set)"),
            ("MSI_ENDPOINT", "user@hunter2", "MSI_ENDPOINT (set)"),
            ("MSI_ENDPOINT", "hunter2/x:1", "MSI_ENDPOINT (set)"),
            ("MSI_ENDPOINT", "key://hunter2", "MSI_ENDPOINT (set)"),
            ("MSI_ENDPOINT", "http://hunter!2", "MSI_ENDPOINT (set)"),
            ("MSI_ENDPOINT", "http://", "MSI_ENDPOINT (set)"),
            ("MSI_ENDPOINT", "http://[x]:1", "MSI_ENDPOINT (set)"),
            ("IMDS_ENDPOINT", "host:80", "IMDS_ENDPOINT=host:80"),
            ("IMDS_ENDPOINT", "HTTPS://a.b./x", "IMDS_ENDPOINT=a.b."),
            ("IMDS_ENDPOINT", "http://[::1]", "IMDS_ENDPOINT=[::1]"),
            ("IMDS_ENDPOINT", "[::1]:80", "IMDS_ENDPOINT=[::1]:80"),
            ("IDENTITY_HEADER", "hunter2", "IDENTITY_HEADER (set)"),
        ] {
            let all = read(name, value);
            assert_eq!(all.len(), 1, "{name}");
            assert_eq!(all[0].to_string(), shown);
        }
        assert_eq!(read("PATH", "/bin"), []);
    }

    #[test]
    fn only_loopback_is_loopback() {
        let is_loopback = |value: &str| read("IDENTITY_ENDPOINT", value)[0].is_loopback(40342);
        assert!(is_loopback("http://localhost:40342/x") && is_loopback("http://127.0.0.1:40342"));
        for other in [
            "http://localhost:42/x",
            "http://10.0.0.1:40342",
            "http://localhost",
            "",
        ] {
            assert!(!is_loopback(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_secret_is_never_part_of_it(secret in "x9[a-zA-Z0-9+/=]{8,40}") {
            for name in ["IDENTITY_HEADER", "MSI_SECRET", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"] {
                let shown = format!("{:?}", IdentityVariable::read_all(|it| (it == name).then(|| secret.clone())));
                prop_assert!(!shown.contains(&secret), "{}", shown);
            }
            let shown = format!("{:?}", IdentityVariable::read_all(|_| Some(secret.clone())));
            prop_assert!(!shown.contains(&secret), "{}", shown);
            let url = format!("http://user:{secret}@localhost:1/?code={secret}");
            let shown = format!("{:?}", IdentityVariable::read_all(|_| Some(url.clone())));
            prop_assert!(!shown.contains(&secret), "{}", shown);
        }
    }
}
