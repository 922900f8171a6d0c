//! What to type, with the real values of this run.

use crate::catalogue::Entry;
use crate::finding::Values;

/// The names that a template may have in braces: what [`Values`] and the rules set.
pub const PLACEHOLDERS: [&str; 33] = [
    "arm_authority",
    "arm_host",
    "arm_port",
    "arm_url",
    "audience_without_default",
    "cloud_audience",
    "cloud_name",
    "denied_object_id",
    "deny_assignments_url",
    "doctor",
    "doctor_as",
    "doctor_at",
    "doctor_for",
    "group",
    "identity_id",
    "imds_host",
    "imds_versions_url",
    "instance_id",
    "linked_scope",
    "machine_id",
    "namespace",
    "new_object_id",
    "object_id",
    "other_kind",
    "primary_interface",
    "program",
    "role",
    "scale_set",
    "scope",
    "selector_value",
    "subscription",
    "target_group",
    "vm",
];

/// A remedy. Nothing in it is ever executed by this project.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Remedy {
    /// One or two sentences.
    pub text: String,
    /// Commands to copy.
    pub commands: Vec<Command>,
    /// Pages to read.
    pub links: Vec<&'static str>,
}

/// A command to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Command {
    /// `bash`, `powershell`, or `az` for the Azure CLI in either.
    pub shell: &'static str,
    /// The line. What could not be filled in stands in capitals.
    pub run: String,
    /// True when it needs root or an administrator.
    pub needs_root: bool,
}

impl Remedy {
    /// The remedy of `entry`, with `values` in its placeholders, quoted for the command's shell. Where the entry has lines
    /// for a machine and for a scale set, those of the other kind are left out, if it is known which this is.
    pub fn fill(entry: &Entry, values: &Values) -> Self {
        let has = |name: &str| entry.commands.iter().any(|it| it.run.contains(name));
        let other = match values.is_in_scale_set() {
            Some(is_in) if has("{vm}") && has("{scale_set}") => {
                Some(if is_in { "{vm}" } else { "{scale_set}" })
            }
            _ => None,
        };
        let templates = entry
            .commands
            .iter()
            .filter(|it| !other.is_some_and(|other| it.run.contains(other)));
        let commands = templates.map(|template| Command {
            shell: template.shell,
            run: fill(template.run, |name| {
                let whole = values.command(name).map(Into::into);
                whole.or_else(|| argument(values.get(name)?, template.shell))
            }),
            needs_root: template.needs_root,
        });
        Self {
            text: fill(entry.fix, |name| values.get(name).map(Into::into)),
            commands: commands.collect(),
            links: entry.links().collect(),
        }
    }
}

/// Replaces each `{name}` of lower-case letters and underscores; an unknown one becomes `NAME`, for the reader to fill
/// in. Other braces, as in a query, stay as they are.
fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        match after.split_once('}').filter(|(name, _)| is_name(name)) {
            Some((name, tail)) => {
                filled.push_str(&value(name).unwrap_or_else(|| name.to_ascii_uppercase()));
                rest = tail;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// The value as one word of a line. A line for `az` is pasted into bash or PowerShell: a value with a single quote in it,
/// which the two escape in different ways, is left to the reader.
fn argument(value: &str, shell: &str) -> Option<String> {
    if shell == "az" && value.contains(is_single_quote) {
        return None;
    }
    Some(quote(value, shell))
}

/// PowerShell takes the typographic forms of a single quote for the plain one.
fn is_single_quote(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}'..='\u{201B}')
}

/// Values come from the network: whatever is not plainly harmless is quoted, so that a copied line runs one command.
pub(crate) fn quote(value: &str, shell: &str) -> String {
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || "-_./:=".contains(c);
    if value.chars().all(is_harmless) && !value.starts_with('-') {
        return value.into();
    }
    let escaped = if shell == "powershell" {
        double_quotes(value)
    } else {
        value.replace('\'', "'\\''")
    };
    format!("'{escaped}'")
}

/// As one word of a POSIX shell.
pub(crate) fn quote_word(value: &str) -> String {
    let is_option = value.starts_with('-');
    match is_option
        && value
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_alphanumeric())
    {
        true => value.into(),
        false => quote(value, "bash"),
    }
}

fn double_quotes(value: &str) -> String {
    let mut doubled = String::with_capacity(value.len());
    for c in value.chars() {
        doubled.push(c);
        if is_single_quote(c) {
            doubled.push(c);
        }
    }
    doubled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_or_left_in_capitals() {
        let known = |name: &str| (name == "vm").then(|| "web".to_string());
        assert_eq!(
            fill("az vm show -n {vm} -g {group}", known),
            "az vm show -n web -g GROUP"
        );
        assert_eq!(
            fill("--query '[].{id:id,name:name}' {vm", known),
            "--query '[].{id:id,name:name}' {vm"
        );
    }

    /// What the rules set, read from their source.
    #[test]
    fn placeholders_are_those_that_are_set() {
        let sources = [
            include_str!("finding.rs"),
            include_str!("fleet/mod.rs"),
            include_str!("rules/access.rs"),
            include_str!("rules/identity.rs"),
            include_str!("rules/mod.rs"),
            include_str!("rules/model.rs"),
            include_str!("rules/principal.rs"),
            include_str!("rules/rights.rs"),
        ];
        let of_values = "program doctor doctor_as doctor_at doctor_for".split(' ');
        let mut set: Vec<&str> = of_values
            .chain(sources.iter().flat_map(|source| {
                let calls = source.split("values.set(").skip(1);
                calls.filter_map(|call| call.split('"').nth(1))
            }))
            .collect();
        set.sort_unstable();
        set.dedup();
        assert_eq!(set, PLACEHOLDERS);
    }

    #[test]
    fn a_line_for_two_shells_leaves_out_what_they_escape_differently() {
        assert_eq!(argument("rg 1", "az").as_deref(), Some("'rg 1'"));
        assert_eq!(argument("$(reboot)", "az").as_deref(), Some("'$(reboot)'"));
        for value in ["a'b", "a\u{2019}; reboot"] {
            assert_eq!(argument(value, "az"), None);
            assert!(argument(value, "bash").is_some());
        }
    }

    #[test]
    fn hostile_values_stay_one_word() {
        assert_eq!(quote("rg-1", "bash"), "rg-1");
        assert_eq!(quote("$(reboot)", "bash"), "'$(reboot)'");
        assert_eq!(quote("a'; reboot #", "bash"), "'a'\\''; reboot #'");
        assert_eq!(quote("a'b", "powershell"), "'a''b'");
        assert_eq!(quote("a\u{2019}b", "powershell"), "'a\u{2019}\u{2019}b'");
        assert_eq!(quote("-rf", "bash"), "'-rf'");
    }
}
