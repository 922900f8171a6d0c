//! Tables of cases as JSON lines, and writing them anew.

use serde_json::Value;

/// Compares `observed` with the rest of each line, and gives the number of lines.
#[track_caller]
pub(crate) fn check(path: &str, observed: fn(&str) -> Value) -> usize {
    let table = std::fs::read_to_string(path).unwrap();
    let mut written = String::new();
    let mut differences = Vec::new();
    for line in table.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let mut actual = observed(case["text"].as_str().unwrap());
        actual["text"] = case["text"].clone();
        actual["rule"] = case["rule"].clone();
        if actual != case {
            differences.push(format!("is:   {actual}\nmust: {case}"));
        }
        written += &format!("{actual}\n");
    }
    if is_blessed() {
        std::fs::write(path, written).unwrap();
    } else {
        assert_eq!(differences.len(), 0, "\n{}", differences.join("\n"));
    }
    table.lines().count()
}

#[expect(clippy::disallowed_methods, reason = "the one switch of these tests")]
fn is_blessed() -> bool {
    std::env::var_os("BLESS").is_some()
}
