//! The catalogue as the program has it. Its form is checked where it is generated, in `xtask`.

use super::*;
use std::collections::BTreeSet;

/// What an entry that is found today says that it looks at, a rule has to show.
const RULES: [&str; 15] = [
    include_str!("../rules/access.rs"),
    include_str!("../rules/agent.rs"),
    include_str!("../rules/arm.rs"),
    include_str!("../rules/host.rs"),
    include_str!("../rules/identity.rs"),
    include_str!("../rules/imds.rs"),
    include_str!("../rules/machine.rs"),
    include_str!("../rules/mod.rs"),
    include_str!("../rules/model.rs"),
    include_str!("../rules/path.rs"),
    include_str!("../rules/principal.rs"),
    include_str!("../rules/rights.rs"),
    include_str!("../rules/rights_seen.rs"),
    include_str!("../rules/stranger.rs"),
    include_str!("../rules/token.rs"),
];

/// The claims are shown under their own names.
const CLAIMS: [&str; 11] = [
    "aud",
    "iss",
    "tid",
    "oid",
    "appid",
    "xms_mirid",
    "iat",
    "nbf",
    "exp",
    "idtyp",
    "ver",
];

/// `lint-id` has no rules; its findings have these.
const OF_LINT_ID: [&str; 3] = ["span", "suggestion", "message"];

/// `lint-request` shows the parts of the request, `scan-log` where the token stands, `aggregate` what is in the reports,
/// `decode-error` what it read in the words.
const OFFLINE: [&str; 11] = [
    "code",
    "error",
    "error_description",
    "log_file",
    "message",
    "request_headers",
    "request_method",
    "request_url",
    "scale_set",
    "sdk",
    "status",
];

fn shown() -> BTreeSet<&'static str> {
    let calls = RULES.iter().flat_map(|source| source.split(".saw").skip(1));
    let names = calls.filter_map(|call| {
        let arguments = call.trim_start_matches("_some").strip_prefix('(')?;
        arguments.trim_start().strip_prefix('"')?.split('"').next()
    });
    names.chain(CLAIMS).collect()
}

#[test]
fn codes_are_unique_sorted_and_in_the_order_of_the_chain() {
    let keys: Vec<_> = CATALOGUE
        .iter()
        .map(|entry| (entry.category, entry.code))
        .collect();
    assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{keys:?}");
    let codes: BTreeSet<&str> = CATALOGUE.iter().map(|entry| entry.code).collect();
    let slugs: BTreeSet<&str> = CATALOGUE.iter().map(|entry| entry.slug).collect();
    assert_eq!(codes.len(), CATALOGUE.len());
    assert_eq!(slugs.len(), CATALOGUE.len());
    assert_eq!(CATALOGUE.len(), 210);
}

#[test]
fn every_entry_is_complete() {
    for entry in CATALOGUE {
        let code = entry.code;
        for text in [entry.summary, entry.told_apart, entry.fix] {
            assert!(text.ends_with('.'), "{code}: {text}");
        }
        assert!(
            !entry.sources.is_empty() && !entry.near.is_empty(),
            "{code}"
        );
        assert!(entry.near.iter().all(|near| find(near).is_some()), "{code}");
        assert_eq!(find(entry.slug), Some(*entry), "{code}");
        assert!(
            entry.links().all(|link| link.starts_with("https://")),
            "{code}"
        );
        assert!(
            !entry.detection.is_found() || entry.retired.is_none(),
            "{code}"
        );
    }
}

#[test]
fn evidence_has_the_names_that_rules_show() {
    let known: BTreeSet<&str> = EVIDENCE.iter().map(|evidence| evidence.key).collect();
    let unknown: Vec<_> = shown()
        .into_iter()
        .filter(|key| !known.contains(key))
        .collect();
    assert!(
        unknown.is_empty(),
        "not in catalogue/evidence.toml: {unknown:?}"
    );
}

#[test]
fn what_is_found_today_names_evidence_that_is_shown_today() {
    let shown = shown();
    assert!(shown.len() > 40, "{shown:?}");
    for entry in CATALOGUE {
        let is_there = |key: &str| match entry.detection {
            Detection::Doctor => shown.contains(key) || OF_LINT_ID.contains(&key),
            Detection::LintId => OF_LINT_ID.contains(&key),
            Detection::LintRequest
            | Detection::ScanLog
            | Detection::Aggregate
            | Detection::DecodeError => OFFLINE.contains(&key),
            Detection::NotYet | Detection::ExplainOnly(_) => true,
        };
        let missing: Vec<_> = entry
            .evidence
            .iter()
            .filter(|it| !is_there(it.key))
            .collect();
        assert!(missing.is_empty(), "{}: {missing:?}", entry.code);
    }
}

#[test]
fn categories_have_names_and_entries() {
    for category in Category::ALL {
        assert_eq!(Category::from_name(category.as_str()), Some(category));
        assert!(category.entries().count() >= 15, "{category:?}");
        assert!(category.about().ends_with('.'), "{category:?}");
    }
    assert_eq!(
        Category::from_name(" Resource-ID "),
        Some(Category::ResourceId)
    );
    assert_eq!(Category::from_name("rbac"), None);
}

/// Whoever has a machine is shown one line, whoever has a uniform scale set the other.
#[test]
fn what_is_typed_for_a_machine_has_its_like_for_a_scale_set() {
    let is_for = |run: &str, name: &str| run.contains(name);
    for entry in CATALOGUE {
        let count = |name| {
            let lines = entry.commands.iter().filter(|it| is_for(it.run, name));
            lines.count()
        };
        let (machine, set) = (count("{vm}"), count("{scale_set}"));
        let is_of_a_set = matches!(entry.code, "IDSEL-014");
        // A uniform instance is where its set is: IMDS cannot be wrong about that in this way.
        let is_of_a_machine = matches!(entry.code, "HOST-010");
        assert!(
            machine == set || is_of_a_set || is_of_a_machine,
            "{}: {machine} lines for a machine, {set} for a scale set",
            entry.code
        );
    }
}
