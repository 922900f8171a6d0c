//! The doctor's own command: examine, diagnose, report.

use crate::args::{DoctorArgs, Format};
use crate::progress::Reporter;
use crate::{Problem, input, output, with_causes};
use azvm_diagnostics::{
    Config, Diagnosis, Facts, Palette, TextOptions, Tool, collect, diagnose, json, text,
};
use azvm_simulator::{Listen, Scenario, Simulator};
use std::path::Path;

/// From this verbosity on there is a log.
const LOG_FROM: u8 = 2;

/// The largest file of certificate authorities that is read, in bytes.
const MAX_CA_BYTES: u64 = 16 * 1024 * 1024;

pub(crate) async fn run(args: DoctorArgs, program: &str) -> Result<u8, Problem> {
    output::start_log(args.verbose, LOG_FROM);
    // Before a long run, not after it.
    if let Some(path) = args.output.as_deref().filter(|path| !is_stdout(path)) {
        output::check_writable(path)?;
    }
    let simulator = match &args.simulate {
        Some(simulate) => Some(start(simulate.scenario.clone()).await?),
        None => None,
    };
    let config = config(&args, simulator.as_ref())?.with_invocation(args.invocation(program));
    let reporter = Reporter::new(args.verbose >= LOG_FROM);
    let facts = collect(&config, &reporter)
        .await
        .map_err(|error| Problem::usage(format!("--arm-ca: {}", error.to_failure().detail)))?;
    drop(reporter);
    let diagnosis = diagnose(&facts);
    report(&args, &facts, &diagnosis)?;
    if let Some(simulator) = simulator {
        simulator.shutdown().await;
    }
    Ok(diagnosis.exit_code())
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
        ))
}

fn read_ca(path: &Path) -> Result<Vec<u8>, Problem> {
    input::read(path, MAX_CA_BYTES)
        .map_err(|error| Problem::usage(format!("--arm-ca {}: {error}", path.display())))
}

fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

fn report(args: &DoctorArgs, facts: &Facts, diagnosis: &Diagnosis) -> Result<(), Problem> {
    let file = args.output.as_deref().filter(|path| !is_stdout(path));
    let rendered = match args.format {
        Format::Json => {
            let commit = option_env!("AZVM_COMMIT");
            let tool = Tool::new("azvm-doctor", env!("CARGO_PKG_VERSION"), commit);
            json(facts, diagnosis, &tool, &uuid::Uuid::new_v4().to_string())
        }
        Format::Text => {
            let palette = match file {
                Some(_) => Palette::plain(),
                None => Palette::ansi(),
            };
            let options = TextOptions::default()
                .with_verbose(args.verbose > 0)
                .with_palette(palette);
            text(facts, diagnosis, &options)
        }
    };
    let Some(path) = file else {
        return output::stdout(&rendered);
    };
    output::file(path, &rendered).or_else(|problem| {
        // What was found must not be lost.
        output::stdout(&rendered)?;
        Err(problem)
    })
}
