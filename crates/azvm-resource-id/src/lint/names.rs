//! What a name may look like: characters that no name has, placeholders, and ARM's rules for names of certain types.
//!
//! The rules are those of the [provider contract][rpc] and of [naming rules and restrictions][rules].
//! A name that breaks one is a warning: real IDs break the outer rules, and rules change. What no rule ever allowed is
//! more: a subscription that is no GUID, and what does not show or is percent-encoded where a rule forbids it.
//!
//! [rpc]: https://github.com/Azure/azure-resource-manager-rpc/blob/master/v1.0/resource-api-reference.md
//! [rules]: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules

use alloc::format;
use alloc::string::String;
use core::ops::Range;

use super::examiner::Examiner;
use super::known;
use super::letters::is_letter_or_digit;
use super::peel::{is_guid, is_invisible};
use super::walk::Walk;
use crate::segments::SegmentRole;

/// The longest name of a resource group, in UTF-16 units.
const MAX_GROUP_UNITS: usize = 90;
/// The longest name of any resource.
const MAX_NAME_UNITS: usize = 260;

impl Walk<'_, '_> {
    /// What the grammar forbids in any segment, and what no segment should have.
    ///
    /// `false` when there is no point in holding a rule against it.
    pub(super) fn check_characters(&mut self, span: &Range<usize>, role: SegmentRole) -> bool {
        let word = &self.examiner.text[span.clone()];
        let examiner = &mut *self.examiner;
        let trimmed = word.trim();
        let start = span.start + (word.len() - word.trim_start().len());
        if trimmed.len() < word.len() {
            let is_before = start > span.start;
            let blanks = if is_before {
                span.start..start
            } else {
                start + trimmed.len()..span.end
            };
            examiner.error("RID-004", blanks, &format!("a blank around {trimmed:?}"));
            examiner.mend("");
            if is_before && start + trimmed.len() < span.end {
                examiner.error(
                    "RID-004",
                    start + trimmed.len()..span.end,
                    &format!("a blank after {trimmed:?}"),
                );
                examiner.mend("");
            }
        }
        if matches!(trimmed, "." | "..") {
            examiner.error(
                "RID-027",
                span.clone(),
                "a URL library would fold \".\" and \"..\" into another path",
            );
            examiner.refuse();
            return false;
        }
        examiner.check_each_character(trimmed, start, role)
    }
}

