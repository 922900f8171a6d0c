//! `simulate`: the simulator by itself, for other programs.

use crate::args::SimulateArgs;
use crate::{Problem, output, with_causes};
use azvm_simulator::{Listen, Scenario, Simulator};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

pub(crate) async fn run(args: SimulateArgs, program: &str) -> Result<u8, Problem> {
    if args.list {
        output::stdout(&list())?;
        return Ok(0);
    }
    start_log(&args);
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
        .with_admin(args.admin_listen)
        .with_unsafe_any_address(args.unsafe_any_address);
    let simulator = Simulator::start(args.scenario.scenario, listen)
        .await
        .map_err(|error| Problem::usage(with_causes(&error)))?;
    if let Some(speed) = args.clock_speed {
        simulator.clock().set_speed(speed);
    }
    if args.rate_limits {
        simulator.set_rate_limits(true);
    }
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

/// One line a scenario, the names aligned.
fn list() -> String {
    let width = Scenario::names().map(str::len).max().unwrap_or_default();
    Scenario::all().fold(String::new(), |mut text, scenario| {
        let _ = writeln!(text, "{:width$}  {}", scenario.name(), scenario.summary());
        text
    })
}

/// One line a request, to stderr; `RUST_LOG` goes before the flags.
fn start_log(args: &SimulateArgs) {
    let filter = match (args.quiet, args.verbose) {
        (true, _) => return,
        (false, 0) => "azvm_simulator=info",
        (false, 1) => "azvm_simulator=debug",
        (false, _) => "trace",
    };
    output::log(Some(filter), args.verbose > 0);
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
        (
            "AZVM_ADMIN_ENDPOINT",
            simulator.admin_endpoint().unwrap_or_default(),
        ),
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
    for_other_sdks(&mut text, &imds, ca_path);
    if let Some(admin) = simulator.admin_endpoint() {
        let _ = writeln!(
            text,
            "\nchange it while it runs:\n  curl {admin}/\n  curl {admin}/clock -d '{{\"advance_seconds\":600}}'"
        );
    }
    let _ = writeln!(text, "\nCtrl-C ends it.");
    text
}

/// The variables that other vendors' clients read, for two kinds of shell.
fn for_other_sdks(text: &mut String, imds: &str, ca_path: &str) {
    let variables = [
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds),
        ("REQUESTS_CA_BUNDLE", ca_path),
        ("NODE_EXTRA_CA_CERTS", ca_path),
        ("SSL_CERT_FILE", ca_path),
    ];
    let _ = writeln!(
        text,
        "\naim azure-identity for Python, JavaScript, .NET and C++, and az, at it, in sh:"
    );
    for (name, value) in variables {
        let _ = writeln!(text, "  export {name}={}", sh_quoted(value));
    }
    let _ = writeln!(text, "in PowerShell:");
    for (name, value) in variables {
        let _ = writeln!(text, "  $env:{name} = '{}'", value.replace('\'', "''"));
    }
    let _ = writeln!(
        text,
        "SDKs that know no such variable (Go, Rust) reach it with http_proxy={imds}, \
         or on 169.254.169.254:80 in a network namespace; docs/simulator.md has both."
    );
}

/// As it is when a shell reads it as one word, else in quotes.
fn sh_quoted(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:[]".contains(&byte);
    if value.bytes().all(is_plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', "'\\''"))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell_when_they_have_to_be() {
        assert_eq!(sh_quoted("http://[::1]:80"), "http://[::1]:80");
        assert_eq!(sh_quoted("a b"), "'a b'");
        assert_eq!(sh_quoted("it's"), "'it'\\''s'");
    }

    #[test]
    fn each_scenario_is_listed_in_one_sentence() {
        let list = list();
        assert_eq!(list.lines().count(), Scenario::names().count());
        for line in list.lines() {
            assert!(line.ends_with('.') && line.contains("  "), "{line}");
        }
    }
}
