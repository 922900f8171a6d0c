//! Pages of all entries, at several widths.

use super::*;
use crate::catalogue::{CATALOGUE, Category};

/// A command or an address, which stay whole, or a line that has no blank to break at.
fn may_be_long(line: &str) -> bool {
    let line = line.trim_start();
    let is_command = ["bash ", "az ", "powershell "]
        .iter()
        .any(|shell| line.starts_with(shell));
    is_command || !line.contains(' ')
}

#[test]
fn no_line_is_longer_than_the_terminal() {
    for entry in CATALOGUE {
        for width in [40, 60, 80, 100] {
            let page = text(entry, "azvm-doctor", width);
            for line in page.lines().filter(|line| !may_be_long(line)) {
                // A label leaves little room at 40 columns, and a word is never broken.
                let longest = line.split(' ').map(str::len).max().unwrap_or_default();
                let room = width.max(25 + longest);
                assert!(line.chars().count() <= room, "{width}: {line}");
            }
        }
    }
}

#[test]
fn a_narrow_page_says_the_same_as_a_wide_one() {
    for entry in CATALOGUE {
        let words = |width| {
            let page = text(entry, "azvm-doctor", width);
            page.split_whitespace()
                .map(String::from)
                .collect::<Vec<_>>()
        };
        assert_eq!(words(40), words(100), "{}", entry.code);
        assert_eq!(words(0), words(40), "{}", entry.code);
    }
}

#[test]
fn no_placeholder_is_left_and_no_line_ends_with_a_blank() {
    for entry in CATALOGUE {
        for page in [
            text(entry, "azvm-doctor", 80),
            markdown(entry, "azvm-doctor"),
        ] {
            for name in crate::remedy::PLACEHOLDERS {
                assert!(!page.contains(&format!("{{{name}}}")), "{page}");
            }
            assert!(page.lines().all(|line| line == line.trim_end()), "{page}");
            assert!(page.is_ascii() || page.contains('…'), "{page}");
        }
    }
}

#[test]
fn markdown_has_one_sentence_a_line_and_no_stray_markup() {
    for entry in CATALOGUE {
        let page = markdown(entry, "azvm-doctor");
        assert!(
            page.starts_with(&format!("### {}\n\n**", entry.code)),
            "{page}"
        );
        assert_eq!(page.matches("\n```").count() % 2, 0, "{page}");
        let prose = page.split("\n```").step_by(2).collect::<String>();
        assert!(!prose.contains(" <") && !prose.contains("=<"), "{prose}");
    }
}

#[test]
fn the_index_has_every_code_once_in_its_tables() {
    let pages = pages();
    assert_eq!(pages.len(), 1 + Category::ALL.len());
    for entry in CATALOGUE {
        let row = format!("| [{}]({}.md#", entry.code, entry.category.as_str());
        assert_eq!(pages[0].text.matches(&row).count(), 1, "{row}");
        let page = pages
            .iter()
            .find(|page| page.file == format!("{}.md", entry.category.as_str()))
            .unwrap();
        let heading = format!("\n### {}\n", entry.code);
        assert_eq!(page.text.matches(&heading).count(), 1, "{heading}");
    }
}

#[test]
fn reasons_go_on_after_a_colon() {
    assert_eq!(lowered("It is so."), "it is so.");
    assert_eq!(lowered("A rule is."), "a rule is.");
    assert_eq!(lowered("ARM's words are."), "ARM's words are.");
    assert_eq!(lowered(""), "");
}
