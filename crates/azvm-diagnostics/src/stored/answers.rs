//! Answers of services, put together from what a report says of them and read as if they had just come.
//!
//! So nothing but the readers of the protocol crates makes their errors, and a stored report can say no more than a server
//! could.

use super::StoredError;
use super::text::Text;
use super::wire;
use azvm_arm::ArmError;
use azvm_exchange::{Response, Secret, Timestamp, UnreadForm};
use azvm_imds::{
    Audience, ClaimsError, Guid, IdentitySelector, IgnoredSelector, Malformed, ProtocolError,
    Rejection, Responder, TokenRequest, UnverifiedClaims,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

/// Who answered, as it stands in a report.
const RESPONDERS: [(Responder, &str); 11] = [
    (Responder::ArcAgent, "arc_agent"),
    (Responder::DockerDesktop, "docker_desktop"),
    (Responder::GuestProxyAgent, "guest_proxy_agent"),
    (Responder::HttpProxy, "http_proxy"),
    (Responder::IisFront, "iis_front"),
    (Responder::Imds, "imds"),
    (Responder::ImdsLike, "imds_like"),
    (Responder::ImdsThroughAgent, "imds_through_agent"),
    (Responder::OtherCloud, "other_cloud"),
    (Responder::PodIdentity, "pod_identity"),
    (Responder::Unknown, "unknown"),
];

pub(super) fn responder_name(responder: Responder) -> &'static str {
    let row = RESPONDERS.iter().find(|(known, _)| *known == responder);
    row.map_or("unknown", |(_, name)| name)
}

pub(super) fn responder(name: &Text) -> Responder {
    let row = RESPONDERS.iter().find(|(_, known)| *known == name.as_str());
    row.map_or(Responder::Unknown, |(responder, _)| *responder)
}

/// A text that was made fit to be shown, as a reader would leave it again: readers trim what they are sent, and blanks at
/// an end stand for something else that was there.
fn sent(text: &Text) -> String {
    let text = text.as_str();
    let inner = text.trim();
    match text.split_once(inner) {
        Some((before, after)) if !inner.is_empty() => {
            let mark = |blanks: &str| "\u{1}".repeat(blanks.chars().count());
            format!("{}{inner}{}", mark(before), mark(after))
        }
        _ => "\u{1}".repeat(text.chars().count()),
    }
}

fn headers(pairs: &[(&str, Option<&Text>)]) -> Vec<(String, String)> {
    let there = pairs
        .iter()
        .filter_map(|(name, value)| Some(((*name).to_string(), sent((*value)?))));
    there.collect()
}

fn members(pairs: &[(&str, Option<&Text>)]) -> Map<String, Value> {
    let there = pairs
        .iter()
        .filter_map(|(name, value)| Some(((*name).to_string(), sent((*value)?).into())));
    there.collect()
}

/// A refusal of IMDS, or of somebody in its place, with the marks of whoever it was.
pub(super) fn rejection(wire: &wire::Rejection) -> Rejection {
    let responder = responder(&wire.responder);
    // A code without the member `error` is nobody's form.
    let (error, description) = match responder {
        Responder::Unknown => ("code", "message"),
        _ => ("error", "error_description"),
    };
    let mut body = members(&[
        (error, wire.error.as_ref()),
        (description, wire.description.as_ref()),
    ]);
    if !wire.newest_versions.is_empty() {
        let versions: Vec<String> = wire.newest_versions.iter().map(sent).collect();
        body.insert("newest-versions".into(), json!(versions));
    }
    let mut headers = headers(&[("x-ms-request-id", wire.request_id.as_ref())]);
    if let Some(secs) = wire.retry_after_s {
        headers.push(("retry-after".into(), secs.to_string()));
    }
    let words = wire.description.as_ref().map(sent);
    let body = marked(responder, body, words, &mut headers);
    let form = wire.unread.as_ref().map(Text::as_str);
    let body = match form.and_then(UnreadForm::from_word) {
        Some(form) => unread(form, responder, &mut headers),
        None => body,
    };
    Rejection::read(&Response::new(wire.status, headers, body))
}

/// A body that is known for this form, and for nothing in it.
fn unread(form: UnreadForm, responder: Responder, headers: &mut Vec<(String, String)>) -> Vec<u8> {
    match form {
        UnreadForm::Utf16 if responder == Responder::ImdsLike => b"{\0}\0".to_vec(),
        UnreadForm::Utf16 => b"\xff\xfe".to_vec(),
        form => {
            headers.push(("content-encoding".into(), form.as_str().into()));
            b"\xff".to_vec()
        }
    }
}

