//! Rules as `nft` and `iptables-nft` make them of a line, and what they do with a packet to IMDS.

use super::super::nat::tests::{attr, compare, expression, message};
use super::*;
use proptest::prelude::*;

fn chain(family: u8, name: &str, hook: Option<u32>) -> Vec<u8> {
    const ACCEPT: u32 = 1;
    chain_with_policy(family, name, hook, ACCEPT)
}

fn chain_with_policy(family: u8, name: &str, hook: Option<u32>, policy: u32) -> Vec<u8> {
    let mut body = vec![family, 0, 0, 0];
    body.extend(attr(1, b"filter\0"));
    body.extend(attr(3, format!("{name}\0").as_bytes()));
    if let Some(hook) = hook {
        body.extend(attr(4, &attr(1, &hook.to_be_bytes())));
        body.extend(attr(5, &policy.to_be_bytes()));
    }
    message(NEW_CHAIN, &body)
}

fn rule(family: u8, chain: &str, expressions: &[Vec<u8>]) -> Vec<u8> {
    let mut body = vec![family, 0, 0, 0];
    body.extend(attr(1, b"filter\0"));
    body.extend(attr(2, format!("{chain}\0").as_bytes()));
    body.extend(attr(4, &expressions.concat()));
    message(NEW_RULE, &body)
}

fn numbers(name: &str, values: &[u32]) -> Vec<u8> {
    let values = values.iter().zip(1..);
    let values: Vec<Vec<u8>> = values
        .map(|(value, kind)| attr(kind, &value.to_be_bytes()))
        .collect();
    expression(name, &values)
}

/// Base, offset and length, into the first register.
fn load(base: u32, offset: u32, length: u32) -> Vec<u8> {
    numbers("payload", &[1, base, offset, length])
}

fn load_meta(key: u32) -> Vec<u8> {
    numbers("meta", &[1, key])
}

/// Compares the first register.
fn is(operation: u32, value: &[u8]) -> Vec<u8> {
    let value = attr(3, &attr(1, value));
    let numbers = [
        attr(1, &1_u32.to_be_bytes()),
        attr(2, &operation.to_be_bytes()),
    ];
    expression("cmp", &[numbers.concat(), value])
}

fn mask(bytes: &[u8]) -> Vec<u8> {
    let one = 1_u32.to_be_bytes();
    let zeros = vec![0; bytes.len()];
    let data = [
        attr(1, &one),
        attr(2, &one),
        attr(4, &attr(1, bytes)),
        attr(5, &attr(1, &zeros)),
    ];
    expression("bitwise", &data)
}

fn ends(code: i32, chain: &str) -> Vec<u8> {
    let mut verdict = attr(1, &code.to_be_bytes());
    if !chain.is_empty() {
        verdict.extend(attr(2, format!("{chain}\0").as_bytes()));
    }
    expression(
        "immediate",
        &[attr(1, &[0; 4]), attr(2, &attr(2, &verdict))],
    )
}

fn drop() -> Vec<u8> {
    ends(0, "")
}

fn counter() -> Vec<u8> {
    expression("counter", &[])
}

/// `ip daddr 169.254.169.254`.
fn to_imds() -> Vec<u8> {
    [load(1, 16, 4), is(0, &[169, 254, 169, 254])].concat()
}

fn blocking(messages: &[Vec<u8>]) -> Vec<FilterRule> {
    let mut found = Filters::default();
    for message in messages {
        assert_eq!(found.take(message), Ok(false));
    }
    found.into_blocking()
}

/// What a rule in the chain of the kernel does.
fn of_rule(expressions: &[Vec<u8>]) -> Option<&'static str> {
    let found = blocking(&[chain(INET, "out", Some(3)), rule(INET, "out", expressions)]);
    found.first().map(|rule| rule.verdict.as_str())
}

