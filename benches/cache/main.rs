//! What a cached value costs, and what a crowd that waits for one: in time, beside floors, and as ratios of one run.

mod crowd;
mod facade;
mod hits;
#[path = "../support/seconds.rs"]
mod seconds;
mod support;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    hits::bench(&mut criterion);
    facade::bench(&mut criterion);
    crowd::bench(&mut criterion);
    criterion.final_summary();
    // Without it this is a test: each comparison is made once.
    let is_measured = std::env::args().any(|arg| arg == "--bench");
    println_rows(if is_measured { 1 } else { 0 });
}

#[expect(
    clippy::print_stdout,
    reason = "a program whose result is what it prints"
)]
fn println_rows(measured: u32) {
    println!("\nratios, each of one run\n");
    println!("| what | ours | compared with | theirs | ratio | goal |");
    println!("|---|---:|---|---:|---:|---:|");
    for row in hits::ratios(measured)
        .into_iter()
        .chain(facade::ratios(measured))
        .chain(crowd::ratios(measured))
    {
        println!("{row}");
    }
}
