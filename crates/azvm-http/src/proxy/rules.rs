//! Which requests go through the proxy, from the variables that curl reads.
//!
//! curl/curl:docs/cmdline-opts/_ENVIRONMENT.md and lib/proxy.c: the lower-case name goes first, what is set to nothing
//! counts as not set, and `all_proxy` stands in for `https_proxy`.

use super::{Proxy, ProxyError, no_proxy};
use azvm_exchange::{Origin, Scheme, Secret};

/// In the order in which they are looked at.
const PROXY_VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const NO_PROXY_VARIABLES: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// Which HTTPS requests go through which proxy. `Default` is none through any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyRules {
    proxy: Option<Proxy>,
    no_proxy: String,
}

impl ProxyRules {
    /// Everything over HTTPS through `proxy`, except the hosts in `no_proxy`: a list with commas, as in the variable
    /// `NO_PROXY`. Blanks may stand around the commas.
    ///
    /// | entry | is for |
    /// |---|---|
    /// | `*`, alone in the list | every host |
    /// | `example.com`, `.example.com` | the host and all below it, in any case, with or without a dot at the end |
    /// | `10.0.0.4`, `::1` | the address as it stands in the URL; IPv6 without brackets |
    /// | `10.0.0.0/8`, `2001:db8::/32` | the addresses with these first bits; `/0` means the one address |
    ///
    /// An entry with a port matches nothing, and an entry after a blank without a comma is not read: curl does the same
    /// (curl/curl:lib/proxy.c `proxy_check_noproxy`, tests/unit/unit1614.c).
    pub fn new(proxy: Proxy, no_proxy: &str) -> Self {
        Self {
            proxy: Some(proxy),
            no_proxy: no_proxy.to_owned(),
        }
    }

    /// Reads `https_proxy`, `HTTPS_PROXY`, `all_proxy` and `ALL_PROXY`, of which the first one that is set to something
    /// counts, and `no_proxy` and `NO_PROXY` likewise. The caller looks the names up, so that reading the environment
    /// stays its own decision.
    ///
    /// # Errors
    ///
    /// [`ProxyError`] when the variable that counts holds no proxy that this crate can use; it names the variable, not
    /// the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use azvm_http::ProxyRules;
    ///
    /// let variables = [("HTTPS_PROXY", "http://proxy.example:3128"), ("no_proxy", ".local,10.0.0.0/8")];
    /// let lookup = |name: &str| {
    ///     let found = variables.iter().find(|(known, _)| *known == name);
    ///     found.map(|(_, value)| value.to_string())
    /// };
    /// let rules = ProxyRules::from_lookup(lookup)?;
    /// assert!(rules.proxy_for(&"https://management.azure.com".parse().unwrap()).is_some());
    /// assert!(rules.proxy_for(&"https://arm.local".parse().unwrap()).is_none());
    /// # Ok::<(), azvm_http::ProxyError>(())
    /// ```
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ProxyError> {
        let first = |names: &[&'static str]| {
            names.iter().find_map(|&name| {
                let value = lookup(name).filter(|value| !value.is_empty())?;
                Some((name, value))
            })
        };
        let Some((variable, text)) = first(&PROXY_VARIABLES) else {
            return Ok(Self::default());
        };
        let text = Secret::new(text); // it may hold a password
        let proxy = Proxy::parse(text.expose()).map_err(|error| ProxyError {
            variable: Some(variable),
            ..error
        })?;
        let (_, no_proxy) = first(&NO_PROXY_VARIABLES).unwrap_or_default();
        Ok(Self::new(proxy, &no_proxy))
    }

    /// The proxy that a request to `origin` goes through; always `None` for plain HTTP.
    pub fn proxy_for(&self, origin: &Origin) -> Option<&Proxy> {
        let proxy = self.proxy.as_ref()?;
        let is_direct =
            origin.scheme() != Scheme::Https || no_proxy::matches(&self.no_proxy, origin.host());
        (!is_direct).then_some(proxy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(variables: &[(&str, &str)]) -> Result<ProxyRules, ProxyError> {
        ProxyRules::from_lookup(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn proxy_of(variables: &[(&str, &str)], origin: &str) -> Option<String> {
        let rules = rules(variables).unwrap();
        let proxy = rules.proxy_for(&origin.parse().unwrap());
        proxy.map(ToString::to_string)
    }

    const ARM: &str = "https://management.azure.com";

    #[test]
    fn the_variables_have_curls_precedence() {
        let all = [
            ("https_proxy", "a:1"),
            ("HTTPS_PROXY", "b:1"),
            ("all_proxy", "c:1"),
            ("ALL_PROXY", "d:1"),
        ];
        for (from, expected) in ["a:1", "b:1", "c:1", "d:1"].into_iter().enumerate() {
            assert_eq!(proxy_of(&all[from..], ARM).as_deref(), Some(expected));
            let mut emptied = all;
            emptied[..from]
                .iter_mut()
                .for_each(|(_, value)| *value = "");
            assert_eq!(proxy_of(&emptied, ARM).as_deref(), Some(expected));
        }
        assert_eq!(proxy_of(&[], ARM), None);
        let of_plain_http = [("http_proxy", "a:1"), ("HTTP_PROXY", "a:1")];
        assert_eq!(proxy_of(&of_plain_http, ARM), None);
    }

    #[test]
    fn the_lower_case_exceptions_go_first() {
        let proxy = ("HTTPS_PROXY", "a:1");
        let exceptions = |lower, upper| {
            let variables = [proxy, ("no_proxy", lower), ("NO_PROXY", upper)];
            proxy_of(&variables, ARM).is_none()
        };
        assert!(exceptions("management.azure.com", "x"));
        assert!(!exceptions("x", "management.azure.com"));
        assert!(exceptions("", "management.azure.com"));
        assert!(exceptions("*", ""));
    }

    #[test]
    fn plain_http_never_goes_through_a_proxy() {
        let variables = [("ALL_PROXY", "a:1"), ("HTTPS_PROXY", "a:1")];
        assert_eq!(proxy_of(&variables, "http://169.254.169.254"), None);
        assert_eq!(proxy_of(&variables, "http://127.0.0.1:80"), None);
    }

    #[test]
    fn an_error_names_the_variable_and_not_the_value() {
        let error = rules(&[("ALL_PROXY", "socks5h://u:hush@h")]).unwrap_err();
        assert_eq!(error.variable(), Some("ALL_PROXY"));
        assert_eq!(
            error.to_string(),
            "ALL_PROXY: a proxy that is spoken to with socks5h:// is not supported, only http://"
        );
    }
}
