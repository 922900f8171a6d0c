//! One mistake at a time in a small catalogue that is right.

use super::*;
use crate::generate::schema::CategoryFile;

const RIGHT: &str = r#"
    code = "HOST-001"
    slug = "first-one"
    title = "the first"
    severity = "fail"
    summary = "It is so."
    told_apart = "Not HOST-002."
    near = ["HOST-002"]
    evidence = ["os"]
    fix = "Do {scope}."
    commands = [{ az = "az vm show -n {vm} --query '{id:id}'" }, { bash = "sudo x", root = true }]
    sources = ["inferred"]
    since = "0.1.0"
"#;

const OTHER: &str = r#"
    code = "HOST-002"
    slug = "second-one"
    title = "the second"
    severity = "note"
    summary = "It is so."
    told_apart = "Not HOST-001."
    near = ["HOST-001"]
    explain_only = "Nobody sees it."
    fix = "Wait."
    sources = ["inferred"]
    since = "0.1.0"
"#;

fn data(first: &str, second: &str) -> Data {
    let file = |entries: &str| -> CategoryFile {
        toml::from_str(&format!("title = \"T\"\nabout = \"A.\"\n{entries}")).unwrap()
    };
    let mut categories = vec![file(&format!("[[entry]]\n{first}\n[[entry]]\n{second}"))];
    categories.extend(CATEGORIES.iter().skip(1).map(|_| file("entry = []")));
    Data {
        categories,
        evidence: [("os".into(), "the system".into())].into(),
        sources: toml::from_str("[inferred]\nkind = \"inferred\"\ntitle = \"T\"").unwrap(),
    }
}

fn emitted(codes: &[&str]) -> Emitted {
    Emitted {
        doctor: codes.iter().map(ToString::to_string).collect(),
        ..Emitted::default()
    }
}

/// All mistakes but that about the number of planned entries, which is the real catalogue's.
fn mistakes(first: &str, second: &str, reported: &[&str]) -> Vec<String> {
    let mut found = check(&data(first, second), &emitted(reported));
    found.retain(|mistake| !mistake.contains("PLANNED_AT_MOST"));
    found
}

/// `from` replaced by `to` in the first entry gives exactly one mistake, which has these words.
#[track_caller]
fn one_mistake(from: &str, to: &str, words: &str) {
    assert!(RIGHT.contains(from), "{from}");
    let found = mistakes(&RIGHT.replacen(from, to, 1), OTHER, &["HOST-001"]);
    assert_eq!(found.len(), 1, "{to}: {found:?}");
    assert!(found[0].contains(words), "{to}: {found:?}");
}

#[test]
fn a_catalogue_that_is_right_has_no_mistakes() {
    assert_eq!(mistakes(RIGHT, OTHER, &["HOST-001"]), Vec::<String>::new());
}

#[test]
fn each_mistake_is_named() {
    one_mistake("first-one", "First", "the slug First");
    one_mistake("first-one", "a--b", "the slug a--b");
    one_mistake("first-one", "second-one", "the same slug");
    one_mistake("\"the first\"", "\"the second\"", "the same title");
    one_mistake("\"the first\"", "\"the first.\"", "the title");
    one_mistake("\"It is so.\"", "\"It is so\"", "summary does not end");
    one_mistake("Not HOST-002.", "Not HOST-009.", "HOST-009");
    one_mistake("near = [\"HOST-002\"]", "near = []", "`near` is empty");
    one_mistake(
        "near = [\"HOST-002\"]",
        "near = [\"HOST-001\"]",
        "has itself",
    );
    one_mistake(
        "near = [\"HOST-002\"]",
        "near = [\"NET-001\"]",
        "no NET-001",
    );
    one_mistake("[\"os\"]", "[]", "no evidence");
    one_mistake("[\"os\"]", "[\"color\"]", "evidence.toml has no color");
    one_mistake("Do {scope}.", "Do {color}.", "{color}");
    one_mistake("-n {vm}", "-n {name}", "{name}");
    one_mistake("sudo x", "sudo x '{vm}'", "stands in quotes");
    one_mistake("-n {vm}", "-n a-{vm}", "not a word of its own");
    one_mistake("az vm", "vm", "not a line for az");
    one_mistake("{ bash", "{ powershell = \"y\", bash", "exactly one");
    one_mistake(", root = true", "", "has sudo");
    one_mistake("sudo x", "az x", "belongs under az");
    one_mistake(
        "[\"inferred\"]",
        "[\"nobody\"]",
        "sources.toml has no nobody",
    );
    one_mistake("[\"inferred\"]", "[]", "no source");
    one_mistake("\"0.1.0\"", "\"0.1\"", "not a version");
}

#[test]
fn codes_are_in_order_and_in_their_file() {
    let found = mistakes(OTHER, RIGHT, &["HOST-001"]);
    assert_eq!(found, ["HOST-001: stands after HOST-002"]);
    let found = mistakes(&RIGHT.replace("HOST-001", "NET-001"), OTHER, &["NET-001"]);
    assert!(
        found.iter().any(|it| it.contains("codes in host.toml")),
        "{found:?}"
    );
}

#[test]
fn what_is_said_about_detection_is_compared_with_the_rules() {
    let found = mistakes(RIGHT, OTHER, &[]);
    assert!(
        found[0].contains("neither a rule nor an offline program"),
        "{found:?}"
    );
    let planned = format!("{RIGHT}\n    planned = true");
    assert_eq!(mistakes(&planned, OTHER, &[]), Vec::<String>::new());
    let found = mistakes(&planned, OTHER, &["HOST-001"]);
    assert!(found[0].contains("reported now"), "{found:?}");
    let found = mistakes(RIGHT, OTHER, &["HOST-001", "HOST-002"]);
    assert!(
        found[0].contains("HOST-002: it is reported now"),
        "{found:?}"
    );
    let both = format!("{planned}\n    explain_only = \"No.\"");
    let found = mistakes(&both, OTHER, &[]);
    assert!(found[0].contains("only one of"), "{found:?}");
}

#[test]
fn a_retired_code_stays_and_is_pointed_away_from() {
    let retired = "\n    retired = { since = \"0.2.0\", reason = \"It is one with HOST-001.\", instead = [\"HOST-001\"] }";
    let second =
        OTHER.replace("explain_only = \"Nobody sees it.\"", "evidence = [\"os\"]") + retired;
    let found = mistakes(RIGHT, &second, &["HOST-001"]);
    assert_eq!(found, ["HOST-001: HOST-002 is retired"]);
    let found = mistakes(RIGHT, &second, &["HOST-001", "HOST-002"]);
    assert!(
        found
            .iter()
            .any(|it| it.contains("the retired code out of the rule")),
        "{found:?}"
    );
}

#[test]
fn a_planned_entry_is_counted() {
    let planned = OTHER.replace("explain_only = \"Nobody sees it.\"", "planned = true");
    assert_ne!(planned, OTHER);
    let found = check(&data(RIGHT, &planned), &emitted(&["HOST-001"]));
    assert!(
        found.iter().any(|it| it.contains("1 entries are planned")),
        "{found:?}"
    );
}

#[test]
fn a_field_that_is_not_known_is_refused_with_its_place() {
    let error =
        toml::from_str::<CategoryFile>("title = \"T\"\nabout = \"A.\"\nentry = []\ncolor = 1\n");
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("line 4") && error.contains("color"),
        "{error}"
    );
}
