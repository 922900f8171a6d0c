//! What holds for any text: IDs put together from likely and unlikely segments, damaged ones, and noise.

use azvm_resource_id::{ResourceId, ResourceIdRef, fuzzing, repair};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Words that mean something to the grammar, near misses of them, and names of all sorts.
const WORDS: &[&str] = &[
    "subscriptions",
    "Subscriptions",
    "resourceGroups",
    "resourcegroups",
    "resourceGroup",
    "providers",
    "Providers",
    "provider",
    "locations",
    "tagNames",
    "tagValues",
    "Microsoft.Compute",
    "microsoft.management",
    "managementGroups",
    "managementgroups",
    "serviceGroups",
    "virtualMachines",
    "virtualMachineScaleSets",
    "virtualNetworks",
    "subnets",
    "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "rg",
    "RG",
    "vm-1",
    "vm",
    "grp_ünïcödé",
    "GRP_ÜNÏCÖDÉ",
    "ɐ",
    "ß",
    "ſ",
    "ı",
    "\u{212a}",
    "ŉ",
    "名前",
    "a b",
    " a",
    "a\u{a0}",
    "\u{200b}",
    "\u{feff}",
    "<GROUP>",
    "$GROUP",
    "{id}",
    "a%20b",
    "a|b",
    "\"",
    "'",
    "[x]",
    "?api-version=1",
    "#",
    "\\",
    "\n",
    "\u{85}",
    "",
    ".",
    "..",
    "...",
    "overview",
    "start",
    "https:",
    "management.azure.com",
    "portal.azure.com",
    "resource",
    "C:",
    "null",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(WORDS).prop_map(str::to_owned),
        1 => "[a-zA-Z0-9._-]{1,12}",
        1 => any::<String>(),
    ]
}

fn text() -> impl Strategy<Value = String> {
    let joined = vec(word(), 0..12).prop_map(|words| words.join("/"));
    (
        select(&["/", "/", "/", "", "//", " "][..]),
        joined,
        select(&["", "", "", "/", " "][..]),
    )
        .prop_map(|(before, joined, after)| format!("{before}{joined}{after}"))
}

/// An ID, spelled with names that the grammar allows and keywords in any case.
fn valid() -> impl Strategy<Value = String> {
    let name = || {
        select(
            &[
                "a",
                "B",
                "providers",
                "subscriptions",
                "resourceGroups",
                "Ünï",
                "x y",
                "ɐ",
                "1.0",
                "ß",
            ][..],
        )
    };
    let kind = || {
        select(
            &[
                "t",
                "T",
                "virtualMachines",
                "subscriptions",
                "resourceGroups",
                "locations",
            ][..],
        )
    };
    let scope = prop_oneof![
        Just(String::new()),
        name().prop_map(|id| format!("/subscriptions/{id}")),
        (name(), name())
            .prop_map(|(id, group)| format!("/Subscriptions/{id}/resourcegroups/{group}")),
        (name(), kind(), name())
            .prop_map(|(id, kind, name)| format!("/subscriptions/{id}/locations/x/{kind}/{name}")),
        (name(), name())
            .prop_map(|(id, value)| format!("/subscriptions/{id}/tagNames/x/tagvalues/{value}")),
        name().prop_map(|id| format!("/subscriptions/{id}/providers/A.B")),
        name().prop_map(|name| format!("/providers/microsoft.management/managementGroups/{name}")),
    ];
    let pairs = || vec((kind(), name()), 1..4);
    let resource =
        (pairs(), select(&["providers", "PROVIDERS"][..])).prop_map(|(pairs, keyword)| {
            let pairs = pairs.iter().map(|(kind, name)| format!("/{kind}/{name}"));
            format!("/{keyword}/A.B{}", pairs.collect::<String>())
        });
    (scope, vec(resource, 0..4), select(&["", "/"][..]))
        .prop_map(|(scope, resources, slash)| format!("{scope}{}{slash}", resources.concat()))
        .prop_map(|text| {
            if text.is_empty() {
                "/".to_owned()
            } else {
                text
            }
        })
}

