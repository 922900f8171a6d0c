//! The doctor's own command: examine, diagnose, report.

use crate::args::{DoctorArgs, RedactionName};
use crate::progress::Reporter;
use crate::report::Outlet;
use crate::{Problem, input, output, with_causes};
use azvm_diagnostics::{Config, Facts, MAX_REPORT_BYTES, collect, diagnose_under, read_report};
use azvm_simulator::{Listen, Scenario, Simulator};
use std::path::Path;

/// From this verbosity on there is a log.
pub(crate) const LOG_FROM: u8 = 2;

/// The largest file of certificate authorities that is read, in bytes.
const MAX_CA_BYTES: u64 = 16 * 1024 * 1024;

pub(crate) async fn run(args: DoctorArgs, program: &str) -> Result<u8, Problem> {
    // A log names the machine, whoever asked for it.
    if args.report.redact != RedactionName::Strict {
        output::start_log(args.verbose, LOG_FROM);
    }
    if args.verdict.list_checks {
        return list_checks();
    }
    // Mistakes are told before a long run, not after it.
    let policy = args.verdict.policy()?;
    let outlet = Outlet::new(&args)?;
    let seen = match &args.from {
        Some(path) => stored(path, &args, program)?,
        None => Box::pin(examine(&args, program)).await?,
    };
    let judge = |facts: &Facts| diagnose_under(facts, &policy);
    outlet.write(&seen, judge)?;
    Ok(judge(&seen.facts).exit_code())
}

/// What is known, and who saw it.
pub(crate) struct Seen {
    pub(crate) facts: Facts,
    pub(crate) run_id: String,
    /// Name and version of the program that saw it, if it was another run.
    pub(crate) collected_by: Option<(String, String)>,
}

async fn examine(args: &DoctorArgs, program: &str) -> Result<Seen, Problem> {
    let simulator = match &args.simulate {
        Some(simulate) => Some(start(simulate.scenario.clone()).await?),
        None => None,
    };
    let config = config(args, simulator.as_ref())?.with_invocation(args.invocation(program));
    let reporter = Reporter::new(args.verbose >= LOG_FROM);
    let collected = collect(&config, &reporter).await;
    drop(reporter);
    let facts = collected.map_err(|error| {
        let detail = error.to_failure().detail;
        Problem::usage(format!("--arm-ca: {detail}"))
    })?;
    if let Some(simulator) = simulator {
        simulator.shutdown().await;
    }
    Ok(Seen {
        facts,
        run_id: uuid::Uuid::new_v4().to_string(),
        collected_by: None,
    })
}

/// The facts of an earlier run, with what the user has learnt since.
fn stored(path: &Path, args: &DoctorArgs, program: &str) -> Result<Seen, Problem> {
    let problem = |error: &dyn std::fmt::Display| {
        Problem::usage(format!("--from {}: {error}", path.display()))
    };
    let bytes =
        input::read_or_stdin(path, MAX_REPORT_BYTES as u64).map_err(|error| problem(&error))?;
    let report = read_report(&bytes).map_err(|error| problem(&error))?;
    let mut facts = report.facts;
    let asked = &mut facts.asked;
    if let Some(granted_at) = &args.granted_at {
        asked.granted_at = Some(granted_at.time);
    }
    if let Some(object_id) = &args.expect_principal {
        asked.expected_principal = Some(object_id.clone());
    }
    facts.asked.invocation = facts.asked.invocation.of_program(program);
    Ok(Seen {
        facts,
        run_id: report.run_id,
        collected_by: Some(report.collected_by),
    })
}

fn list_checks() -> Result<u8, Problem> {
    let lines = azvm_diagnostics::CheckId::ALL.into_iter().map(|id| {
        let names: Vec<&str> = id.depends_on().iter().map(|id| id.as_str()).collect();
        let after = match names.is_empty() {
            true => String::new(),
            false => format!("after {}", names.join(", ")),
        };
        let line = format!("{:10} {:16} {after}", id.category(), id.as_str());
        format!("{}\n", line.trim_end())
    });
    output::stdout(&lines.collect::<String>())?;
    Ok(0)
}

async fn start(scenario: Scenario) -> Result<Simulator, Problem> {
    Simulator::start(scenario, Listen::default())
        .await
        .map_err(|error| {
            Problem::crash(format!(
                "cannot start the simulator: {}",
                with_causes(&error)
            ))
        })
}

fn config(args: &DoctorArgs, simulator: Option<&Simulator>) -> Result<Config, Problem> {
    let mut config = Config::default()
        .with_selector(args.selector())
        .with_timeout(args.timeout);
    if let Some(audience) = &args.resource {
        config = config.with_audience(audience.clone());
    }
    if let Some(target) = &args.target {
        config = config
            .with_target(target.clone())
            .map_err(|error| Problem::usage(format!("--target: {error}")))?;
    }
    if let Some(cloud) = args.cloud {
        config = config.with_cloud(cloud);
    }
    if let Some(wait) = args.wait {
        config = config.with_wait(wait);
    }
    if let Some(granted_at) = &args.granted_at {
        config = config.with_granted_at(granted_at.time);
    }
    if let Some(object_id) = &args.expect_principal {
        config = config.with_expected_principal(object_id.clone());
    }
    if let Some(simulator) = simulator {
        return simulated(config, simulator);
    }
    if let Some(endpoint) = &args.imds_endpoint {
        config = config.with_imds_endpoint(endpoint.clone());
    }
    if let Some(endpoint) = &args.arm_endpoint {
        config = config.with_arm_endpoint(endpoint.clone());
    }
    if let Some(path) = &args.arm_ca {
        config = config.with_arm_ca_pem(read_ca(path)?);
    }
    Ok(config)
}

fn simulated(config: Config, simulator: &Simulator) -> Result<Config, Problem> {
    let broken = |error: &dyn std::error::Error| {
        Problem::crash(format!("the simulator's endpoint: {}", with_causes(error)))
    };
    let imds = simulator
        .imds_endpoint()
        .parse()
        .map_err(|error| broken(&error))?;
    let arm = simulator
        .arm_endpoint()
        .parse()
        .map_err(|error| broken(&error))?;
    let scenario = simulator.scenario();
    Ok(config
        .with_imds_endpoint(imds)
        .with_arm_endpoint(arm)
        .with_arm_ca_pem(simulator.ca_pem())
        .with_simulation(
            scenario.name(),
            scenario.chassis_asset_tag().unwrap_or_default(),
            scenario.variables(),
        ))
}

fn read_ca(path: &Path) -> Result<Vec<u8>, Problem> {
    input::read(path, MAX_CA_BYTES)
        .map_err(|error| Problem::usage(format!("--arm-ca {}: {error}", path.display())))
}
