//! Runs cargo-fuzz on one target, or on each in turn.

use std::fs;

use crate::process::{Result, program, root, run as run_command, succeeds};

/// `args`: `[TARGET] [--seconds N]`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let wish = Wish::from_args(args)?;
    let targets = targets()?;
    let unknown = wish
        .target
        .as_ref()
        .filter(|target| !targets.contains(target));
    if let Some(target) = unknown {
        return Err(format!(
            "there is no target `{target}`; there are: {}",
            targets.join(", ")
        )
        .into());
    }
    if !succeeds(program("rustup").args(["run", "nightly", "cargo", "fuzz", "--version"])) {
        return Err("cargo-fuzz with a nightly toolchain is needed: \
                    `rustup toolchain install nightly` and `cargo install cargo-fuzz`"
            .into());
    }
    for target in wish.target.map_or(targets, |target| vec![target]) {
        fuzz(&target, wish.seconds)?;
    }
    Ok(())
}

fn fuzz(target: &str, seconds: u32) -> Result<()> {
    let corpus = format!("fuzz/corpus/{target}");
    fs::create_dir_all(root().join(&corpus))?;
    let mut command = program("rustup");
    command.args(["run", "nightly", "cargo", "fuzz", "run", target, &corpus]);
    let seeds = format!("fuzz/seeds/{target}");
    if root().join(&seeds).is_dir() {
        command.arg(seeds);
    }
    run_command(command.args(["--", &format!("-max_total_time={seconds}")]))
}

/// The names of the files in fuzz/fuzz_targets.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        let name = entry?.file_name();
        names.extend(
            name.to_string_lossy()
                .strip_suffix(".rs")
                .map(str::to_owned),
        );
    }
    names.sort();
    Ok(names)
}

struct Wish {
    target: Option<String>,
    seconds: u32,
}

impl Wish {
    fn from_args(args: &[String]) -> Result<Self> {
        let mut wish = Self {
            target: None,
            seconds: DEFAULT_SECONDS,
        };
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            if arg == "--seconds" {
                wish.seconds = rest.next().ok_or("--seconds needs a number")?.parse()?;
            } else if arg.starts_with('-') || wish.target.is_some() {
                return Err(format!(
                    "`{arg}` is not understood: `cargo xtask fuzz [TARGET] [--seconds N]`"
                )
                .into());
            } else {
                wish.target = Some(arg.clone());
            }
        }
        Ok(wish)
    }
}

const DEFAULT_SECONDS: u32 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(args: &[&str]) -> Result<Wish> {
        Wish::from_args(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn target_and_time_are_optional() {
        let both = wish(&["claims", "--seconds", "5"]).unwrap();
        assert_eq!((both.target.as_deref(), both.seconds), (Some("claims"), 5));
        let none = wish(&[]).unwrap();
        assert_eq!((none.target, none.seconds), (None, DEFAULT_SECONDS));
        assert!(wish(&["a", "b"]).is_err());
        assert!(wish(&["--seconds"]).is_err());
    }

    #[test]
    fn every_target_is_in_the_manifest_and_every_seed_folder_has_a_target() {
        let targets = targets().unwrap();
        let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
        for target in &targets {
            assert!(
                manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")),
                "{target} is not in fuzz/Cargo.toml"
            );
        }
        assert_eq!(manifest.matches("[[bin]]").count(), targets.len());
        for entry in fs::read_dir(root().join("fuzz/seeds")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(targets.contains(&name), "fuzz/seeds/{name} has no target");
        }
    }
}
