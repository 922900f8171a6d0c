//! For every code of the catalogue a world that yields it, and a list of those that no test can have.

use crate::ran::Ran;
use crate::replies::{
    ARM_AUDIENCE, CLIENT_ID, GROUP, OBJECT_ID, OTHER_ID, Reply, TENANT, assigned, challenge,
    claims, denied, forbidden, group_answer, in_secs, jwt, machine_body, machine_id, system_only,
    token_body,
};
use crate::wire::{Deed, Route};
use crate::world::World;
use azvm_diagnostics::CheckId::{
    ArmReachable, ArmTarget, HostPlatform, ImdsIdentity, ImdsReachable, ImdsToken, TokenClaims,
};
use azvm_diagnostics::Severity::{Fail, Note, Warn};
use azvm_diagnostics::catalogue::{EVIDENCE, Entry};
use azvm_diagnostics::facts::Trouble;
use azvm_diagnostics::{CheckId, Severity, Status, catalogue};
use azvm_exchange::{Failure, FailureKind, Phase};
use azvm_imds::{Audience, IdentitySelector};
use azvm_simulator::{Listen, Scenario, Simulator};
use serde_json::json;
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tokio::net::TcpSocket;

pub(crate) struct Case {
    pub(crate) code: &'static str,
    pub(crate) check: CheckId,
    pub(crate) severity: Severity,
    pub(crate) exit: u8,
    pub(crate) world: fn() -> World,
}

/// Every case of this file and of `identity`.
pub(crate) fn cases() -> Vec<Case> {
    let groups = [
        host(),
        network(),
        service(),
        identity(),
        claimed(),
        arm(),
        access(),
        refusals(),
        crate::access::cases(),
        crate::identity::cases(),
    ];
    groups.into_iter().flatten().collect()
}

/// Codes without a case here, each with the reason, and with the test that has it instead.
const EXCEPTIONS: [(&str, &str); 6] = [
    (
        "ARM-005",
        "needs a machine without certificate authorities; see `unreachable`",
    ),
    (
        "ARM-001",
        "needs a name that a resolver does not know, hence a question to the network; see `unreachable`",
    ),
    (
        "NET-001",
        "loopback is always reachable; see `unreachable`, and azvm-doctor's tests in a network namespace",
    ),
    (
        "NET-004",
        "needs a firewall or cgroup rule, hence root; see `unreachable`",
    ),
    (
        "NET-012",
        "needs a variable in the environment and IMDS at its own address; see `environment`",
    ),
    (
        "RID-000",
        "the linter's word for what it has no code for; no text is known that gets it",
    ),
];

/// What `decode-error` alone finds; its tests are beside it.
const DECODED: [&str; 11] = [
    "ARM-015",
    "CODE-024",
    "IDSEL-016",
    "IDSEL-017",
    "IDSEL-022",
    "RBAC-010",
    "RBAC-014",
    "RBAC-017",
    "RBAC-022",
    "RBAC-024",
    "RID-014",
];

#[track_caller]
pub(crate) fn check(cases: &[Case]) {
    for case in cases {
        let ran = (case.world)().run();
        check_one(case, &ran);
    }
}

