//! Builds for Windows, and runs the tests and the doctor: under Wine, or on Windows itself.

mod toolchain;
mod wine;

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::MetadataCommand;

use crate::process::{Failed, Result, describe, root, run as run_command};
use toolchain::Toolchain;
use wine::Wine;

/// What `azvm-doctor.exe` must end with: arguments, exit code, and words that stand in what it prints.
const RUNS: &[(&[&str], i32, &[&str])] = &[
    (&["--simulate", "healthy"], 0, &["7 ok   ", "   exit 0"]),
    (&["--simulate", "no-identity"], 1, &["IDSEL-001"]),
    (&["--simulate", "not-azure"], 6, &["HOST-001"]),
];

/// A registry to import, and what the doctor must then make of the machine, whose metadata service refuses.
const MACHINES: &[(&str, i32, &[&str])] = &[
    ("", 1, &["cannot tell whether this is an Azure VM"]),
    ("laptop.reg", 6, &["HOST-003", "No Asset Tag", "arc_agent"]),
    (
        "azure.reg",
        1,
        &[
            "Azure VM",
            "10.0.20348.2322",
            "winhttp_proxy = proxy.azvm.test:3128, IMDS is not exempt",
            "user_proxy = proxy.azvm.test:8080, IMDS is exempt",
        ],
    ),
];

/// Nobody listens there, and nothing but this machine is asked.
const NOBODY: [&str; 7] = [
    "-v",
    "--imds-endpoint",
    "http://127.0.0.1:1",
    "--arm-endpoint",
    "http://127.0.0.1:1",
    "--timeout",
    "20s",
];

const REGISTRIES: &str = "crates/azvm-diagnostics/tests/data/windows";

/// `args`: none.
pub(crate) fn run() -> Result<()> {
    let missing = missing();
    if !missing.is_empty() {
        return Err(missing.join("; ").into());
    }
    Bench::prepare()?.run()
}

/// What keeps this machine from it, each with the way out; nothing when it can be done.
pub(crate) fn missing() -> Vec<String> {
    if cfg!(windows) {
        return Vec::new();
    }
    let mut missing = toolchain::missing();
    missing.extend(wine::missing());
    missing
}

/// All that a run needs.
struct Bench {
    toolchain: Toolchain,
    /// `None` on Windows itself.
    wine: Option<Wine>,
    doctor: PathBuf,
}

impl Bench {
    fn prepare() -> Result<Self> {
        let metadata = MetadataCommand::new()
            .manifest_path(root().join("Cargo.toml"))
            .no_deps()
            .exec()?;
        let target = metadata.target_directory.into_std_path_buf();
        let toolchain = Toolchain::find().ok_or("no compiler for Windows is here")?;
        println!("compiler: {toolchain}");
        let wine = match cfg!(windows) {
            true => None,
            false => Some(Wine::prepare(&target.join("wine"))?),
        };
        let doctor = toolchain.output(&target).join("azvm-doctor.exe");
        Ok(Self {
            toolchain,
            wine,
            doctor,
        })
    }

    fn run(&self) -> Result<()> {
        let build = ["build", "-p", "azvm-doctor", "--bin", "azvm-doctor"];
        run_command(&mut self.toolchain.cargo(&build))?;
        for (args, code, words) in RUNS {
            self.expect(args, *code, words)?;
        }
        if let Some(wine) = &self.wine {
            // On Windows itself this would change somebody's machine.
            for (registry, code, words) in MACHINES {
                if !registry.is_empty() {
                    wine.import(&format!("{REGISTRIES}/{registry}"))?;
                }
                self.expect(&NOBODY, *code, words)?;
            }
        }
        self.test()
    }

    /// Runs the doctor; an error when it ends otherwise, or says something else.
    fn expect(&self, args: &[&str], code: i32, words: &[&str]) -> Result<()> {
        let mut command = self.program(&self.doctor);
        let line = describe(command.args(args));
        println!("$ {line}");
        let output = command
            .output()
            .map_err(|error| Failed::new(format!("`{line}` did not start"), error))?;
        let said = String::from_utf8_lossy(&output.stdout);
        print!("{said}");
        if output.status.code() != Some(code) {
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
            return Err(format!("expected exit code {code}, found {}", output.status).into());
        }
        match words.iter().find(|words| !said.contains(*words)) {
            Some(words) => Err(format!("expected `{words}` in what it says").into()),
            None => Ok(()),
        }
    }

    fn program(&self, program: &Path) -> Command {
        match &self.wine {
            Some(wine) => wine.program(program),
            None => crate::process::program(program),
        }
    }

    fn test(&self) -> Result<()> {
        let mut command = self.toolchain.cargo(&["test", "--no-fail-fast"]);
        for package in PACKAGES {
            command.args(["-p", package]);
        }
        // Documentation tests are programs of the host.
        command.args(["--lib", "--bins", "--tests", "--"]);
        if let Some(wine) = &self.wine {
            wine.run_tests_of(&mut command);
            for (_, test, why) in NOT_UNDER_WINE {
                println!("not under Wine: {test}, because {why}");
                command.args(["--skip", test]);
            }
        }
        run_command(&mut command)
    }
}

/// Everything that users get; `xtask`, `benches` and `fuzz` are for developers.
const PACKAGES: &[&str] = &[
    "azvm-arm",
    "azvm-diagnostics",
    "azvm-doctor",
    "azvm-exchange",
    "azvm-http",
    "azvm-identity",
    "azvm-imds",
    "azvm-resource-id",
    "azvm-simulator",
    "azvm-token-cache",
];

/// Tests that hold on Windows and not under Wine, and why.
const NOT_UNDER_WINE: &[(&str, &str, &str)] = &[
    (
        "azvm-http",
        "hostile::a_server_that_resets_is_reset",
        WINE_CLOSES,
    ),
    (
        "azvm-http",
        "suite::plain::servers_that_are_rude",
        WINE_CLOSES,
    ),
    (
        "azvm-http",
        "suite::tls::a_handshake_that_is_reset",
        WINE_CLOSES,
    ),
    (
        "azvm-http",
        "suite::tunnel::a_proxy_that_resets",
        WINE_CLOSES,
    ),
    (
        "azvm-simulator",
        "wire_faults::a_tls_connection_is_reset_too",
        WINE_CLOSES,
    ),
    (
        "azvm-simulator",
        "wire_faults::each_fault_is_what_it_says",
        WINE_CLOSES,
    ),
];

const WINE_CLOSES: &str = "Wine 8 tells a connection that was reset as one that was closed";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::EDGES;

    #[test]
    fn every_crate_is_tried_and_every_registry_is_there() {
        let mut all: Vec<&str> = EDGES.iter().map(|(name, _)| *name).collect();
        all.sort_unstable();
        assert_eq!(PACKAGES, all);
        for (registry, ..) in MACHINES {
            assert!(
                root().join(REGISTRIES).join(registry).exists(),
                "{registry}"
            );
        }
    }

    #[test]
    fn a_skipped_test_exists() {
        for (package, test, why) in NOT_UNDER_WINE {
            let (module, name) = test.rsplit_once("::").unwrap();
            let module = module.replace("::", "/");
            let file = root().join(format!("crates/{package}/tests/it/{module}.rs"));
            let text = std::fs::read_to_string(file).unwrap();
            assert!(text.contains(&format!("fn {name}(")), "{test}");
            assert!(!why.is_empty());
        }
    }
}
