//! What `explain` shows, for some codes of each category, letter by letter; and the pages of `docs/diagnostics`.
//!
//! `BLESS=1 cargo test -p azvm-diagnostics pages` writes what it gives now; then read the difference.

use azvm_diagnostics::catalogue::{CATALOGUE, Category, find, markdown, pages, text};
use std::fs;
use std::path::{Path, PathBuf};

/// Of each category two or three, of each way to be found some.
const CODES: [&str; 22] = [
    "HOST-001",
    "HOST-004",
    "HOST-015",
    "NET-002",
    "NET-005",
    "NET-013",
    "IMDS-003",
    "IMDS-010",
    "IMDS-017",
    "IDSEL-002",
    "IDSEL-005",
    "IDSEL-017",
    "TOKEN-003",
    "TOKEN-006",
    "ARM-004",
    "ARM-008",
    "RBAC-002",
    "RBAC-014",
    "RBAC-021",
    "RID-004",
    "CODE-008",
    "CODE-024",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/explain")
}

#[expect(
    clippy::disallowed_methods,
    reason = "asked for by a person, in tests alone"
)]
fn is_blessing() -> bool {
    std::env::var_os("BLESS").is_some()
}

#[track_caller]
fn golden(name: &str, found: &str) {
    let path = folder().join(name);
    if is_blessing() {
        fs::create_dir_all(folder()).unwrap();
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected.replace("\r\n", "\n"), "{name}");
}

#[test]
fn explain_shows_these_pages() {
    for code in CODES {
        let entry = find(code).unwrap();
        golden(&format!("{code}.txt"), &text(entry, "azvm-doctor", 80));
    }
    let narrow = text(find("NET-013").unwrap(), "azvm-doctor", 50);
    golden("NET-013-narrow.txt", &narrow);
    let ticket = markdown(find("IDSEL-002").unwrap(), "cargo xtask doctor");
    golden("IDSEL-002.md", &ticket);
}

#[test]
fn the_goldens_are_from_all_categories() {
    for category in Category::ALL {
        let of_it = |code: &&&str| find(code).is_some_and(|entry| entry.category == category);
        assert!(CODES.iter().filter(of_it).count() >= 1, "{category:?}");
    }
}

#[test]
fn the_pages_say_what_explain_says() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/diagnostics");
    for page in pages() {
        let found = fs::read_to_string(docs.join(&page.file)).unwrap_or_default();
        let is_current = found.replace("\r\n", "\n") == page.text;
        assert!(is_current, "{}: run `cargo xtask generate`", page.file);
    }
    let all: String = pages().into_iter().map(|page| page.text).collect();
    for entry in CATALOGUE {
        let ticket = markdown(entry, "azvm-doctor");
        let own_lines = ticket
            .lines()
            .filter(|line| line.starts_with("az ") || line.starts_with("- documented"));
        for line in own_lines {
            assert!(all.contains(line), "{}: {line}", entry.code);
        }
    }
}
