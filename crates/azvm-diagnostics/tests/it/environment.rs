//! Proxy variables. The environment of a running test cannot be changed, so this test runs itself as a child.

use crate::ran::Ran;
use crate::world::World;
use azvm_diagnostics::CheckId::ImdsReachable;
use std::process::Command;

const TEST: &str = "environment::a_proxy_is_noted_and_its_password_is_not";
const USER: &str = "jane-doe";
const PASSWORD: &str = "s3cr3t";
const MARK: &str = "AZVM_DIAGNOSTICS_TEST_CHILD";

#[test]
fn a_proxy_is_noted_and_its_password_is_not() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the mark of the child is for this test alone"
    )]
    let mark = std::env::var_os(MARK);
    match mark.as_ref().and_then(|mark| mark.to_str()) {
        None => {
            run_child("exposed", "localhost,.internal");
            run_child("exempt", "localhost,169.254.169.254");
        }
        Some("exempt") => assert_eq!(at_its_own_address().codes(), Vec::<&str>::new()),
        Some(_) => check_exposed(&at_its_own_address()),
    }
}

/// The loopback world has no use for proxies, so the fact that it is one is taken away.
fn at_its_own_address() -> Ran {
    let loopback = World::healthy().run();
    assert_eq!(loopback.codes(), Vec::<&str>::new());
    let ran = loopback.with_facts(|facts| facts.imds.is_default_endpoint = true);
    crate::reports::check_sound(&ran);
    ran
}

fn check_exposed(ran: &Ran) {
    assert_eq!(ran.codes(), ["NET-012"], "{}", ran.verbose_text());
    assert_eq!((ran.exit(), ran.status(ImdsReachable)), (0, "note"));
    assert_eq!(
        ran.evidence(ImdsReachable, "proxy_variables"),
        Some(if cfg!(windows) {
            "HTTP_PROXY=proxy.azvm.test:3128 ALL_PROXY=proxy.azvm.test"
        } else {
            "http_proxy=proxy.azvm.test:3128 ALL_PROXY=proxy.azvm.test"
        })
    );
    let shown = format!("{}{}{:?}", ran.verbose_text(), ran.json_text(), ran.facts);
    assert!(
        !shown.contains(PASSWORD) && !shown.contains(USER),
        "{shown}"
    );
}

fn run_child(mark: &str, no_proxy: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", TEST])
        .env_remove("HTTP_PROXY")
        .env_remove("all_proxy")
        .env_remove("NO_PROXY")
        .env(
            "http_proxy",
            format!("http://{USER}:{PASSWORD}/x@y@proxy.azvm.test:3128/"),
        )
        .env("ALL_PROXY", format!("{USER}:{PASSWORD}@proxy.azvm.test"))
        .env("no_proxy", no_proxy)
        .env(MARK, mark)
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{mark}: {shown}");
    assert!(shown.contains("1 passed"), "{mark}: {shown}");
}
