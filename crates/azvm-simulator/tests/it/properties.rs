//! Any sequence of changes and requests is survived, and answered with a documented status.

use azvm_simulator::{Listen, Scenario, Simulator};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::wire::{address, arm_token, connect, read_answer};

/// One step; who is asked, and the bytes.
#[derive(Clone, Debug)]
enum Step {
    Admin(&'static str, Value),
    Imds(String),
    Arm(String, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let name = prop::sample::select(vec!["id-azvm-demo", "id-a", "id-b", "a/b", ""]);
    let id = prop::sample::select(vec![
        "fa4e0000-0004-4000-8000-00000000000b",
        "fa4e0000-0008-4000-8000-000000000001",
        "fa4e0000-0009-4000-8000-000000000001",
        "x",
    ]);
    let scope = prop::sample::select(vec!["subscription", "resource-group", "/", "//", "x"]);
    let front = prop::sample::select(vec![
        json!(null),
        json!("docker-desktop"),
        json!("guest-proxy-agent"),
        json!("http-proxy-407"),
        json!("azure-arc"),
        json!("x"),
    ]);
    let number = any::<u32>();
    let admin = (
        prop::sample::select(vec![
            "/attach", "/detach", "/delete-identity", "/recreate-identity", "/system-identity", "/grant", "/revoke", "/deny",
            "/undeny", "/tenant", "/clock", "/rate-limits", "/front", "/forget-tokens", "/event", "/member", "/fault", "/x",
        ]),
        (name, id, scope, front, number, any::<bool>()),
    )
        .prop_map(|(path, (name, id, scope, front, number, flag))| {
            let body = match path {
                "/attach" => json!({ "name": name, "visible_after_seconds": number }),
                "/detach" | "/delete-identity" | "/recreate-identity" => json!({ "name": name }),
                "/system-identity" | "/rate-limits" => json!({ "on": flag }),
                "/grant" => json!({ "principal_id": id, "role": "Reader", "scope": scope, "propagation_seconds": [number, 0] }),
                "/deny" => json!({ "name": name, "scope": scope }),
                "/revoke" | "/undeny" | "/tenant" => json!({ "id": id }),
                "/clock" if flag => json!({ "advance_seconds": number }),
                "/clock" => json!({ "speed": number }),
                "/front" => json!({ "server": if flag { "imds" } else { "arm" }, "kind": front }),
                "/event" => json!({ "type": "Reboot", "in_seconds": number }),
                "/member" => json!({ "group_id": id, "object_id": id, "member": flag }),
                "/fault" => json!({ "server": "imds", "path_prefix": "/metadata/instance", "status": 503, "times": 1, "probability": 0.5 }),
                _ => json!({}),
            };
            Step::Admin(path, body)
        });
    let imds = "(/metadata(/(identity/oauth2/token|identity/info|instance(/(compute|network|é|0|name)){0,3}|versions|attested/document|scheduledevents|loadbalancer))?|/[a-z/.%]{0,8})\\?(api-version=(2018-02-01|2021-02-01|x)&)?(resource=https://management.azure.com/?&)?(client_id=[a-f0-9-]{0,4}&)?(format=(text|json|x)&)?(nonce=[a-z0-9]{0,40})?"
        .prop_map(Step::Imds);
    let arm = ("(/subscriptions(/fa4e0000-0002-4000-8000-000000000001(/resource[gG]roups(/rg-azvm-demo(/resources|/providers/Microsoft.Compute/virtualMachines(/vm-azvm-demo)?)?)?|/locations|/providers/Microsoft.Authorization/(roleAssignments|permissions|denyAssignments|roleDefinitions)(/x)?)?)?|/tenants|/[a-z/%]{0,8})\\?(api-version=(2022-04-01|x))?(&\\$filter=(atScope\\(\\)|assignedTo\\('x'\\)|x))?(&\\$skiptoken=[0-9x]{0,3})?", any::<bool>())
        .prop_map(|(target, is_put)| Step::Arm(target, is_put));
    prop_oneof![admin, imds, arm]
}

/// What Azure documents for these services, and what those in front of them answer.
const DOCUMENTED: [u16; 17] = [
    200, 201, 204, 400, 401, 403, 404, 405, 407, 409, 410, 429, 500, 502, 503, 504, 421,
];

async fn run(steps: &[Step], seed: u32) -> Vec<(u16, String)> {
    let text = include_str!("../../scenarios/healthy.toml").replacen(
        "[azure]",
        &format!("[azure]\n# {seed}"),
        1,
    );
    let text = format!("seed = {seed}\n{text}");
    let listen = Listen::default().with_admin("127.0.0.1:0".parse().unwrap());
    let simulator = Simulator::start(Scenario::from_toml(&text).unwrap(), listen)
        .await
        .unwrap();
    simulator.clock().set_speed(0);
    let token = arm_token(&simulator, "").await;
    let mut answers = Vec::new();
    for step in steps {
        let (endpoint, request) = bytes(&simulator, step, &token);
        let mut stream = connect(&endpoint).await;
        tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes())
            .await
            .unwrap();
        let Some(answer) = read_http(&mut stream).await else {
            panic!("no answer to {step:?}");
        };
        assert!(DOCUMENTED.contains(&answer.0), "{step:?}: {answer:?}");
        answers.push(answer);
    }
    simulator.set_imds_front(None);
    simulator.clear_faults();
    simulator.set_rate_limits(false);
    assert_eq!(
        crate::wire::imds(&simulator, "/metadata/versions")
            .await
            .status,
        200
    );
    answers
}

/// The status and the body; Docker's HTTP/1.0, too.
async fn read_http(stream: &mut tokio::net::TcpStream) -> Option<(u16, String)> {
    let mut first = [0; 9];
    tokio::io::AsyncReadExt::read_exact(stream, &mut first)
        .await
        .ok()?;
    let mut rest = &b"HTTP/1.1 "[..];
    let mut whole = tokio::io::AsyncReadExt::chain(&mut rest, stream);
    let answer = read_answer(&mut whole, false).await?;
    Some((answer.status, answer.body))
}

fn bytes(simulator: &Simulator, step: &Step, token: &str) -> (String, String) {
    let (endpoint, first, more, body) = match step {
        Step::Admin(path, body) => (
            simulator.admin_endpoint().unwrap(),
            format!("POST {path}"),
            String::new(),
            body.to_string(),
        ),
        Step::Imds(target) => (
            simulator.imds_endpoint(),
            format!("GET {}", target.replace('é', "%C3%A9")),
            "Metadata: true\r\n".to_owned(),
            String::new(),
        ),
        Step::Arm(target, is_put) => (
            simulator.arm_http_endpoint(),
            format!("{} {target}", if *is_put { "PUT" } else { "GET" }),
            format!("Authorization: Bearer {token}\r\n"),
            "{}".to_owned(),
        ),
    };
    let request = format!(
        "{first} HTTP/1.1\r\nHost: {}\r\n{more}Content-Length: {}\r\n\r\n{body}",
        address(&endpoint),
        body.len()
    );
    (endpoint, request)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_leaves_the_documented_statuses(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(&steps, 1));
    }

