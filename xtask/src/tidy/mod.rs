//! The rules of the house that no compiler checks; each failure names its place and says what to do.

mod dependencies;
mod links;
mod text;

use std::fmt;
use std::fs;
use std::path::Path;

use crate::generate;
use crate::process::{Failed, Result, root};

/// Checks the whole checkout and prints every failure.
pub(crate) fn run() -> Result<()> {
    let failures = check()?;
    for failure in &failures {
        println!("{failure}");
    }
    match failures.len() {
        0 => Ok(()),
        1 => Err("1 rule is broken".into()),
        count => Err(format!("{count} rules are broken").into()),
    }
}

fn check() -> Result<Vec<Failure>> {
    let files = files(&root())?;
    let mut failures = dependencies::check()?;
    failures.extend(files.iter().flat_map(text::check));
    failures.extend(text::commands_are_the_same(&files));
    failures.extend(text::pure_crates_are_no_std(&files));
    failures.extend(links::check(&files, &|path| root().join(path).exists()));
    failures.extend(generate::stale()?.into_iter().map(|path| {
        let remedy = "run `cargo xtask generate`";
        Failure::new(path, "it is not what the catalogue gives", remedy)
    }));
    Ok(failures)
}

/// A rule broken at a place, and the way out.
#[derive(Debug, PartialEq, Eq)]
struct Failure {
    place: String,
    problem: String,
    remedy: String,
}

impl Failure {
    fn new(
        place: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            place: place.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.problem, self.remedy)
    }
}

/// A text file of the checkout; `path` is relative to the root, with `/`.
struct File {
    path: String,
    text: String,
}

impl File {
    fn extension(&self) -> &str {
        self.path
            .rsplit_once('.')
            .map_or("", |(_, extension)| extension)
    }
}

/// Every text file that is not built, fetched or generated.
fn files(root: &Path) -> Result<Vec<File>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder)
            .map_err(|error| Failed::new(format!("cannot list {}", folder.display()), error))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            if entry.file_type()?.is_dir() {
                if !NOT_OURS.iter().any(|skipped| name == *skipped) {
                    folders.push(entry.path());
                }
            } else if let Ok(text) = fs::read_to_string(entry.path()) {
                let path = entry.path();
                let relative = path
                    .strip_prefix(root)?
                    .to_string_lossy()
                    .replace('\\', "/");
                found.push(File {
                    path: relative,
                    text,
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

const NOT_OURS: &[&str] = &[".git", "artifacts", "corpus", "coverage", "target"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let failures = check().unwrap();
        let lines: Vec<String> = failures.iter().map(Failure::to_string).collect();
        assert!(lines.is_empty(), "\n{}", lines.join("\n"));
    }

    #[test]
    fn a_failure_is_one_line_with_the_way_out() {
        let failure = Failure::new("a/b.rs:3", "this is so", "make it otherwise");
        assert_eq!(
            failure.to_string(),
            "a/b.rs:3: this is so; make it otherwise"
        );
    }

    #[test]
    fn the_checkout_holds_this_file_and_no_build_output() {
        let files = files(&root()).unwrap();
        assert!(
            files
                .iter()
                .any(|file| file.path == "xtask/src/tidy/mod.rs")
        );
        assert!(
            !files
                .iter()
                .any(|file| file.path.starts_with("target/") || file.path.starts_with(".git/"))
        );
    }
}
