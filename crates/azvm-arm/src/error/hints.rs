//! What is lifted out of the words of a refusal: good for a person, and nothing is decided from it.
//!
//! | words | are those of |
//! |---|---|
//! | The client 'C' with object id 'O' does not have authorization to perform action 'A' over scope 'S' | 403 `AuthorizationFailed` |
//! | … has an authorization with ABAC condition that is not fulfilled to perform action 'A' … | the same code |
//! | … has permission to perform action 'A' on scope 'S'; however, the access is denied because of the deny assignment with name 'N' and Id 'I' at scope 'T' | 403 `DenyAssignmentAuthorizationFailed` |
//! | … on scope 'S'; however, it does not have permission to perform action 'B' on the linked scope(s) 'L,M' | 403 `LinkedAuthorizationFailed` |
//! | … wrong audience or resource 'X'. … the allowed audiences 'Y','Z' | 401 `InvalidAuthenticationTokenAudience` |
//! | … the wrong issuer 'https\://sts.windows.net/T1/'. It must match the tenant 'https\://sts.windows.net/T2/' | 401 `InvalidAuthenticationTokenTenant` |
//! | … expiry UTC time 'X' is earlier than current UTC time 'Y' | 401 `ExpiredAuthenticationToken` |
//! | … The supported versions are 'V,W' · The supported api-versions are 'V, W' | 400, of api-versions |
//! | … not registered to use namespace 'N' | 409 `MissingSubscriptionRegistration` |

use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::service_text;

/// The most values of one kind that are lifted out of one message.
pub const MAX_HINTS: usize = 128;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hints {
    pub(super) denied: Option<Denied>,
    pub(super) token: Option<TokenHints>,
    pub(super) api_versions: Vec<String>,
    pub(super) namespace: Option<String>,
}

/// Who was denied what, and by what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Denied {
    /// The client ID that ARM saw, or the name of a user.
    pub client_id: Option<String>,
    /// The object ID that ARM saw.
    pub object_id: Option<String>,
    /// The action that was missing, such as `Microsoft.Resources/subscriptions/resourceGroups/read`. With a deny
    /// assignment or a linked scope it is the one that a role allows.
    pub action: Option<String>,
    /// Where.
    pub scope: Option<String>,
    /// True when a role allows it under a condition (ABAC) that is not fulfilled: waiting does not help.
    pub is_condition_unfulfilled: bool,
    /// The name of the deny assignment.
    pub deny_assignment_name: Option<String>,
    /// Its ID: a GUID without dashes.
    pub deny_assignment_id: Option<String>,
    /// Where it was made.
    pub deny_assignment_scope: Option<String>,
    /// The action that was missing on the linked scopes.
    pub linked_action: Option<String>,
    /// The other resources that the operation touches.
    pub linked_scopes: Vec<String>,
}

/// What was wrong with a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenHints {
    /// The audience that ARM found in it.
    pub audience: Option<String>,
    /// The audiences that it takes.
    pub accepted_audiences: Vec<String>,
    /// The tenant that issued it.
    pub token_tenant: Option<String>,
    /// The tenants whose tokens the subscription takes.
    pub expected_tenants: Vec<String>,
    /// When it expired, in words such as `9/11/2026 4:35:56 PM`, UTC.
    pub expired_at: Option<String>,
    /// ARM's clock at that time, in the same form.
    pub arm_time: Option<String>,
}

impl Hints {
    pub(super) fn read(message: &str) -> Self {
        let versions = between(message, "supported versions are '", "'")
            .or_else(|| between(message, "supported api-versions are '", "'"));
        Self {
            denied: Denied::read(message),
            token: TokenHints::read(message),
            api_versions: listed(versions.unwrap_or_default()),
            namespace: quoted_after(message, "to use namespace '"),
        }
    }
}

impl Denied {
    fn read(message: &str) -> Option<Self> {
        let (_, exception) = message.split_once("; however").unwrap_or_default();
        let deny = "deny assignment with name '";
        let (_, after_deny_id) = message.split_once("' and Id '").unwrap_or_default();
        let denied = Self {
            client_id: quoted_after(message, "The client '"),
            object_id: quoted_after(message, "object id '"),
            action: quoted_after(message, "perform action '"),
            scope: quoted_after(message, "scope '"),
            is_condition_unfulfilled: message.contains("ABAC condition that is not fulfilled"),
            // The name may hold quotes.
            deny_assignment_name: between(message, deny, "' and Id '").and_then(shown),
            deny_assignment_id: quoted_after(message, "' and Id '"),
            deny_assignment_scope: quoted_after(after_deny_id, "at scope '"),
            linked_action: quoted_after(exception, "perform action '"),
            linked_scopes: linked_scopes(exception),
        };
        (denied != Self::default()).then_some(denied)
    }
}

/// Of both lists that the words may have: where a role is missing, and where a deny assignment is.
fn linked_scopes(exception: &str) -> Vec<String> {
    let lists = exception.split("linked scope(s) '").skip(1);
    let scopes = lists
        .filter_map(|rest| rest.split_once('\''))
        .map(|(list, _)| list);
    scopes.flat_map(listed).take(MAX_HINTS).collect()
}

impl TokenHints {
    fn read(message: &str) -> Option<Self> {
        let (_, accepted) = message
            .split_once("allowed audiences '")
            .unwrap_or_default();
        let (_, expected) = message.split_once("It must match ").unwrap_or_default();
        let expected = between(expected, "'", "'").unwrap_or_default();
        let hints = Self {
            audience: quoted_after(message, "wrong audience or resource '"),
            accepted_audiences: quoted_list(accepted),
            token_tenant: between(message, "wrong issuer '", "'")
                .and_then(issuer_tenant)
                .and_then(shown),
            expected_tenants: expected
                .split(',')
                .filter_map(issuer_tenant)
                .filter_map(shown)
                .take(MAX_HINTS)
                .collect(),
            expired_at: quoted_after(message, "expiry UTC time '"),
            arm_time: quoted_after(message, "current UTC time '"),
        };
        (hints != Self::default()).then_some(hints)
    }
}

/// `T` of `https://sts.windows.net/T/`.
fn issuer_tenant(issuer: &str) -> Option<&str> {
    let (_, rest) = issuer.split_once("://")?;
    rest.split('/').nth(1)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

fn quoted_after(message: &str, words: &str) -> Option<String> {
    between(message, words, "'").and_then(shown)
}

fn shown(text: &str) -> Option<String> {
    let text = service_text(text);
    (!text.is_empty()).then_some(text)
}

/// `a, b,c`.
fn listed(list: &str) -> Vec<String> {
    list.split(',').filter_map(shown).take(MAX_HINTS).collect()
}

/// `a','b','c'.`, from behind the first quote.
fn quoted_list(list: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut rest = list;
    while let Some((value, tail)) = rest.split_once('\'') {
        values.extend(shown(value));
        match tail.trim_start_matches([',', ' ']).strip_prefix('\'') {
            Some(next) if values.len() < MAX_HINTS => rest = next,
            _ => break,
        }
    }
    values
}
