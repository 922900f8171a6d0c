//! Fresh namespaces for a program of a test: network, mounts, processes, control groups. They end with the program.
#![expect(clippy::print_stderr, reason = "a test that cannot run here says why")]

use crate::support::program;
use std::process::Command;

/// Set by a build server where namespaces can be had: then a test that would skip fails.
const REQUIRED: &str = "AZVM_NAMESPACES";

/// What may make them: root, a user namespace, or `sudo` where it asks for no password.
const WAYS: [&[&str]; 3] = [
    &["unshare"],
    &["unshare", "--user", "--map-root-user"],
    &["sudo", "-n", "unshare"],
];

/// `sh -c script`, its arguments still to come, in fresh namespaces; nothing, and a printed reason, where `probe` cannot
/// run in them. The script says itself which variables its program gets.
///
/// The namespace of process IDs sees to it that whatever the script started ends with it.
pub(crate) fn namespaced(probe: &str, script: &str) -> Option<Command> {
    for way in WAYS {
        let tried = unshare(way, probe).output();
        if tried.is_ok_and(|output| output.status.success()) {
            return Some(unshare(way, script));
        }
    }
    let why = format!("needs the right to make namespaces, and in them: {probe}");
    assert!(!is_required(), "{REQUIRED} is set: {why}");
    eprintln!("skipped: {why}");
    None
}

fn unshare(way: &[&str], script: &str) -> Command {
    let mut command = program(way[0]);
    command.args(&way[1..]);
    command.args(["--net", "--mount", "--pid", "--cgroup", "--fork"]);
    command.args(["--kill-child", "sh", "-c", script, "sh"]);
    command
}

#[expect(
    clippy::disallowed_methods,
    reason = "a build server says so by its environment"
)]
fn is_required() -> bool {
    std::env::var_os(REQUIRED).is_some_and(|value| !value.is_empty())
}
