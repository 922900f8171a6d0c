//! Builds one static `azvm-doctor` to copy to a machine that has no Rust.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use cargo_metadata::MetadataCommand;

use crate::process::{Result, capture, cargo, program, root, run as run_command};

/// `args`: `[--target TRIPLE]`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let host = host()?;
    let target = match args {
        [] => preferred(&host, &installed()),
        [flag, target] if flag == "--target" => target.clone(),
        _ => return Err("`cargo xtask dist [--target TRIPLE]`".into()),
    };
    run_command(
        cargo([
            "build",
            "--release",
            "-p",
            "azvm-doctor",
            "--bin",
            "azvm-doctor",
            "--target",
            &target,
        ])
        .env("RUSTFLAGS", "-C target-feature=+crt-static"),
    )?;
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()?;
    let suffix = if target.contains("windows") {
        ".exe"
    } else {
        ""
    };
    let name = format!("azvm-doctor{suffix}");
    let built = metadata
        .target_directory
        .join(&target)
        .join("release")
        .join(&name);
    // One place to copy from, whatever the target.
    let folder = metadata.target_directory.join("dist");
    fs::create_dir_all(&folder)?;
    let binary = folder.join(&name);
    fs::copy(&built, &binary)?;
    let bytes = fs::metadata(&binary)?.len();
    println!("{binary}  {:.1} MB", bytes as f64 / 1e6);
    if cfg!(target_os = "linux") && target.contains("linux") {
        println!("{}", linkage(binary.as_std_path())?);
    }
    if target.contains("linux-gnu") {
        println!(
            "note: name lookup of a static glibc wants the same glibc on the machine; a musl target has no such wish"
        );
    }
    Ok(())
}

/// What `ldd` says, and an error when it finds a shared library.
fn linkage(binary: &Path) -> Result<&'static str> {
    let Ok(output) = program("ldd").arg(binary).stderr(Stdio::piped()).output() else {
        return Ok("not checked for shared libraries: ldd is not here");
    };
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if is_static(&said) {
        Ok("static: ldd finds no shared library")
    } else {
        Err(format!("the binary is not static: {}", said.trim()).into())
    }
}

fn is_static(ldd_said: &str) -> bool {
    ldd_said.contains("statically linked") || ldd_said.contains("not a dynamic executable")
}

fn host() -> Result<String> {
    let version = capture(program("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("`rustc -vV` names no host")?.to_owned())
}

/// Targets that rustup has; none where rustup is not.
fn installed() -> Vec<String> {
    let list = program("rustup")
        .args(["target", "list", "--installed"])
        .output();
    list.map(|output| {
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(str::to_owned)
            .collect()
    })
    .unwrap_or_default()
}

/// The host's own musl target when it is installed, else the host.
fn preferred(host: &str, installed: &[String]) -> String {
    let musl = host.replace("linux-gnu", "linux-musl");
    if installed.contains(&musl) {
        musl
    } else {
        host.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn musl_is_preferred_where_it_is_installed() {
        let (gnu, musl) = ("x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl");
        assert_eq!(preferred(gnu, &[gnu.to_owned()]), gnu);
        assert_eq!(preferred(gnu, &[gnu.to_owned(), musl.to_owned()]), musl);
        assert_eq!(
            preferred("x86_64-pc-windows-msvc", &[musl.to_owned()]),
            "x86_64-pc-windows-msvc"
        );
    }

    #[test]
    fn both_words_of_ldd_for_static_are_known() {
        assert!(is_static("\tstatically linked\n"));
        assert!(is_static("\tnot a dynamic executable\n"));
        assert!(!is_static("\tlibc.so.6 => /lib/libc.so.6 (0x0000)\n"));
    }
}
