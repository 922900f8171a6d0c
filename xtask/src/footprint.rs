//! What the smallest program that uses azvm-identity costs: crates, build, size, and time from start to answer, beside the
//! same program written with a bare socket.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::process::{Failed, Result, capture, program, root, run as run_command};
use crate::simulator::Simulator;

/// More crates than this in the tree of the program, itself not counted, is a failure.
const MAX_CRATES: usize = 45;

/// A larger program, stripped, is a failure. In bytes.
const MAX_BYTES: u64 = 1_500_000;

/// How often each program is started; they take turns.
const ROUNDS: usize = 200;

const IDENTITY: &str = r#"
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let identity = azvm_identity::Builder::from_env()?.build();
    let audience = azvm_identity::Audience::new("https://management.azure.com/")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let token = runtime.block_on(identity.token(&audience))?;
    println!("{}", token.expires_on().unix_seconds());
    Ok(())
}
"#;

const BARE: &str = r#"
use std::io::{Read, Write};
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::var("AZURE_POD_IDENTITY_AUTHORITY_HOST")?;
    let host = endpoint.strip_prefix("http://").ok_or("no http")?;
    let mut stream = std::net::TcpStream::connect(host)?;
    let path = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F";
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nMetadata: true\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, rest) = answer.split_once("\"expires_on\":\"").ok_or("no token")?;
    println!("{}", rest.split('"').next().unwrap_or_default());
    Ok(())
}
"#;

/// Prints the figures; an error when one of the limits above is passed.
pub(crate) fn run() -> Result<()> {
    let folder = root().join("target/footprint");
    let identity = Program::new(&folder, "with-identity", IDENTITY, &dependencies())?;
    let bare = Program::new(&folder, "bare-socket", BARE, "")?;
    let crates = identity.crates()?;
    let before = children_cpu();
    let binary = identity.build()?;
    let cpu = children_cpu()
        .zip(before)
        .map(|(after, before)| after - before);
    let bytes = fs::metadata(&binary)?.len();

    let simulator = Simulator::start("healthy")?;
    let endpoint = simulator.value("AZVM_IMDS_ENDPOINT")?.to_owned();
    let programs = [binary, bare.build()?];
    let [ours, floor] = start_to_answer(&programs, &endpoint)?;
    simulator.stop()?;

    println!("crates in the tree        {crates} (at most {MAX_CRATES})");
    match cpu {
        Some(seconds) => {
            println!("release build             {seconds:.0} s of CPU (0: it was built before)")
        }
        None => println!("release build             CPU time is not told on this system"),
    }
    println!("stripped program          {bytes} bytes (at most {MAX_BYTES})");
    println!(
        "start to answer           {:.2} ms, bare socket {:.2} ms, ratio {:.2} (median of {ROUNDS})",
        ours.as_secs_f64() * 1e3,
        floor.as_secs_f64() * 1e3,
        ours.as_secs_f64() / floor.as_secs_f64(),
    );
    if crates > MAX_CRATES || bytes > MAX_BYTES {
        return Err("the program is larger than it may be".into());
    }
    Ok(())
}

fn dependencies() -> String {
    let path = root().join("crates/azvm-identity");
    format!(
        "azvm-identity = {{ path = {path:?}, default-features = false }}\n\
         tokio = {{ version = \"1\", default-features = false, features = [\"rt\"] }}\n"
    )
}

/// A package of its own, outside the workspace, as a user would have it.
struct Program {
    folder: PathBuf,
    name: &'static str,
}

impl Program {
    fn new(parent: &Path, name: &'static str, main: &str, dependencies: &str) -> Result<Self> {
        let folder = parent.join(name);
        fs::create_dir_all(folder.join("src"))?;
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\
             [workspace]\n[profile.release]\nstrip = true\n[dependencies]\n{dependencies}"
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        fs::write(folder.join("src/main.rs"), main)?;
        // The versions that the workspace is tested with.
        fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(Self { folder, name })
    }

    fn cargo(&self, args: &[&str]) -> Command {
        let mut command = program("cargo");
        command.current_dir(&self.folder).args(args);
        command.env("CARGO_TARGET_DIR", self.folder.join("target"));
        command
    }

    /// How many other crates are built into it, macros included.
    fn crates(&self) -> Result<usize> {
        let tree = capture(&mut self.cargo(&["tree", "-e", "normal", "--prefix", "none"]))?;
        let mut names: Vec<&str> = tree
            .lines()
            .map(|line| line.trim_end_matches(" (*)"))
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names.len() - 1)
    }

    fn build(&self) -> Result<PathBuf> {
        run_command(&mut self.cargo(&["build", "--quiet", "--release"]))?;
        let file = format!("{}{}", self.name, std::env::consts::EXE_SUFFIX);
        Ok(self.folder.join("target/release").join(file))
    }
}

/// The medians of both, which take turns so that a busy machine is busy for both.
fn start_to_answer(programs: &[PathBuf; 2], endpoint: &str) -> Result<[Duration; 2]> {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (binary, times) in programs.iter().zip(&mut times) {
            times.push(time(binary, endpoint)?);
        }
    }
    Ok(times.map(|mut times| {
        times.sort_unstable();
        times[ROUNDS / 2]
    }))
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a program takes is what this task measures"
)]
fn time(binary: &Path, endpoint: &str) -> Result<Duration> {
    let mut command = program(binary);
    command
        .env("AZURE_POD_IDENTITY_AUTHORITY_HOST", endpoint)
        .env_remove("AZURE_CLIENT_ID")
        .stdout(Stdio::null());
    let started = std::time::Instant::now();
    let status = command
        .status()
        .map_err(|error| Failed::new(format!("{} did not start", binary.display()), error))?;
    let took = started.elapsed();
    if status.success() {
        Ok(took)
    } else {
        Err(format!("{} failed ({status})", binary.display()).into())
    }
}

/// Seconds of CPU that this program's children have used, where the system tells.
fn children_cpu() -> Option<f64> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let ticks = rest
        .split_whitespace()
        .skip(13)
        .take(2)
        .map(str::parse::<f64>);
    Some(ticks.sum::<std::result::Result<f64, _>>().ok()? / TICKS_PER_SECOND)
}
