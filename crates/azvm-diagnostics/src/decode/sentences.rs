//! What the sentences of programs and systems mean that stand where no service answered: one table.
//!
//! Such a sentence names the failure and rarely its cause: most are no more than *possible*, and *likely* only where they
//! name what failed as well. Each row names the source that has its words, or, for a language's own library, the file that is
//! known to write them.

use super::Meaning;
use super::hosts::Hosts;
use crate::catalogue::{
    ARM_001, ARM_003, ARM_004, ARM_005, ARM_006, ARM_007, ARM_009, ARM_022, ARM_023, Entry,
    HOST_001, HOST_005, IMDS_023, NET_001, NET_002, NET_003, NET_012, NET_014, RBAC_017,
};
use crate::finding::Confidence;

/// What else the text has to say, how sure the meaning is, any of which words in lower case it has, and what they mean.
type Sentence = (
    About,
    Confidence,
    &'static [&'static str],
    &'static [&'static Entry],
);

/// What else the text has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    /// Nothing: the words say it themselves.
    Itself,
    /// On the same line, that it was denied.
    Denied,
    /// The address or the endpoint of IMDS.
    Imds,
    /// A host of ARM.
    Arm,
    /// A host of ARM, or none at all: then it is no more than possible. IMDS has no certificate.
    Certificate,
}