/// The grammar once more, as short as it gets: whole words, recursion over pairs.
fn is_valid(text: &str) -> bool {
    let Some(body) = text.strip_prefix('/') else {
        return false;
    };
    if body.is_empty() {
        return true;
    }
    let body = body.strip_suffix('/').unwrap_or(body);
    let segments: Vec<&str> = body.split('/').collect();
    let is_sound = |segment: &&str| {
        let is_forbidden = |char: char| char.is_control() || "\"#<>?\\|".contains(char);
        !["", ".", ".."].contains(segment)
            && segment.trim() == *segment
            && !segment.contains(is_forbidden)
    };
    segments.iter().all(is_sound) && after_tenant(&segments)
}

fn after_tenant(segments: &[&str]) -> bool {
    let is = |keyword: &str| segments[0].eq_ignore_ascii_case(keyword);
    match segments.len() {
        0 | 1 => false,
        _ if is("subscriptions") => after_subscription(&segments[2..]),
        _ => is("providers") && after_registration(&segments[2..]),
    }
}

fn after_subscription(segments: &[&str]) -> bool {
    let is = |keyword: &str| segments[0].eq_ignore_ascii_case(keyword);
    match segments.len() {
        0 => true,
        1 => false,
        _ if is("resourceGroups") => segments.len() == 2 || is_provider(&segments[2..]),
        _ if is("locations") => after_pairs(&segments[2..]),
        _ if is("tagNames") => {
            let rest = &segments[2..];
            let has_value = rest
                .first()
                .is_some_and(|key| key.eq_ignore_ascii_case("tagValues"));
            match rest.len() {
                0 => true,
                1 => false,
                2 if has_value => true,
                _ if has_value => is_provider(&rest[2..]),
                _ => is_provider(rest),
            }
        }
        _ => is("providers") && after_registration(&segments[2..]),
    }
}

fn after_registration(segments: &[&str]) -> bool {
    segments.is_empty() || is_provider(segments) || (segments.len() > 1 && after_pairs(segments))
}

/// `/providers/{namespace}/{type}/{name}` and what may follow.
fn is_provider(segments: &[&str]) -> bool {
    segments.len() > 3
        && segments[0].eq_ignore_ascii_case("providers")
        && !segments[2].eq_ignore_ascii_case("providers")
        && after_pairs(&segments[2..])
}