#[test]
fn a_rule_that_names_the_address_blocks() {
    let family = [load_meta(15), is(0, &[2])].concat();
    let line = [family, to_imds(), counter(), drop()];
    let messages = [chain(INET, "out", Some(3)), rule(INET, "out", &line)];
    let expected = FilterRule::new("inet filter".into(), "out".into(), FilterVerdict::Drop);
    assert_eq!(blocking(&messages), [expected]);
    assert_eq!(
        of_rule(&[to_imds(), expression("reject", &[])]),
        Some("reject")
    );
    assert_eq!(
        of_rule(&[to_imds(), expression("queue", &[])]),
        Some("queue")
    );
    assert_eq!(of_rule(&[to_imds(), ends(0x3_0003, "")]), Some("queue"));
    // Of another family or address, or nothing but a condition.
    assert_eq!(of_rule(&[load_meta(15), is(0, &[10]), drop()]), None);
    assert_eq!(
        of_rule(&[load(1, 16, 4), is(0, &[168, 63, 129, 16]), drop()]),
        None
    );
    assert_eq!(
        of_rule(&[load(1, 16, 4), is(1, &[169, 254, 169, 254]), drop()]),
        None
    );
    assert_eq!(of_rule(&[to_imds(), counter()]), None);
}

#[test]
fn prefixes_ranges_ports_and_states_are_computed() {
    assert_eq!(
        of_rule(&[load(1, 16, 2), is(0, &[169, 254]), drop()]),
        Some("drop")
    );
    let with_mask = [
        load(1, 16, 4),
        mask(&[255, 255, 128, 0]),
        is(0, &[169, 254, 128, 0]),
        drop(),
    ];
    assert_eq!(of_rule(&with_mask), Some("drop"));
    let tcp = [load_meta(16), is(0, &[6])].concat();
    let to_port = |port: u16| [tcp.clone(), load(2, 2, 2), is(0, &port.to_be_bytes())].concat();
    assert_eq!(of_rule(&[to_imds(), to_port(80), drop()]), Some("drop"));
    assert_eq!(of_rule(&[to_imds(), to_port(443), drop()]), None);
    assert_eq!(of_rule(&[load(1, 9, 1), is(0, &[17]), drop()]), None);
    let range = |operation: u32, to: [u8; 4]| {
        let numbers = [
            attr(1, &1_u32.to_be_bytes()),
            attr(2, &operation.to_be_bytes()),
        ]
        .concat();
        let bounds = [attr(3, &attr(1, &[169, 254, 0, 0])), attr(4, &attr(1, &to))].concat();
        [
            load(1, 16, 4),
            expression("range", &[numbers, bounds]),
            drop(),
        ]
    };
    assert_eq!(of_rule(&range(0, [169, 254, 255, 255])), Some("drop"));
    assert_eq!(of_rule(&range(1, [169, 254, 255, 255])), None);
    assert_eq!(of_rule(&range(0, [169, 254, 1, 1])), None);
    let state = |bits: u32| {
        let state = numbers("ct", &[1, 0]);
        [
            state,
            mask(&bits.to_ne_bytes()),
            is(1, &[0; 4]),
            to_imds(),
            drop(),
        ]
    };
    assert_eq!(of_rule(&state(8)), Some("drop"));
    assert_eq!(of_rule(&state(2)), None);
}

#[test]
fn what_cannot_be_told_is_no_evidence() {
    let of_user = [load_meta(10), is(1, &[0; 4])].concat();
    for unknown in [
        of_user,
        expression("lookup", &[]),
        expression("limit", &[]),
        [load(1, 12, 4), is(0, &[10, 0, 0, 4])].concat(),
        [load(2, 0, 2), is(0, &[0, 80])].concat(),
        compare(0, &[169, 254, 169, 254]),
    ] {
        assert_eq!(of_rule(&[to_imds(), unknown, drop()]), None);
    }
}

#[test]
fn rules_of_iptables_have_its_structures() {
    let named = |kind: &str, name: &str, info: &[u8]| {
        let name = attr(1, format!("{name}\0").as_bytes());
        expression(kind, &[name, attr(2, &[0; 4]), attr(3, info)])
    };
    let to_port = |from: u16, to: u16| {
        let ports = [0, u16::MAX, from, to].map(u16::to_ne_bytes).concat();
        named("match", "tcp", &[&ports[..], &[0; 4]].concat())
    };
    let reject = || named("target", "REJECT", &[0; 4]);
    assert_eq!(
        of_rule(&[to_imds(), to_port(80, 80), reject()]),
        Some("reject")
    );
    assert_eq!(of_rule(&[to_imds(), to_port(443, 443), reject()]), None);
    assert_eq!(
        of_rule(&[to_imds(), named("match", "comment", &[0; 256]), drop()]),
        Some("drop")
    );
    assert_eq!(
        of_rule(&[to_imds(), named("match", "owner", &[0; 24]), drop()]),
        None
    );
    assert_eq!(
        of_rule(&[to_imds(), named("target", "LOG", &[0; 32]), drop()]),
        Some("drop")
    );
}

