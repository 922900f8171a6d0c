//! Our requests beside those of other clients, as recorded on the wire. The record is not part of this repository: where
//! it is not there, the test says so.

use azvm_exchange::HeaderValue;
use azvm_imds::{Audience, IdentitySelector, TokenRequest};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

const TOKEN_PATH: &str = "/metadata/identity/oauth2/token?";

/// One recorded request for a token.
struct Recorded {
    client: String,
    target: String,
    metadata: Option<String>,
}

fn recorded() -> Option<Vec<Recorded>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/real-client-requests.jsonl");
    let text = fs::read_to_string(path).ok()?;
    let rows = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let requests = rows.filter_map(|row| {
        let target = row["target"].as_str()?.to_owned();
        let headers = row["headers"].as_array()?;
        let metadata = headers
            .iter()
            .find(|header| {
                header[0]
                    .as_str()
                    .is_some_and(|name| name.eq_ignore_ascii_case("metadata"))
            })
            .and_then(|header| header[1].as_str());
        Some(Recorded {
            client: row["client"].as_str()?.to_owned(),
            metadata: metadata.map(ToOwned::to_owned),
            target,
        })
    });
    Some(requests.collect())
}

fn parameters(query: &str) -> Vec<(&str, String)> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter_map(|(name, value)| Some((name, azvm_exchange::decode_query_value(value)?)))
        .collect()
}

/// Our request for the same audience and identity.
fn ours(query: &str) -> Option<TokenRequest> {
    let (mut audience, mut selector) = (None, IdentitySelector::System);
    for (name, value) in parameters(query) {
        match name {
            "api-version" => {}
            "resource" => audience = Audience::new(value).ok(),
            "client_id" => selector = IdentitySelector::ClientId(value.parse().ok()?),
            "object_id" => selector = IdentitySelector::ObjectId(value.parse().ok()?),
            "msi_res_id" => selector = IdentitySelector::ResourceId(value.parse().ok()?),
            _ => return None,
        }
    }
    Some(TokenRequest::new(audience?, selector))
}

/// The parameters without the version, which some clients choose otherwise, in any order.
fn asked(target: &str) -> BTreeSet<(String, String)> {
    let (_, query) = target.split_once('?').unwrap();
    parameters(query)
        .into_iter()
        .filter(|(name, _)| *name != "api-version")
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

#[test]
#[expect(clippy::print_stderr, reason = "says that it skips")]
fn other_clients_ask_the_same_way() {
    let Some(recorded) = recorded() else {
        eprintln!("skipped: the record of other clients' requests is not beside this repository");
        return;
    };
    let (mut equal, mut same, mut selectors) = (BTreeSet::new(), 0, BTreeSet::new());
    for request in &recorded {
        let Some(query) = request.target.strip_prefix(TOKEN_PATH) else {
            continue;
        };
        let (Some(ask), Some(metadata)) = (ours(query), &request.metadata) else {
            continue;
        };
        let sent = ask.to_request();
        assert_eq!(
            asked(sent.target()),
            asked(&request.target),
            "{}",
            request.client
        );
        assert!(metadata.eq_ignore_ascii_case("true"), "{}", request.client);
        let ours: Vec<_> = sent
            .headers()
            .iter()
            .map(|header| (header.name, &header.value))
            .collect();
        assert_eq!(ours, [("Metadata", &HeaderValue::Public("true".into()))]);
        same += 1;
        selectors.insert(ask.selector().kind());
        if sent.target() == request.target {
            equal.insert(request.client.clone());
        }
    }
    assert!(same > 100, "{same} requests");
    assert_eq!(
        Vec::from_iter(selectors),
        ["client_id", "object_id", "resource_id", "system"]
    );
    // Several clients choose version, order and encoding as we do: byte for byte the same target.
    assert!(equal.len() >= 3, "{equal:?}");
}
