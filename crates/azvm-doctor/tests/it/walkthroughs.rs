//! The walkthroughs of the documentation: each command in them is run, and prints what stands there.

use crate::support::{BINARY, Run, program};
use std::path::Path;

const PAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/diagnostics/walkthroughs.md"
);

/// When set, what the commands print is written into the page and not compared: `cargo xtask record` sets it.
const WRITE: &str = "BLESS";

const PROMPT: &str = "$ ";

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "whether to write is the variable of whoever runs this test"
)]
fn the_walkthroughs_print_what_they_show() {
    let page = std::fs::read_to_string(PAGE).unwrap().replace("\r\n", "\n");
    let again = run_again(&page);
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(PAGE, &again).unwrap();
        return;
    }
    assert!(page.matches(PROMPT).count() >= 3, "nothing is shown");
    let (shown, printed) = (masked(&page), masked(&again));
    let mut lines = shown.lines().zip(printed.lines());
    let differing = lines.find(|(shown, printed)| shown != printed);
    assert_eq!(differing, None, "`cargo xtask record` writes it anew");
    assert_eq!(shown, printed, "`cargo xtask record` writes it anew");
}

/// The page with what its commands print now. The files that they write are in a folder of the page's own.
fn run_again(page: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut out = String::new();
    let mut is_console = false;
    for line in page.lines() {
        let is_fence = line.starts_with("```");
        if is_fence {
            is_console = line == "```console";
        }
        let command = line.strip_prefix(PROMPT).filter(|_| is_console);
        // What was printed the last time is left out.
        if is_fence || !is_console || command.is_some() {
            out.push_str(line);
            out.push('\n');
        }
        if let Some(command) = command {
            out.push_str(&printed(command, folder.path()));
        }
    }
    out
}

/// What a terminal shows: progress and problems, then the report.
fn printed(line: &str, folder: &Path) -> String {
    let mut words = line.split_whitespace().peekable();
    let mut command = program(BINARY);
    while let Some((name, value)) = words.peek().and_then(|word| word.split_once('=')) {
        command.env(name, value);
        words.next();
    }
    assert_eq!(words.next(), Some("azvm-doctor"), "{line}");
    let run = Run::of(command.args(words).current_dir(folder));
    assert!(matches!(run.code, Some(0 | 1 | 4 | 6)), "{line}: {run:#?}");
    let name = format!("azvm-doctor{}", std::env::consts::EXE_SUFFIX);
    (run.stderr + &run.stdout).replace(&name, "azvm-doctor")
}

/// Times, ports and random IDs differ from run to run; codes, and the IDs of scenarios, do not. How words are aligned
/// goes with them, and a second is as good as a millisecond.
fn masked(page: &str) -> String {
    let mask = |word: &str| {
        let has_digit = word.contains(|c: char| c.is_ascii_digit());
        let is_code = word.split_once('-').is_some_and(|(letters, digits)| {
            let digits = digits.trim_end_matches(|c: char| !c.is_ascii_digit());
            letters.chars().all(|c| c.is_ascii_uppercase()) && digits.len() == 3
        });
        match has_digit && !is_code && !word.contains("fa4e0000-") {
            true => "#".into(),
            false => word.to_string(),
        }
    };
    let lines = page.lines().map(|line| {
        let words: Vec<String> = line.split_whitespace().map(mask).collect();
        words.join(" ").replace("# ms", "# s")
    });
    lines.collect::<Vec<_>>().join("\n")
}
