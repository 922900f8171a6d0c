//! Against a metadata service that is not ours, on the real address, in a network namespace of the test's own.
//!
//! 169.254.169.254 is never spoken to outside of such a namespace: on a VM it would be the real service.
#![expect(clippy::print_stderr, reason = "a test that cannot run here says why")]

use crate::namespaces::namespaced;
use crate::support::{BINARY, Run};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a run in a namespace with the stand-in said, and what it sent.
struct Exchange {
    run: Run,
    requests: Vec<String>,
}

impl Exchange {
    /// Nothing, and a printed reason, where namespaces cannot be had.
    fn with_stand_in(flags: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("requests.jsonl");
        let mut command = namespaced(PROBE, WITH_STAND_IN)?;
        command.arg(stand_in()).arg(&log).arg("env");
        for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY"] {
            let small = name.to_lowercase();
            command.args([name, &small].map(|name| format!("{name}={DEAD_PROXY}")));
        }
        command.args([BINARY, "--format", "json"]).args(flags);
        let run = Run::of(&mut command);
        let log = fs::read_to_string(&log).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
        let requests = log.lines().map(|line| {
            let entry: Value = serde_json::from_str(line).unwrap();
            entry["raw"].as_str().unwrap().to_owned()
        });
        Some(Self {
            requests: requests.collect(),
            run,
        })
    }

    /// The requests that ask for a token; the probe, which has no `Metadata` header, is none.
    fn token_requests(&self) -> Vec<&str> {
        let requests = self.requests.iter().map(String::as_str);
        requests
            .filter(|request| request.contains("/oauth2/token") && *request != probe())
            .collect()
    }
}

/// How the doctor asks who answers: without the header, so that no token can come back.
fn probe() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "GET /metadata/identity/oauth2/token?api-version=2018-02-01 HTTP/1.1\r\n\
         Host: 169.254.169.254\r\n\
         User-Agent: azvm/{version}\r\n\
         \r\n"
    )
}

/// The token request for `selector`, as it has to stand on the wire.
fn token_request(selector: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F{selector} HTTP/1.1\r\n\
         Host: 169.254.169.254\r\n\
         Metadata: true\r\n\
         User-Agent: azvm/{version}\r\n\
         \r\n"
    )
}

#[test]
fn without_a_flag_it_finds_the_real_address_past_dead_proxies() {
    let Some(exchange) = Exchange::with_stand_in(&[]) else {
        return;
    };
    let report = exchange.run.report();
    for id in [
        "imds.reachable",
        "imds.identity",
        "imds.token",
        "token.claims",
    ] {
        assert!(
            matches!(report.status(id), "ok" | "note"),
            "{id}: {report:#?}"
        );
    }
    assert!(report.codes().contains(&"NET-012"), "{report:#?}");
    // No name resolves and no route leads anywhere in here.
    assert_eq!(report.status("arm.reachable"), "fail", "{report:#?}");
    assert_eq!(report.status("arm.target"), "skipped", "{report:#?}");
    assert_eq!(exchange.run.code, Some(1), "{report:#?}");
    assert!(
        exchange.run.took < Duration::from_secs(20),
        "{:?}",
        exchange.run.took
    );
}

#[test]
fn the_token_request_is_exact_to_the_byte() {
    let Some(exchange) = Exchange::with_stand_in(&[]) else {
        return;
    };
    assert_eq!(exchange.token_requests(), [token_request("")]);
    for request in &exchange.requests {
        assert!(
            request.starts_with("GET /metadata/"),
            "absolute form or another path: {request:?}"
        );
        let lower = request.to_ascii_lowercase();
        for header in [
            "proxy-",
            "x-forwarded-for",
            "via:",
            "authorization",
            "cookie",
        ] {
            assert!(!lower.contains(header), "{header} in {request:?}");
        }
    }
}

#[test]
fn a_selector_stands_after_the_resource() {
    let id = "/subscriptions/5b2e9f70-0000-4000-8000-0000000000b2/resourceGroups/rg-stand-in\
              /providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-stand-in";
    let client = "21c0ffee-0000-4000-8000-000000000021";
    let object = "22c0ffee-0000-4000-8000-000000000022";
    for (flag, value, parameter) in [
        ("--client-id", client, format!("&client_id={client}")),
        ("--object-id", object, format!("&object_id={object}")),
        (
            "--resource-id",
            id,
            format!("&msi_res_id={}", id.replace('/', "%2F")),
        ),
    ] {
        let Some(exchange) = Exchange::with_stand_in(&[flag, value]) else {
            return;
        };
        assert_eq!(
            exchange.token_requests(),
            [token_request(&parameter)],
            "{flag}"
        );
        assert_eq!(exchange.run.report().status("imds.token"), "ok", "{flag}");
    }
}

#[test]
fn an_identity_that_is_not_there_is_asked_for_once() {
    let other = "99c0ffee-0000-4000-8000-000000000099";
    let Some(exchange) = Exchange::with_stand_in(&["--client-id", other]) else {
        return;
    };
    assert_eq!(exchange.run.code, Some(1), "{:#?}", exchange.run);
    assert_eq!(exchange.run.report().status("imds.identity"), "fail");
    // It may go on to try whether another kind of ID was meant, but asks nothing twice.
    let mut requests = exchange.token_requests();
    assert_eq!(
        requests.first(),
        Some(&token_request(&format!("&client_id={other}")).as_str())
    );
    let asked = requests.len();
    requests.sort_unstable();
    requests.dedup();
    assert_eq!(requests.len(), asked, "{requests:#?}");
}

#[test]
fn where_nothing_is_there_it_says_not_azure() {
    const AZURE_ASSET_TAG: &str = "7783-7084-3265-9085-8269-3286-77";
    let tag = fs::read_to_string("/sys/class/dmi/id/chassis_asset_tag").unwrap_or_default();
    if tag.trim() == AZURE_ASSET_TAG {
        return eprintln!("skipped: this is an Azure VM, and the doctor would rightly say so");
    }
    let Some(mut command) = namespaced(PROBE, WITH_NOTHING) else {
        return;
    };
    let run = Run::of(command.args([BINARY, "--format", "json"])).expect_code(6);
    assert_eq!(run.report().root_causes(), ["HOST-001"]);
    assert!(run.took < Duration::from_secs(5), "{run:#?}");
}

/// What every test here needs.
const PROBE: &str = "ip link set lo up && python3 -c 'import http.server'";

fn stand_in() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand_in/imds.py")
}

/// `$1` is the stand-in, `$2` its log; the rest is run once it listens.
const WITH_STAND_IN: &str = r#"
set -eu
stand_in=$1 log=$2
shift 2
ip link set lo up
ip address add 169.254.169.254/32 dev lo
python3 "$stand_in" 169.254.169.254:80 "$log" &
python3 - <<'END'
import socket, time
for _ in range(100):
    try:
        socket.create_connection(("169.254.169.254", 80), 1).close()
        break
    except OSError:
        time.sleep(0.05)
END
"$@"
"#;

const WITH_NOTHING: &str = r#"ip link set lo up && "$@""#;

/// The discard port of a loopback where nothing listens.
const DEAD_PROXY: &str = "http://127.0.0.1:9";
