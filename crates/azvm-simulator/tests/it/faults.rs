//! Faults of the scenario file, from outside.

use crate::wire::{TOKEN, arm, arm_token, get, imds, start, start_toml};

const THROTTLED: &str = r#"{"error":"too_many_requests","error_description":"Temporarily throttled, too many requests"}"#;

fn with_fault(fault: &str) -> String {
    format!(
        "{}\n[[fault]]\n{fault}",
        include_str!("../../scenarios/healthy.toml")
    )
}

#[tokio::test]
async fn two_token_requests_are_throttled_and_probes_do_not_count() {
    let simulator = start("throttled").await;
    let target = format!("{TOKEN}&resource=https://management.azure.com/");
    for expected in [429, 429, 200, 200] {
        assert_eq!(
            get(&simulator.imds_endpoint(), &target, &[]).await.status,
            400
        );
        assert_eq!(
            imds(&simulator, "/metadata/identity/info?api-version=2018-02-01")
                .await
                .status,
            200
        );
        let answer = imds(&simulator, &target).await;
        assert_eq!(answer.status, expected);
        assert_eq!(answer.body == THROTTLED, expected == 429);
        assert_eq!(answer.header("server"), "IMDS/150.870.65.1854");
        assert_eq!(answer.header("retry-after"), "");
    }
}

#[tokio::test]
async fn an_update_takes_down_the_identity_endpoints_only() {
    let simulator = start("updating").await;
    for _ in 0..4 {
        assert_eq!(
            imds(
                &simulator,
                &format!("{TOKEN}&resource=https://management.azure.com/")
            )
            .await
            .status,
            410
        );
        assert_eq!(
            imds(&simulator, "/metadata/identity/info?api-version=2018-02-01")
                .await
                .status,
            410
        );
        assert_eq!(
            get(&simulator.imds_endpoint(), TOKEN, &[]).await.status,
            400
        );
        assert_eq!(imds(&simulator, "/metadata/versions").await.status, 200);
    }
    assert!(simulator.issued_tokens().is_empty());
}

#[tokio::test]
async fn an_update_ends_by_itself() {
    let simulator = start_toml(&with_fault(
        "server = 'imds'\npath_prefix = '/metadata/identity'\nstatus = 410\nseconds = 1\n",
    ))
    .await;
    let mut statuses = Vec::new();
    while statuses.last() != Some(&200) {
        statuses.push(
            imds(
                &simulator,
                &format!("{TOKEN}&resource=https://management.azure.com/"),
            )
            .await
            .status,
        );
    }
    assert_eq!(statuses[0], 410);
    // The journal's figure is taken a moment before the fault's.
    assert!(simulator.journal().last().unwrap().at_millis >= 900);
}

#[tokio::test]
async fn arm_can_fail_too() {
    let fault = "server = 'arm'\npath_prefix = '/Subscriptions'\nstatus = 503\ntimes = 1\nretry_after = 7\nbody = 'later'\n";
    let simulator = start_toml(&with_fault(fault)).await;
    let token = arm_token(&simulator, "").await;
    let answer = arm(&simulator, &token, "//subscriptions?api-version=2022-12-01").await;
    assert_eq!(
        (
            answer.status,
            answer.body.as_str(),
            answer.header("retry-after")
        ),
        (503, "later", "7")
    );
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(
        arm(&simulator, &token, "/subscriptions?api-version=2022-12-01")
            .await
            .status,
        200
    );
}