/// The body and headers by which a responder is known; `words` are what one that writes plain text wrote.
fn marked(
    responder: Responder,
    body: Map<String, Value>,
    words: Option<String>,
    headers: &mut Vec<(String, String)>,
) -> Vec<u8> {
    let mut mark = |name: &str, value: &str| headers.push((name.into(), value.into()));
    let is_empty = body.is_empty();
    let json = Value::Object(body).to_string();
    match responder {
        Responder::Imds => mark("server", "IMDS/0"),
        Responder::ImdsThroughAgent => {
            mark("server", "IMDS/0");
            mark("x-ms-azure-host-authorization", "");
        }
        Responder::OtherCloud => mark("metadata-flavor", "other"),
        Responder::HttpProxy => mark("via", "proxy"),
        Responder::ArcAgent => mark("www-authenticate", "Basic realm=restored.key"),
        Responder::IisFront => mark("server", "Microsoft-IIS/0"),
        Responder::GuestProxyAgent => {
            mark("connection", "close");
            return Vec::new();
        }
        Responder::DockerDesktop => {
            return plain(responder, words, "connecting to 169.254.169.254");
        }
        Responder::PodIdentity => {
            return plain(responder, words, "failed to refresh token, error: adal");
        }
        Responder::ImdsLike => {}
        // The mark before a body keeps it from being taken for IMDS's.
        _ if is_empty => return Vec::new(),
        _ => return format!("\u{feff}{json}").into_bytes(),
    }
    json.into_bytes()
}

/// Reports of older versions have no words, and redaction may have changed those by which the responder is known.
fn plain(responder: Responder, words: Option<String>, usual: &str) -> Vec<u8> {
    let is_known = |words: &str| {
        let body = words.as_bytes().to_vec();
        Responder::of(&Response::new(403, Vec::new(), body)) == responder
    };
    let text = match words {
        Some(words) if is_known(&words) => words,
        Some(words) => format!("{usual}: {words}"),
        None => usual.into(),
    };
    text.into_bytes()
}

/// A refusal of ARM, or of somebody in its place.
pub(super) fn arm_error(wire: &wire::ArmRefusal) -> ArmError {
    let words = |code: &Option<Text>, message: &Option<Text>| {
        members(&[("code", code.as_ref()), ("message", message.as_ref())])
    };
    let mut error = words(&wire.code, &wire.message);
    let details = wire.details.iter();
    let details: Vec<_> = details.map(|it| words(&it.code, &it.message)).collect();
    error.insert("details".into(), json!(details));
    let mut headers = headers(&[
        ("x-ms-request-id", wire.request_id.as_ref()),
        ("x-ms-correlation-request-id", wire.correlation_id.as_ref()),
        ("x-ms-routing-request-id", wire.routing_id.as_ref()),
        ("x-ms-failure-cause", wire.failure_cause.as_ref()),
        ("via", wire.via.as_ref()),
        ("server", wire.server.as_ref()),
        ("x-squid-error", wire.squid_error.as_ref()),
        ("x-azure-ref", wire.edge_ref.as_ref()),
    ]);
    if wire.is_page {
        headers.push(("content-type".into(), "text/html".into()));
    }
    headers.extend(wire.budget.iter().chain(&wire.budgets).map(budget_header));
    if let Some(secs) = wire.retry_after_s {
        headers.push(("retry-after".into(), secs.to_string()));
    }
    if let Some(challenge) = &wire.challenge {
        headers.push(("www-authenticate".into(), challenge_header(challenge)));
    }
    let body = match wire.is_bare {
        true => json!(error).to_string(),
        false => json!({ "error": error }).to_string(),
    };
    ArmError::read(&Response::new(wire.status, headers, body.into_bytes()))
}

fn budget_header(budget: &wire::Budget) -> (String, String) {
    let name = format!("x-ms-ratelimit-remaining-{}", sent(&budget.kind));
    let policy = budget.policy.as_ref().map(|policy| sent(policy) + ";");
    let value = format!("{}{}", policy.unwrap_or_default(), budget.remaining);
    (name, value)
}

fn challenge_header(challenge: &wire::Challenge) -> String {
    let quoted = |text: &Text| sent(text).replace('\\', "\\\\").replace('"', "\\\"");
    let parameters = [
        (
            "authorization_uri",
            challenge
                .tenant_id
                .as_ref()
                .map(|id| format!("https://host/{}", quoted(id))),
        ),
        ("error", challenge.error.as_ref().map(quoted)),
        (
            "error_description",
            challenge.description.as_ref().map(quoted),
        ),
        ("claims", claims_parameter(challenge)),
    ];
    let there = parameters
        .into_iter()
        .filter_map(|(name, value)| Some(format!(" {name}=\"{}\"", value?)));
    format!("Bearer{}", there.collect::<Vec<_>>().join(","))
}

