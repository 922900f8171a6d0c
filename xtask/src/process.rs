//! Runs other programs from the project's root, and says which.

use std::error::Error;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The folder of the workspace's manifest.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// `program`, to be run from the root.
pub(crate) fn program(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

pub(crate) fn cargo<const N: usize>(args: [&str; N]) -> Command {
    let mut command = program("cargo");
    command.args(args);
    command
}

/// Runs `command` with its output shown; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = describe(command);
    println!("$ {line}");
    let status = command
        .status()
        .map_err(|error| Failed::new(format!("`{line}` did not start"), error))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{line}` failed ({status})").into())
    }
}

/// Runs `command` and returns what it printed on stdout; its stderr is shown when it fails.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let line = describe(command);
    let output = command
        .output()
        .map_err(|error| Failed::new(format!("`{line}` did not start"), error))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    Err(format!("`{line}` failed ({})", output.status).into())
}

/// Whether `command` starts and succeeds, with nothing shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

pub(crate) fn describe(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The system's error, and what it kept us from.
#[derive(Debug)]
pub(crate) struct Failed {
    what: String,
    source: io::Error,
}

impl Failed {
    pub(crate) fn new(what: String, source: io::Error) -> Self {
        Self { what, source }
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}
