//! What to type, with the real values of this run.

use crate::catalogue::Entry;
use crate::finding::Values;

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
    /// `bash` or `powershell`.
    pub shell: &'static str,
    /// The line. What could not be filled in stands in capitals.
    pub run: String,
    /// True when it needs root or an administrator.
    pub needs_root: bool,
}

impl Remedy {
    /// The remedy of `entry`, with `values` in its placeholders, quoted for the command's shell.
    pub fn fill(entry: &Entry, values: &Values) -> Self {
        let commands = entry.commands.iter().map(|template| Command {
            shell: template.shell,
            run: fill(template.run, |name| {
                let whole = values.command(name).map(Into::into);
                whole.or_else(|| values.get(name).map(|value| quote(value, template.shell)))
            }),
            needs_root: template.needs_root,
        });
        Self {
            text: fill(entry.fix, |name| values.get(name).map(Into::into)),
            commands: commands.collect(),
            links: entry.links.to_vec(),
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

/// PowerShell takes the typographic forms of a single quote for the plain one.
fn double_quotes(value: &str) -> String {
    let mut doubled = String::with_capacity(value.len());
    for c in value.chars() {
        doubled.push(c);
        if matches!(c, '\'' | '\u{2018}'..='\u{201B}') {
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
