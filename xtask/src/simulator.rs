//! `azvm-doctor simulate` as a child process, for as long as a task needs it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use crate::process::{Failed, Result, cargo, program, run};

/// A running simulator; ended when dropped.
pub(crate) struct Simulator {
    child: Child,
    env_file: PathBuf,
    env: BTreeMap<String, String>,
}

impl Simulator {
    /// Builds the doctor, starts it with `scenario` and returns once it answers.
    pub(crate) fn start(scenario: &str) -> Result<Self> {
        run(&mut cargo(["build", "-p", "azvm-doctor"]))?;
        // Cargo puts it beside this program.
        let doctor = std::env::current_exe()?
            .with_file_name(format!("azvm-doctor{}", std::env::consts::EXE_SUFFIX));
        let env_file =
            std::env::temp_dir().join(format!("azvm-simulator-{}.env", std::process::id()));
        let mut command = program(&doctor);
        command
            .args(["simulate", scenario, "--quiet", "--write-env"])
            .arg(&env_file)
            .stdout(Stdio::null());
        let child = command
            .spawn()
            .map_err(|error| Failed::new(format!("{} did not start", doctor.display()), error))?;
        let mut simulator = Self {
            child,
            env_file,
            env: BTreeMap::new(),
        };
        simulator.env = simulator.wait_for_env()?;
        Ok(simulator)
    }

    /// A line of the file that the simulator writes once it answers.
    pub(crate) fn value(&self, key: &str) -> Result<&str> {
        let value = self.env.get(key).map(String::as_str);
        value.ok_or_else(|| format!("the simulator's file has no {key}").into())
    }

    /// Ends the simulator as Ctrl-C would; an error when it does not end well.
    pub(crate) fn stop(mut self) -> Result<()> {
        let by_signal = self.terminate();
        let status = self.child.wait()?;
        if status.success() || !by_signal {
            Ok(())
        } else {
            Err(format!("the simulator ended with {status}").into())
        }
    }

    fn wait_for_env(&mut self) -> Result<BTreeMap<String, String>> {
        let mut before = String::new();
        for _ in 0..ATTEMPTS {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the simulator ended at once with {status}").into());
            }
            let now = fs::read_to_string(&self.env_file).unwrap_or_default();
            // Twice the same: no line is still to come.
            if now.ends_with('\n') && now == before {
                return Ok(parse_env(&now));
            }
            before = now;
            thread::sleep(PAUSE);
        }
        Err(format!("the simulator wrote no {}", self.env_file.display()).into())
    }

    /// Asks the child to end; `false` where only force is to be had.
    fn terminate(&mut self) -> bool {
        let pid = self.child.id().to_string();
        let asked = cfg!(unix)
            && program("sh")
                .args(["-c", "kill -TERM \"$1\"", "sh", &pid])
                .status()
                .is_ok_and(|it| it.success());
        if !asked {
            _ = self.child.kill();
        }
        asked
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            _ = self.child.kill();
            _ = self.child.wait();
        }
        _ = fs::remove_file(&self.env_file);
    }
}

/// `KEY=VALUE` lines; a value may hold a `=`.
fn parse_env(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

const ATTEMPTS: usize = 300;
const PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_pairs_and_anything_else_is_passed_over() {
        let env = parse_env("A=http://[::1]:80/?x=y\nB=\nnonsense\n");
        assert_eq!(
            env.get("A").map(String::as_str),
            Some("http://[::1]:80/?x=y")
        );
        assert_eq!(env.get("B").map(String::as_str), Some(""));
        assert_eq!(env.len(), 2);
    }
}
