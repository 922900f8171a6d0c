//! Whose words they are. SDKs wrap what a service said, and some leave it out.
//!
//! Sources: the sentences in the sources of the clients named below, as they were read on 2026-11-21; for the namespaces the
//! issues that `forms` names.

use super::Meaning;
use crate::catalogue::{
    HOST_001, IDSEL_001, IDSEL_002, IDSEL_007, IMDS_001, IMDS_006, NET_001, NET_002, NET_003,
    NET_014, RBAC_017, TOKEN_003, TOKEN_004,
};

/// A sentence of an SDK.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrapper {
    name: &'static str,
    words: &'static str,
    /// Another one that has to be there as well.
    and: &'static str,
    /// The sentence stands for any refusal of IMDS.
    pub(super) hides_the_answer: bool,
    hides: Hidden,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hidden {
    Nothing,
    /// A 400, whatever it is about.
    Refusal,
    /// A body that is no JSON.
    OddBody,
}

const fn sentence(name: &'static str, words: &'static str, hides: Hidden) -> Wrapper {
    Wrapper {
        name,
        words,
        and: "",
        hides_the_answer: !matches!(hides, Hidden::Nothing),
        hides,
    }
}

/// The namespaces and marks by which programs are known, whatever they say; the narrower before the wider.
const PROGRAMS: [(&str, &str); 22] = [
    ("cli.azure.cli", "the Azure CLI"),
    ("com.azure.identity.", "azure-identity for Java"),
    ("com.azure.", "Azure SDK for Java"),
    ("com.microsoft.azure.", "Azure SDK for Java"),
    ("Azure.Identity.", "Azure.Identity for .NET"),
    ("Azure.RequestFailedException", "Azure.Core for .NET"),
    ("azure.identity._", "azure-identity for Python"),
    ("azure.identity.aio", "azure-identity for Python"),
    ("azure.core.exceptions.", "Azure SDK for Python"),
    ("RestError:", "Azure SDK for JavaScript"),
    ("aka.ms/azsdk/go/identity", "azidentity for Go"),
    ("autorest/azure:", "autorest for Go"),
    ("azurerm_", "Terraform's azurerm"),
    ("= HTTP RESPONSE =", "Az PowerShell"),
    ("Connect-Az", "Az PowerShell"),
    ("Get-Az", "Az PowerShell"),
    ("Invoke-Az", "Az PowerShell"),
    ("New-Az", "Az PowerShell"),
    ("Remove-Az", "Az PowerShell"),
    ("Set-Az", "Az PowerShell"),
    ("ERROR: (", "the Azure CLI"),
    ("ERROR: AADSTS", "the Azure CLI"),
];

/// The narrower sentence before the wider one.
const WRAPPERS: [Wrapper; 18] = [
    sentence(
        "azure_identity for Rust",
        "The requested identity has not been assigned to this resource",
        Hidden::Refusal,
    ),
    sentence(
        "Azure.Identity or MSAL for .NET",
        "Either the requested identity has not been assigned to this resource",
        Hidden::Refusal,
    ),
    sentence("MSAL for .NET", "[Managed Identity]", Hidden::Nothing),
    sentence("MSAL for .NET", "MsalServiceException", Hidden::Nothing),
    sentence(
        "azure-identity for Python",
        "authentication unavailable, no response from the IMDS endpoint",
        Hidden::Nothing,
    ),
    sentence(
        "@azure/identity for JavaScript",
        "Message: network_error",
        Hidden::OddBody,
    ),
    sentence(
        "MSAL for JavaScript",
        "Error(s): Not Available",
        Hidden::Nothing,
    ),
    sentence(
        "azidentity for Go",
        "The endpoint responded with",
        Hidden::Nothing,
    ),
    sentence(
        "azidentity for Go",
        "ManagedIdentityCredential: failed to authenticate",
        Hidden::Nothing,
    ),
    sentence("azcore for Go", "ERROR CODE: ", Hidden::Nothing),
    sentence(
        "azure-identity for Java",
        "Connection to IMDS endpoint cannot be established",
        Hidden::Refusal,
    ),
    sentence(
        "azure-identity for Java",
        "Managed Identity authentication is not available",
        Hidden::Refusal,
    ),
    sentence(
        "azure-identity for Python",
        "Unexpected content type",
        Hidden::OddBody,
    ),
    Wrapper {
        and: "msal",
        ..sentence(
            "MSAL for Python or the Azure CLI",
            "json.decoder.JSONDecodeError",
            Hidden::OddBody,
        )
    },
    sentence(
        "the Azure CLI",
        "Failed to connect to MSI. Please make sure MSI is configured correctly.",
        Hidden::Refusal,
    ),
    sentence(
        "azure-identity for C++",
        "Failed to get token from DefaultAzureCredential",
        Hidden::Refusal,
    ),
    sentence(
        "reqsign or OpenDAL",
        "failed to load signing credential",
        Hidden::Refusal,
    ),
    sentence(
        "azure-identity for Python",
        "ManagedIdentityCredential authentication unavailable",
        Hidden::OddBody,
    ),
];

/// Whose words they are: by a namespace, or else by a sentence.
pub(super) fn name(text: &str) -> Option<&'static str> {
    let mut programs = PROGRAMS.into_iter();
    let program = programs.find(|(mark, _)| text.contains(mark));
    let by_sentence = || Some(wrapper(text)?.name);
    program.map(|(_, name)| name).or_else(by_sentence)
}

/// The sentence that the text has in it.
pub(super) fn wrapper(text: &str) -> Option<Wrapper> {
    let has = |wrapper: &Wrapper| text.contains(wrapper.words) && text.contains(wrapper.and);
    WRAPPERS.into_iter().find(has)
}

impl Wrapper {
    /// What the sentence may stand for.
    pub(super) fn may_hide(self) -> Vec<Meaning> {
        let entries = match self.hides {
            Hidden::Nothing => return vec![],
            Hidden::Refusal => vec![&IDSEL_001, &IDSEL_002, &IDSEL_007, &TOKEN_003, &TOKEN_004],
            Hidden::OddBody => vec![&NET_014, &IMDS_001, &IMDS_006],
        };
        entries.into_iter().map(Meaning::possible).collect()
    }
}

/// What the words of a system or a client say where no service answered.
pub(super) fn by_words(text: &str) -> Vec<Meaning> {
    let lower = text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    if has(&["no subscriptions found for"]) {
        return vec![Meaning::likely(&RBAC_017)];
    }
    if has(&["aadsts500011"]) {
        return vec![Meaning::likely(&TOKEN_004)];
    }
    if has(&["no response from the imds endpoint"]) {
        let entries = [&NET_002, &NET_003, &HOST_001];
        return entries.map(Meaning::possible).into();
    }
    // curl's own numbers of what went wrong; with the second it names no host.
    if has(&["curl: (28)"]) {
        return vec![Meaning::possible(&NET_002)];
    }
    if !lower.contains("169.254.169.254") {
        return vec![];
    }
    let entries = if has(&["connection refused", "actively refused", "econnrefused"]) {
        vec![&NET_003]
    } else if has(&[
        "network is unreachable",
        "no route to host",
        "unreachable network",
        "enetunreach",
        "ehostunreach",
    ]) {
        vec![&NET_001, &HOST_001]
    } else if has(&["timed out", "timeout", "deadline exceeded", "etimedout"]) {
        vec![&NET_002, &HOST_001]
    } else if has(&["curl: (7)"]) {
        vec![&NET_003]
    } else {
        vec![]
    };
    entries.into_iter().map(Meaning::possible).collect()
}
