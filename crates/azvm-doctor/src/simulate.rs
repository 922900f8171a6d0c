//! `simulate`: the simulator by itself, for other programs.

use crate::args::SimulateArgs;
use crate::{Problem, output, with_causes};
use azvm_simulator::{Listen, Simulator};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

/// From this verbosity on each request is logged.
const LOG_FROM: u8 = 1;

pub(crate) async fn run(args: SimulateArgs, program: &str) -> Result<u8, Problem> {
    output::start_log(args.verbose, LOG_FROM);
    // Whoever waits for the file must not find an old one.
    if let Some(path) = &args.write_env {
        output::check_writable(path)?;
        remove(path)?;
    }
    let stop = stop_signal()?;
    let listen = Listen::default()
        .with_imds(args.imds_listen)
        .with_arm_https(args.arm_listen)
        .with_arm_http(args.arm_http_listen)
        .with_unsafe_any_address(args.unsafe_any_address);
    let simulator = Simulator::start(args.scenario.scenario, listen)
        .await
        .map_err(|error| Problem::usage(with_causes(&error)))?;
    let ca = write_ca(&simulator)?;
    let ca_path = ca.path().to_string_lossy().into_owned();
    output::stdout(&banner(&simulator, &ca_path, program))?;
    if let Some(path) = &args.write_env {
        output::file(path, &lines(&variables(&simulator, &ca_path)))?;
    }
    stop.await;
    simulator.shutdown().await;
    Ok(0)
}

fn remove(path: &Path) -> Result<(), Problem> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Problem::usage(format!(
            "--write-env {}: {error}",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// The certificate alone; it is deleted when the simulator ends.
fn write_ca(simulator: &Simulator) -> Result<tempfile::NamedTempFile, Problem> {
    let write = || {
        let mut file = tempfile::Builder::new()
            .prefix("azvm-ca-")
            .suffix(".pem")
            .tempfile()?;
        file.write_all(simulator.ca_pem().as_bytes())?;
        Ok(file)
    };
    write().map_err(|error: std::io::Error| {
        Problem::crash(format!("cannot write the CA file: {error}"))
    })
}

/// What other programs need to know, in the order in which it is documented.
fn variables(simulator: &Simulator, ca_path: &str) -> Vec<(&'static str, String)> {
    let world = simulator.world();
    let mut variables = vec![
        ("AZVM_IMDS_ENDPOINT", simulator.imds_endpoint()),
        ("AZVM_ARM_ENDPOINT", simulator.arm_endpoint()),
        ("AZVM_ARM_HTTP_ENDPOINT", simulator.arm_http_endpoint()),
        ("AZVM_ARM_CA", ca_path.into()),
        ("AZVM_TENANT_ID", world.tenant_id().into()),
        ("AZVM_SUBSCRIPTION_ID", world.subscription_id().into()),
        ("AZVM_RESOURCE_GROUP", world.resource_group().into()),
        ("AZVM_VM_RESOURCE_ID", world.vm_resource_id().into()),
    ];
    if let Some(identity) = world.system_identity() {
        variables.push(("AZVM_SYSTEM_OBJECT_ID", identity.object_id.clone()));
    }
    if let Some(identity) = world.user_identities().first() {
        variables.push(("AZVM_CLIENT_ID", identity.client_id.clone()));
        variables.push(("AZVM_OBJECT_ID", identity.object_id.clone()));
        variables.push(("AZVM_IDENTITY_RESOURCE_ID", identity.resource_id.clone()));
    }
    variables
}

fn lines(variables: &[(&str, String)]) -> String {
    variables
        .iter()
        .fold(String::new(), |mut text, (name, value)| {
            let _ = writeln!(text, "{name}={value}");
            text
        })
}

fn banner(simulator: &Simulator, ca_path: &str, program: &str) -> String {
    let scenario = simulator.scenario();
    let (imds, arm) = (simulator.imds_endpoint(), simulator.arm_endpoint());
    let mut text = String::new();
    let _ = writeln!(
        text,
        "simulating {}: {}\n",
        scenario.name(),
        scenario.summary()
    );
    for (name, value) in variables(simulator, ca_path) {
        let _ = writeln!(text, "{name}={value}");
    }
    let program = program.strip_suffix(" simulate").unwrap_or(program);
    let _ = writeln!(
        text,
        "\nexamine it:\n  {program} --imds-endpoint {imds} --arm-endpoint {arm} --arm-ca {ca_path}"
    );
    let _ = writeln!(
        text,
        "\nthe tutorial's request:\n  curl -H Metadata:true '{imds}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/'"
    );
    let _ = writeln!(
        text,
        "\naim other SDKs at it (Python, JavaScript, .NET, C++ and az):"
    );
    for (name, value) in [
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds.as_str()),
        ("REQUESTS_CA_BUNDLE", ca_path),
        ("NODE_EXTRA_CA_CERTS", ca_path),
        ("SSL_CERT_FILE", ca_path),
    ] {
        let _ = writeln!(text, "  export {name}={value}");
    }
    let _ = writeln!(
        text,
        "\nSDKs that know no such variable (Go, Rust) reach it with http_proxy={imds}."
    );
    let _ = writeln!(text, "Ctrl-C ends it.");
    text
}

/// Ctrl-C everywhere, SIGTERM where there is one. Registered before anything is announced.
#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>, Problem> {
    use tokio::signal::unix::{SignalKind, signal};
    let register = |kind| {
        signal(kind).map_err(|error| Problem::crash(format!("cannot wait for signals: {error}")))
    };
    let (mut interrupt, mut terminate) = (
        register(SignalKind::interrupt())?,
        register(SignalKind::terminate())?,
    );
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(windows)]
fn stop_signal() -> Result<impl Future<Output = ()>, Problem> {
    let mut interrupt = tokio::signal::windows::ctrl_c()
        .map_err(|error| Problem::crash(format!("cannot wait for Ctrl-C: {error}")))?;
    Ok(async move {
        interrupt.recv().await;
    })
}