/// The first row counts whose words are there: the narrower sentence before the wider one.
const SENTENCES: [Sentence; 23] = [
    // Azure/azure-cli:src/azure-cli-core/azure/cli/core/_profile.py
    (
        About::Itself,
        Confidence::Likely,
        &[
            "no subscriptions found for",
            "hence no subscriptions were found",
        ],
        &[&RBAC_017],
    ),
    // The folders: AzureAD/microsoft-authentication-library-for-go:apps/managedidentity/managedidentity.go
    (
        About::Denied,
        Confidence::Likely,
        &["azcmagent/tokens", "azureconnectedmachineagent\\tokens"],
        &[&HOST_005],
    ),
    // See PROXY.
    (About::Arm, Confidence::Likely, &PROXY, &[&ARM_009]),
    (
        About::Imds,
        Confidence::Possible,
        &PROXY,
        &[&NET_012, &NET_014],
    ),
    (
        About::Itself,
        Confidence::Possible,
        &PROXY,
        &[&ARM_009, &NET_012],
    ),
    // psf/requests:src/requests/adapters.py; curl/curl:docs/libcurl/libcurl-errors.md;
    // openjdk/jdk:src/java.base/share/classes/java/security/cert/PKIXParameters.java; golang/go:src/crypto/x509/verify.go
    (
        About::Certificate,
        Confidence::Likely,
        &[
            "could not find a suitable tls ca certificate bundle",
            "curl: (77)",
            "the trustanchors parameter must be non-empty",
            "x509: failed to load system roots",
        ],
        &[&ARM_005],
    ),
    // openssl/openssl:crypto/x509/x509_txt.c; golang/go:src/crypto/x509/verify.go; nodejs/node:doc/api/tls.md;
    // openjdk/jdk:src/java.base/share/classes/sun/security/x509/CertificateValidity.java;
    // dotnet/runtime:src/libraries/System.Net.Security/src/Resources/Strings.resx
    (
        About::Certificate,
        Confidence::Likely,
        &[
            "certificate has expired",
            "certificate is not yet valid",
            "cert_has_expired",
            "cert_not_yet_valid",
            "certificateexpiredexception",
            "certificatenotyetvalidexception",
            "nottimevalid",
        ],
        &[&ARM_006],
    ),
    // python/cpython:Modules/_ssl.c; golang/go:src/crypto/x509/verify.go; nodejs/node:doc/api/errors.md;
    // openjdk/jdk:src/java.base/share/classes/sun/security/util/HostnameChecker.java; curl/curl:lib/vtls/openssl.c;
    // dotnet/runtime:src/libraries/System.Net.Security/src/Resources/Strings.resx
    (
        About::Certificate,
        Confidence::Likely,
        &[
            "hostname mismatch, certificate is not valid for",
            "ip address mismatch, certificate is not valid for",
            "x509: certificate is valid for ",
            "x509: certificate is not valid for any names",
            "err_tls_cert_altname_invalid",
            "does not match certificate's altnames",
            "no subject alternative dns name matching",
            "no subject alternative names present",
            "certificateexception: no name matching",
            "no alternative certificate subject name matches",
            "remotecertificatenamemismatch",
        ],
        &[&ARM_022],
    ),
    // As for the dates; openjdk/jdk:src/java.base/share/classes/sun/security/validator/PKIXValidator.java;
    // curl/curl:docs/libcurl/libcurl-errors.md; python/cpython:Modules/_ssl.c
    (
        About::Certificate,
        Confidence::Likely,
        &[
            "certificate_verify_failed",
            "certificate verify failed",
            "x509: certificate signed by unknown authority",
            "certificate is not trusted",
            "pkix path building failed",
            "unable to find valid certification path",
            "remotecertificatechainerrors",
            "errors in the certificate chain",
            "self-signed certificate",
            "self signed certificate",
            "self_signed_cert",
            "unable_to_verify_leaf_signature",
            "unable_to_get_issuer_cert",
            "unable to get local issuer certificate",
            "unable to verify the first certificate",
            "curl: (60)",
        ],
        &[&ARM_004],
    ),
    // curl/curl:docs/libcurl/libcurl-errors.md; golang/go:src/net/net.go; python/cpython:Lib/socket.py with the words of
    // the C libraries; urllib3/urllib3:src/urllib3/exceptions.py; nodejs/node:doc/api/errors.md;
    // openjdk/jdk:src/java.base/share/classes/java/net/UnknownHostException.java
    (
        About::Arm,
        Confidence::Likely,
        &[
            "could not resolve host",
            "no such host",
            "name or service not known",
            "temporary failure in name resolution",
            "nodename nor servname provided",
            "getaddrinfo failed",
            "nameresolutionerror",
            "enotfound",
            "eai_again",
            "unknownhostexception",
            "the remote name could not be resolved",
            "failed to lookup address information",
        ],
        &[&ARM_001],
    ),
    // See REFUSED, UNREACHABLE and TIMED_OUT; curl/curl:docs/libcurl/libcurl-errors.md for its numbers.
    (About::Imds, Confidence::Possible, &REFUSED, &[&NET_003]),
    (
        About::Imds,
        Confidence::Possible,
        &UNREACHABLE,
        &[&NET_001, &HOST_001],
    ),
    (
        About::Imds,
        Confidence::Possible,
        &TIMED_OUT,
        &[&NET_002, &HOST_001],
    ),
    (
        About::Imds,
        Confidence::Possible,
        &["timeout", "curl: (28)"],
        &[&NET_002, &HOST_001],
    ),
    (
        About::Imds,
        Confidence::Possible,
        &["curl: (7)"],
        &[&NET_003],
    ),
    (About::Arm, Confidence::Possible, &REFUSED, &[&ARM_003]),
    (About::Arm, Confidence::Possible, &UNREACHABLE, &[&ARM_003]),
    (
        About::Arm,
        Confidence::Possible,
        &TIMED_OUT,
        &[&ARM_003, &ARM_023],
    ),
    // dotnet/runtime:src/libraries/System.Net.Http/src/Resources/Strings.resx
    (
        About::Certificate,
        Confidence::Possible,
        &["the ssl connection could not be established"],
        &[&ARM_004, &ARM_007],
    ),
    // Azure/azure-sdk-for-go:sdk/azidentity/default_azure_credential.go: it waits for a second.
    (
        About::Itself,
        Confidence::Possible,
        &["managed identity timed out"],
        &[&NET_002, &HOST_001, &IMDS_023],
    ),
    // Azure/azure-sdk-for-python:sdk/identity/azure-identity/azure/identity/_credentials/imds.py;
    // Azure/azure-sdk-for-net:sdk/identity/Azure.Identity/TROUBLESHOOTING.md;
    // Azure/azure-sdk-for-java:sdk/identity/azure-identity/src/main/java/com/azure/identity/implementation/IdentityClient.java
    (
        About::Itself,
        Confidence::Possible,
        &[
            "no response from the imds endpoint",
            "no response received from the managed identity endpoint",
            "connection to imds endpoint cannot be established, ",
        ],
        &[&NET_002, &NET_003, &HOST_001],
    ),
    // Azure/azure-sdk-for-net:sdk/identity/Azure.Identity/src/ManagedIdentityClient.cs;
    // Azure/azure-sdk-for-js:sdk/identity/identity/src/credentials/managedIdentityCredential/index.ts, where it may also be
    // about a body that is no JSON.
    (
        About::Itself,
        Confidence::Possible,
        &[
            "no managed identity endpoint found",
            "network unreachable. message",
        ],
        &[&NET_001, &NET_002, &HOST_001, &NET_014],
    ),
    // curl names no host with this number.
    (
        About::Itself,
        Confidence::Possible,
        &["curl: (28)"],
        &[&NET_002],
    ),
];

