//! Every scenario is played with everything logged, and then no token is found in the log nor in what any type shows.
//!
//! A binary of its own: the log is that of the whole process.

#![expect(clippy::unwrap_used, reason = "test code")]

use azvm_identity::{Audience, Cloud, Error, IdentitySelector, ManagedIdentity, ResourceManager};
use azvm_simulator::{Listen, Scenario, Simulator};
use std::fmt::{Debug, Write as _};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything that a program could print, collected.
#[derive(Default)]
struct Shown(String);

impl Shown {
    fn debug(&mut self, value: &dyn Debug) {
        writeln!(self.0, "{value:?} {value:#?}").unwrap();
    }

    fn error(&mut self, error: &Error) {
        self.debug(error);
        writeln!(self.0, "{error} {:?}", error.hints()).unwrap();
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            self.debug(&error);
            writeln!(self.0, "{error} {error:#}").unwrap();
            cause = error.source();
        }
    }
}

/// Scenarios without a usable identity, or with somebody else in IMDS's place.
const WITHOUT_TOKENS: [&str; 12] = [
    "azure-arc",
    "captive-portal",
    "deleted-identity",
    "docker-desktop",
    "guest-proxy-agent",
    "http-proxy",
    "no-identity",
    "not-azure",
    "other-cloud",
    "recreated-identity",
    "scale-set-left-out",
    "slow-identity",
];

#[tokio::test]
async fn no_scenario_shows_a_token() {
    let log = Log::default();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(log.clone())
        .init();
    let mut tokens = Vec::new();
    let mut shown = Shown::default();
    for scenario in Scenario::all() {
        let name = scenario.name().to_owned();
        let simulator = Simulator::start(scenario, Listen::default()).await.unwrap();
        play(&simulator, &mut shown).await;
        let issued = simulator.issued_tokens();
        let has_tokens = !WITHOUT_TOKENS.contains(&name.as_str());
        assert_eq!(!issued.is_empty(), has_tokens, "{name}");
        tokens.extend(issued);
    }

    let log = log.text();
    for expected in [
        "http_exchange",
        "path=\"/metadata/identity/oauth2/token\"",
        "status=200",
        "status=403",
    ] {
        assert!(log.contains(expected), "the log has no {expected}");
    }
    check_hidden(&tokens, "the log", &log);
    check_hidden(&tokens, "what the types show", &shown.0);
}

/// Asks for tokens as each identity, and for a resource group over both kinds of connection.
async fn play(simulator: &Simulator, shown: &mut Shown) {
    let world = simulator.world();
    let mut selectors = vec![IdentitySelector::System];
    for identity in world.user_identities() {
        selectors.push(IdentitySelector::ClientId(
            identity.client_id.parse().unwrap(),
        ));
        selectors.push(IdentitySelector::ObjectId(
            identity.object_id.parse().unwrap(),
        ));
        selectors.push(IdentitySelector::ResourceId(
            identity.resource_id.parse().unwrap(),
        ));
    }
    let group = format!(
        "/subscriptions/{}/resourceGroups/{}",
        world.subscription_id(),
        world.resource_group()
    );
    let group = group.parse().unwrap();
    for selector in selectors {
        let builder = ManagedIdentity::builder()
            .selector(selector)
            .endpoint(simulator.imds_endpoint().parse().unwrap())
            .deadline(deadline(simulator));
        shown.debug(&builder);
        let identity = builder.build();
        let vault = Audience::new("https://vault.azure.net").unwrap();
        for audience in [Cloud::Public.audience().try_into().unwrap(), vault.clone()] {
            match identity.token(&audience).await {
                Ok(token) => {
                    shown.debug(&token);
                    shown.debug(&*token);
                    shown.debug(token.secret());
                    shown.debug(&token.claims());
                }
                Err(error) => shown.error(&error),
            }
        }
        shown.debug(&identity);
        shown.debug(&identity.metrics());
        shown.debug(&identity.audience(&vault));
        #[cfg(feature = "blocking")]
        shown.debug(&azvm_identity::blocking::ManagedIdentity::new(
            identity.clone(),
        ));
        for endpoint in [simulator.arm_endpoint(), simulator.arm_http_endpoint()] {
            let arm = ResourceManager::builder(identity.clone(), Cloud::Public)
                .endpoint(endpoint.parse().unwrap())
                .ca_pem(simulator.ca_pem());
            shown.debug(&arm);
            for arm in [arm.clone(), arm.audience(vault.clone())] {
                let arm = arm.build().unwrap();
                match arm.resource_group(&group).await {
                    Ok(group) => shown.debug(&group),
                    Err(error) => shown.error(&error),
                }
                match arm.permissions(&group).await {
                    Ok(permissions) => shown.debug(&permissions),
                    Err(error) => shown.error(&error),
                }
                #[cfg(feature = "blocking")]
                shown.debug(&azvm_identity::blocking::ResourceManager::new(arm.clone()));
                shown.debug(&arm);
            }
        }
    }
}

/// Where no token is to be had, no retry is waited for.
fn deadline(simulator: &Simulator) -> Duration {
    match simulator.scenario().name() {
        name if WITHOUT_TOKENS.contains(&name) => Duration::from_millis(500),
        _ => azvm_imds::DEFAULT_DEADLINE,
    }
}

/// No part of a token is in the text, nor anything else that looks like one.
#[track_caller]
fn check_hidden(tokens: &[String], what: &str, text: &str) {
    assert!(!tokens.is_empty() && !text.is_empty());
    for token in tokens {
        for part in token.split('.') {
            assert!(
                part.len() >= 20 && !text.contains(part),
                "a part of a token is in {what}"
            );
        }
    }
    for (at, _) in text.match_indices("eyJ") {
        let rest = &text[at..];
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)))
            .unwrap_or(rest.len());
        assert!(length < 23, "something like a token is in {what}");
    }
}
