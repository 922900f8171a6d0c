//! Many callers, several identities and audiences, random faults, cancellations and leaps in time, over real sockets.
//!
//! Some seconds by default; `cargo xtask soak` runs it for minutes. The seed is printed, and decides what happens as far
//! as the scheduler lets it.

#![expect(clippy::unwrap_used, reason = "test code")]
#![expect(clippy::print_stdout, reason = "a soak tells its seed")]

use azvm_identity::{
    Audience, IdentitySelector, ManagedIdentity, ManualClock, RetryPolicy, TokenSource,
};
use azvm_simulator::{FaultRule, Listen, Scenario, Simulator};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, timeout};

const CALLERS: u64 = 24;
const AUDIENCES: [&str; 4] = [
    "https://management.azure.com/",
    "https://management.core.windows.net/",
    "https://storage.azure.com/",
    "https://vault.azure.net",
];
/// No call takes longer than its deadline, and some time for a busy machine.
const DEADLINE: Duration = Duration::from_secs(10);
const LIMIT: Duration = Duration::from_secs(60);
/// Tokens live for a day, so that some leaps make them late, some kill them, and most do neither.
const LONGEST_LEAP_SECS: u32 = 9 * 3600;

#[expect(
    clippy::disallowed_methods,
    reason = "how `cargo xtask soak` sets time and seed"
)]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// SplitMix64: quick, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }
}

/// What the callers share.
struct Soak {
    clock: Arc<ManualClock>,
    sources: Vec<TokenSource>,
    /// Leaps begun and leaps done: a token is judged only when there was none meanwhile.
    leaps: [AtomicU64; 2],
    served: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
}

impl Soak {
    fn new(simulator: &Simulator) -> Self {
        let clock = Arc::new(ManualClock::new(simulator.clock().unix_secs()));
        let user = simulator.world().user_identities()[0]
            .client_id
            .parse()
            .unwrap();
        let mut sources = Vec::new();
        for selector in [IdentitySelector::System, IdentitySelector::ClientId(user)] {
            let identity = ManagedIdentity::builder()
                .selector(selector)
                .endpoint(simulator.imds_endpoint().parse().unwrap())
                .retry(quick_retries())
                .clock(clock.clone())
                .build();
            for audience in AUDIENCES {
                let audience = Audience::new(audience).unwrap();
                sources.push(identity.audience(&audience));
            }
        }
        Self {
            clock,
            sources,
            leaps: Default::default(),
            served: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
        }
    }

    /// One caller until the end: asks, gives up early, refuses what it got.
    async fn call(&self, mut dice: Dice, end: Instant) {
        while Instant::now() < end {
            let source =
                &self.sources[usize::try_from(dice.roll(self.sources.len() as u64)).unwrap()];
            if dice.roll(8) == 0 {
                let patience = Duration::from_micros(dice.roll(3000));
                if timeout(patience, source.token()).await.is_err() {
                    self.cancelled.fetch_add(1, Ordering::Relaxed);
                }
                continue;
            }
            let leaps_done = self.leaps[1].load(Ordering::SeqCst);
            let outcome = timeout(LIMIT, source.token())
                .await
                .expect("every caller gets an answer");
            match outcome {
                Ok(token) => {
                    self.judge(token.expires_on().unix_seconds(), leaps_done);
                    if dice.roll(50) == 0 {
                        source.invalidate(&token);
                    }
                }
                Err(_) => _ = self.failed.fetch_add(1, Ordering::Relaxed),
            }
            tokio::time::sleep(Duration::from_micros(dice.roll(2000))).await;
        }
    }

    fn judge(&self, expires_on: i64, leaps_done: u64) {
        use azvm_identity::Clock as _;
        self.served.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.unix_secs();
        if self.leaps[0].load(Ordering::SeqCst) == leaps_done {
            assert!(
                expires_on > now,
                "a token was served {} s after its end",
                now - expires_on
            );
        }
    }

    /// Both clocks leap together, as after a night's sleep of the caller.
    fn leap(&self, simulator: &Simulator, secs: u32) {
        self.leaps[0].fetch_add(1, Ordering::SeqCst);
        simulator.clock().advance(Duration::from_secs(secs.into()));
        self.clock.advance_secs(secs);
        self.leaps[1].fetch_add(1, Ordering::SeqCst);
    }
}

/// As IMDS's, in hundredths of a second.
fn quick_retries() -> RetryPolicy {
    let delays = || [0, 20, 60, 140, 300].map(Duration::from_millis).to_vec();
    azvm_imds::retry_policy()
        .with_transient(delays())
        .with_server_error(delays())
        .with_updating(delays())
        .with_connection(delays())
        .with_jitter_percent(0)
        .with_attempt_timeout(Duration::from_secs(2))
        .with_deadline(DEADLINE)
}

fn make_trouble(simulator: &Simulator) {
    let token = || FaultRule::imds("/metadata/identity/oauth2/token");
    for rule in [
        token().with_status(404).with_chance_per_million(30_000),
        token().with_status(410).with_chance_per_million(30_000),
        token().with_status(500).with_chance_per_million(30_000),
        token().with_status(503).with_chance_per_million(30_000),
        token().with_reset().with_chance_per_million(30_000),
        token().with_truncation().with_chance_per_million(30_000),
        token().with_wrong_length().with_chance_per_million(30_000),
        token().with_garbage().with_chance_per_million(30_000),
        token()
            .with_delay(Duration::from_millis(200))
            .with_chance_per_million(60_000),
    ] {
        simulator.fault(rule).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_no_dead_token_is_served() {
    let seconds = setting("AZVM_SOAK_SECONDS").unwrap_or(3);
    let seed = setting("AZVM_SOAK_SEED").unwrap_or_else(azvm_identity::seed);
    println!("soak: {seconds} s, seed {seed}");
    let healthy = Scenario::named("healthy").unwrap();
    let simulator = Simulator::start(healthy, Listen::default()).await.unwrap();
    let soak = Arc::new(Soak::new(&simulator));
    // The simulator makes its key for the first token; requests that wait for it would arrive closer together than they left.
    soak.sources[0].token().await.unwrap();
    simulator.set_rate_limits(true);
    make_trouble(&simulator);

    let end = Instant::now() + Duration::from_secs(seconds);
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| {
            let soak = Arc::clone(&soak);
            tokio::spawn(async move { soak.call(Dice(seed ^ number << 32), end).await })
        })
        .collect();
    let mut dice = Dice(seed);
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(50 + dice.roll(300))).await;
        let secs = u32::try_from(dice.roll(LONGEST_LEAP_SECS.into())).unwrap();
        soak.leap(&simulator, secs);
    }
    for caller in callers {
        timeout(LIMIT, caller)
            .await
            .expect("every caller ends")
            .unwrap();
    }

    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!(
        "soak: {} served, {} failed, {} cancelled, {} leaps, {} requests",
        count(&soak.served),
        count(&soak.failed),
        count(&soak.cancelled),
        count(&soak.leaps[1]),
        simulator.journal().len() as u64 + simulator.journal_dropped(),
    );
    assert!(count(&soak.served) > 100 && count(&soak.cancelled) > 0);
    assert!(simulator.journal().len() > 20, "leaps make tokens expire");
    // The simulator keeps IMDS's limits, and no fault is a 429. What left evenly may arrive less so on a busy machine;
    // without turns a sixth of the answers were 429.
    let journal = simulator.journal();
    let throttled = journal
        .iter()
        .filter(|request| request.status == 429)
        .count();
    assert!(
        throttled <= 2 + journal.len() / 50,
        "{throttled} of {} requests were over the limits of IMDS",
        journal.len()
    );
}
