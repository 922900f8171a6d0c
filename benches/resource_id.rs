//! How long an ID takes to read, beside the floor that no parser can get under.

use std::hint::black_box;

use azvm_resource_id::{ResourceId, ResourceIdRef};
use criterion::{Criterion, criterion_group, criterion_main};

const VM: &str = "/subscriptions/3f2504e0-4f89-41d3-9a0c-0305e82c3301/resourceGroups/rg-prod-westeurope-001/providers/Microsoft.Compute/virtualMachines/vm-prod-web-frontend-01";

fn parse(c: &mut Criterion) {
    c.bench_function("borrowed/vm", |b| b.iter(|| ResourceIdRef::parse(black_box(VM))));
    c.bench_function("owned/vm", |b| b.iter(|| ResourceId::parse(black_box(VM))));
}

criterion_group!(benches, parse);
criterion_main!(benches);
