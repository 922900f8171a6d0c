//! Proxy variables, which the doctor does not obey and other programs do.

use crate::ran::Ran;
use crate::world::World;
use azvm_diagnostics::CheckId::ImdsReachable;

const USER: &str = "jane-doe";
const PASSWORD: &str = "s3cr3t";

fn with_proxies(no_proxy: &str) -> Ran {
    World::healthy()
        .with_variable(
            "HTTP_PROXY",
            &format!("http://{USER}:{PASSWORD}/x@y@proxy.azvm.test:3128/"),
        )
        .with_variable("ALL_PROXY", &format!("{USER}:{PASSWORD}@proxy.azvm.test"))
        .with_variable("NO_PROXY", no_proxy)
        .run()
}

#[test]
fn a_proxy_that_spares_imds_is_fine() {
    for no_proxy in ["localhost,169.254.169.254", "*"] {
        assert_eq!(with_proxies(no_proxy).codes(), Vec::<&str>::new());
    }
}

#[test]
fn a_proxy_is_noted_and_its_password_is_not() {
    let ran = with_proxies("localhost,.internal");
    assert_eq!(ran.codes(), ["NET-012"], "{}", ran.verbose_text());
    assert_eq!((ran.exit(), ran.status(ImdsReachable)), (0, "note"));
    assert_eq!(
        ran.evidence(ImdsReachable, "proxy_variables"),
        Some("HTTP_PROXY=proxy.azvm.test:3128 ALL_PROXY=proxy.azvm.test")
    );
    let shown = format!("{}{}{:?}", ran.verbose_text(), ran.json_text(), ran.facts);
    assert!(
        !shown.contains(PASSWORD) && !shown.contains(USER),
        "{shown}"
    );
}