#[test]
fn a_packet_goes_through_the_chains_as_in_the_kernel() {
    let base = || chain(IPV4, "OUTPUT", Some(3));
    let own = || rule(IPV4, "own", &[to_imds(), drop()]);
    let jump = |code| rule(IPV4, "OUTPUT", &[ends(code, "own")]);
    let found = blocking(&[base(), chain(IPV4, "own", None), jump(-3), own()]);
    assert_eq!(
        found[0],
        FilterRule::new("ip filter".into(), "own".into(), FilterVerdict::Drop)
    );
    // Nobody jumps there, or what comes first lets the packet pass.
    assert_eq!(blocking(&[base(), chain(IPV4, "own", None), own()]), []);
    let accept = || rule(IPV4, "OUTPUT", &[to_imds(), ends(1, "")]);
    assert_eq!(blocking(&[base(), accept(), jump(-3), own()]), []);
    let returns = rule(IPV4, "own", &[ends(-5, "")]);
    let late = rule(IPV4, "OUTPUT", &[drop()]);
    assert_eq!(
        blocking(&[base(), jump(-3), returns.clone(), own(), late.clone()])[0].chain,
        "OUTPUT"
    );
    assert_eq!(blocking(&[base(), jump(-4), returns, own(), late]), []);
    // Packets that come in, and those of the other IP.
    assert_eq!(
        blocking(&[chain(IPV4, "in", Some(1)), rule(IPV4, "in", &[drop()])]),
        []
    );
    assert_eq!(
        blocking(&[chain(10, "out", Some(3)), rule(10, "out", &[drop()])]),
        []
    );
}

#[test]
fn a_policy_stops_what_no_rule_lets_through() {
    let closed = |rules: &[Vec<Vec<u8>>]| {
        let base = chain_with_policy(INET, "out", Some(3), 0);
        let rules = rules.iter().map(|line| rule(INET, "out", line));
        let messages: Vec<_> = std::iter::once(base).chain(rules).collect();
        blocking(&messages)
    };
    let by_policy = FilterRule::new("inet filter".into(), "out".into(), FilterVerdict::Policy);
    let accept = || ends(1, "");
    let established = || {
        let state = numbers("ct", &[1, 0]);
        vec![state, mask(&6_u32.to_ne_bytes()), is(1, &[0; 4]), accept()]
    };
    let by_lo = |key: u32, value: &[u8]| vec![load_meta(key), is(0, value), accept()];
    let (by_number, by_name) = (
        by_lo(5, &1_u32.to_ne_bytes()),
        by_lo(7, b"lo\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    );
    assert_eq!(closed(&[]), std::slice::from_ref(&by_policy));
    let usual = [established(), by_number, by_name];
    assert_eq!(closed(&usual), std::slice::from_ref(&by_policy));
    assert_eq!(closed(&[vec![ends(-5, "")]]), [by_policy]);
    // A rule lets it through, or may do so.
    assert_eq!(closed(&[established(), vec![to_imds(), accept()]]), []);
    assert_eq!(
        closed(&[vec![load_meta(5), is(1, &1_u32.to_ne_bytes()), accept()]]),
        []
    );
    assert_eq!(closed(&[by_lo(5, &2_u32.to_ne_bytes())]), []);
    assert_eq!(closed(&[by_lo(7, b"eth0\0")]), []);
    assert_eq!(closed(&[by_lo(7, b"lo")]), []);
    assert_eq!(closed(&[vec![expression("lookup", &[]), accept()]]), []);
    // A rule that stops it comes before.
    assert_eq!(closed(&[vec![drop()]])[0].verdict, FilterVerdict::Drop);
}

#[test]
fn chains_that_call_each_other_end() {
    let to = |from: &str, other: &str| rule(IPV4, from, &[ends(-3, other)]);
    let messages = [
        chain(IPV4, "a", Some(3)),
        to("a", "b"),
        to("a", "b"),
        to("b", "a"),
        to("b", "a"),
    ];
    assert_eq!(blocking(&messages), []);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for kind in [NEW_CHAIN, NEW_RULE] {
            let mut found = Filters::default();
            let _ = found.take(&bytes);
            let _ = found.take(&message(kind, &bytes));
            let _ = found.into_blocking();
        }
        let _ = Packet::default().run(&bytes);
    }
}