/// Evidence has names of the catalogue, and something of what the entry says that it looks at is there.
#[track_caller]
fn evidence(entry: &Entry, ran: &Ran) {
    let checks = &ran.diagnosis.checks;
    let shown: Vec<&str> = checks
        .iter()
        .flat_map(|check| check.evidence.iter().map(|(name, _)| *name))
        .collect();
    let is_known = |name: &str| EVIDENCE.iter().any(|evidence| evidence.key == name);
    let unknown: Vec<_> = shown.iter().filter(|name| !is_known(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let is_there = entry.evidence.iter().any(|it| shown.contains(&it.key));
    assert!(is_there, "{}: {shown:?}", entry.code);
}

#[track_caller]
fn check_one(case: &Case, ran: &Ran) {
    let code = case.code;
    let shown = ran.verbose_text();
    let finding = ran.finding(code);
    assert_eq!(finding.severity, case.severity, "{code}\n{shown}");
    assert_eq!(ran.exit(), case.exit, "{code}\n{shown}");
    evidence(finding.entry, ran);
    let causes: &[&str] = match case.severity {
        Note => &[],
        _ => &[code],
    };
    assert_eq!(ran.causes(), causes, "{code}\n{shown}");
    let check = ran.check(case.check);
    let is_there = check
        .findings
        .iter()
        .any(|finding| finding.entry.code == code);
    assert!(is_there, "{code} is not at {:?}\n{shown}", case.check);
    // What follows from a failure is not made, and says so.
    for after in &ran.diagnosis.checks {
        if case.severity == Fail && after.id.depends_on().contains(&case.check) {
            let because = vec![code];
            assert_eq!(after.status, Status::Skipped { because }, "{code}\n{shown}");
        }
    }
}

pub(crate) fn fail(code: &'static str, check: CheckId, world: fn() -> World) -> Case {
    Case {
        code,
        check,
        severity: Fail,
        exit: 1,
        world,
    }
}

pub(crate) fn warn(code: &'static str, check: CheckId, world: fn() -> World) -> Case {
    Case {
        code,
        check,
        severity: Warn,
        exit: 0,
        world,
    }
}

impl Case {
    fn exits_with(self, exit: u8) -> Self {
        Self { exit, ..self }
    }
}

/// A world where the token is refused like this, however often it is asked for.
fn token(reply: Reply) -> World {
    World::healthy().with(Route::Token, reply)
}

/// A world where the target is answered like this.
fn target(reply: Reply) -> World {
    World::healthy().with(Route::Target, reply)
}

fn as_client(world: World, id: &str) -> World {
    let selector = IdentitySelector::ClientId(id.parse().unwrap());
    world.asking(|config| config.with_selector(selector))
}

fn for_audience(world: World, audience: &str) -> World {
    let audience = Audience::new(audience).unwrap();
    world.asking(|config| config.with_audience(audience))
}

/// ARM's certificate leads to an authority that nobody was told about.
fn untrusted() -> World {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scenario = Scenario::named("healthy").unwrap();
    let start = Simulator::start(scenario, Listen::default());
    let simulator = runtime.block_on(start).unwrap();
    World::healthy().with_arm_at(simulator.arm_endpoint(), (simulator, runtime))
}

fn host() -> Vec<Case> {
    vec![
        fail("HOST-001", HostPlatform, || {
            World::healthy()
                .without_imds()
                .with_asset_tag("Example Laptop 0001")
        })
        .exits_with(6),
        fail("HOST-002", ImdsReachable, || {
            let reply = Reply::new(404, "<html>not found</html>").with("Server", "EC2ws");
            World::healthy().with(Route::ImdsProbe, reply)
        })
        .exits_with(6),
        fail("HOST-003", ImdsReachable, || {
            let body = json!({"error": "unauthorized_client", "error_description": "Missing Basic Authorization header"});
            let reply = Reply::new(401, body.to_string())
                .with("WWW-Authenticate", "Basic realm=/var/opt/azcmagent/tokens/x.key");
            World::healthy().with(Route::ImdsProbe, reply)
        })
        .exits_with(6),
        fail("HOST-007", ImdsReachable, || {
            let words = "connecting to 169.254.169.254:80: dial tcp 169.254.169.254:80: connectex: A socket operation \
                         was attempted to an unreachable network.";
            World::healthy().with(Route::ImdsProbe, Reply::new(403, words))
        }),
        warn("HOST-009", HostPlatform, || {
            let probed = Reply::imds_error(400, "invalid_request", "Required metadata header not specified");
            World::healthy()
                .with(Route::ImdsProbe, probed.dated(-600))
                .with(Route::ArmProbe, challenge(TENANT).dated(-600))
        }),
        warn("HOST-011", HostPlatform, || {
            World::healthy().with_compute(&json!({"azEnvironment": "AzureGermanCloud"}))
        }),
        warn("IMDS-022", ImdsReachable, || {
            World::healthy().with(Route::Instance, Reply::imds(404, "{}"))
        }),
    ]
}

fn network() -> Vec<Case> {
    vec![
        fail("NET-002", ImdsReachable, || {
            let (address, held) = full_backlog();
            World::healthy()
                .with_imds_at(format!("http://{address}"), held)
                .in_real_time()
        }),
        fail("NET-003", ImdsReachable, || World::healthy().without_imds()),
        fail("NET-014", ImdsReachable, || {
            World::healthy().with_imds(Reply::new(404, "not found"))
        }),
        fail("NET-019", ImdsReachable, || {
            World::healthy().with(Route::ImdsProbe, Deed::Hang(Duration::from_secs(3)))
        }),
    ]
}

/// A listener that is full: the kernel leaves the next connection unanswered.
fn full_backlog() -> (SocketAddr, impl Sized + 'static) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        socket.listen(1).unwrap()
    });
    let address = listener.local_addr().unwrap();
    let mut waiting = vec![];
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
        waiting.push(stream);
        assert!(waiting.len() < 100, "the backlog never fills");
    }
    (address, (listener, waiting, runtime))
}

