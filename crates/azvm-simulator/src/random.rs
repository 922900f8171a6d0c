//! Identifiers and chances: from a seed when the scenario has one, so that the same requests get the same answers.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::{Builder, Uuid};

/// A SplitMix64 generator that many connections draw from. Nothing secret comes out of it.
#[derive(Debug)]
pub(crate) struct Random(AtomicU64);

impl Random {
    /// `None` when there is no seed and the operating system gives no random bytes.
    pub(crate) fn new(seed: Option<u64>) -> Option<Self> {
        let seed = match seed {
            Some(seed) => seed,
            None => {
                let mut bytes = [0; 8];
                aws_lc_rs::rand::fill(&mut bytes).ok()?;
                u64::from_le_bytes(bytes)
            }
        };
        Some(Self(AtomicU64::new(seed)))
    }

    pub(crate) fn guid(&self) -> Uuid {
        let bytes = (u128::from(self.next()) << 64) | u128::from(self.next());
        Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid()
    }

    /// True in so many of a million cases.
    pub(crate) fn chance(&self, per_million: u32) -> bool {
        self.next() % 1_000_000 < u64::from(per_million)
    }

    pub(crate) fn next(&self) -> u64 {
        let mixed = self
            .0
            .fetch_add(INCREMENT, Ordering::Relaxed)
            .wrapping_add(INCREMENT);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

const INCREMENT: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_identifiers() {
        let [one, two] = [1, 1].map(|seed| Random::new(Some(seed)).unwrap());
        assert_eq!(one.guid(), two.guid());
        assert_ne!(one.guid(), one.guid());
        assert_eq!(one.guid().get_version_num(), 4);
    }

    #[test]
    fn a_chance_is_kept_in_the_long_run() {
        let random = Random::new(Some(7)).unwrap();
        let hits = (0..10_000).filter(|_| random.chance(250_000)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert!(!random.chance(0) && random.chance(1_000_000));
    }
}
