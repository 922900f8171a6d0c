//! No token and no answer either, for reasons within the process: what a program is told, and that it goes on afterwards.

use crate::scripted::Scripted;
use crate::support::{LIMIT, audience, builder, start};
use azvm_identity::{
    Audience, Error, FETCH_GRACE, Hint, MAX_REQUESTS_IN_FLIGHT, ManagedIdentity, ManualClock,
    RetryPolicy, Stopped, Token,
};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

const DAY_SECS: i64 = 86_400;
const DEADLINE: Duration = Duration::from_secs(1);

#[track_caller]
fn check<T: std::fmt::Debug>(
    outcome: Result<T, Error>,
    reason: Stopped,
    shown: &str,
    hints: &[Hint],
    is_retryable: bool,
) {
    let error = outcome.unwrap_err();
    assert!(
        matches!(error, Error::Stopped(stopped) if stopped == reason),
        "{error:?}"
    );
    assert_eq!(error.to_string(), shown);
    assert_eq!(error.hints(), hints);
    assert_eq!(error.is_retryable(), is_retryable);
}

#[test]
fn a_call_outside_a_runtime() {
    let identity = ManagedIdentity::system(); // nothing is sent
    let (audience, mut context) = (audience(), Context::from_waker(Waker::noop()));
    let Poll::Ready(outcome) = pin!(identity.token(&audience)).poll(&mut context) else {
        panic!("there is nothing to wait for");
    };
    let shown = "no token: there is no tokio runtime to fetch in";
    check(
        outcome,
        Stopped::NoRuntime,
        shown,
        &[Hint::CheckRuntime],
        false,
    );
}

#[tokio::test]
async fn a_token_that_had_expired() {
    let body = r#"{"access_token":"t","expires_in":"0","expires_on":"1000000000"}"#;
    let server = Scripted::start(&format!("200 OK\nContent-Type: application/json\n\n{body}"));
    let endpoint = server.endpoint().parse().unwrap();
    let identity = ManagedIdentity::builder().endpoint(endpoint).build();
    let shown = "no token: the fetched token had already expired";
    for _ in 0..3 {
        let outcome = identity.token(&audience()).await;
        check(outcome, Stopped::Expired, shown, &[Hint::CheckClock], true);
    }
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_clock_that_jumps_on() {
    let simulator = start("healthy").await;
    let clock = Arc::new(ManualClock::new(simulator.clock().unix_secs()));
    let identity = builder(&simulator).clock(clock.clone()).build();
    let audience = audience();
    identity.token(&audience).await.unwrap();
    clock.advance_wall(2 * DAY_SECS);
    identity.token(&audience).await.unwrap();
    clock.advance_wall(2 * DAY_SECS);
    let shown = "no token: the wall clock jumps past the end of each new token";
    let outcome = identity.token(&audience).await;
    check(
        outcome,
        Stopped::ClockJumped,
        shown,
        &[Hint::CheckClock],
        true,
    );
    clock.advance_monotonic(Duration::from_secs(30));
    identity.token(&audience).await.unwrap();
}

/// A server that reads requests and answers only from when it is told to.
struct Mute {
    endpoint: String,
    speaks: Arc<AtomicBool>,
}

impl Mute {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let speaks: Arc<AtomicBool> = Arc::default();
        let told = Arc::clone(&speaks);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let told = Arc::clone(&told);
                thread::spawn(move || converse(stream, &told));
            }
        });
        Self { endpoint, speaks }
    }

    fn speak(&self) {
        self.speaks.store(true, Ordering::SeqCst);
    }

    fn identity(&self, clock: &Arc<ManualClock>) -> ManagedIdentity {
        let once = RetryPolicy::never(DEADLINE);
        ManagedIdentity::builder()
            .endpoint(self.endpoint.parse().unwrap())
            .retry(once)
            .clock(clock.clone())
            .build()
    }
}

