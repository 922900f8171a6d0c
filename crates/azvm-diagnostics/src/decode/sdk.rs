//! Whose words they are. SDKs wrap what a service said, and some leave it out.
//!
//! Sources: the sentences in the sources of the clients named below, as they were read on 2026-11-21; for the namespaces the
//! issues that `forms` names.

use super::Meaning;
use crate::catalogue::{
    CODE_024, IDSEL_001, IDSEL_002, IDSEL_007, IMDS_001, IMDS_006, NET_014, TOKEN_003, TOKEN_004,
};

/// A sentence of an SDK.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrapper {
    name: &'static str,
    words: &'static str,
    /// Another one that has to be there as well.
    and: &'static str,
    hides: Hidden,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hidden {
    Nothing,
    /// A 400, whatever it is about: the sentence says that no identity is assigned.
    Assignment,
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
        hides,
    }
}

/// The namespaces and marks by which programs are known, whatever they say; the narrower before the wider.
const PROGRAMS: [(&str, &str); 27] = [
    ("cli.azure.cli", "the Azure CLI"),
    ("com.azure.identity.", "azure-identity for Java"),
    ("com.azure.", "Azure SDK for Java"),
    ("com.microsoft.azure.", "Azure SDK for Java"),
    ("com.microsoft.aad.msal4j", "MSAL for Java"),
    ("Azure.Identity.", "Azure.Identity for .NET"),
    ("Microsoft.Identity.Client.", "MSAL for .NET"),
    ("MSAL.Net", "MSAL for .NET"),
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
    ("Unable to acquire token for tenant", "Az PowerShell"),
    ("Get-Az", "Az PowerShell"),
    ("Invoke-Az", "Az PowerShell"),
    ("New-Az", "Az PowerShell"),
    ("Remove-Az", "Az PowerShell"),
    ("Set-Az", "Az PowerShell"),
    ("ERROR: (", "the Azure CLI"),
    ("ERROR: AADSTS", "the Azure CLI"),
    ("No access was configured for the ", "the Azure CLI"),
];

/// The narrower sentence before the wider one.
const WRAPPERS: [Wrapper; 21] = [
    sentence(
        "azure_identity for Rust",
        "ManagedIdentityCredential authentication failed. The requested identity has not been assigned to this resource",
        Hidden::Assignment,
    ),
    sentence(
        "an Azure SDK's identity library",
        "The requested identity has not been assigned to this resource",
        Hidden::Assignment,
    ),
    sentence(
        "Azure.Identity or MSAL for .NET",
        "Either the requested identity has not been assigned to this resource",
        Hidden::Assignment,
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
        Hidden::Nothing,
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
        "ManagedIdentityCredential: managed identity timed out",
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
        "Connection to IMDS endpoint cannot be established.",
        Hidden::Refusal,
    ),
    // Here it goes on with what went wrong.
    sentence(
        "azure-identity for Java",
        "Connection to IMDS endpoint cannot be established, ",
        Hidden::Nothing,
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
        "an Azure SDK's identity library",
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
    /// What the sentence may stand for, which is no more than what another sentence says outright. That no identity is
    /// assigned, it says whatever else there is.
    pub(super) fn may_hide(self, is_told: bool) -> Vec<Meaning> {
        let refusals = [&IDSEL_001, &IDSEL_002, &IDSEL_007, &TOKEN_003, &TOKEN_004];
        let entries = match self.hides {
            Hidden::Nothing => return vec![],
            Hidden::Refusal | Hidden::OddBody if is_told => return vec![],
            Hidden::Assignment | Hidden::Refusal => refusals.to_vec(),
            // Nobody said anything of an identity.
            Hidden::OddBody => {
                let others = [&NET_014, &IMDS_001, &IMDS_006];
                return others.map(Meaning::possible).into();
            }
        };
        let refusals = entries.into_iter().map(Meaning::possible);
        std::iter::once(Meaning::high(&CODE_024))
            .chain(refusals)
            .collect()
    }
}
