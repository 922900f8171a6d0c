//! What the user typed to get a report, so that the commands in it can be typed as they stand.

/// A program and the flags that its next run should keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    program: String,
    flags: Vec<(&'static str, Option<String>)>,
}

impl Default for Invocation {
    fn default() -> Self {
        Self::new("azvm-doctor")
    }
}

/// Every flag that a stored invocation may have.
const KNOWN: [&str; 13] = [
    "--simulate",
    "--imds-endpoint",
    "--arm-endpoint",
    "--arm-ca",
    "--target",
    "--cloud",
    "--client-id",
    "--object-id",
    "--resource-id",
    "--resource",
    "--system",
    "--granted-at",
    "--expect-principal",
];

/// The flags that name an identity exclude each other.
const SELECTORS: [&str; 4] = ["--system", "--client-id", "--object-id", "--resource-id"];

impl Invocation {
    /// `program` without flags, as the user types it: `cargo xtask doctor`.
    pub fn new(program: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            flags: Vec::new(),
        }
    }

    /// Keeps a flag, with its value if it has one.
    #[must_use]
    pub fn with_flag(mut self, flag: &'static str, value: Option<String>) -> Self {
        self.flags.push((flag, value));
        self
    }

    /// What the user types.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// The flags that are kept.
    pub(crate) fn flags(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        self.flags
            .iter()
            .map(|(flag, value)| (*flag, value.as_deref()))
    }

    /// Keeps those of the flags that are known. Their values are quoted wherever they are shown.
    pub(crate) fn with_known_flags(
        mut self,
        flags: impl Iterator<Item = (String, Option<String>)>,
    ) -> Self {
        let known = flags.filter_map(|(flag, value)| {
            let flag = KNOWN.iter().find(|known| **known == flag)?;
            Some((*flag, value))
        });
        self.flags.extend(known);
        self
    }

    /// The same flags for another program.
    #[must_use]
    pub fn of_program(mut self, program: impl Into<String>) -> Self {
        self.program = program.into();
        self
    }

    pub(crate) fn command(&self) -> String {
        self.render(|_| true)
    }

    /// The same without the flag that names an identity, for another one to follow.
    pub(crate) fn without_selector(&self) -> String {
        self.render(|flag| !SELECTORS.contains(&flag))
    }

    /// The same without the audience and the cloud that it comes from.
    pub(crate) fn without_audience(&self) -> String {
        self.render(|flag| !["--cloud", "--resource"].contains(&flag))
    }

    /// The same without the endpoint of ARM, its authorities, and the cloud, for another cloud to follow.
    pub(crate) fn without_endpoint(&self) -> String {
        self.render(|flag| !["--arm-ca", "--arm-endpoint", "--cloud"].contains(&flag))
    }

    fn render(&self, is_kept: impl Fn(&str) -> bool) -> String {
        let mut line = self.program.clone();
        for (flag, value) in self.flags.iter().filter(|(flag, _)| is_kept(flag)) {
            line.push(' ');
            line.push_str(flag);
            if let Some(value) = value {
                line.push(' ');
                line.push_str(&crate::remedy::quote(value, "bash"));
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_kept_unless_others_take_their_place() {
        let invocation = Invocation::new("cargo xtask doctor")
            .with_flag("--simulate", Some("no role.toml".into()))
            .with_flag("--client-id", Some("c".into()))
            .with_flag("--cloud", Some("china".into()));
        let kept = "cargo xtask doctor --simulate 'no role.toml'";
        assert_eq!(
            invocation.command(),
            format!("{kept} --client-id c --cloud china")
        );
        assert_eq!(
            invocation.without_selector(),
            format!("{kept} --cloud china")
        );
        assert_eq!(
            invocation.without_audience(),
            format!("{kept} --client-id c")
        );
        let named = invocation.with_flag("--arm-endpoint", Some("https://a".into()));
        assert_eq!(named.without_endpoint(), format!("{kept} --client-id c"));
    }
}
