//! What errors say, to the letter.

use azvm_resource_id::{ParseErrorKind, ResourceIdRef, SegmentRole};

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(
        ResourceIdRef::parse(text).unwrap_err().to_string(),
        expected,
        "{text:?}"
    );
}

#[test]
fn a_message_names_what_was_expected_and_what_stands_there() {
    check("", r#"expected "/", found the end of the text"#);
    check(
        "subscriptions/s",
        r#"expected "/" at the start, found "subscriptions" at byte 0"#,
    );
    check(
        "/subs/s",
        r#"expected "subscriptions" or "providers", found "subs" at byte 1"#,
    );
    check(
        "/subscriptions/s/resourceGroup/rg",
        r#"expected "resourceGroups", "providers", "locations" or "tagNames" after the subscription, found "resourceGroup" at byte 17"#,
    );
    check(
        "/subscriptions/s/resourceGroups/rg/deployments/d",
        r#"expected "providers" after the resource group, found "deployments" at byte 35"#,
    );
    check(
        "/subscriptions/s/resourceGroups",
        r#"expected a resource group name after "resourceGroups", found the end of the text"#,
    );
    check(
        "/subscriptions//locations/l",
        "expected a subscription ID, found an empty segment at byte 15",
    );
    check(
        "/subscriptions/s//locations/l",
        "expected a keyword, found an empty segment at byte 17",
    );
    check(
        "/subscriptions/<ID>",
        r#"expected a subscription ID without " # < > ? \ |, found "<" at byte 15"#,
    );
    check(
        "/subscriptions/s ",
        r#"expected a subscription ID without blanks around it, found " " at byte 16"#,
    );
    check(
        " /subscriptions/s",
        r#"expected a keyword without blanks around it, found " " at byte 0"#,
    );
    check(
        "/subscriptions/a\tb",
        r#"expected a subscription ID without control characters, found "\t" at byte 16"#,
    );
    check(
        "/subscriptions/..",
        r#"expected a subscription ID other than "." and "..", found ".." at byte 15"#,
    );
    check(
        "/subscriptions/s/resourceGroups/rg/providers/A.B",
        r#"expected a type and a name after "A.B", found the end of the text"#,
    );
    check(
        "/subscriptions/s/resourceGroups/rg/providers/A.B/providers/C.D/e/f",
        r#"expected a type after the namespace, found "providers" at byte 49"#,
    );
    check(
        "/providers/A.B/c/d/e",
        r#"expected a name after "e", found the end of the text"#,
    );
}

#[test]
fn long_text_is_cut_in_a_message() {
    check(
        "/a-keyword-that-is-longer-than-any/x",
        r#"expected "subscriptions" or "providers", found "a-keyword-that-is-longer…" at byte 1"#,
    );
    check(
        &format!("/{}", "x".repeat(70_000)),
        "expected at most 65535 bytes, found 70001",
    );
}

#[test]
fn exactness_says_which_segment_and_how() {
    let text = "/subscriptions/s/resourcegroups/rg";
    let error = ResourceIdRef::parse_exact(text).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"expected "resourceGroups", found "resourcegroups" at byte 17"#
    );
    assert_eq!(error.kind(), ParseErrorKind::KeywordCase);
    assert_eq!(error.segment_index(), 2);
    assert_eq!(error.expected().collect::<Vec<_>>(), ["resourceGroups"]);
    let error = ResourceIdRef::parse_exact("/providers/microsoft.management/managementGroups/m")
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"expected "Microsoft.Management", found "microsoft.management" at byte 11"#
    );
}

#[test]
fn an_error_knows_its_place() {
    let error =
        ResourceIdRef::parse("/subscriptions/s/resourceGroups//providers/A.B/c/d").unwrap_err();
    assert_eq!(error.kind(), ParseErrorKind::EmptySegment);
    assert_eq!(error.span(), 32..32);
    assert_eq!(error.segment_index(), 3);
    assert_eq!(error.role(), SegmentRole::ResourceGroup);
}

#[track_caller]
fn check_rendered(text: &str, expected: &str) {
    let error = ResourceIdRef::parse(text).unwrap_err();
    assert_eq!(error.render(text).to_string(), expected);
}

#[test]
fn the_caret_is_under_the_place() {
    check_rendered(
        "/subscriptions/s/resource_groups/rg",
        concat!(
            "expected \"resourceGroups\", \"providers\", \"locations\" or \"tagNames\" after the subscription, ",
            "found \"resource_groups\" at byte 17\n",
            "  /subscriptions/s/resource_groups/rg\n",
            "                   ^^^^^^^^^^^^^^^",
        ),
    );
    check_rendered(
        "/subscriptions/\tü\u{85}x",
        concat!(
            "expected a subscription ID without blanks around it, found \"\\t\" at byte 15\n",
            "  /subscriptions/\\tü\\u{85}x\n",
            "                 ^^",
        ),
    );
    check_rendered(
        "/subscriptions//locations/l",
        concat!(
            "expected a subscription ID, found an empty segment at byte 15\n",
            "  /subscriptions//locations/l\n",
            "                 ^",
        ),
    );
}

#[test]
fn of_a_long_text_the_part_around_the_place_is_shown() {
    let text = format!(
        "/subscriptions/{}/oops/{}",
        "s".repeat(200),
        "x".repeat(200)
    );
    let rendered = ResourceIdRef::parse(&text)
        .unwrap_err()
        .render(&text)
        .to_string();
    let lines: Vec<&str> = rendered.lines().collect();
    assert_eq!(
        lines[1],
        format!("  …{}/oops/{}…", "s".repeat(59), "x".repeat(59))
    );
    assert_eq!(lines[2], format!("{}^^^^", " ".repeat(3 + 60)));
    let other = ResourceIdRef::parse("/x").unwrap_err();
    assert_eq!(
        other.render("").to_string().lines().count(),
        3,
        "a text that it is not about"
    );
}
