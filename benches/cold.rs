//! A token that is not in memory, fetched over loopback: through `azvm-identity`, through the client of `azvm-http` alone,
//! and with the same bytes over a connection of hyper that is written out by hand, against the same small server.
//!
//! By hand there are two: one does the same as `azvm-identity`, as far as a program can that does it once; it keeps a
//! deadline, reads the token with serde_json and when it expires. The other stops at the bytes and waits for ever: the
//! floor that the transport stands on.
//!
//! Client and server share one CPU where that can be had (Linux): on two, most of the time is one of them waking the other
//! from its sleep, which takes the longer the longer it slept.
//!
//! Criterion shows each; then they are measured in turns, so that a drift of the machine meets all, and the ratios of
//! their medians are printed.
//!
//! `azvm-identity` asks an endpoint twenty times a second at most, as IMDS allows a machine. So there are many servers,
//! taken in turn, some fetches each; the rest that they need is not counted.

use azvm_http::Client;
use azvm_identity::{Audience, ManagedIdentity, Token};
use azvm_imds::{Endpoint, IdentitySelector, TokenRequest};
use criterion::Criterion;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// What decides: `azvm-identity` is to take at most this much of the time of the hand-written one that does the same.
const GOAL: f64 = 1.15;

/// Turns of each, after a tenth as many for warming up.
const TURNS: usize = 4_000;

/// How many servers there are for each row.
const SERVERS: usize = 50;

/// How often a server is asked before it is the next one's turn, and how long it rests then.
const FETCHES: usize = 15;
const REST: Duration = Duration::from_millis(1_200);

const TARGET: &str = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F";

/// Of a request of `azvm-http`, and of the hand-written one that keeps a deadline.
const DEADLINE: Duration = Duration::from_secs(15);

/// The size of a real token.
const TOKEN_CHARS: usize = 1_500;

fn main() {
    share_one_cpu();
    let bench = Bench::new();
    // Short, for the servers rest most of the time.
    let mut criterion = Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200))
        .configure_from_args();
    for (group, steps) in ROWS {
        let mut group = criterion.benchmark_group(group);
        for (name, step) in NAMES.into_iter().zip(steps) {
            let mut servers = Servers::start();
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|turns| {
                    let times = (0..turns).map(|_| bench.timed(step, &mut servers));
                    times.sum()
                });
            });
        }
    }
    criterion.final_summary();
    // A test of the benchmark has no `--bench`, a profile is of one row.
    let has = |wanted: &str| std::env::args().any(|arg| arg == wanted);
    if has("--bench") && !has("--profile-time") {
        ratios(&bench);
    }
}

/// For this thread and all that it starts.
#[cfg(target_os = "linux")]
fn share_one_cpu() {
    use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
    use nix::unistd::Pid;
    let this = Pid::from_raw(0);
    let allowed = sched_getaffinity(this).expect("which CPUs there are");
    let last = (0..CpuSet::count())
        .rev()
        .find(|cpu| allowed.is_set(*cpu) == Ok(true));
    let mut one = CpuSet::new();
    one.set(last.expect("a CPU that this runs on"))
        .expect("a CPU of the set");
    sched_setaffinity(this, &one).expect("a right that every process has");
}

#[cfg(not(target_os = "linux"))]
fn share_one_cpu() {}

type Step = fn(&Bench, &mut Fetcher);

const NAMES: [&str; 4] = [
    "azvm-identity",
    "hyper, to the token",
    "azvm-http",
    "hyper, to the bytes",
];

const ROWS: [(&str, [Step; 4]); 2] = [
    (
        "new client",
        [
            Bench::token_new,
            Bench::hand_new,
            Bench::http_new,
            Bench::hyper_new,
        ],
    ),
    (
        "warm client",
        [
            Bench::token_warm,
            Bench::hand_warm,
            Bench::http_warm,
            Bench::hyper_warm,
        ],
    ),
];

