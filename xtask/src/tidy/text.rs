//! Rules about what stands in a file.
//!
//! A pattern is written in two pieces (`concat!`) so that this file does not break its own rules.

use super::{Failure, File};
use crate::ci;
use crate::layers::PURE;

pub(super) fn check(file: &File) -> Vec<Failure> {
    let mut failures = Vec::new();
    if file.extension() == "rs" {
        failures.extend(starts_with_its_purpose(file));
        failures.extend(has_no_forbidden_word(file));
    }
    if CODE.contains(&file.extension()) {
        failures.extend(to_dos_have_an_owner(file));
    }
    if !file.path.ends_with("Cargo.lock") {
        failures.extend(names_no_place_of_one_machine(file));
    }
    failures
}

fn starts_with_its_purpose(file: &File) -> Option<Failure> {
    let fine = file.text.starts_with("//! ") && !file.text.starts_with("//! \n");
    (!fine).then(|| {
        Failure::new(
            &file.path,
            "the file does not begin with `//! ` and its purpose",
            "make one sentence on what the file is for its first line",
        )
    })
}

fn has_no_forbidden_word(file: &File) -> Vec<Failure> {
    each_line(file, |line| {
        let (word, remedy) = FORBIDDEN.iter().find(|(word, _)| line.contains(word))?;
        Some((format!("`{word}` is not used here"), (*remedy).to_owned()))
    })
}

fn to_dos_have_an_owner(file: &File) -> Vec<Failure> {
    each_line(file, |line| {
        let word = UNFINISHED
            .iter()
            .find(|word| stands_without_owner(line, word))?;
        Some((
            format!("{word} without an owner"),
            format!("finish it, or write `{word}(name): …` with an issue"),
        ))
    })
}

fn stands_without_owner(line: &str, word: &str) -> bool {
    let is_part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let rest = &line[at + word.len()..];
        let apart = !line[..at].ends_with(is_part_of_word) && !rest.starts_with(is_part_of_word);
        let owned = rest
            .strip_prefix('(')
            .and_then(|rest| rest.split_once("):"))
            .is_some_and(|(owner, _)| !owner.is_empty());
        apart && !owned
    })
}

fn names_no_place_of_one_machine(file: &File) -> Vec<Failure> {
    each_line(file, |line| {
        if let Some(host) = HOSTS.iter().find(|host| line.contains(*host)) {
            let remedy =
                "let the package manager's own configuration decide where packages come from";
            return Some((
                format!("`{host}` is the host of a package registry"),
                remedy.to_owned(),
            ));
        }
        let folder = FOLDERS.iter().find(|folder| stands_alone(line, folder))?;
        let remedy = "say the path relative to the project, or take it as an argument";
        Some((
            format!("`{folder}…` is a path of one machine"),
            remedy.to_owned(),
        ))
    })
}

/// `/x/` as the beginning of a path, not inside of one.
fn stands_alone(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        !line[..at].ends_with(|c: char| {
            c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ')' | '}' | ']')
        })
    })
}

fn each_line(file: &File, rule: impl Fn(&str) -> Option<(String, String)>) -> Vec<Failure> {
    let numbered = file.text.lines().enumerate();
    numbered
        .filter_map(|(index, line)| {
            let (problem, remedy) = rule(line)?;
            Some(Failure::new(
                format!("{}:{}", file.path, index + 1),
                problem,
                remedy,
            ))
        })
        .collect()
}

pub(super) fn pure_crates_are_no_std(files: &[File]) -> Vec<Failure> {
    let is_no_std = |path: &str| {
        files
            .iter()
            .any(|file| file.path == path && file.text.lines().any(|line| line == "#![no_std]"))
    };
    PURE.iter()
        .map(|package| format!("crates/{package}/src/lib.rs"))
        .filter(|path| !is_no_std(path))
        .map(|path| {
            Failure::new(
                path,
                "no line `#![no_std]`",
                "add it: the compiler then proves that the crate opens no socket and reads no clock",
            )
        })
        .collect()
}

/// README.md, `.ci/run` and `cargo xtask ci` mean the same by "the tests" and "the doctor".
pub(super) fn commands_are_the_same(files: &[File]) -> Vec<Failure> {
    let mut failures = Vec::new();
    for path in ["README.md", ".ci/run"] {
        let text = files
            .iter()
            .find(|file| file.path == path)
            .map_or("", |file| file.text.as_str());
        for command in [&format!("cargo {}", ci::TEST.join(" ")), ci::DOCTOR] {
            if !text.contains(command) {
                let remedy = "it is what xtask/src/ci.rs says; use the same words in all places";
                failures.push(Failure::new(
                    path,
                    format!("the command `{command}` is not there"),
                    remedy,
                ));
            }
        }
    }
    failures
}

