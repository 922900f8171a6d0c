//! A program of named rows, each a thing to do, for valgrind's callgrind, which counts the same on a busy machine.
//!
//! `cargo xtask bench` runs it twice a row, with and without the loop, and prints the difference.
//! Without arguments each row runs once, as a test, and its name is printed.

use std::hint::black_box;

/// One row. The one named `nothing` is what an empty loop costs.
pub(crate) type Row<World> = (&'static str, fn(&World) -> u64);

#[expect(
    clippy::print_stdout,
    reason = "a program whose result is what it prints"
)]
pub(crate) fn run<World>(world: &World, rows: &[Row<World>]) {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    match args.as_slice() {
        [name, times] => {
            let row = rows.iter().find(|(known, _)| *known == name);
            let (_, row) = row.expect("the name of a row");
            for _ in 0..times.parse().expect("a number of times") {
                black_box(row(black_box(world)));
            }
        }
        _ => rows.iter().for_each(|(name, row)| {
            row(world);
            println!("{name}");
        }),
    }
}