/// A proxy refuses to pass on a request for want of credentials: python/cpython:Lib/http/client.py;
/// golang/go:src/net/http/status.go; curl/curl:lib/cf-h1-proxy.c;
/// dotnet/runtime:src/libraries/System.Net.Http/src/Resources/Strings.resx;
/// openjdk/jdk:src/java.base/share/classes/sun/net/www/protocol/http/HttpURLConnection.java
const PROXY: [&str; 5] = [
    "proxy authentication required",
    "proxyauthenticationrequired",
    "failed with status code '407'",
    "response 407",
    "proxy returns \"http/1.1 407",
];

/// This and the next two: golang/go:src/syscall/zerrors_linux_amd64.go and src/net/net.go; nodejs/node:doc/api/errors.md;
/// *Windows Sockets Error Codes*; psf/requests:src/requests/exceptions.py
const REFUSED: [&str; 3] = ["connection refused", "actively refused", "econnrefused"];

const UNREACHABLE: [&str; 5] = [
    "network is unreachable",
    "no route to host",
    "unreachable network",
    "enetunreach",
    "ehostunreach",
];

const TIMED_OUT: [&str; 6] = [
    "timed out",
    "i/o timeout",
    "deadline exceeded",
    "etimedout",
    "connecttimeout",
    "readtimeout",
];

/// golang/go:src/syscall/zerrors_linux_amd64.go; nodejs/node:doc/api/errors.md; *System Error Codes* of Windows, and
/// dotnet/runtime:src/libraries/System.Private.CoreLib/src/Resources/Strings.resx
const DENIED: [&str; 4] = ["permission denied", "is denied", "access denied", "eacces"];

/// What the words of a system or a client say where no service answered.
pub(super) fn meanings(text: &str) -> Vec<Meaning> {
    let hosts = Hosts::of(text);
    let mut sentences = SENTENCES.iter();
    let Some((about, confidence, _, means)) = sentences.find(|it| is_in(&hosts, it)) else {
        return vec![];
    };
    let is_guessed = *about == About::Certificate && !hosts.names_arm();
    let confidence = match is_guessed {
        true => Confidence::Possible,
        false => *confidence,
    };
    let meaning = |entry: &&'static Entry| Meaning { entry, confidence };
    means.iter().map(meaning).collect()
}

fn is_in(hosts: &Hosts, (about, _, words, _): &Sentence) -> bool {
    let has = |text: &str, words: &[&str]| words.iter().any(|words| text.contains(words));
    let part = match about {
        About::Denied => {
            let mut lines = hosts.text().lines();
            return lines.any(|line| has(line, words) && has(line, &DENIED));
        }
        About::Itself => Some(hosts.text()),
        About::Imds => hosts.about_imds(),
        About::Arm => hosts.about_arm(),
        About::Certificate => hosts.about_a_certificate(),
    };
    part.is_some_and(|part| has(part, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_lower_case_and_mean_something() {
        for (_, _, words, means) in &SENTENCES {
            for words in *words {
                assert_eq!(*words, words.to_ascii_lowercase());
            }
            assert!(!words.is_empty() && !means.is_empty());
        }
    }
}