fn service() -> Vec<Case> {
    vec![
        fail("IMDS-001", ImdsToken, || {
            token(Reply::imds_error(
                404,
                "not_found",
                "The resource is not there",
            ))
        }),
        fail("IMDS-002", ImdsToken, || {
            token(Reply::imds_error(
                410,
                "gone",
                "The service is being updated",
            ))
        }),
        fail("IMDS-003", ImdsToken, || {
            token(Reply::new(429, "Temporarily throttled, too many requests"))
        }),
        fail("IMDS-004", ImdsToken, || {
            token(Reply::imds_error(
                500,
                "unknown",
                "Failed to retrieve token from the directory",
            ))
        }),
        fail("IMDS-006", ImdsToken, || {
            token(Reply::imds_error(
                503,
                "service_unavailable",
                "Try again later",
            ))
        }),
        fail("IMDS-007", ImdsToken, || {
            token(Reply::imds_error(401, "unknown_source", "Unknown Source"))
        }),
        fail("IMDS-008", ImdsToken, || {
            token(Reply::imds_error(
                400,
                "invalid_request",
                "Required metadata header not specified",
            ))
        }),
        fail("IMDS-009", ImdsToken, || {
            let body = json!({
                "error": "Bad request. api-version is invalid or was not specified in the request.",
                "newest-versions": ["2025-04-07", "2024-07-17", "2024-03-15"],
            });
            token(Reply::imds(400, body.to_string()))
        }),
        fail("IMDS-010", ImdsReachable, || {
            World::healthy().with_imds(Reply::new(403, "").with("Connection", "close"))
        }),
        fail("IMDS-013", ImdsReachable, || {
            World::healthy().with_imds(Reply::new(502, "").with("Connection", "close"))
        }),
        fail("IMDS-018", ImdsToken, || token(Reply::imds(200, "{}"))),
    ]
}

fn identity() -> Vec<Case> {
    fn not_found() -> Reply {
        Reply::imds_error(400, "invalid_request", "Identity not found")
    }
    vec![
        fail("IDSEL-001", ImdsIdentity, || token(not_found())),
        fail("IDSEL-002", ImdsIdentity, || {
            let words = "Multiple user assigned identities exist, please specify the clientId / resourceId of the \
                         identity in the token request";
            token(Reply::imds_error(400, "invalid_request", words))
        }),
        fail("IDSEL-003", ImdsIdentity, || {
            as_client(World::healthy(), OTHER_ID)
        }),
        fail("IDSEL-005", ImdsIdentity, || {
            let token = token_body(&jwt(&claims(ARM_AUDIENCE)), CLIENT_ID);
            let found = Reply::imds(200, token.to_string());
            as_client(World::healthy(), OBJECT_ID).with_all(Route::Token, [not_found(), found])
        }),
        fail("IDSEL-007", ImdsIdentity, || {
            as_client(token(not_found()), OTHER_ID)
        }),
        fail("RID-016", ImdsIdentity, || {
            let selector = IdentitySelector::ResourceId(machine_id("web-07").parse().unwrap());
            token(not_found()).asking(|config| config.with_selector(selector))
        }),
    ]
}

