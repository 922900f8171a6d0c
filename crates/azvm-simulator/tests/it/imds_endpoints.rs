//! IMDS's endpoints beside tokens and the instance document, and its habits on the wire.

use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::wire::{Answer, connect, exchange, get, imds, send, start, start_toml};

const EVENTS: &str = "/metadata/scheduledevents?api-version=2020-07-01";

/// The healthy scenario with more in it.
fn healthy_with(vm: &str, more: &str) -> String {
    let healthy = include_str!("../../scenarios/healthy.toml");
    let id = "id = \"fa4e0000-0003-4000-8000-000000000001\"\n";
    assert!(healthy.contains(id));
    format!(
        "{}\n{more}",
        healthy.replacen(id, &format!("{id}{vm}\n"), 1)
    )
}

#[tokio::test]
async fn the_attested_document_is_signed_by_whom_it_says() {
    let simulator = start("healthy").await;
    let target = "/metadata/attested/document?api-version=2018-10-01&nonce=1234567890";
    let answer = imds(&simulator, target).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!(body["encoding"], "pkcs7");
    let der = STANDARD
        .decode(body["signature"].as_str().unwrap())
        .unwrap();

    let statement = statement(&der);
    let read: Value = serde_json::from_slice(statement).unwrap();
    assert_eq!(read["nonce"], "1234567890");
    assert_eq!(read["vmId"], simulator.world().vm_id());
    assert_eq!(read["subscriptionId"], simulator.world().subscription_id());
    assert!(
        read["timeStamp"]["expiresOn"]
            .as_str()
            .unwrap()
            .ends_with(" -0000")
    );

    // The key is the one that signs tokens; its signature is the last value in the message.
    let keys = get(
        &simulator.arm_http_endpoint(),
        "/common/discovery/keys",
        &[],
    )
    .await
    .json();
    let number = |name: &str| {
        let text = keys["keys"][0][name].as_str().unwrap();
        URL_SAFE_NO_PAD.decode(text).unwrap()
    };
    let key = RsaPublicKeyComponents {
        n: number("n"),
        e: number("e"),
    };
    let signature = &der[der.len() - 256..];
    assert!(
        key.verify(&RSA_PKCS1_2048_8192_SHA256, statement, signature)
            .is_ok()
    );
    verify_with_openssl(&der, simulator.ca_pem(), statement);
}

/// The JSON in the message; there are no other braces in a row.
fn statement(der: &[u8]) -> &[u8] {
    let find = |needle: &[u8]| {
        der.windows(needle.len())
            .position(|window| window == needle)
    };
    let start = find(b"{\"licenseType\"").unwrap();
    let length = der[start..].iter().position(|byte| *byte == b'}').unwrap();
    let _ = length;
    let vm = find(b"\"vmId\"").unwrap();
    let end = vm + der[vm..].iter().position(|byte| *byte == b'}').unwrap();
    &der[start..=end]
}

/// Somebody else's reading of the message, where it is installed.
#[expect(clippy::print_stderr, reason = "a skipped check has to say so")]
fn verify_with_openssl(der: &[u8], ca_pem: &str, statement: &[u8]) {
    let folder = std::env::temp_dir().join(format!("azvm-attested-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let [message, ca] = ["message.der", "ca.pem"].map(|name| folder.join(name));
    std::fs::write(&message, der).unwrap();
    std::fs::write(&ca, ca_pem).unwrap();
    let mut command = Command::new("openssl");
    command.args([
        "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", "-in",
    ]);
    command.arg(&message).arg("-CAfile").arg(&ca);
    let output = command.stdin(Stdio::null()).output();
    std::fs::remove_dir_all(&folder).unwrap();
    match output {
        Err(error) => eprintln!("skipped: openssl does not run: {error}"),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}");
            assert_eq!(output.stdout, statement);
        }
    }
}

#[tokio::test]
async fn a_nonce_is_short_and_alphanumeric() {
    let simulator = start("healthy").await;
    let target = "/metadata/attested/document?api-version=2020-09-01";
    assert_eq!(imds(&simulator, target).await.status, 200);
    for nonce in ["a-b", "%22", &"1".repeat(33)] {
        let answer = imds(&simulator, &format!("{target}&nonce={nonce}")).await;
        assert_eq!(answer.json()["error"], "invalid_request", "{nonce}");
    }
    let old = "/metadata/attested/document?api-version=2017-12-01";
    assert!(imds(&simulator, old).await.json()["newest-versions"].is_array());
}

