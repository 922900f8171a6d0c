//! Runs the soak of azvm-identity for minutes.

use crate::process::{Result, cargo, run as run_command};

const DEFAULT_MINUTES: u64 = 2;
/// A soak ends by itself on the same day.
const MAX_MINUTES: u64 = 24 * 60;

/// `args`: `[MINUTES] [--seed N]`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let wish = Wish::from_args(args)?;
    let mut command = cargo(["test", "-p", "azvm-identity", "--test", "soak"]);
    command.args(["--", "--nocapture"]);
    command.env("AZVM_SOAK_SECONDS", (wish.minutes * 60).to_string());
    if let Some(seed) = wish.seed {
        command.env("AZVM_SOAK_SEED", seed.to_string());
    }
    run_command(&mut command)
}

#[derive(Debug, PartialEq, Eq)]
struct Wish {
    minutes: u64,
    seed: Option<u64>,
}

impl Wish {
    fn from_args(args: &[String]) -> Result<Self> {
        let mut wish = Self {
            minutes: DEFAULT_MINUTES,
            seed: None,
        };
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            if arg == "--seed" {
                wish.seed = Some(rest.next().ok_or("--seed needs a number")?.parse()?);
            } else {
                wish.minutes = arg.parse().map_err(|_| {
                    format!("`{arg}` is not understood: `cargo xtask soak [MINUTES] [--seed N]`")
                })?;
            }
        }
        if (1..=MAX_MINUTES).contains(&wish.minutes) {
            Ok(wish)
        } else {
            Err(format!("a soak takes 1 to {MAX_MINUTES} minutes").into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(args: &[&str]) -> Option<(u64, Option<u64>)> {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let wish = Wish::from_args(&args).ok()?;
        Some((wish.minutes, wish.seed))
    }

    #[test]
    fn minutes_and_seed_are_optional() {
        assert_eq!(wish(&[]), Some((DEFAULT_MINUTES, None)));
        assert_eq!(wish(&["5", "--seed", "7"]), Some((5, Some(7))));
        for wrong in [
            &["0"][..],
            &["-1"],
            &["many"],
            &["1441"],
            &["--seed"],
            &["--seed", "x"],
        ] {
            assert_eq!(wish(wrong), None, "{wrong:?}");
        }
    }
}