    #[test]
    fn the_same_seed_gives_the_same_statuses(steps in prop::collection::vec(step(), 1..20), seed in any::<u32>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let statuses = |answers: Vec<(u16, String)>| answers.into_iter().map(|(status, _)| status).collect::<Vec<_>>();
        let (first, second) = runtime.block_on(async { (run(&steps, seed).await, run(&steps, seed).await) });
        prop_assert_eq!(statuses(first), statuses(second));
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes() {
    let steps = [
        Step::Imds(
            "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://bogus"
                .to_owned(),
        ),
        Step::Admin("/attach", json!({ "name": "id-a" })),
        Step::Arm("/subscriptions?api-version=2022-12-01".to_owned(), false),
        Step::Admin(
            "/grant",
            json!({ "principal_id": "fa4e0000-0004-4000-8000-00000000000b", "role": "Owner", "scope": "/" }),
        ),
    ];
    let (mut first, mut second) = (run(&steps, 7).await, run(&steps, 7).await);
    // The one thing that is not from the seed is the time.
    for answers in [&mut first, &mut second] {
        let mut refusal: Value = serde_json::from_str(&answers[0].1).unwrap();
        for timed in ["timestamp", "error_description"] {
            refusal[timed] = Value::Null;
        }
        answers[0].1 = refusal.to_string();
    }
    assert_eq!(first, second);
}