#[tokio::test]
async fn scheduled_events_are_listed_acknowledged_and_started() {
    let event = "[[event]]\ntype = 'Reboot'\nin_seconds = 600\ndescription = 'soon'\n";
    let simulator = start_toml(&healthy_with("", event)).await;
    let read = async || imds(&simulator, EVENTS).await.json();
    let document = read().await;
    let first = &document["Events"][0];
    assert_eq!(
        (
            &document["DocumentIncarnation"],
            &first["EventType"],
            &first["EventStatus"]
        ),
        (&json!(1), &json!("Reboot"), &json!("Scheduled"))
    );
    assert_eq!(first["Resources"], json!(["vm-azvm-demo"]));
    assert!(first["NotBefore"].as_str().unwrap().ends_with(" GMT"));
    let id = first["EventId"].as_str().unwrap();

    let post = async |body: &str| {
        let request = format!(
            "POST {EVENTS} HTTP/1.1\r\nHost: x\r\nMetadata: true\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        exchange(
            &mut connect(&simulator.imds_endpoint()).await,
            request.as_bytes(),
        )
        .await
        .status
    };
    assert_eq!(post("{}").await, 400);
    assert_eq!(post(r#"{"StartRequests":[{"EventId":"x"}]}"#).await, 400);
    assert_eq!(
        post(&format!(r#"{{"StartRequests":[{{"EventId":"{id}"}}]}}"#)).await,
        200
    );
    let started = read().await;
    assert_eq!(started["DocumentIncarnation"], 2);
    assert_eq!(
        (
            &started["Events"][0]["EventStatus"],
            &started["Events"][0]["NotBefore"]
        ),
        (&json!("Started"), &json!(""))
    );

    simulator.schedule_event("Freeze", 60).unwrap();
    assert!(simulator.schedule_event("Party", 60).is_err());
    let status = |document: Value| document["Events"][1]["EventStatus"].clone();
    assert_eq!(status(read().await), "Scheduled");
    simulator
        .clock()
        .advance(std::time::Duration::from_secs(61));
    assert_eq!(status(read().await), "Started");
}

#[tokio::test]
async fn a_balancer_is_there_for_vms_with_a_public_address() {
    let target = "/metadata/loadbalancer?api-version=2020-10-01";
    assert_eq!(imds(&start("healthy").await, target).await.status, 404);
    let interface = "[[vm.interface]]\nmac = '000d3afa4e02'\nprivate_ip = '10.1.0.4'\nfurther_ips = ['10.1.0.5']\npublic_ip = '203.0.113.7'\nipv6 = ['fd00::4']\n";
    let simulator = start_toml(&healthy_with(interface, "")).await;
    let public = imds(&simulator, target).await.json();
    assert_eq!(
        public["loadbalancer"]["publicIpAddresses"],
        json!([{ "frontendIpAddress": "203.0.113.7", "privateIpAddress": "10.1.0.4" }])
    );
    let network = imds(
        &simulator,
        "/metadata/instance/network?api-version=2021-02-01",
    )
    .await
    .json();
    let interface = &network["interface"][0];
    assert_eq!(interface["macAddress"], "000D3AFA4E02");
    assert_eq!(
        interface["ipv4"]["ipAddress"][1],
        json!({ "privateIpAddress": "10.1.0.5", "publicIpAddress": "" })
    );
    assert_eq!(
        interface["ipv6"]["ipAddress"][0]["privateIpAddress"],
        "fd00::4"
    );
}

#[tokio::test]
async fn a_scale_sets_vm_says_so() {
    let uniform = "scale_set = { name = 'vmss', uniform_instance = 3 }\ncompute = { zone = '2', priority = 'Spot' }";
    let simulator = start_toml(&healthy_with(uniform, "")).await;
    let compute = imds(
        &simulator,
        "/metadata/instance/compute?api-version=2021-02-01",
    )
    .await
    .json();
    assert_eq!(compute["vmScaleSetName"], "vmss");
    assert!(
        compute["resourceId"]
            .as_str()
            .unwrap()
            .ends_with("/virtualMachineScaleSets/vmss/virtualMachines/3")
    );
    assert_eq!(
        (&compute["zone"], &compute["priority"]),
        (&json!("2"), &json!("Spot"))
    );
    assert!(compute.get("physicalZone").is_none());
    let newer = imds(
        &simulator,
        "/metadata/instance/compute?api-version=2023-11-15",
    )
    .await
    .json();
    assert_eq!(newer["physicalZone"], "");
    // Such an identity is the scale set's.
    let token = crate::wire::arm_token(&simulator, "").await;
    let mirid = crate::wire::claims(&token)["xms_mirid"].clone();
    assert!(
        mirid
            .as_str()
            .unwrap()
            .ends_with("/virtualMachineScaleSets/vmss"),
        "{mirid}"
    );
}

#[tokio::test]
async fn a_selector_may_be_passed_over_in_silence() {
    let simulator = start_toml(&healthy_with(
        "",
        "[imds]\nignored_selectors = ['mi_res_id']\n",
    ))
    .await;
    let world = simulator.world();
    let user = &world.user_identities()[0];
    let ask = async |name: &str| {
        let token =
            crate::wire::arm_token(&simulator, &format!("&{name}={}", user.resource_id)).await;
        crate::wire::claims(&token)["oid"].clone()
    };
    assert_eq!(ask("msi_res_id").await, user.object_id);
    assert_eq!(
        ask("mi_res_id").await,
        world.system_identity().unwrap().object_id
    );
}

#[tokio::test]
async fn what_is_no_http_is_refused_in_imdss_name() {
    let simulator = start("healthy").await;
    for bytes in [
        &b"GET / HTTP/9.9\r\n\r\n"[..],
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
    ] {
        let mut stream = connect(&simulator.imds_endpoint()).await;
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{bytes:?}: {answer}");
        assert_eq!(
            answer.matches("server: IMDS/150.870.65.1854\r\n").count(),
            1,
            "{answer}"
        );
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn limits_are_those_that_azure_documents() {
    let simulator = start("healthy").await;
    simulator.clock().set_speed(0);
    simulator.set_rate_limits(true);
    let statuses = async |target: &str, count: usize| {
        let mut statuses = Vec::new();
        for _ in 0..count {
            statuses.push(imds(&simulator, target).await);
        }
        statuses
    };
    let ok = |answers: &[Answer]| answers.iter().filter(|answer| answer.status == 200).count();
    let identity = statuses("/metadata/identity/info?api-version=2018-02-01", 25).await;
    assert_eq!(ok(&identity), 20);
    let last = identity.last().unwrap();
    assert_eq!(
        (last.status, last.body.as_str()),
        (
            429,
            r#"{"error":"too_many_requests","error_description":"Temporarily throttled, too many requests"}"#
        )
    );
    assert_eq!(last.header("server"), "IMDS/150.870.65.1854");
    assert_eq!(ok(&statuses("/metadata/versions", 10).await), 5);
    // A probe costs nothing and is never throttled.
    assert_eq!(
        send(&simulator.imds_endpoint(), "GET", "/metadata/versions", &[])
            .await
            .status,
        400
    );
    simulator.clock().advance(std::time::Duration::from_secs(1));
    assert_eq!(ok(&statuses("/metadata/versions", 1).await), 1);
    simulator.set_rate_limits(false);
    assert_eq!(ok(&statuses("/metadata/versions", 30).await), 30);
}

#[tokio::test]
async fn more_than_five_token_requests_at_a_time_are_too_many() {
    let slow = "[imds]\nrate_limits = true\nidentity_delay_milliseconds = 2000\n";
    let simulator = start_toml(&healthy_with("", slow)).await;
    let target = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/";
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nMetadata: true\r\n\r\n");
    let mut streams = Vec::new();
    for _ in 0..8 {
        let mut stream = connect(&simulator.imds_endpoint()).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    let mut statuses = Vec::new();
    for stream in &mut streams {
        statuses.push(
            crate::wire::read_answer(stream, false)
                .await
                .unwrap()
                .status,
        );
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429, 429]);
}
