//! Hits through azvm-identity: what a program sees that asks for tokens.

use crate::at_once;
use crate::hits::{CALLS, Floor};
use crate::support::{Row, best_of, keys, runtime};
use azvm_identity::{Audience, ManagedIdentity, TokenSource};
use criterion::Criterion;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::TcpListener;

/// As in the body below.
const LIFETIME_SECS: u64 = 86_400;

/// An identity that has a token for each audience.
struct Filled {
    identity: ManagedIdentity,
    audiences: Vec<Audience>,
    source: TokenSource,
}

impl Filled {
    fn new() -> Self {
        let endpoint = serve().parse().expect("an endpoint");
        let identity = ManagedIdentity::builder().endpoint(endpoint).build();
        let audiences: Vec<_> = keys()
            .into_iter()
            .map(|key| Audience::new(key).expect("an audience"))
            .collect();
        let runtime = runtime();
        for audience in &audiences {
            runtime.block_on(identity.token(audience)).expect("a token");
        }
        let source = identity.audience(&audiences[11]);
        Self {
            identity,
            audiences,
            source,
        }
    }
}

/// Answers every request with a token for a day.
fn serve() -> String {
    const BODY: &str = r#"{"access_token":"token","expires_in":"86400"}"#;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                request.extend_from_slice(&buffer[..count]);
                if !request.ends_with(b"\r\n\r\n") {
                    continue;
                }
                request.clear();
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", BODY.len());
                if stream.write_all((head + BODY).as_bytes()).is_err() {
                    break;
                }
            }
        }
    });
    endpoint
}

fn hit(source: &TokenSource) -> u64 {
    at_once!(black_box(source).token()).expires_in().as_secs()
}

fn hit_by_audience(identity: &ManagedIdentity, audience: &Audience) -> u64 {
    at_once!(identity.token(black_box(audience)))
        .expires_in()
        .as_secs()
}

pub(crate) fn bench(criterion: &mut Criterion) {
    let filled = Filled::new();
    let mut group = criterion.benchmark_group("token");
    group.bench_function("by TokenSource", |bencher| {
        bencher.iter(|| assert_eq!(hit(&filled.source), LIFETIME_SECS));
    });
    let mut turn = filled.audiences.iter().cycle();
    group.bench_function("by ManagedIdentity, of 16 audiences", |bencher| {
        let mut audience = || turn.next().expect("an audience");
        bencher.iter(|| assert_eq!(hit_by_audience(&filled.identity, audience()), LIFETIME_SECS));
    });
    group.finish();
}

pub(crate) fn ratios(measured: u32) -> Vec<Row> {
    let rounds = 1 + 500 * measured;
    let (filled, floor) = (Filled::new(), Floor::new());
    let mut turn = filled.audiences.iter().cycle();
    let mut by_audience = || {
        _ = black_box(hit_by_audience(
            &filled.identity,
            turn.next().expect("an audience"),
        ))
    };
    let by_source = || _ = black_box(hit(&filled.source));
    for work in [&mut by_audience as &mut dyn FnMut(), &mut { by_source }] {
        work(); // the first one of a thread makes its counter
        let allocations = allocation_counter::measure(work);
        assert_eq!(allocations.count_total, 0, "a hit allocates nothing");
    }
    let ns = |what, than, goal, (ours, theirs)| Row {
        what,
        ours,
        than,
        theirs,
        goal,
        unit: "ns",
    };
    vec![
        ns(
            "token by `TokenSource`",
            "guard and both coarse clocks",
            "≤ 1.5",
            best_of(rounds, CALLS, by_source, || {
                _ = black_box(floor.both_clocks())
            }),
        ),
        ns(
            "token by `ManagedIdentity`, of 16 audiences",
            "by `TokenSource`",
            "≤ 3",
            best_of(rounds, CALLS, by_audience, by_source),
        ),
    ]
}
