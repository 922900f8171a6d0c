//! What an error means that an SDK, a log or a raw answer holds, offline.
//!
//! ```
//! use azvm_diagnostics::decode::decode;
//!
//! let words = "failed to authenticate a system assigned identity. The endpoint responded with \
//!              {\"error\":\"invalid_request\",\"error_description\":\"Identity not found\"}";
//! let decoded = decode(words);
//! assert_eq!(decoded.sdk, Some("azidentity for Go"));
//! assert_eq!(decoded.findings[0].entry.code, "IDSEL-001");
//! ```
//!
//! `forms` looks for the service's answer in the words: a response with its head, JSON in the middle of a sentence, or only
//! the code and the status. `answer` reads it with the readers of the wire. `imds`, `arm`, `directory` and `stranger` say
//! what it means, by the doctor's own rules where these need nothing but the answer: `error` or `code` and the status
//! decide, words tell neighbours apart and are no more than *likely*. `sdk` knows whose sentence it is, and which sentences
//! hide the answer; `sentences` has those that say what went wrong where no service answered.
//!
//! The words are shown only where a service wrote them into a member for words, and never anything shaped like a token.

mod answer;
mod arm;
mod directory;
mod forms;
mod hosts;
mod ids;
mod imds;
mod sdk;
mod sentences;
mod stranger;

use crate::catalogue::{ARM_011, Entry, NET_018};
use crate::finding::{Confidence, Finding, Values};
use crate::rules;

pub use answer::{Answer, Service};

/// The longest text that is looked at, in bytes; what follows is passed over.
pub const MAX_ERROR_BYTES: usize = 256 * 1024;

/// What is looked for in words, for somebody whose words have none of it.
pub const LOOKED_FOR: [&str; 6] = [
    "an answer with its head, as curl -i and the SDKs print it",
    "an error of IMDS, ARM or Entra ID as JSON, as XML, or as Python prints it, also within a line of a log",
    "a page of a proxy, and the plain text of AAD Pod Identity or Docker Desktop",
    "a code such as AuthorizationFailed or invalid_request, or an AADSTS number",
    "the sentences of IMDS, of ARM's refusal, and of SDKs that hide them",
    "a status, or how a connection to 169.254.169.254 or to ARM failed, its name and certificate included",
];

/// What was found in the words of an error.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Decoded {
    /// Whose words they are, if they are known.
    pub sdk: Option<&'static str>,
    /// The service's answer, if the words hold it.
    pub answer: Option<Answer>,
    /// The ids by which support finds the answer, by name.
    pub ids: Vec<(&'static str, String)>,
    /// What it means, the surest first.
    pub findings: Vec<Finding>,
}

/// A code that the words may mean.
#[derive(Clone, Copy, Debug)]
struct Meaning {
    entry: &'static Entry,
    confidence: Confidence,
}

impl Meaning {
    fn high(entry: &'static Entry) -> Self {
        Self {
            entry,
            confidence: Confidence::High,
        }
    }

    fn likely(entry: &'static Entry) -> Self {
        Self {
            entry,
            confidence: Confidence::Likely,
        }
    }

    fn possible(entry: &'static Entry) -> Self {
        Self {
            entry,
            confidence: Confidence::Possible,
        }
    }
}

/// Reads the words of an error. Words that mean nothing here have no findings.
pub fn decode(text: &str) -> Decoded {
    let mut end = text.len().min(MAX_ERROR_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    let wrapper = sdk::wrapper(text);
    let answer = Answer::find(text);
    let mut meanings = answer
        .as_ref()
        .map_or_else(Vec::new, |answer| means(answer, text));
    if meanings.is_empty() {
        meanings.extend(sentences::meanings(text));
        let is_told = !meanings.is_empty();
        meanings.extend(wrapper.map_or_else(Vec::new, |wrapper| wrapper.may_hide(is_told)));
    }
    Decoded {
        sdk: sdk::name(text),
        findings: findings(meanings, answer.as_ref()),
        ids: ids::ids(text),
        answer,
    }
}

/// Who answered comes first.
fn means(answer: &Answer, text: &str) -> Vec<Meaning> {
    let strangers = stranger::meanings(answer, text);
    if !strangers.is_empty() {
        return strangers;
    }
    let own = match answer.service {
        Service::Arm => arm::meanings(answer),
        Service::Imds => imds::meanings(answer, text),
        Service::Directory => {
            let number = answer.number.unwrap_or_default();
            vec![directory::meaning(number, text)]
        }
        Service::Other => stranger::by_status(answer, text),
    };
    // NMI hands on what IMDS said, in words of its own.
    let is_handed_on = forms::is_pod_identity(text);
    let nmi = is_handed_on.then(|| Meaning::likely(&NET_018));
    nmi.into_iter().chain(own).collect()
}

fn findings(meanings: Vec<Meaning>, answer: Option<&Answer>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = vec![];
    for Meaning { entry, confidence } in meanings {
        if findings.iter().any(|finding| finding.entry == entry) {
            continue;
        }
        let values = values(answer);
        let finding = match *entry == NET_018 {
            // Whoever has its words in an answer has not met the redirection that leads to nobody.
            true => rules::pod_identity(&values, String::new()),
            false => Finding::new(entry, &values),
        };
        let finding = finding.with_confidence(confidence);
        findings.push(match answer {
            Some(answer) if *entry == ARM_011 => {
                finding.with_cause(format!("{answer}; perhaps no token was sent"))
            }
            Some(answer) => finding.with_cause(answer.to_string()),
            None => finding,
        });
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.confidence));
    findings
}

/// What the answer names, for the remedies.
fn values(answer: Option<&Answer>) -> Values {
    let mut values = Values::default();
    if let Some(answer) = answer {
        values.set("object_id", answer.object_id.as_deref());
        values.set("denied_object_id", answer.object_id.as_deref());
        values.set("scope", answer.scope.as_deref());
    }
    values
}

#[cfg(test)]
mod tests;