const CODE: &[&str] = &["rs", "py", "sh", "toml", "yml"];

const FORBIDDEN: &[(&str, &str)] = &[
    (
        concat!("to", "do!("),
        "write the code, or leave the function out",
    ),
    (
        concat!("unimpl", "emented!("),
        "write the code, or leave the function out",
    ),
    (concat!("db", "g!("), "remove it, or use `tracing`"),
    (
        concat!("#[ign", "ore"),
        "let the test find out itself whether it can run, and say why not",
    ),
    (
        concat!("#[all", "ow("),
        "use `#[expect(lint, reason = \"…\")]`",
    ),
    (
        concat!("#![all", "ow("),
        "use `#![expect(lint, reason = \"…\")]`",
    ),
    (
        concat!("#[should_", "panic"),
        "assert on the returned error, or on `catch_unwind`",
    ),
];

const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];

const HOSTS: &[&str] = &[
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("deb.debian", ".org"),
    concat!("golang", ".org"),
];

const FOLDERS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/")];

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The place of each failure, and nothing for a file that is fine.
    #[track_caller]
    fn places(path: &str, text: &str, expected: &[&str]) {
        let found: Vec<String> = check(&file(path, text))
            .into_iter()
            .map(|failure| failure.place)
            .collect();
        assert_eq!(found, expected, "in {text:?}");
    }

    #[test]
    fn a_rust_file_begins_with_its_purpose() {
        places("a.rs", "//! Does one thing.\n\nfn main() {}\n", &[]);
        places("a.rs", "use std::fmt;\n", &["a.rs"]);
        places("a.rs", "//! \n//! Late.\n", &["a.rs"]);
        places("a.rs", "", &["a.rs"]);
        places("a.py", "import sys\n", &[]);
    }

    #[test]
    fn forbidden_words_are_found_where_they_stand() {
        for (word, _) in FORBIDDEN {
            places(
                "a.rs",
                &format!("//! Purpose.\n\n    {word}\n"),
                &["a.rs:3"],
            );
            places("a.md", &format!("The word {word} in prose.\n"), &[]);
        }
        places(
            "a.rs",
            "//! Purpose.\n#[expect(dead_code, reason = \"x\")]\n",
            &[],
        );
    }

    #[test]
    fn what_is_unfinished_has_an_owner() {
        for word in UNFINISHED {
            places(
                "a.rs",
                &format!("//! Purpose.\n// {word}: later\n"),
                &["a.rs:2"],
            );
            places("a.yml", &format!("# {word}(): later\n"), &["a.yml:1"]);
            places("a.rs", &format!("//! Purpose.\n// {word}(ada): #12\n"), &[]);
            places(
                "a.rs",
                &format!("//! Purpose.\nconst {word}S: u8 = 1;\n"),
                &[],
            );
            places("a.md", &format!("{word} lists are for prose.\n"), &[]);
        }
    }

    #[test]
    fn no_file_names_a_registry_host() {
        for host in HOSTS {
            places(
                "a.toml",
                &format!("x = \"https://{host}/simple\"\n"),
                &["a.toml:1"],
            );
            places("fuzz/Cargo.lock", &format!("source = \"{host}\"\n"), &[]);
        }
        places("a.md", "https://learn.microsoft.com/azure\n", &[]);
    }

    #[test]
    fn no_file_names_a_folder_of_one_machine() {
        for folder in FOLDERS {
            places("a.md", &format!("Run `{folder}main/x`.\n"), &["a.md:1"]);
            places("a.md", &format!("see file://{folder}x\n"), &["a.md:1"]);
            places(
                "a.md",
                &format!("see ..{folder}x and https://example.com{folder}x\n"),
                &[],
            );
        }
    }

    #[test]
    fn pure_crates_say_so_on_a_line_of_its_own() {
        let with = |text: &str| -> Vec<File> {
            PURE.iter()
                .map(|package| file(&format!("crates/{package}/src/lib.rs"), text))
                .collect()
        };
        assert_eq!(
            pure_crates_are_no_std(&with("//! Purpose.\n#![no_std]\n")),
            []
        );
        assert_eq!(
            pure_crates_are_no_std(&with("//! Not #![no_std] at all.\n")).len(),
            PURE.len()
        );
        assert_eq!(pure_crates_are_no_std(&[]).len(), PURE.len());
    }

    #[test]
    fn commands_stand_in_readme_and_ci() {
        let text = format!("cargo {}\n{}\n", ci::TEST.join(" "), ci::DOCTOR);
        assert_eq!(
            commands_are_the_same(&[file("README.md", &text), file(".ci/run", &text)]),
            []
        );
        let found = commands_are_the_same(&[file("README.md", &text), file(".ci/run", ci::DOCTOR)]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, ".ci/run");
    }
}
