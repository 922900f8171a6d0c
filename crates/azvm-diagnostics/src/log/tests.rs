//! Tokens in logs, whatever stands around them.

use super::*;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

fn jwt(payload: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!(
        "{}.{}.{}",
        part(r#"{"alg":"RS256","typ":"JWT"}"#),
        part(payload),
        part("signature")
    )
}

fn arm() -> String {
    jwt(
        r#"{"aud":"https://management.azure.com/","iss":"https://sts.windows.net/t/","appid":"app","exp":1795345109}"#,
    )
}

fn scan(log: &[u8], piece: usize) -> Vec<Leak> {
    let mut scanner = LogScanner::default();
    let mut found = vec![];
    for bytes in log.chunks(piece.max(1)) {
        scanner.feed(bytes, &mut |leak| found.push(leak));
    }
    scanner.finish(&mut |leak| found.push(leak));
    found
}

#[track_caller]
fn check(log: &str, expected: &[(u64, u64)]) {
    let found = scan(log.as_bytes(), usize::MAX);
    let places: Vec<_> = found.iter().map(|leak| (leak.line, leak.column)).collect();
    assert_eq!(places, expected, "{log}");
}

#[test]
fn a_token_is_found_wherever_it_stands() {
    let token = arm();
    check(&token, &[(1, 1)]);
    check(&format!("x\nAuthorization: Bearer {token}\r\n"), &[(2, 23)]);
    check(
        &format!("{{\"access_token\":\"{token}\",\"x\":1}}"),
        &[(1, 18)],
    );
    check(
        &format!("Authorization%3A%20Bearer%20{token}%0D%0A"),
        &[(1, 29)],
    );
    check(&format!("?t={}&x", token.replace('.', "%2E")), &[(1, 4)]);
    for (dot, padding) in [("\\u002e", "\\u003d"), ("\\u002E", "\\u003D")] {
        let escaped = token.replace('.', dot);
        check(&format!("{{\"t\":\"{escaped}{padding}\"}}"), &[(1, 7)]);
    }
    check(&format!("token-{token}."), &[(1, 7)]);
    check(&format!("eyJunk.eyJ-{token}.gz"), &[(1, 12)]);
    check(
        &format!("{token} {token}\n{token}"),
        &[(1, 1), (1, token.len() as u64 + 2), (2, 1)],
    );
    check(&format!("ee{token} eeyJ eyeyJ"), &[(1, 3)]);
}

#[test]
fn what_is_no_token_is_not_found() {
    let token = arm();
    let parts: Vec<&str> = token.split('.').collect();
    for log in [
        "",
        "eyJ",
        "eyJ.eyJ.x",
        "eyJhbGciOiJub25lIn0..",
        parts[0],
        &format!("{}.{}", parts[0], parts[1]),
        &format!("{}.{}.", parts[0], parts[1]),
        &format!("{}.not-json.{}", parts[0], parts[2]),
        &format!("{}.{}.{}", parts[1], parts[1], parts[2]),
        &format!("{}.\n{}.{}", parts[0], parts[1], parts[2]),
        &format!("{}%2A{}.{}", parts[0], parts[1], parts[2]),
        &format!("{}\\u002a{}.{}", parts[0], parts[1], parts[2]),
        &format!("{}\\n{}.{}", parts[0], parts[1], parts[2]),
    ] {
        check(log, &[]);
    }
}

#[test]
fn utf_16_is_read() {
    let text = format!("a\nBearer {}\r\n", arm());
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let found = scan(&[&[0xff, 0xfe], &wide[..]].concat(), usize::MAX);
    assert_eq!((found.len(), found[0].line), (1, 2));
}

#[test]
fn a_finding_says_what_the_token_was_for() {
    let title = |log: &str| {
        let finding = scan(log.as_bytes(), usize::MAX)[0].finding();
        (finding.title, finding.confidence)
    };
    let expected = "an access token for https://management.azure.com/, application app, until 2026-11-22T10:58:29Z";
    assert_eq!(title(&arm()), (expected.into(), Confidence::High));
    let other = jwt(r#"{"aud":"x"}"#);
    assert_eq!(title(&other), ("a token for x".into(), Confidence::Likely));
    let nobody = jwt("{}");
    assert_eq!(title(&nobody).0, "a token for nobody it names");
    let encrypted = format!(
        "{}.key.iv.text.tag",
        URL_SAFE_NO_PAD.encode(r#"{"enc":"A256GCM"}"#)
    );
    assert_eq!(
        title(&encrypted),
        ("an encrypted token".into(), Confidence::Likely)
    );
}

#[test]
fn memory_and_time_are_bounded() {
    let hostile = "eyJ".repeat(400_000);
    let mut scanner = LogScanner::default();
    let mut count = 0;
    scanner.feed(hostile.as_bytes(), &mut |_| count += 1);
    assert!(scanner.run.bytes.capacity() <= 2 * MAX_TOKEN_BYTES);
    let dots = format!("eyJ{}", ".eyJ".repeat(300_000));
    scanner.feed(dots.as_bytes(), &mut |_| count += 1);
    scanner.finish(&mut |_| count += 1);
    assert_eq!(count, 0);
    check(&format!("{hostile} {}", arm()), &[(1, 1_200_002)]);
}

#[test]
fn a_token_that_is_too_long_is_not_passed_over() {
    let title = |log: &str| {
        let found = scan(log.as_bytes(), usize::MAX);
        let titles = found
            .iter()
            .map(|leak| (leak.line, leak.column, leak.finding().title));
        titles.collect::<Vec<_>>()
    };
    let too_long = "what begins like a token, and is too long to read";
    for bytes in [50_000, 60_000, 1_000_000] {
        let token = jwt(&format!(
            r#"{{"aud":"x","groups":"{}"}}"#,
            "g".repeat(bytes)
        ));
        assert!(token.len() > MAX_TOKEN_BYTES);
        let log = format!("a\nt={token}&junk.{token} {}", arm());
        let found = title(&log);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[0], (2, 3, too_long.into()));
        assert_eq!(found[1], (2, token.len() as u64 + 9, too_long.into()));
    }
    let end = "a".repeat(2 * MAX_TOKEN_BYTES);
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
    check(&format!("{header}.z{end}.x"), &[]);
    check(&format!("{header}{end}.x"), &[]);
    let long_signature = format!("{}{end}", arm());
    assert!(
        title(&long_signature)[0]
            .2
            .starts_with("an access token for")
    );
}

proptest! {
    #[test]
    fn pieces_make_no_difference(before in "[ -~\n]{0,40}", after in "[^A-Za-z0-9_=.%-][ -~]{0,40}", piece in 1..60usize) {
        let log = format!("{before} {}{after}", arm());
        let whole = scan(log.as_bytes(), usize::MAX);
        let pieces = scan(log.as_bytes(), piece);
        prop_assert_eq!(whole.len(), 1);
        let place = |found: &[Leak]| found.iter().map(|leak| (leak.line, leak.column)).collect::<Vec<_>>();
        prop_assert_eq!(place(&whole), place(&pieces));
    }

    #[test]
    fn no_part_of_a_token_is_in_a_result(secret in "[A-Za-z0-9_-]{20,120}", claim in "[ -~]{0,40}") {
        let payload = serde_json::json!({"aud": claim, "uti": secret}).to_string();
        let whole = jwt(&payload);
        let (rest, _) = whole.rsplit_once('.').unwrap();
        let token = format!("{rest}.{secret}");
        let found = scan(format!("Bearer {token}").as_bytes(), usize::MAX);
        prop_assert_eq!(found.len(), 1);
        let shown = format!("{found:?}{:?}", found[0].finding());
        for part in token.as_bytes().windows(9) {
            let part = std::str::from_utf8(part).unwrap();
            // What the catalogue says of any token has the beginning that all have.
            prop_assert!(!shown.contains(part), "{}", part);
        }
    }
}
