//! Runs the binary, and reads what it said.

use serde_json::Value;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_azvm-doctor");

/// The binary with `args`.
pub(crate) fn doctor<S: AsRef<str>>(args: &[S]) -> Command {
    let mut command = program(BINARY);
    command.args(args.iter().map(AsRef::as_ref));
    command
}

/// Any program, with none of the machine's proxies in its way.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    for name in PROXY_VARIABLES {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.stdin(Stdio::null());
    command
}

/// What a finished run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Run {
    /// Runs `command` to its end, or for [`LIMIT`] and then no longer.
    #[expect(clippy::disallowed_methods, reason = "how long the real program took")]
    pub(crate) fn of(command: &mut Command) -> Self {
        let start = Instant::now();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = reader(child.stdout.take().unwrap());
        let stderr = reader(child.stderr.take().unwrap());
        let status = loop {
            match child.try_wait().unwrap() {
                Some(status) => break Some(status),
                None if start.elapsed() > LIMIT => {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    break None;
                }
                None => thread::sleep(Duration::from_millis(10)),
            }
        };
        let run = Self {
            code: status.and_then(|status| status.code()),
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
            took: start.elapsed(),
        };
        assert!(status.is_some(), "still running after {LIMIT:?}: {run:#?}");
        run
    }

    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// The report of a run with `--format json`.
    #[track_caller]
    pub(crate) fn report(&self) -> Report {
        Report(
            serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}")),
        )
    }
}

/// A report in JSON, read only through its documented members.
#[derive(Debug)]
pub(crate) struct Report(Value);

impl Report {
    pub(crate) fn member(&self, name: &str) -> &Value {
        &self.0[name]
    }

    /// `root_causes`.
    pub(crate) fn root_causes(&self) -> Vec<&str> {
        let causes = self.0["root_causes"].as_array().unwrap();
        causes.iter().map(|code| code.as_str().unwrap()).collect()
    }

    /// The status of the check with this id.
    #[track_caller]
    pub(crate) fn status(&self, id: &str) -> &str {
        let check = self.checks().iter().find(|check| check["id"] == id);
        check.unwrap_or_else(|| panic!("no check {id} in {self:#?}"))["status"]
            .as_str()
            .unwrap()
    }

    /// The code of every diagnosis, in the order of the checks.
    pub(crate) fn codes(&self) -> Vec<&str> {
        let diagnoses = self
            .checks()
            .iter()
            .flat_map(|check| check["diagnoses"].as_array().unwrap());
        diagnoses
            .map(|diagnosis| diagnosis["code"].as_str().unwrap())
            .collect()
    }

    fn checks(&self) -> &[Value] {
        self.0["checks"].as_array().unwrap()
    }
}

fn reader(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    })
}

/// Longer than any scenario takes: the longest waits out an update of 70 seconds.
const LIMIT: Duration = Duration::from_secs(180);

const PROXY_VARIABLES: [&str; 4] = ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"];
