//! Others on the path, by the marks that tell them apart.

use azvm_simulator::Front;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::wire::{
    Answer, TOKEN, arm, arm_token, connect, connect_tls, get, imds, start, start_toml,
};

const RESOURCE: &str = "&resource=https://management.azure.com/";

async fn through(front: Front) -> Answer {
    let simulator = start("healthy").await;
    simulator.set_imds_front(Some(front));
    let answer = imds(&simulator, &format!("{TOKEN}{RESOURCE}")).await;
    assert_eq!(
        answer.header("server").contains("IMDS/"),
        front == Front::GuestProxyAgent
    );
    simulator.set_imds_front(None);
    assert_eq!(imds(&simulator, "/metadata/versions").await.status, 200);
    answer
}

#[tokio::test]
async fn proxies_and_portals_answer_in_html() {
    for (front, status) in [
        (Front::HttpProxy403, 403),
        (Front::HttpProxy407, 407),
        (Front::HttpProxy502, 502),
    ] {
        let answer = through(front).await;
        assert_eq!(answer.status, status);
        assert!(answer.body.starts_with("<!DOCTYPE html>"));
        assert!(
            answer.header("via").contains("squid") && !answer.header("x-squid-error").is_empty()
        );
        assert_eq!(
            answer.header("proxy-authenticate").is_empty(),
            status != 407
        );
    }
    let portal = through(Front::CaptivePortal).await;
    assert_eq!(
        (portal.status, portal.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
}

#[tokio::test]
async fn other_clouds_and_the_web_server_name_themselves() {
    assert_eq!(through(Front::Aws).await.header("server"), "EC2ws");
    assert_eq!(
        through(Front::GoogleCloud).await.header("metadata-flavor"),
        "Google"
    );
    let iis = through(Front::Iis).await;
    assert_eq!(
        (iis.status, iis.header("server"), iis.header("content-type")),
        (500, "Microsoft-IIS/10.0", "text/plain")
    );
}

#[tokio::test]
async fn docker_desktop_speaks_http_1_0() {
    let simulator = start("healthy").await;
    simulator.set_imds_front(Some(Front::DockerDesktop));
    let mut stream = connect(&simulator.imds_endpoint()).await;
    stream
        .write_all(b"GET /metadata/versions HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 403 Forbidden\r\n"), "{answer}");
    assert!(
        answer.contains("\r\n\r\nconnecting to 169.254.169.254:80: "),
        "{answer}"
    );
    assert!(
        answer.ends_with("A socket operation was attempted to an unreachable network."),
        "{answer}"
    );
}

#[tokio::test]
async fn the_agent_marks_what_it_forwards_and_denies_with_nothing() {
    let healthy = include_str!("../../scenarios/healthy.toml");
    let agent = "[imds]\nin_front = 'guest-proxy-agent'\ndenied_paths = ['/metadata/identity']\n";
    let simulator = start_toml(&format!("{healthy}\n{agent}")).await;
    let forwarded = imds(&simulator, "/metadata/versions").await;
    assert_eq!(
        (
            forwarded.status,
            forwarded.header("x-ms-azure-host-authorization")
        ),
        (200, "value")
    );
    for target in [
        &format!("{TOKEN}{RESOURCE}"),
        "//metadata/versions",
        "/metadata/%2e%2e/metadata/versions",
    ] {
        let denied = imds(&simulator, target).await;
        assert_eq!(
            (
                denied.status,
                denied.body.as_str(),
                denied.header("connection"),
                denied.header("server")
            ),
            (403, "", "close", ""),
            "{target}"
        );
    }
}

#[tokio::test]
async fn arc_gives_a_token_to_whoever_can_read_its_file() {
    let simulator = start("healthy").await;
    simulator.set_imds_front(Some(Front::AzureArc));
    let target = format!("/metadata/identity/oauth2/token?api-version=2020-06-01{RESOURCE}");
    let challenge = imds(&simulator, &target).await;
    assert_eq!(
        (challenge.status, challenge.json()["error"].as_str()),
        (401, Some("unauthorized_client"))
    );
    let path = challenge
        .header("www-authenticate")
        .strip_prefix("Basic realm=")
        .unwrap();
    assert!(path.ends_with(".key"), "{path}");
    let secret = std::fs::read_to_string(path).unwrap();
    let with = async |secret: &str| {
        let basic = format!("Authorization: Basic {secret}");
        get(
            &simulator.imds_endpoint(),
            &target,
            &["Metadata: true", &basic],
        )
        .await
        .status
    };
    assert_eq!(with("wrong").await, 401);
    assert_eq!(with(&secret).await, 200);
    assert!(!std::path::Path::new(path).exists(), "it is used up");
    assert_eq!(with(&secret).await, 401);
    assert!(!format!("{:?}", simulator.journal()).contains(&secret));

    let other = imds(&simulator, &target).await;
    let path = other
        .header("www-authenticate")
        .strip_prefix("Basic realm=")
        .unwrap()
        .to_owned();
    assert!(std::path::Path::new(&path).exists());
    simulator.shutdown().await;
    assert!(
        !std::path::Path::new(&path).exists(),
        "nothing is left behind"
    );
}

#[tokio::test]
async fn an_interceptor_is_not_trusted() {
    let simulator = start("healthy").await;
    simulator.set_arm_front(Some(Front::Interceptor));
    assert!(
        connect_tls(&simulator, simulator.ca_pem(), "localhost")
            .await
            .is_err()
    );
    // Who does not look at certificates notices nothing.
    let token = arm_token(&simulator, "").await;
    assert_eq!(
        arm(&simulator, &token, "/subscriptions?api-version=2022-12-01")
            .await
            .status,
        200
    );
    simulator.set_arm_front(Some(Front::CaptivePortal));
    let portal = arm(&simulator, &token, "/subscriptions?api-version=2022-12-01").await;
    assert_eq!((portal.status, portal.header("x-ms-request-id")), (200, ""));
    simulator.set_arm_front(None);
    assert!(
        connect_tls(&simulator, simulator.ca_pem(), "localhost")
            .await
            .is_ok()
    );
}