impl Examiner<'_> {
    fn check_each_character(&mut self, word: &str, start: usize, role: SegmentRole) -> bool {
        if word.contains(['<', '>']) {
            let message = format!("{word:?} is a placeholder");
            self.error("RID-018", start..start + word.len(), &message);
            self.refuse();
            return false;
        }
        let mut is_sound = true;
        for (at, char) in word.char_indices() {
            let span = start + at..start + at + char.len_utf8();
            match char {
                '|' => self.error(
                    "RID-025",
                    span,
                    "two IDs joined by \"|\", as Terraform's azurerm provider has them",
                ),
                '"' | '#' | '?' | '\\' => {
                    self.error("RID-026", span, &format!("{char:?} cannot stand in an ID"))
                }
                _ if char.is_control() => {
                    self.error(
                        "RID-026",
                        span,
                        &format!("the control character {char:?} cannot stand in an ID"),
                    );
                }
                _ if is_invisible(char) => {
                    let escaped = char.escape_unicode();
                    self.warn(
                        "RID-004",
                        span,
                        &format!("an invisible character, {escaped}"),
                    );
                    self.suggest("");
                    continue;
                }
                '%' if is_escape(&word[at..]) => {
                    let message = "names are not percent-encoded in an ID; this would be encoded twice in a URL";
                    self.warn("RID-011", span.start..span.start + 3, message);
                    continue;
                }
                _ => continue,
            }
            self.refuse();
            is_sound = false;
        }
        if role != SegmentRole::SubscriptionId && role != SegmentRole::Type && is_placeholder(word)
        {
            let message = format!("{word:?} looks like a placeholder");
            self.warn("RID-018", start..start + word.len(), &message);
        }
        is_sound
    }

    pub(super) fn check_subscription_id(&mut self, span: &Range<usize>) {
        let word = self.text[span.clone()].trim();
        if is_guid(word) || word.contains(['<', '>']) {
            return;
        }
        if is_placeholder(word) && !is_guid(unwrapped(word)) {
            return self.refused(
                "RID-018",
                span.clone(),
                &format!("{word:?} looks like a placeholder"),
            );
        }
        let digits = word.bytes().filter(u8::is_ascii_hexdigit).count();
        let is_digits = word
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        let message = if is_guid(unwrapped(word)) {
            String::from("the subscription ID is a GUID without brackets around it")
        } else if is_digits && digits != 32 {
            format!("the subscription ID has {digits} digits, a GUID has 32")
        } else if word.len() == 36 {
            String::from(
                "the subscription ID has a character that no GUID has, or a hyphen at the wrong place",
            )
        } else {
            format!("the subscription ID is not a GUID; {word:?} may be the subscription's name")
        };
        // Brackets are allowed in an ID, so that `repair` keeps them; nothing is suggested that it would not do.
        self.refused("RID-006", span.clone(), &message);
    }

    pub(super) fn check_name(
        &mut self,
        role: SegmentRole,
        namespace: &str,
        types: &str,
        span: &Range<usize>,
    ) {
        let name = self.text[span.clone()].trim();
        if role == SegmentRole::ResourceGroup {
            if let Some(message) = group_name_fault(name) {
                self.warn("RID-028", span.clone(), message);
                self.hold_against(span);
            }
            return;
        }
        let is = |known_namespace: &str, known_types: &str| {
            namespace.eq_ignore_ascii_case(known_namespace)
                && types.eq_ignore_ascii_case(known_types)
        };
        if is(
            "Microsoft.Compute",
            "virtualMachineScaleSets/virtualMachines",
        ) {
            if !name.bytes().all(|byte| byte.is_ascii_digit()) {
                let message = "instances below a scale set have numbers; in Flexible orchestration they are virtual machines";
                self.warn("RID-008", span.clone(), message);
            }
            return;
        }
        let rule = RULES.iter().find(|rule| is(rule.namespace, rule.types));
        if let Some(message) = rule.and_then(|rule| rule.fault(name)) {
            self.warn("RID-028", span.clone(), &message);
            self.hold_against(span);
        } else if name.encode_utf16().count() > MAX_NAME_UNITS {
            let message = format!("the name is longer than {MAX_NAME_UNITS} characters");
            self.warn("RID-028", span.clone(), &message);
        }
    }
}

fn group_name_fault(name: &str) -> Option<&'static str> {
    let is_allowed = |char| is_letter_or_digit(char) || matches!(char, '_' | '-' | '.' | '(' | ')');
    if name.encode_utf16().count() > MAX_GROUP_UNITS {
        return Some("the name of a resource group has at most 90 characters");
    }
    if name.ends_with('.') {
        return Some("the name of a resource group cannot end with a dot");
    }
    if !name.chars().all(is_allowed) {
        return Some("the name of a resource group has letters, digits and _ - . ( ) only");
    }
    None
}

/// The rule for the names of one type.
struct Rule {
    namespace: &'static str,
    types: &'static str,
    lengths: (usize, usize),
    /// Besides ASCII letters and digits.
    also: &'static str,
    /// It has lower-case letters only.
    is_lower: bool,
    starts_with: &'static str,
    ends_with: &'static str,
}

impl Rule {
    const fn new(
        namespace: &'static str,
        types: &'static str,
        lengths: (usize, usize),
        also: &'static str,
    ) -> Self {
        Self {
            namespace,
            types,
            lengths,
            also,
            is_lower: false,
            starts_with: also,
            ends_with: also,
        }
    }

    /// Which of the other characters may stand first and last.
    const fn edges(self, starts_with: &'static str, ends_with: &'static str) -> Self {
        Self {
            starts_with,
            ends_with,
            ..self
        }
    }

