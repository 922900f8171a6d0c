//! Reading an answer of the token endpoint, and the claims of its token. Each result is checked.
//!
//! Each group has the reader and, on the same bytes in the same run, serde_json into a struct of borrowed texts: the least
//! that a reader with serde_json costs, for input without escapes or odd types.

mod answers;

use answers::{
    ask, read_claims, read_token, read_typed_claims, read_typed_token, token, token_answer_of,
};
use azvm_exchange::Secret;
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

fn token_answer(criterion: &mut Criterion) {
    let (response, ask) = (token_answer_of(&token()), ask());

    let mut group = criterion.benchmark_group("token answer");
    group.bench_function("read", |bencher| {
        bencher.iter(|| read_token(&ask, black_box(&response)));
    });
    group.bench_function("serde_json, borrowed", |bencher| {
        bencher.iter(|| read_typed_token(black_box(&response)));
    });
    group.finish();
}

fn claims(criterion: &mut Criterion) {
    let secret = Secret::new(token());
    let mut group = criterion.benchmark_group("claims");
    group.bench_function("read", |bencher| {
        bencher.iter(|| read_claims(black_box(&secret)));
    });
    group.bench_function("serde_json, borrowed", |bencher| {
        bencher.iter(|| {
            read_typed_claims(black_box(&secret));
        });
    });
    group.finish();
}

criterion_group!(benches, token_answer, claims);
criterion_main!(benches);
