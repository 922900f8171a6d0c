//! What machines with the same code have in common.

use super::machine::Machine;

/// The most that is told of one code.
const MAX_SHARED: usize = 3;

/// Something that all machines with a code have, and others have not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shared {
    /// What it is: `kernel`, `zone`, `scale set`, …
    pub what: &'static str,
    /// Its value.
    pub value: String,
    /// How many machines have it, with the code or without.
    pub machines: usize,
}

/// The rarest first. One machine alone has everything in common with itself, which says nothing.
pub(super) fn among(with: &[&Machine], all: &[Machine]) -> Vec<Shared> {
    let (Some(first), true) = (with.first(), with.len() > 1) else {
        return vec![];
    };
    let mut shared = vec![];
    for (place, (what, value)) in first.attributes().into_iter().enumerate() {
        let Some(value) = value else {
            continue;
        };
        let has = |machine: &Machine| {
            let own = machine.attributes()[place].1;
            own.is_some_and(|own| own.eq_ignore_ascii_case(value))
        };
        let machines = all.iter().filter(|machine| has(machine)).count();
        if machines < all.len() && with.iter().all(|machine| has(machine)) {
            shared.push(Shared {
                what,
                value: value.into(),
                machines,
            });
        }
    }
    shared.sort_by_key(|shared| shared.machines);
    shared.truncate(MAX_SHARED);
    shared
}