#[expect(clippy::print_stdout, reason = "the result")]
fn ratios(bench: &Bench) {
    println!(
        "medians of {TURNS} turns, and their ratios to the hand-written ones (goal {GOAL} to the first)"
    );
    for (row, steps) in ROWS {
        let mut servers = NAMES.map(|_| Servers::start());
        let mut times = NAMES.map(|_| Vec::new());
        for turn in 0..TURNS + TURNS / 10 {
            for (index, step) in steps.into_iter().enumerate() {
                let took = bench.timed(step, &mut servers[index]);
                if turn >= TURNS / 10 {
                    times[index].push(took);
                }
            }
        }
        let medians = times.map(median);
        let [_, same, _, floor] = medians;
        for (name, median) in NAMES.into_iter().zip(medians) {
            let [same, floor] =
                [same, floor].map(|other| median.as_secs_f64() / other.as_secs_f64());
            println!("{row:<12} {name:<20} {median:>9.1?} {same:>6.3} {floor:>6.3}");
        }
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// What both sides share.
struct Bench {
    audience: Audience,
    agent: String,
    answer_bytes: usize,
}

/// A server and a runtime of its own, and what is kept between two fetches.
struct Fetcher {
    address: SocketAddr,
    host: String,
    endpoint: Endpoint,
    client: Client,
    runtime: Runtime,
    identity: ManagedIdentity,
    last: Option<Token>,
    kept: Option<Sender>,
    rests_since: Option<Instant>,
}

/// The servers of one row, taken in turn.
struct Servers {
    fetchers: Vec<Fetcher>,
    turn: usize,
    fetches: usize,
}

impl Servers {
    fn start() -> Self {
        Self {
            fetchers: (0..SERVERS).map(|_| Fetcher::new()).collect(),
            turn: 0,
            fetches: 0,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the servers rest in real time")]
    fn next(&mut self) -> &mut Fetcher {
        if self.fetches == FETCHES {
            self.fetchers[self.turn].rests_since = Some(Instant::now());
            self.turn = (self.turn + 1) % self.fetchers.len();
            self.fetches = 0;
            let rested = self.fetchers[self.turn]
                .rests_since
                .map(|since| since.elapsed());
            std::thread::sleep(rested.map_or(Duration::ZERO, |rested| REST.saturating_sub(rested)));
        }
        self.fetches += 1;
        &mut self.fetchers[self.turn]
    }
}

impl Fetcher {
    fn new() -> Self {
        let address = serve();
        let endpoint: Endpoint = format!("http://{address}").parse().expect("an endpoint");
        Self {
            address,
            host: address.to_string(),
            endpoint: endpoint.clone(),
            client: Client::imds(),
            runtime: Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            identity: identity(&endpoint),
            last: None,
            kept: None,
            rests_since: None,
        }
    }
}

impl Bench {
    fn new() -> Self {
        Self {
            audience: Audience::new("https://management.azure.com/").expect("an audience"),
            agent: format!("azvm/{}", env!("CARGO_PKG_VERSION")),
            answer_bytes: body().len(),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "time is what is measured")]
    fn timed(&self, step: Step, servers: &mut Servers) -> Duration {
        let fetcher = servers.next();
        let start = Instant::now();
        step(self, fetcher);
        let took = start.elapsed();
        if let Some(token) = fetcher.last.take() {
            fetcher.identity.invalidate(&self.audience, &token); // so that the next fetch is one
        }
        took
    }

    fn token_new(&self, fetcher: &mut Fetcher) {
        let identity = identity(&fetcher.endpoint);
        let token = fetcher.runtime.block_on(identity.token(&self.audience));
        assert_eq!(token.expect("a token").secret().len(), TOKEN_CHARS);
    }

    fn token_warm(&self, fetcher: &mut Fetcher) {
        let token = fetcher.identity.token(&self.audience);
        let token = fetcher.runtime.block_on(token).expect("a token");
        assert_eq!(token.secret().len(), TOKEN_CHARS);
        fetcher.last = Some(token);
    }

    fn http_new(&self, fetcher: &mut Fetcher) {
        self.exchange(&Client::imds(), fetcher);
    }

    fn http_warm(&self, fetcher: &mut Fetcher) {
        self.exchange(&fetcher.client, fetcher);
    }

    fn exchange(&self, client: &Client, fetcher: &Fetcher) {
        let request = TokenRequest::new(self.audience.clone(), IdentitySelector::System);
        let request = request.to_request();
        let origin = fetcher.endpoint.origin();
        let exchanged = client.send(origin, &request, DEADLINE);
        let exchanged = fetcher.runtime.block_on(exchanged).expect("an answer");
        assert_eq!(exchanged.response.body().len(), self.answer_bytes);
    }

    fn hyper_new(&self, fetcher: &mut Fetcher) {
        let (address, host) = (fetcher.address, &fetcher.host);
        let bytes = fetcher.runtime.block_on(self.ask_anew(address, host));
        assert_eq!(bytes.len(), self.answer_bytes);
    }

    fn hyper_warm(&self, fetcher: &mut Fetcher) {
        let (address, host) = (fetcher.address, &fetcher.host);
        let asked = self.ask_again(address, host, &mut fetcher.kept);
        let bytes = fetcher.runtime.block_on(asked);
        assert_eq!(bytes.len(), self.answer_bytes);
    }

    fn hand_new(&self, fetcher: &mut Fetcher) {
        let (address, host) = (fetcher.address, &fetcher.host);
        let asked = async { timeout(DEADLINE, self.ask_anew(address, host)).await };
        let bytes = fetcher.runtime.block_on(asked).expect("an answer in time");
        HandRead::check(&bytes);
    }

    fn hand_warm(&self, fetcher: &mut Fetcher) {
        let (address, host) = (fetcher.address, &fetcher.host);
        let kept = &mut fetcher.kept;
        let asked = async { timeout(DEADLINE, self.ask_again(address, host, kept)).await };
        let bytes = fetcher.runtime.block_on(asked).expect("an answer in time");
        HandRead::check(&bytes);
    }

    async fn ask_anew(&self, address: SocketAddr, host: &str) -> Bytes {
        let (mut sender, driver) = connect(address).await;
        let bytes = self.ask(&mut sender, host).await;
        drop(sender);
        let _ = driver.await; // closes the connection, as ours is closed
        bytes
    }

    async fn ask_again(&self, address: SocketAddr, host: &str, kept: &mut Option<Sender>) -> Bytes {
        if kept.is_none() {
            *kept = Some(connect(address).await.0);
        }
        self.ask(kept.as_mut().expect("just connected"), host).await
    }

    async fn ask(&self, sender: &mut Sender, host: &str) -> Bytes {
        let request = hyper::Request::get(TARGET)
            .header("host", host)
            .header("metadata", "true")
            .header("user-agent", &self.agent)
            .body(Empty::new())
            .expect("a request");
        let response = sender.send_request(request).await.expect("an answer");
        assert_eq!(response.status(), 200);
        let body = response.into_body().collect().await;
        body.expect("a body").to_bytes()
    }
}

type Sender = http1::SendRequest<Empty<Bytes>>;

/// What a program keeps of an answer that asks once.
struct HandRead {
    token: String,
    expires_on: i64,
    expires_in: Duration,
}

impl HandRead {
    fn check(body: &[u8]) {
        #[derive(serde::Deserialize)]
        struct Answer<'a> {
            access_token: &'a str,
            expires_in: &'a str,
            expires_on: &'a str,
        }
        let answer: Answer<'_> = serde_json::from_slice(body).expect("an answer");
        let expires_in = answer.expires_in.parse().expect("seconds");
        let kept = black_box(Self {
            token: answer.access_token.to_owned(),
            expires_on: answer.expires_on.parse().expect("a time"),
            expires_in: Duration::from_secs(expires_in),
        });
        assert_eq!(kept.token.len(), TOKEN_CHARS);
        assert!(kept.expires_on > 0 && kept.expires_in > Duration::ZERO);
    }
}

async fn connect(address: SocketAddr) -> (Sender, JoinHandle<hyper::Result<()>>) {
    let stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("an option");
    let handshake = http1::Builder::new()
        .title_case_headers(true)
        .handshake(TokioIo::new(stream));
    let (sender, connection) = handshake.await.expect("a handshake");
    (sender, tokio::spawn(connection))
}

fn identity(endpoint: &Endpoint) -> ManagedIdentity {
    ManagedIdentity::builder()
        .endpoint(endpoint.clone())
        .build()
}

/// As irregular as a real one: some searches are slow in what repeats itself.
fn token() -> String {
    let mut state = 1_u32;
    let mut letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"[(state >> 27) as usize])
    };
    (0..TOKEN_CHARS).map(|_| letter()).collect()
}

fn body() -> String {
    let token = token();
    let expires_on = azvm_identity::now().unix_seconds() + 86_400;
    format!(
        r#"{{"access_token":"{token}","client_id":"01234567-89ab-cdef-0123-456789abcdef","expires_in":"86400","expires_on":"{expires_on}","ext_expires_in":"86399","not_before":"1795258409","resource":"https://management.azure.com/","token_type":"Bearer"}}"#
    )
}

/// Answers every request, one connection after the other, for as long as the program runs.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    let body = body();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nServer: IMDS/150.870.65.1854\r\nDate: Sat, 21 Nov 2026 10:58:29 GMT\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            stream.set_nodelay(true).expect("an option");
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                request.extend_from_slice(&buffer[..count]);
                if request.ends_with(b"\r\n\r\n") {
                    request.clear();
                    if stream.write_all(answer.as_bytes()).is_err() {
                        break;
                    }
                }
            }
        }
    });
    address
}