fn after_pairs(segments: &[&str]) -> bool {
    match segments.len() {
        0 => true,
        1 => false,
        _ if segments[0].eq_ignore_ascii_case("providers") => is_provider(segments),
        _ => after_pairs(&segments[2..]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn any_text_is_parsed_consistently(text in text()) {
        fuzzing::parse(text.as_bytes());
        prop_assert_eq!(ResourceIdRef::parse(&text).is_ok(), is_valid(&text));
    }

    #[test]
    fn any_id_is_parsed_consistently(text in valid()) {
        prop_assert!(ResourceIdRef::parse(&text).is_ok() && is_valid(&text), "{:?}", text);
        fuzzing::parse(text.as_bytes());
        fuzzing::findings(text.as_bytes());
    }

    #[test]
    fn order_is_total_and_agrees_with_equality_and_hash(left in valid(), middle in valid(), right in valid()) {
        fuzzing::order(format!("{left}\n{middle}\n{right}").as_bytes());
        fuzzing::order(format!("{left}\n{}\n{}", left.to_uppercase(), left.to_lowercase()).as_bytes());
    }

    #[test]
    fn lint_and_repair_agree_with_the_parser(text in text()) {
        fuzzing::findings(text.as_bytes());
    }

    #[test]
    fn damage_is_linted_and_repaired_like_any_text(text in valid(), at in any::<prop::sample::Index>(), word in word()) {
        let mut damaged = text.clone();
        let at = at.index(text.len() + 1);
        if damaged.is_char_boundary(at) {
            damaged.insert_str(at, &word);
        }
        fuzzing::findings(damaged.as_bytes());
        fuzzing::parse(damaged.as_bytes());
        fuzzing::order(format!("{text}\n{damaged}\n{text}").as_bytes());
    }

    #[test]
    fn case_of_an_ascii_id_changes_neither_validity_nor_equality(text in valid()) {
        let text: String = text.chars().map(|char| if char.is_ascii() { char } else { 'z' }).collect();
        let upper = ResourceId::parse(&text.to_ascii_uppercase()).unwrap();
        let lower = ResourceId::parse(&text.to_ascii_lowercase()).unwrap();
        prop_assert_eq!(&upper, &lower);
        prop_assert_eq!(&upper, &ResourceId::parse(&text).unwrap());
    }

    #[test]
    fn what_is_built_parses_back_to_its_parts(
        subscription in word(), group in word(), namespace in word(), kind in word(), name in word(),
    ) {
        let Ok(scope) = ResourceId::for_resource_group(&subscription, &group) else { return Ok(()) };
        prop_assert_eq!(scope.subscription_id(), Some(&*subscription));
        prop_assert_eq!(scope.resource_group(), Some(&*group));
        let Ok(id) = scope.provider(&namespace, &kind, &name) else { return Ok(()) };
        let again = ResourceIdRef::parse(id.as_str()).unwrap();
        prop_assert_eq!(again.namespace(), Some(&*namespace));
        prop_assert_eq!(again.resource_type().segments().collect::<Vec<_>>(), [&*kind]);
        prop_assert_eq!(again.name(), &*name);
        prop_assert_eq!(again.parent(), Some(scope.as_borrowed()));
        prop_assert_eq!(again.resource_group(), Some(&*group));
        if let Ok(child) = id.child(&kind, &name) {
            prop_assert_eq!(child.parent(), Some(id.as_borrowed()));
            prop_assert_eq!(child.resource_type().segments().count(), 2);
        }
    }

    /// An ID that is damaged in one place is mended to itself or not at all; what is still an ID stays what it is.
    #[test]
    fn a_damaged_id_is_never_mended_to_another(
        text in valid(), damage in 0..6, at in any::<prop::sample::Index>(), stray in select(&["?", "#", " ", "\n", "\"", "'", "/", "|", "?a=b/"][..]),
    ) {
        // No provider but Microsoft.Resources has this type, and its groups are the same ones by either name.
        let text = text.replace("/A.B/resourceGroups/", "/A.B/t/").replace("A.B", "Microsoft.Compute");
        let original = ResourceId::parse(&text).unwrap();
        let mut damaged = original.canonical().as_str().to_owned();
        let places: Vec<usize> = (0..=damaged.len()).filter(|&at| damaged.is_char_boundary(at)).collect();
        let place = places[at.index(places.len())];
        match damage {
            0 => {
                let mut segments: Vec<&str> = damaged.split('/').collect();
                segments.remove(at.index(segments.len()));
                damaged = segments.join("/");
            }
            1 => damaged.insert_str(place, stray),
            2 => {
                // One letter of a keyword less.
                let words = ["subscriptions", "resourceGroups", "providers", "locations", "tagNames", "tagValues"];
                let word = words[at.index(words.len())];
                damaged = damaged.replacen(word, &word[..word.len() - 1], 1);
            }
            3 => damaged = damaged.repeat(2),
            4 => damaged.insert_str(0, stray),
            _ => damaged = format!("C:/Program Files/Git{damaged}"),
        }
        if let Ok(repaired) = repair(&damaged) {
            match ResourceIdRef::parse(&damaged) {
                Ok(same) => prop_assert_eq!(repaired.id(), &same),
                Err(_) => prop_assert_eq!(repaired.id(), &original, "{:?}", damaged),
            }
        }
    }
}
