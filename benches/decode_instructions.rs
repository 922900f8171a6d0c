//! What reading an answer costs, in instructions; the rows are those of `decode`.

#[path = "decode/answers.rs"]
mod answers;
#[path = "support/rows.rs"]
mod rows;

use answers::{
    ask, read_claims, read_token, read_typed_claims, read_typed_token, token, token_answer_of,
};
use azvm_exchange::{Response, Secret};
use azvm_imds::TokenRequest;
use rows::{Row, run};
use std::hint::black_box;

/// What the rows work on.
struct World {
    ask: TokenRequest,
    response: Response,
    secret: Secret,
}

const ROWS: [Row<World>; 5] = [
    ("nothing", |_| 7),
    ("token answer", |world| {
        drop(black_box(read_token(&world.ask, &world.response)));
        7
    }),
    ("token answer, serde_json", |world| {
        black_box(read_typed_token(&world.response));
        7
    }),
    ("claims", |world| {
        drop(black_box(read_claims(&world.secret)));
        7
    }),
    ("claims, serde_json", |world| {
        read_typed_claims(&world.secret);
        7
    }),
];

fn main() {
    let token = token();
    let world = World {
        ask: ask(),
        response: token_answer_of(&token),
        secret: Secret::new(token),
    };
    run(&world, &ROWS);
}
