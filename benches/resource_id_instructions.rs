//! What an ID costs to read, in instructions: a loop for valgrind's callgrind, which counts the same on a busy machine.
//!
//! `cargo xtask bench resource-id` runs it twice a row, with and without the loop, and prints the difference.
//! Without arguments each row runs once, as a test.
#![expect(
    clippy::print_stdout,
    reason = "a program whose result is what it prints"
)]

use std::hint::black_box;

use azvm_resource_id::{ResourceId, ResourceIdRef, lint};

const VM: &str = "/subscriptions/3f2504e0-4f89-41d3-9a0c-0305e82c3301/resourceGroups/rg-prod-westeurope-001\
    /providers/Microsoft.Compute/virtualMachines/vm-prod-web-frontend-01";
const NESTED: &str = "/subscriptions/3f2504e0-4f89-41d3-9a0c-0305e82c3301/resourceGroups/rg-prod-westeurope-001\
    /providers/Microsoft.Network/virtualNetworks/vnet-prod-01/subnets/snet-web\
    /providers/Microsoft.Authorization/locks/lock-prod-01";

type Row = (&'static str, fn());

const ROWS: [Row; 9] = [
    ("nothing", || {}),
    ("slashes vm", || {
        black_box(slashes(black_box(VM)));
    }),
    ("floor vm", || {
        black_box((slashes(black_box(VM)), is_odd(black_box(VM))));
    }),
    ("borrowed vm", || {
        let _ = black_box(ResourceIdRef::parse(black_box(VM)));
    }),
    ("owned vm", || {
        let _ = black_box(ResourceId::parse(black_box(VM)));
    }),
    ("split vm", || {
        black_box(
            black_box(VM)
                .split('/')
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        );
    }),
    ("lint vm", || {
        black_box(lint(black_box(VM)));
    }),
    ("floor nested", || {
        black_box((slashes(black_box(NESTED)), is_odd(black_box(NESTED))));
    }),
    ("borrowed nested", || {
        let _ = black_box(ResourceIdRef::parse(black_box(NESTED)));
    }),
];

fn slashes(text: &str) -> usize {
    memchr::memchr_iter(b'/', text.as_bytes()).fold(0, |sum, at| sum ^ at)
}

/// One look at the class of every byte.
fn is_odd(text: &str) -> bool {
    text.bytes()
        .fold(false, |odd, byte| odd | ODD[usize::from(byte)])
}

static ODD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte < 0x20
            || matches!(
                byte as u8,
                0x7f | b'"' | b'#' | b'<' | b'>' | b'?' | b'\\' | b'|'
            );
        byte += 1;
    }
    table
};

fn main() {
    assert!(ResourceIdRef::parse(VM).is_ok() && ResourceIdRef::parse(NESTED).is_ok());
    assert!(!is_odd(VM) && is_odd("a|b"));
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    match args.as_slice() {
        [name, times] => repeat(name, times.parse().expect("a number of times")),
        _ => ROWS.iter().for_each(|(name, row)| {
            row();
            println!("{name}");
        }),
    }
}

fn repeat(name: &str, times: u32) {
    let (_, row) = ROWS
        .iter()
        .find(|(known, _)| *known == name)
        .expect("the name of a row");
    for _ in 0..times {
        row();
    }
}