/// Claims that nobody could read are none that anybody can.
fn claims_parameter(challenge: &wire::Challenge) -> Option<String> {
    let claims = challenge.claims.as_ref();
    let encoded = claims.map(|claims| STANDARD.encode(sent(claims)));
    encoded.or_else(|| challenge.has_claims.then(|| "!".into()))
}

pub(super) fn protocol_error(wire: &wire::Refusal) -> Result<ProtocolError, StoredError> {
    match wire {
        wire::Refusal::Rejected(rejected) => {
            Ok(ProtocolError::Rejected(Box::new(rejection(rejected))))
        }
        wire::Refusal::Malformed(malformed) => {
            Ok(ProtocolError::Malformed(self::malformed(malformed)?))
        }
        wire::Refusal::IgnoredSelector(ignored) => Ok(ProtocolError::IgnoredSelector(Box::new(
            ignored_selector(ignored)?,
        ))),
    }
}

/// What is wrong with a body is a fixed phrase of its reader: the bodies that get every reader to say its phrases.
fn malformed(wire: &wire::Malformed) -> Result<Malformed, StoredError> {
    let mut marks = Vec::new();
    marked(responder(&wire.responder), Map::new(), None, &mut marks);
    // The mark before a body keeps it from being taken for IMDS's.
    let prefix = match responder(&wire.responder) {
        Responder::ImdsLike => "",
        _ => "\u{feff}",
    };
    let bodies = [
        "",
        "{",
        "{}",
        "{\"access_token\":\"\"}",
        "{\"access_token\":\"token\",\"token_type\":\"other\"}",
        "{\"access_token\":\"token\"}",
    ];
    let by = responder(&wire.responder);
    let texts = bodies
        .iter()
        .map(|body| (format!("{prefix}{body}").into_bytes(), marks.clone()));
    let forms = UnreadForm::ALL.into_iter().map(|form| {
        let mut headers = marks.clone();
        (unread(form, by, &mut headers), headers)
    });
    let errors = texts.chain(forms).flat_map(|(body, headers)| {
        let response = Response::new(200, headers, body);
        [
            azvm_imds::read_instance(&response).err(),
            azvm_imds::read_identity_info(&response).err(),
            azvm_imds::read_versions(&response).err(),
            token_request(IdentitySelector::System)
                .read(&response, Timestamp::from_unix_seconds(0))
                .err(),
        ]
    });
    let known: Vec<Malformed> = errors
        .filter_map(|error| match error {
            Some(ProtocolError::Malformed(malformed)) => Some(malformed),
            _ => None,
        })
        .collect();
    let has_reason = |known: &&Malformed| known.reason() == wire.reason.as_str();
    let is_by = |known: &&Malformed| known.responder() == responder(&wire.responder);
    let same = known.iter().find(|known| has_reason(known) && is_by(known));
    // A reason of another version is still a body that is none.
    same.or_else(|| known.iter().find(is_by))
        .or_else(|| known.first())
        .copied()
        .ok_or_else(|| StoredError::new("no reader of this version calls a body malformed"))
}

fn token_request(selector: IdentitySelector) -> TokenRequest {
    let audience = Audience::new("audience").expect("one word is an audience");
    TokenRequest::new(audience, selector)
}

/// A token of somebody else.
fn ignored_selector(wire: &wire::IgnoredSelector) -> Result<IgnoredSelector, StoredError> {
    let place = "imds.token.answer.refused.ignored_selector";
    let asked = selector(place, &wire.asked, wire.asked_value.as_ref())?;
    let answered = sent(&wire.answered);
    let claims = json!({"appid": answered, "oid": answered, "xms_mirid": answered});
    let body = json!({
        "access_token": jwt(&claims),
        "client_id": answered,
        "expires_on": "4102444800",
    });
    let response = Response::new(200, Vec::new(), body.to_string().into_bytes());
    match token_request(asked).read(&response, Timestamp::from_unix_seconds(0)) {
        Err(ProtocolError::IgnoredSelector(ignored)) => Ok(*ignored),
        _ => Err(StoredError::at(
            place,
            "the identity that answered is the one asked for",
        )),
    }
}

pub(super) fn selector(
    place: &str,
    kind: &Text,
    value: Option<&Text>,
) -> Result<IdentitySelector, StoredError> {
    let value = value.map(Text::as_str).unwrap_or_default();
    let guid = || {
        value
            .parse::<Guid>()
            .map_err(|error| StoredError::at(place, error))
    };
    match kind.as_str() {
        "" | "system" => Ok(IdentitySelector::System),
        "client_id" => guid().map(IdentitySelector::ClientId),
        "object_id" => guid().map(IdentitySelector::ObjectId),
        "resource_id" => value
            .parse()
            .map(IdentitySelector::ResourceId)
            .map_err(|error| StoredError::at(place, error)),
        _ => Err(StoredError::at(place, "no such kind of selector")),
    }
}