fn claimed() -> Vec<Case> {
    fn wrong_audience() -> Reply {
        let words = "The access token has been obtained for wrong audience or resource.";
        Reply::arm_error(401, "InvalidAuthenticationTokenAudience", words)
    }
    vec![
        fail("TOKEN-001", TokenClaims, || {
            for_audience(
                target(wrong_audience()),
                "https://management.usgovcloudapi.net/",
            )
        }),
        fail("TOKEN-002", TokenClaims, || {
            let target_id = format!("/subscriptions/{TENANT}").parse().unwrap();
            for_audience(target(wrong_audience()), "https://storage.azure.com/")
                .asking(|config| config.with_target(target_id).unwrap())
        }),
        fail("TOKEN-003", ImdsToken, || {
            for_audience(
                token(Reply::imds_error(400, "invalid_resource", "AADSTS500011")),
                "https://management.azure.com/.default",
            )
        }),
        fail("TOKEN-004", ImdsToken, || {
            for_audience(
                token(Reply::imds_error(400, "invalid_resource", "AADSTS500011")),
                "https://management.azure.example/",
            )
        }),
        fail("TOKEN-007", TokenClaims, || {
            target(Reply::arm_error(
                401,
                "InvalidAuthenticationTokenTenant",
                "wrong issuer",
            ))
            .with(Route::ArmProbe, challenge(OTHER_ID))
        }),
        warn("TOKEN-009", TokenClaims, || {
            let model = machine_body("web-08", &system_only()).to_string();
            World::healthy()
                .with_compute(&json!({"resourceId": machine_id("web-08")}))
                .with(Route::Model, Reply::arm(200, model))
        }),
        warn("TOKEN-011", TokenClaims, || {
            World::healthy().with_claims(&json!({"nbf": in_secs(600)}))
        }),
        warn("TOKEN-012", ImdsToken, || {
            let mut body = token_body(&jwt(&claims(ARM_AUDIENCE)), CLIENT_ID);
            body["expires_in"] = json!("0");
            body["expires_on"] = json!(in_secs(-60).to_string());
            token(Reply::imds(200, body.to_string()))
        }),
        fail("TOKEN-015", ImdsToken, || {
            token(Reply::imds_error(
                400,
                "unauthorized_client",
                "AADSTS700016: Application not found",
            ))
        }),
        fail("TOKEN-017", ImdsToken, || {
            token(Reply::imds_error(400, "access_denied", "Access denied"))
        }),
    ]
}

fn arm() -> Vec<Case> {
    vec![
        fail("ARM-003", ArmReachable, || World::healthy().without_arm()),
        fail("ARM-004", ArmReachable, untrusted),
        fail("ARM-007", ArmReachable, || {
            World::healthy().with_arm_asked_over_tls()
        }),
        fail("ARM-009", ArmReachable, || {
            let reply = Reply::new(407, "").with("Proxy-Authenticate", "Basic realm=\"corp\"");
            World::healthy().with(Route::ArmProbe, reply)
        }),
        fail("ARM-011", ArmTarget, || target(challenge(TENANT))),
        fail("ARM-012", ArmTarget, || {
            target(Reply::arm_error(
                401,
                "InvalidAuthenticationToken",
                "The access token is invalid.",
            ))
        }),
        fail("ARM-014", ArmTarget, || {
            let words = "The api-version '2021-04-01' is invalid.";
            target(Reply::arm_error(400, "InvalidApiVersionParameter", words))
        }),
        fail("ARM-021", ArmTarget, || {
            target(Reply::arm_error(
                409,
                "Conflict",
                "Another operation is in progress.",
            ))
        }),
        fail("ARM-016", ArmTarget, || {
            let words = "The request is being throttled as the limit has been reached.";
            target(
                Reply::arm_error(429, "SubscriptionRequestsThrottled", words)
                    .with("Retry-After", "7"),
            )
        }),
        fail("ARM-017", ArmTarget, || {
            target(Reply::arm_error(503, "ServerTimeout", "Try again later."))
        }),
        fail("ARM-023", ArmReachable, || {
            World::healthy().with(Route::ArmProbe, Deed::Close)
        }),
        fail("ARM-019", ArmReachable, || {
            let page = Reply::new(200, "<html>sign in to the guest network</html>");
            World::healthy().with(Route::ArmProbe, page)
        }),
        fail("TOKEN-005", ArmTarget, || {
            let words = "The access token expiry UTC time is earlier than current UTC time.";
            target(Reply::arm_error(401, "ExpiredAuthenticationToken", words))
        }),
    ]
}

fn refusals() -> Vec<Case> {
    vec![
        fail("RBAC-018", ArmTarget, || {
            let words = "Resource was disallowed by policy.";
            target(Reply::arm_error(403, "RequestDisallowedByPolicy", words))
        }),
        fail("RBAC-020", ArmTarget, || {
            let words = "The client has permission on the scope, but not on the linked scope.";
            target(Reply::arm_error(403, "LinkedAuthorizationFailed", words))
        }),
    ]
}