    fn fault(&self, name: &str) -> Option<String> {
        let (min, max) = self.lengths;
        let length = name.encode_utf16().count();
        if length < min || length > max {
            return Some(format!(
                "a name of this type has {min} to {max} characters, this has {length}"
            ));
        }
        let is_in = |char: char, also: &str| char.is_ascii_alphanumeric() || also.contains(char);
        if let Some(char) = name.chars().find(|&char| !is_in(char, self.also)) {
            return Some(format!("a name of this type cannot contain {char:?}"));
        }
        if self.is_lower && name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Some(String::from("a name of this type has no capital letters"));
        }
        let first = name
            .chars()
            .next()
            .filter(|&char| !is_in(char, self.starts_with));
        if let Some(first) = first {
            return Some(format!("a name of this type cannot start with {first:?}"));
        }
        let last = name
            .chars()
            .next_back()
            .filter(|&char| !is_in(char, self.ends_with));
        last.map(|last| format!("a name of this type cannot end with {last:?}"))
    }
}

const RULES: &[Rule] = &[
    Rule::new("Microsoft.Compute", "virtualMachines", (1, 64), "-._").edges("-.", "_"),
    Rule::new(
        "Microsoft.Compute",
        "virtualMachineScaleSets",
        (1, 64),
        "-._",
    )
    .edges("-.", "_"),
    Rule::new("Microsoft.Compute", "disks", (1, 80), "-._").edges("", "_"),
    Rule::new(
        "Microsoft.ContainerService",
        "managedClusters",
        (1, 63),
        "-_",
    )
    .edges("", ""),
    Rule::new("Microsoft.KeyVault", "vaults", (3, 24), "-").edges("", ""),
    Rule::new(
        "Microsoft.ManagedIdentity",
        "userAssignedIdentities",
        (3, 128),
        "-_",
    )
    .edges("", "-_"),
    Rule::new("Microsoft.Management", "managementGroups", (1, 90), "-_.()").edges("-_.()", "-_()"),
    Rule::new("Microsoft.Network", "loadBalancers", (1, 80), "-._").edges("", "_"),
    Rule::new("Microsoft.Network", "networkInterfaces", (1, 80), "-._").edges("", "_"),
    Rule::new("Microsoft.Network", "networkSecurityGroups", (1, 80), "-._").edges("", "_"),
    Rule::new("Microsoft.Network", "publicIPAddresses", (1, 80), "-._").edges("", "_"),
    Rule::new("Microsoft.Network", "virtualNetworks", (2, 64), "-._").edges("", "_"),
    Rule::new("Microsoft.Resources", "deployments", (1, 64), "-._()"),
    Rule {
        is_lower: true,
        ..Rule::new("Microsoft.Storage", "storageAccounts", (3, 24), "")
    },
];

/// What stands for a value that nobody filled in. Angle brackets are not in here: no ID has them.
fn is_placeholder(word: &str) -> bool {
    let inner = unwrapped(word);
    let is_wrapped = inner.len() < word.len();
    let is_variable = |name: &str| {
        let is_letter =
            |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        !name.is_empty() && name.bytes().all(is_letter)
    };
    let is_all = |chars: &str| word.chars().all(|char| chars.contains(char));
    (is_wrapped && !word.starts_with('('))
        || word.contains("{{")
        || word.contains("${")
        || word.starts_with("$(")
        || word.strip_prefix('$').is_some_and(is_variable)
        || (word.len() > 1 && is_all("*"))
        || (word.len() > 2 && is_all("xX-") && !is_all("-"))
        || known::NO_VALUE.contains(&word.to_ascii_lowercase().as_str())
}

/// Without the brackets around it, if there are any.
fn unwrapped(word: &str) -> &str {
    let wrappers = [('{', '}'), ('[', ']'), ('(', ')')];
    let mut inner = wrappers
        .iter()
        .filter_map(|&(open, close)| word.strip_prefix(open)?.strip_suffix(close));
    inner.next().unwrap_or(word)
}

fn is_escape(text: &str) -> bool {
    matches!(text.as_bytes(), [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}