/// Text in the shape of a JWT with these claims. Nobody's signature is under it.
fn jwt(claims: &Value) -> String {
    format!("e30.{}.", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

pub(super) fn claims(wire: &wire::Claims) -> Result<UnverifiedClaims, ClaimsError> {
    match wire {
        wire::Claims::Read(pairs) => {
            let pairs = pairs
                .iter()
                .map(|(name, value)| (name.clone(), sent(value).into()));
            let claims: Map<String, Value> = pairs.collect();
            UnverifiedClaims::read(&Secret::new(jwt(&claims.into())))
        }
        wire::Claims::Unreadable(why) => Err(claims_error(why)),
    }
}

/// As with [`malformed`]: the tokens that get the reader to say its phrases.
fn claims_error(why: &Text) -> ClaimsError {
    let unreadable = ["opaque", "a.!.c", "a.W10.c"];
    let errors = unreadable
        .iter()
        .filter_map(|token| UnverifiedClaims::read(&Secret::new((*token).into())).err());
    let errors: Vec<ClaimsError> = errors.collect();
    let same = errors
        .iter()
        .find(|error| error.to_string() == why.as_str());
    *same.unwrap_or(&errors[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_responder_is_known_again_by_its_marks() {
        for (responder, name) in RESPONDERS {
            let wire = wire::Rejection {
                status: match responder {
                    Responder::ArcAgent => 401,
                    Responder::IisFront | Responder::GuestProxyAgent => 500,
                    _ => 400,
                },
                error: (responder == Responder::ImdsLike).then(|| "invalid_request".into()),
                responder: name.into(),
                ..Default::default()
            };
            assert_eq!(rejection(&wire).responder(), responder);
            assert_eq!(responder_name(responder), name);
        }
    }

    #[test]
    fn words_survive_whoever_wrote_them() {
        for (name, words) in [
            ("imds", "a"),
            ("imds_like", "a"),
            ("unknown", "a"),
            ("http_proxy", "a"),
            ("docker_desktop", "connecting to 169.254.169.254:80: a"),
            (
                "pod_identity",
                "no azure identity found for request clientID",
            ),
        ] {
            let is_plain = matches!(name, "docker_desktop" | "pod_identity");
            let wire = wire::Rejection {
                status: 400,
                error: (!is_plain).then(|| "E".into()),
                description: Some(words.into()),
                responder: name.into(),
                ..Default::default()
            };
            let again = rejection(&wire);
            assert_eq!(responder_name(again.responder()), name);
            assert_eq!(again.description(), Some(words), "{name}");
            assert_eq!(again.error(), (!is_plain).then_some("E"), "{name}");
        }
    }

    #[test]
    fn a_form_that_is_not_read_is_known_again() {
        for form in UnreadForm::ALL {
            for name in ["imds", "imds_through_agent", "unknown"] {
                let wire = wire::Rejection {
                    status: 400,
                    responder: name.into(),
                    unread: Some(form.as_str().into()),
                    ..Default::default()
                };
                let again = rejection(&wire);
                assert_eq!(again.unread_form(), Some(form), "{name}");
                assert_eq!(responder_name(again.responder()), name);
            }
        }
    }

    #[test]
    fn blanks_at_the_ends_survive_the_readers() {
        for text in ["", " ", "a", "  a b ", "\u{2026}"] {
            let wire = wire::ArmRefusal {
                status: 403,
                code: Some(text.into()),
                message: Some(text.into()),
                challenge: Some(wire::Challenge {
                    error: Some(text.into()),
                    ..Default::default()
                }),
                ..Default::default()
            };
            let error = arm_error(&wire);
            let kept = Some(text).filter(|text| !text.is_empty());
            assert_eq!((error.code(), error.message()), (kept, kept));
            assert_eq!(error.challenge().unwrap().error.as_deref(), Some(text));
        }
    }

    #[test]
    fn phrases_of_readers_are_found_again() {
        for reason in [
            "the body is no instance document",
            "the body is no token answer",
            "token_type is not Bearer",
            "neither expires_on nor expires_in can be read",
            "the body is UTF-16, and JSON is UTF-8",
        ] {
            for name in ["imds", "imds_like", "unknown"] {
                let wire = wire::Malformed {
                    reason: reason.into(),
                    responder: name.into(),
                };
                let again = malformed(&wire).unwrap();
                assert_eq!(again.reason(), reason);
                assert_eq!(responder_name(again.responder()), name);
            }
        }
        for form in UnreadForm::ALL {
            let wire = wire::Malformed {
                reason: form.reason().into(),
                responder: "imds".into(),
            };
            assert_eq!(malformed(&wire).unwrap().reason(), form.reason());
        }
        let why = "the token's payload is not base64url";
        assert_eq!(claims_error(&why.into()).to_string(), why);
    }
}