fn converse(mut stream: TcpStream, speaks: &AtomicBool) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while stream.read(&mut byte).unwrap_or(0) == 1 {
        head.extend(byte);
        if head.ends_with(b"\r\n\r\n") && speaks.load(Ordering::SeqCst) {
            let body = r#"{"access_token":"t","expires_in":"86400"}"#;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            _ = stream.write_all(answer.as_bytes());
        }
    }
}

/// A runtime that is driven only while a thread blocks on it.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

type Call<'a> = Pin<Box<dyn Future<Output = Result<Token, Error>> + 'a>>;

/// Polls the calls in this runtime, and runs what they start up to its first wait.
fn begin<'a>(runtime: &Runtime, calls: impl IntoIterator<Item = Call<'a>>) -> Vec<Call<'a>> {
    let mut context = Context::from_waker(Waker::noop());
    runtime.block_on(async {
        let mut begun = Vec::new();
        for mut call in calls {
            assert!(call.as_mut().poll(&mut context).is_pending());
            begun.push(call);
        }
        tokio::task::yield_now().await;
        begun
    })
}

#[test]
fn the_end_of_a_runtime() {
    let (server, clock) = (Mute::start(), Arc::new(ManualClock::new(DAY_SECS)));
    let (identity, audience) = (server.identity(&clock), audience());
    let abandoned = runtime();
    let call: Call<'_> = Box::pin(identity.token(&audience));
    let [call] = begin(&abandoned, [call]).try_into().ok().unwrap();
    drop(abandoned);
    let shown = "no token: the fetch ended without an answer";
    check(runtime().block_on(call), Stopped::Ended, shown, &[], true);
}

#[test]
fn a_runtime_that_is_not_driven_any_more() {
    let (server, clock) = (Mute::start(), Arc::new(ManualClock::new(DAY_SECS)));
    let (identity, audience) = (server.identity(&clock), audience());
    let (abandoned, alive) = (runtime(), runtime());
    let call: Call<'_> = Box::pin(identity.token(&audience));
    let [call] = begin(&abandoned, [call]).try_into().ok().unwrap();
    server.speak();
    clock.advance_monotonic(DEADLINE + FETCH_GRACE);
    let token = alive.block_on(async { timeout(LIMIT, identity.token(&audience)).await });
    assert_eq!(token.unwrap().unwrap().secret().expose(), "t");
    let shown = "no token: the fetch did not end in time";
    check(
        alive.block_on(call),
        Stopped::Overdue,
        shown,
        &[Hint::CheckRuntime],
        true,
    );
    // Driven again, the old fetch ends by its own deadline, and the token stays.
    abandoned.block_on(async { while_in_flight(&identity).await });
    alive.block_on(async { identity.token(&audience).await.unwrap() });
    assert_eq!(identity.metrics().fetches, 2);
}

async fn while_in_flight(identity: &ManagedIdentity) {
    while identity.metrics().in_flight > 0 {
        tokio::task::yield_now().await;
    }
}

/// The turns that they hold end soon after their deadline, by real time.
#[test]
fn fetches_of_an_abandoned_runtime_leave_turns_to_others() {
    let (server, clock) = (Mute::start(), Arc::new(ManualClock::new(DAY_SECS)));
    let identity = server.identity(&clock);
    let audiences: Vec<_> = (0..MAX_REQUESTS_IN_FLIGHT + 3)
        .map(|number| Audience::new(format!("https://a{number}.example/")).unwrap())
        .collect();
    let calls = audiences
        .iter()
        .map(|audience| Box::pin(identity.token(audience)) as Call<'_>);
    let abandoned = runtime();
    let _calls = begin(&abandoned, calls);
    assert_eq!(identity.metrics().in_flight, audiences.len());
    server.speak();
    let patient = ManagedIdentity::builder()
        .endpoint(server.endpoint.parse().unwrap())
        .build();
    let call = async { timeout(LIMIT, patient.token(&audience())).await };
    let token = runtime().block_on(call);
    assert!(token.expect("no turn was left").is_ok());
}
