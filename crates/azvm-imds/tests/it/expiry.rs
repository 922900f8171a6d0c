//! When a token ends: `expires_on` first, then `expires_in`, whatever form they have.

use crate::golden::{ask, ok};
use azvm_exchange::Timestamp;
use azvm_imds::IdentitySelector;

const NOW: i64 = 1_795_258_709;

/// `members` is what the answer says about its expiry; `expected` is `expires_on` and the seconds of `expires_in`.
#[track_caller]
fn check(members: &str, expected: Option<(i64, u64)>) {
    let body = format!(r#"{{"access_token":"t"{members}}}"#);
    let read = ask(IdentitySelector::System).read(&ok(&body), Timestamp::from_unix_seconds(NOW));
    let read = read.map(|token| {
        (
            token.expires_on().unix_seconds(),
            token.expires_in().as_secs(),
        )
    });
    match expected {
        Some(expected) => assert_eq!(read, Ok(expected), "{members}"),
        None => assert_eq!(
            read.map_err(|error| error.summary()),
            Err("neither expires_on nor expires_in can be read".into()),
            "{members}"
        ),
    }
}

#[test]
fn both_are_kept_as_sent_even_when_they_disagree() {
    check(
        r#","expires_in":"86400","expires_on":"1795345109""#,
        Some((1_795_345_109, 86_400)),
    );
    check(
        r#","expires_in":"60","expires_on":"1795345109""#,
        Some((1_795_345_109, 60)),
    );
    check(
        r#","expires_on":"1795345109","expires_in":"60""#,
        Some((1_795_345_109, 60)),
    );
}

#[test]
fn a_missing_one_is_derived_from_the_other() {
    for absent in [
        "",
        r#","expires_in":"""#,
        r#","expires_in":null"#,
        r#","expires_in":"soon""#,
    ] {
        let members = format!(r#"{absent},"expires_on":"{}""#, NOW + 100);
        check(&members, Some((NOW + 100, 100)));
    }
    for absent in [
        "",
        r#","expires_on":"""#,
        r#","expires_on":{}"#,
        r#","expires_on":false"#,
    ] {
        let members = format!(r#"{absent},"expires_in":100"#);
        check(&members, Some((NOW + 100, 100)));
    }
}

#[test]
fn a_small_expires_on_is_relative() {
    check(r#","expires_on":"86399""#, Some((NOW + 86_399, 86_399)));
    check(r#","expires_on":0"#, Some((NOW, 0)));
    check(
        r#","expires_on":"978307199""#,
        Some((NOW + 978_307_199, 978_307_199)),
    );
    check(r#","expires_on":"978307200""#, Some((978_307_200, 0)));
    check(
        r#","expires_in":"60","expires_on":"86399""#,
        Some((NOW + 60, 60)),
    );
}

#[test]
fn a_token_of_the_past_is_read_and_has_nothing_left() {
    check(r#","expires_on":"1506484173""#, Some((1_506_484_173, 0)));
    check(r#","expires_in":"-5""#, Some((NOW - 5, 0)));
    check(r#","expires_on":"-5""#, Some((-5, 0)));
    check(
        r#","expires_in":"-5","expires_on":"1795345109""#,
        Some((1_795_345_109, 0)),
    );
}

#[test]
fn huge_numbers_saturate_or_do_not_count() {
    let max = i64::MAX;
    check(
        &format!(r#","expires_on":"{max}""#),
        Some((max, u64::try_from(max - NOW).unwrap())),
    );
    check(
        &format!(r#","expires_in":{max}"#),
        Some((max, u64::try_from(max).unwrap())),
    );
    check(
        &format!(r#","expires_in":{}"#, i64::MIN),
        Some((i64::MIN + NOW, 0)),
    );
    check(
        &format!(r#","expires_on":{}"#, i64::MIN),
        Some((i64::MIN, 0)),
    );
    check(r#","expires_on":"9223372036854775808""#, None);
    check(
        r#","expires_on":1e300,"expires_in":18446744073709551615"#,
        None,
    );
}

#[test]
fn a_date_is_read_in_every_known_form() {
    for date in [
        "11/05/2021 15:18:31 +00:00",
        "11/5/2021 3:18:31 PM +00:00",
        "2021-11-05T15:18:31.0000000+00:00",
        "2021-11-05T15:18:31Z",
        "2021-11-05T16:18:31+01:00",
        "11/05/2021 15:18:31",
        "2021-11-05 15:18:31",
    ] {
        check(
            &format!(r#","expires_on":"{date}""#),
            Some((1_636_125_511, 0)),
        );
        check(
            &format!(r#","expires_in":60,"expires_on":"{date}""#),
            Some((1_636_125_511, 60)),
        );
    }
}

#[test]
fn a_date_is_never_a_lifetime() {
    check(r#","expires_on":"1970-01-01T00:10:00Z""#, Some((600, 0)));
    check(r#","expires_on":"600""#, Some((NOW + 600, 600)));
}

#[test]
fn a_date_that_cannot_be_read_leaves_it_to_expires_in() {
    for odd in [
        "tomorrow",
        "13/01/2026 00:00:00",
        "09/14/2017 00:00:00 PM +00:00",
    ] {
        check(&format!(r#","expires_on":"{odd}""#), None);
        check(
            &format!(r#","expires_on":"{odd}","expires_in":60"#),
            Some((NOW + 60, 60)),
        );
    }
    check(r#","expires_in":"2026-11-21T00:00:00Z""#, None);
}

#[test]
fn a_fraction_of_a_second_is_cut_off() {
    check(
        r#","expires_on":1795345109.9"#,
        Some((1_795_345_109, 86_400)),
    );
    check(r#","expires_on":"1795345109.9""#, None);
}

#[test]
fn without_any_expiry_there_is_no_token() {
    check("", None);
    check(r#","expires_in":"","expires_on":null"#, None);
    check(
        r#","ext_expires_in":"86399","not_before":"1795258709""#,
        None,
    );
}
