//! Wine, with a registry and drives of its own that every run makes anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::toolchain::C_COMPILER;
use crate::process::{Failed, Result, program, run, succeeds};

/// Programs for Windows run in it; ended when dropped.
pub(super) struct Wine {
    /// Its folder, which Wine calls a prefix.
    prefix: PathBuf,
}

/// What to install so that there is one.
pub(super) fn missing() -> Option<String> {
    (!succeeds(program("wine").arg("--version"))).then(|| {
        "wine is not installed: on Debian `apt-get install --no-install-recommends wine wine64`"
            .to_owned()
    })
}

impl Wine {
    /// Makes `folder`, in the place of what an earlier run left there.
    pub(super) fn prepare(folder: &Path) -> Result<Self> {
        let wine = Self {
            prefix: folder.join("prefix"),
        };
        if wine.prefix.exists() {
            fs::remove_dir_all(&wine.prefix).map_err(|error| {
                Failed::new(format!("cannot remove {}", wine.prefix.display()), error)
            })?;
        }
        fs::create_dir_all(&wine.prefix)?;
        run(wine.settings(program("wine").args(["wineboot", "--init"])))?;
        wine.provide_random_numbers(folder)?;
        Ok(wine)
    }

    /// `program`, a program for Windows.
    pub(super) fn program(&self, path: &Path) -> Command {
        let mut command = program("wine");
        self.settings(command.arg(path));
        command
    }

    /// Lets cargo run what it builds.
    pub(super) fn run_tests_of<'a>(&self, cargo: &'a mut Command) -> &'a mut Command {
        self.settings(cargo.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", "wine"))
    }

    /// Loads a file as `reg export` writes it.
    pub(super) fn import(&self, file: &str) -> Result<()> {
        run(self.settings(program("wine").args(["reg", "import", file])))
    }

    fn settings<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("WINEPREFIX", &self.prefix)
            // Otherwise it tells of windows that nobody opens, and of what it has not implemented.
            .env("WINEDEBUG", "-all")
            .env_remove("DISPLAY")
    }

    /// Wine 8 lacks the library from which Rust draws random numbers; later ones have it.
    fn provide_random_numbers(&self, folder: &Path) -> Result<()> {
        let library = self
            .prefix
            .join("drive_c/windows/system32/bcryptprimitives.dll");
        if library.exists() {
            return Ok(());
        }
        let source = folder.join("bcryptprimitives.c");
        fs::write(&source, BCRYPT_PRIMITIVES)?;
        let mut compiler = program(C_COMPILER);
        compiler
            .args(["-shared", "-O1", "-o"])
            .arg(&library)
            .arg(&source);
        run(compiler.arg("-ladvapi32"))
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        // Its server would end by itself after a while; this ends the one of this prefix and no other.
        succeeds(self.settings(program("wineserver").arg("-k")));
    }
}

/// `ProcessPrng` in terms of `RtlGenRandom`, whose name among the exports of advapi32 is `SystemFunction036`.
const BCRYPT_PRIMITIVES: &str = "\
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{
    while (length > 0) {
        ULONG part = length > 0x10000 ? 0x10000 : (ULONG)length;
        if (!SystemFunction036(buffer, part))
            return FALSE;
        buffer += part;
        length -= part;
    }
    return TRUE;
}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_runs_with_its_own_registry() {
        let wine = Wine {
            prefix: "prefix".into(),
        };
        let mut cargo = program("cargo");
        for command in [
            &wine.program(Path::new("a.exe")),
            &*wine.run_tests_of(&mut cargo),
        ] {
            let prefix = command.get_envs().find(|(name, _)| *name == "WINEPREFIX");
            assert_eq!(prefix.unwrap().1, Some("prefix".as_ref()));
        }
        std::mem::forget(wine); // there is no server to end
    }
}