fn access() -> Vec<Case> {
    vec![
        fail("RBAC-001", ArmTarget, || {
            target(denied()).with(Route::RoleAssignments, Reply::arm(200, r#"{"value":[]}"#))
        }),
        fail("RBAC-002", ArmTarget, || {
            let list = assigned(in_secs(-120), in_secs(-120));
            target(denied()).with(Route::RoleAssignments, list)
        }),
        fail("RBAC-004", ArmTarget, || {
            target(forbidden(
                OTHER_ID,
                "Microsoft.Resources/subscriptions/resourceGroups/read",
            ))
        }),
        fail("RBAC-005", ArmTarget, || {
            let list = assigned(in_secs(-86_400), in_secs(-86_400));
            target(denied())
                .with(Route::RoleAssignments, list)
                .with(Route::RoleDefinition, crate::access::starter())
        }),
        fail("RBAC-006", ArmTarget, || {
            let words = format!(
                "The client '{CLIENT_ID}' with object id '{OBJECT_ID}' has permission to perform action 'A/read' on \
                 scope 'S'; however, the access is denied because of the deny assignment with name 'N' and Id 'I' at \
                 scope 'T'."
            );
            target(Reply::arm_error(
                403,
                "DenyAssignmentAuthorizationFailed",
                &words,
            ))
        }),
        fail("RBAC-007", ArmTarget, || {
            let words = format!(
                "The client '{CLIENT_ID}' with object id '{OBJECT_ID}' has an authorization with ABAC condition that \
                 is not fulfilled to perform action 'A/read' over scope 'S'."
            );
            target(Reply::arm_error(403, "AuthorizationFailed", &words))
        }),
        Case {
            code: "RBAC-016",
            check: ArmTarget,
            severity: Note,
            exit: 0,
            world: || {
                World::healthy()
                    .with_all(Route::Target, [group_answer(), denied(), group_answer()])
                    .waiting(60)
            },
        },
        fail("RBAC-021", ArmTarget, || target(denied())),
        fail("RBAC-026", ArmTarget, || {
            target(Reply::arm_error(404, "NotFound", "Not found."))
        }),
        fail("RID-006", ArmTarget, || {
            target(Reply::arm_error(
                404,
                "SubscriptionNotFound",
                "The subscription could not be found.",
            ))
        }),
        fail("RID-007", ArmTarget, || {
            let words = format!("Resource group '{GROUP}' could not be found.");
            target(Reply::arm_error(404, "ResourceGroupNotFound", &words))
        }),
    ]
}

#[test]
fn what_is_wrong_with_the_machine_is_found() {
    check(&host());
}

#[test]
fn what_is_wrong_with_the_way_to_imds_is_found() {
    check(&network());
}

#[test]
fn what_is_wrong_with_imds_is_found() {
    check(&service());
}

#[test]
fn what_is_wrong_with_the_identity_is_found() {
    check(&identity());
}

#[test]
fn what_is_wrong_with_the_token_is_found() {
    check(&claimed());
}

#[test]
fn what_is_wrong_with_the_way_to_arm_is_found() {
    check(&arm());
}

#[test]
fn what_is_wrong_with_the_rights_is_found() {
    check(&access());
    check(&refusals());
}

/// Codes that need no case here: emitted by `azvm_resource_id::lint`, shown by `lint-id`, and tested with the linter's
/// own table.
fn linted() -> BTreeSet<&'static str> {
    let table = include_str!("../../../azvm-resource-id/tests/data/findings.jsonl");
    let texts = table.lines().map(|line| {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        case["text"].as_str().unwrap().to_string()
    });
    // The table has no text as long as that.
    let too_long = "x".repeat(azvm_resource_id::MAX_LENGTH_BYTES + 1);
    texts
        .chain([too_long])
        .flat_map(|text| azvm_resource_id::lint(&text))
        .map(|finding| finding.code())
        .collect()
}

#[test]
fn every_code_has_a_case_or_a_reason() {
    let mut covered: Vec<&str> = cases().iter().map(|case| case.code).collect();
    covered.extend(EXCEPTIONS.iter().map(|(code, _)| *code));
    // What the machine itself tells has a table of its own, where each code has both worlds.
    covered.extend(crate::pairs::codes());
    covered.extend(crate::access::CODES);
    let is_found = |entry: &&&Entry| entry.detection.is_found();
    let known: Vec<&str> = catalogue::CATALOGUE
        .iter()
        .filter(is_found)
        .map(|entry| entry.code)
        .collect();
    let mut linted = linted();
    // What is found offline, too, is tested with the program that finds it.
    linted.extend(crate::requests::CODES);
    linted.extend(["CODE-017", "IDSEL-014"]);
    linted.extend(DECODED);
    let without: Vec<_> = known
        .iter()
        .filter(|code| !covered.contains(code) && !linted.contains(*code))
        .collect();
    assert!(without.is_empty(), "no case for {without:?}");
    let unknown: Vec<_> = covered
        .iter()
        .chain(&linted)
        .filter(|code| !known.contains(code))
        .collect();
    assert!(
        unknown.is_empty(),
        "not found, says the catalogue: {unknown:?}"
    );
    covered.sort_unstable();
    let twice: Vec<_> = covered
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .collect();
    assert!(twice.is_empty(), "twice: {twice:?}");
}

#[test]
fn who_signed_a_certificate_that_is_not_trusted_is_evidence() {
    let ran = untrusted().run();
    let issuer = ran.evidence(ArmReachable, "certificate_issuer").unwrap();
    assert!(issuer.starts_with("CN="), "{issuer}");
    let finding = ran.finding("ARM-004");
    let cause = finding.cause.as_deref().unwrap();
    assert!(
        cause.ends_with(&format!("it is signed by {issuer}")),
        "{cause}"
    );
    let ends = ran.evidence(ArmReachable, "certificate_not_after").unwrap();
    assert!(
        ends > ran
            .evidence(ArmReachable, "certificate_not_before")
            .unwrap()
    );
    // Nothing of the kind is asked when the handshake is fine or never began.
    assert!(
        World::healthy()
            .without_arm()
            .run()
            .facts
            .arm
            .certificate
            .is_none()
    );
}

#[test]
fn a_handshake_that_fails_for_a_reason_of_its_own_says_which() {
    let refused = untrusted().run();
    let shown = |kind, phase| {
        let ran = refused.with_facts(|facts| {
            let failure = Failure::new(kind, phase, "in rustls's words".into());
            facts.arm.probe.as_mut().unwrap().answer = Err(Trouble::Silent(failure));
        });
        crate::reports::check_sound(&ran);
        let finding = ran.finding(ran.causes()[0]);
        let cause = finding.cause.clone().unwrap();
        (finding.title.clone(), cause, finding.remedy.text.clone())
    };
    let subject = refused
        .evidence(ArmReachable, "certificate_subject")
        .unwrap();
    let (title, cause, fix) = shown(FailureKind::CertificateName, Phase::Tls);
    assert_eq!(title, "ARM's certificate is for another name");
    assert!(
        cause.contains(&format!("; it is for {subject}; it is signed by ")),
        "{cause}"
    );
    assert!(!fix.contains("Install"), "{fix}");
    let (title, cause, fix) = shown(FailureKind::ClientCertificate, Phase::FirstByte);
    assert!(title.ends_with("demands a client certificate"), "{title}");
    assert!(
        cause.contains("signed by") && !fix.contains("old TLS"),
        "{cause} {fix}"
    );
    let (title, _, fix) = shown(FailureKind::NoTls, Phase::Tls);
    assert!(
        title.ends_with("does not speak TLS") && !fix.contains("old TLS"),
        "{title} {fix}"
    );
    let (title, cause, fix) = shown(FailureKind::Tls, Phase::Tls);
    assert_eq!(title, "the TLS handshake with ARM fails");
    assert!(
        fix.contains("old TLS") && !cause.contains("it is for"),
        "{cause} {fix}"
    );
}

#[test]
fn a_healthy_world_has_no_findings() {
    let ran = World::healthy().run();
    assert_eq!(ran.codes(), Vec::<&str>::new(), "{}", ran.verbose_text());
    assert_eq!(ran.exit(), 0);
    let statuses = ran
        .diagnosis
        .checks
        .iter()
        .map(|check| check.status.as_str());
    assert!(statuses.eq(["ok"; 7]));
}
