//! A compiler that can make programs for Windows: one with a target of rustup, or one with the source of its standard
//! library, which cargo then builds itself.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{capture, cargo, program, succeeds};

const TARGET: &str = "x86_64-pc-windows-gnu";

/// The linker, which also compiles the C of dependencies and the stand-in for a library.
pub(super) const C_COMPILER: &str = "x86_64-w64-mingw32-gcc";

/// How to compile.
pub(super) enum Toolchain {
    /// On Windows itself.
    Native,
    /// With rustup's target.
    Target,
    /// With this compiler, and the standard library from its source.
    Source(PathBuf),
}

impl Toolchain {
    /// The easiest that is here.
    pub(super) fn find() -> Option<Self> {
        if cfg!(windows) {
            return Some(Self::Native);
        }
        if has_target() {
            return Some(Self::Target);
        }
        compilers()
            .find(|rustc| has_source(rustc))
            .map(Self::Source)
    }

    /// cargo, for Windows.
    pub(super) fn cargo(&self, args: &[&str]) -> Command {
        let mut command = cargo([]);
        command.args(args);
        match self {
            Self::Native => {}
            Self::Target => _ = command.args(["--target", TARGET]),
            Self::Source(rustc) => {
                // The variable lets stable tools take `-Z`, and a library be built that asks for nightly features.
                command.env("RUSTC", rustc).env("RUSTC_BOOTSTRAP", "1");
                command.args(["-Z", "build-std=std,panic_abort", "--target", TARGET]);
            }
        }
        command
    }

    /// Where the programs of an unoptimised build are.
    pub(super) fn output(&self, target: &Path) -> PathBuf {
        match self {
            Self::Native => target.join("debug"),
            Self::Target | Self::Source(_) => target.join(TARGET).join("debug"),
        }
    }
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => f.write_str("this Windows' own"),
            Self::Target => write!(f, "rustup's target {TARGET}"),
            Self::Source(rustc) => write!(
                f,
                "{}, with the standard library from its source",
                rustc.display()
            ),
        }
    }
}

/// What to install so that there is one.
pub(super) fn missing() -> Vec<String> {
    let mut missing = Vec::new();
    if Toolchain::find().is_none() {
        missing.push(format!(
            "no compiler for Windows: `rustup target add {TARGET}`, or on Debian \
             `apt-get install --no-install-recommends rustc-web libstd-rust-web-dev rust-web-src`"
        ));
    }
    if !succeeds(program(C_COMPILER).arg("--version")) {
        missing.push(format!(
            "{C_COMPILER} is not installed: on Debian `apt-get install --no-install-recommends \
             gcc-mingw-w64-x86-64 binutils-mingw-w64-x86-64 mingw-w64-x86-64-dev`"
        ));
    }
    missing
}

fn has_target() -> bool {
    let installed = program("rustup")
        .args(["target", "list", "--installed"])
        .output();
    installed.is_ok_and(|output| {
        let list = String::from_utf8_lossy(&output.stdout);
        list.lines().any(|target| target == TARGET)
    })
}

/// Every `rustc` of the search path, in its order.
fn compilers() -> impl Iterator<Item = PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the search path is where the compilers are"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders
        .into_iter()
        .map(|folder| folder.join("rustc"))
        .filter(|rustc| rustc.is_file())
}

/// Whether the source of the standard library is where cargo looks for it.
fn has_source(rustc: &Path) -> bool {
    let sysroot = capture(program(rustc).args(["--print", "sysroot"]));
    sysroot.is_ok_and(|sysroot| {
        let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library");
        library.join("std/Cargo.toml").is_file()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(toolchain: &Toolchain) -> Vec<String> {
        let command = toolchain.cargo(&["build"]);
        let args = command.get_args();
        args.map(|arg| arg.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn the_library_is_built_only_where_there_is_none() {
        assert_eq!(arguments(&Toolchain::Native), ["build"]);
        assert_eq!(arguments(&Toolchain::Target), ["build", "--target", TARGET]);
        let source = arguments(&Toolchain::Source("rustc".into()));
        assert!(
            source.contains(&"build-std=std,panic_abort".to_owned()),
            "{source:?}"
        );
    }

    #[test]
    fn programs_for_another_system_have_a_folder_of_their_own() {
        let target = Path::new("target");
        assert_eq!(Toolchain::Native.output(target), target.join("debug"));
        assert_eq!(
            Toolchain::Target.output(target),
            target.join(TARGET).join("debug")
        );
    }

    #[test]
    fn no_source_is_no_compiler() {
        assert!(!has_source(Path::new("no/such/rustc")));
    }
}
