//! Servers that stand in for IMDS or ARM and know little of their manners, and strangers that look like them.

use crate::ran::Ran;
use crate::replies::{Reply, denied, group_answer};
use crate::wire::Route;
use crate::world::World;

/// Exactly these codes, with this exit code.
#[track_caller]
fn check(world: World, exit: u8, expected: &[&str]) -> Ran {
    let ran = world.run();
    let shown = ran.verbose_text();
    assert_eq!(
        (ran.exit(), ran.codes()),
        (exit, expected.to_vec()),
        "{shown}"
    );
    ran
}

/// Answers to a request without a token that have no mark of ARM.
fn bare() -> Vec<Reply> {
    let statuses = [401, 403, 404].into_iter();
    let said = statuses.flat_map(|status| {
        ["", "Unauthorized", "<h1>Unauthorized</h1>"].map(|body| Reply::new(status, body))
    });
    said.chain([Reply::new(404, "<h1>Not Found</h1>").with("Server", "Werkzeug/3.0.1")])
        .collect()
}

#[test]
fn the_target_decides_at_an_endpoint_that_the_caller_named() {
    let target = |probed: Reply, answer: Reply| {
        let world = World::healthy().with(Route::ArmProbe, probed);
        world.with(Route::Target, answer)
    };
    for reply in bare() {
        check(target(reply.clone(), group_answer()), 0, &[]);
        check(target(reply.clone(), denied()), 1, &["RBAC-021"]);
        // A stranger is one in the target's answer as well.
        let ran = check(target(reply.clone(), reply), 1, &["ARM-019"]);
        assert_eq!(ran.asked(Route::Target), 1);
    }
    for (status, name, value) in [
        (401, "Via", "1.1 proxy"),
        (403, "X-Squid-Error", "ERR_ACCESS_DENIED 0"),
        (404, "Proxy-Status", "x"),
        (401, "WWW-Authenticate", "Basic realm=\"corp\""),
        (302, "Location", "/login"),
    ] {
        let stranger = Reply::new(status, "").with(name, value);
        let ran = check(target(stranger, group_answer()), 1, &["ARM-019"]);
        assert_eq!(ran.asked(Route::Target), 0, "no token for {name}");
    }
}
