//! Runs other vendors' clients against the simulator, where the tools for it are beside the checkout.

use std::path::{Path, PathBuf};

use crate::process::{Result, program, root, run as run_command, succeeds};
use crate::simulator::Simulator;

/// `args`: `[--tools DIR]`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let tools = match args {
        [] => root().join("../shared/tools/real-clients"),
        [flag, folder] if flag == "--tools" => std::env::current_dir()?.join(PathBuf::from(folder)),
        _ => return Err("`cargo xtask real-clients [--tools DIR]`".into()),
    };
    if let Some(reason) = obstacle(&tools) {
        println!("skipped: {reason}");
        return Ok(());
    }
    // Says at once that nothing is to do where all is installed.
    run_command(program("bash").arg(tools.join("setup.sh")))?;
    let simulator = Simulator::start("healthy")?;
    let mut command = program("bash");
    command.arg(tools.join("run.sh")).args([
        simulator.value("AZVM_IMDS_ENDPOINT")?,
        simulator.value("AZVM_ARM_ENDPOINT")?,
    ]);
    command.env("RC_MODES", "imds,override");
    for (theirs, ours) in NAMES {
        command.env(theirs, simulator.value(ours)?);
    }
    run_command(&mut command)?;
    simulator.stop()
}

fn obstacle(tools: &Path) -> Option<String> {
    if !tools.join("run.sh").is_file() {
        return Some(
            "the tools are not beside the checkout; `--tools DIR` names their folder".to_owned(),
        );
    }
    let missing = ["bash", "python3", "ip", "unshare"]
        .into_iter()
        .find(|name| {
            // Each of them knows one of the two.
            !succeeds(program(name).arg("--version")) && !succeeds(program(name).arg("-V"))
        });
    if let Some(name) = missing {
        return Some(format!("{name} is not installed"));
    }
    let may = [["-n", "true"], ["-Urn", "true"]]
        .iter()
        .any(|flags| succeeds(program("unshare").args(flags)));
    (!may).then(|| "this account may not create a network namespace".to_owned())
}

/// Variables of the clients' scripts, and the simulator's that fill them.
const NAMES: &[(&str, &str)] = &[
    ("RC_CA_FILE", "AZVM_ARM_CA"),
    ("RC_PRINCIPAL", "AZVM_SYSTEM_OBJECT_ID"),
    ("RC_RG", "AZVM_RESOURCE_GROUP"),
    ("RC_SUBSCRIPTION", "AZVM_SUBSCRIPTION_ID"),
    ("RC_UA_CLIENT_ID", "AZVM_CLIENT_ID"),
    ("RC_UA_OBJECT_ID", "AZVM_OBJECT_ID"),
    ("RC_UA_RESOURCE_ID", "AZVM_IDENTITY_RESOURCE_ID"),
    ("RC_VM_RESOURCE_ID", "AZVM_VM_RESOURCE_ID"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_tools_there_is_a_reason() {
        let reason = obstacle(Path::new("no/such/folder")).unwrap();
        assert!(reason.contains("--tools"), "{reason}");
    }
}
