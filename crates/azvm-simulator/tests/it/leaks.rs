//! Tokens appear in answers and nowhere else.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::wire::{TOKEN, arm, arm_token, imds, start};

/// Writes every event with all its fields into one text.
struct Capture(Arc<Mutex<String>>);

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = self.0.lock().unwrap();
        write!(text, "{}", event.metadata().target()).unwrap();
        event.record(&mut Fields(&mut text));
        text.push('\n');
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn no_token_reaches_a_log_or_a_debug_text() {
    let simulator = start("healthy").await;
    let log = Arc::default();
    // For all threads: tracing switches events off for good when a thread without a subscriber meets
    // them first. The other tests' events do no harm.
    tracing::subscriber::set_global_default(Capture(Arc::clone(&log))).unwrap();
    tracing::callsite::rebuild_interest_cache();
    let token = arm_token(&simulator, "").await;
    imds(
        &simulator,
        &format!("{TOKEN}&resource=https://bogus&secret={token}"),
    )
    .await;
    arm(&simulator, &token, "/subscriptions?api-version=2022-12-01").await;
    arm(
        &simulator,
        &format!("{token}x"),
        "/subscriptions?api-version=2022-12-01",
    )
    .await;

    let mut shown = log.lock().unwrap().clone();
    for expected in [
        "server=IMDS method=GET path=/metadata/identity/oauth2/token status=200",
        "server=ARM (http) method=GET path=/subscriptions status=401",
    ] {
        assert!(shown.contains(expected), "{expected} in {shown}");
    }
    write!(
        shown,
        "{simulator:?} {:?} {:?}",
        simulator.scenario(),
        simulator.world()
    )
    .unwrap();
    for token in simulator.issued_tokens() {
        for part in token.split('.') {
            assert!(!shown.contains(part), "a part of a token in {shown}");
        }
    }
}
