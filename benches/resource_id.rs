//! How long an ID takes to read, beside the floor that no parser gets under.
//!
//! The floor is one `memchr_iter` over the slashes and one look at the class of every byte, no grammar and no result.
//! `borrowed/vm` is meant to stay under three times `floor/vm`, and the cost of a byte the same at every length.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::hint::black_box;

use azvm_resource_id::{ResourceId, ResourceIdRef, lint};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const GROUP: &str =
    "/subscriptions/3f2504e0-4f89-41d3-9a0c-0305e82c3301/resourceGroups/rg-prod-westeurope-001";
const VM: &str = "/subscriptions/3f2504e0-4f89-41d3-9a0c-0305e82c3301/resourceGroups/rg-prod-westeurope-001\
    /providers/Microsoft.Compute/virtualMachines/vm-prod-web-frontend-01";
const NESTED: &str = "/subscriptions/3f2504e0-4f89-41d3-9a0c-0305e82c3301/resourceGroups/rg-prod-westeurope-001\
    /providers/Microsoft.Network/virtualNetworks/vnet-prod-01/subnets/snet-web\
    /providers/Microsoft.Authorization/locks/lock-prod-01";
const UNICODE: &str = "/subscriptions/3f2504e0-4f89-41d3-9a0c-0305e82c3301/resourceGroups/größe und länge-001\
    /providers/Microsoft.Compute/virtualMachines/vm-prod-web-frontend-01";

const SHAPES: [(&str, &str); 4] = [
    ("group", GROUP),
    ("vm", VM),
    ("nested", NESTED),
    ("unicode", UNICODE),
];

/// What every byte needs at least: a table of the bytes that no ID has.
fn has_odd_byte(text: &str, table: &[bool; 256]) -> bool {
    text.bytes()
        .fold(false, |odd, byte| odd | table[usize::from(byte)])
}

fn odd_bytes() -> [bool; 256] {
    std::array::from_fn(|byte| {
        byte < 0x20 || byte == 0x7f || b"\"#<>?\\|".iter().any(|&odd| usize::from(odd) == byte)
    })
}

fn parse(c: &mut Criterion) {
    let table = odd_bytes();
    let mut group = c.benchmark_group("parse");
    for (name, text) in SHAPES {
        assert!(ResourceIdRef::parse(text).is_ok() && !has_odd_byte(text, &table));
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("slashes", name), text, |b, text| {
            b.iter(|| {
                memchr::memchr_iter(b'/', black_box(text).as_bytes()).fold(0, |sum, at| sum ^ at)
            });
        });
        group.bench_with_input(BenchmarkId::new("floor", name), text, |b, text| {
            b.iter(|| {
                let text = black_box(text);
                let sum = memchr::memchr_iter(b'/', text.as_bytes()).fold(0, |sum, at| sum ^ at);
                (sum, has_odd_byte(text, &table))
            });
        });
        group.bench_with_input(BenchmarkId::new("borrowed", name), text, |b, text| {
            b.iter(|| ResourceIdRef::parse(black_box(text)));
        });
        group.bench_with_input(BenchmarkId::new("owned", name), text, |b, text| {
            b.iter(|| ResourceId::parse(black_box(text)));
        });
        group.bench_with_input(BenchmarkId::new("split", name), text, |b, text| {
            b.iter(|| {
                black_box(text)
                    .split('/')
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            });
        });
    }
    group.finish();
}

/// IDs that differ, so that no branch is learned by heart.
fn batch(c: &mut Criterion) {
    let ids: Vec<String> = (0..10_000_usize)
        .map(|at| {
            let group = "rg".repeat(1 + at * 7 % 13);
            let name = "x".repeat(1 + at * 31 % 29);
            let tail = [
                "",
                "/extensions/agent",
                "/providers/Microsoft.Authorization/locks/l",
            ][at * 17 % 3];
            let scope = format!(
                "/subscriptions/3f2504e0-4f89-41d3-9a0c-0305e82c3301/resourceGroups/{group}"
            );
            format!("{scope}/providers/Microsoft.Compute/virtualMachines/{name}{tail}")
        })
        .collect();
    let mut group = c.benchmark_group("batch");
    group.throughput(Throughput::Elements(ids.len() as u64));
    group.bench_function("borrowed", |b| {
        b.iter(|| {
            ids.iter()
                .filter(|id| ResourceIdRef::parse(id).is_ok())
                .count()
        });
    });
    group.finish();
}

fn lengths(c: &mut Criterion) {
    let mut group = c.benchmark_group("length");
    for length in [100_usize, 1_000, 10_000, 60_000] {
        let pair = "/childTypes/child-name-1";
        let mut text = format!("{GROUP}/providers/A.B/c/d");
        while text.len() + pair.len() <= length {
            text.push_str(pair);
        }
        assert!(ResourceIdRef::parse(&text).is_ok());
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("borrowed", length), &text, |b, text| {
            b.iter(|| ResourceIdRef::parse(black_box(text)));
        });
        group.bench_with_input(BenchmarkId::new("ancestors", length), &text, |b, text| {
            let id = ResourceIdRef::parse(text).expect("parsed above");
            b.iter(|| black_box(id).ancestors().count());
        });
        group.bench_with_input(BenchmarkId::new("lint", length), &text, |b, text| {
            b.iter(|| lint(black_box(text)));
        });
    }
    group.finish();
}

fn keys(c: &mut Criterion) {
    let (upper, lower) = (VM.to_ascii_uppercase(), VM.to_ascii_lowercase());
    let upper = ResourceIdRef::parse(&upper).expect("an ID in capitals");
    let lower = ResourceIdRef::parse(&lower).expect("an ID in small letters");
    assert_eq!(upper, lower);
    let hasher = BuildHasherDefault::<DefaultHasher>::new();
    let mut group = c.benchmark_group("key");
    group.bench_function("equal", |b| b.iter(|| black_box(upper) == black_box(lower)));
    group.bench_function("order", |b| {
        b.iter(|| black_box(upper).cmp(&black_box(lower)))
    });
    group.bench_function("hash", |b| b.iter(|| hasher.hash_one(black_box(upper))));
    group.finish();
}

criterion_group!(benches, parse, batch, lengths, keys);
criterion_main!(benches);
