//! How many requests are left before ARM says 429.

use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::{Response, service_text};
use core::time::Duration;

/// What every header of a remaining count begins with.
const PREFIX: &str = "x-ms-ratelimit-remaining-";

/// The most counts that are kept of one answer.
pub const MAX_BUDGETS: usize = 32;

/// The throttling headers of an answer, good or bad.
///
/// ARM counts by principal, subscription and region; which counts it tells varies (*Understand how Azure Resource Manager
/// throttles requests*).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Throttling {
    /// Every `x-ms-ratelimit-remaining-…` that could be read, at most [`MAX_BUDGETS`].
    pub budgets: Vec<Budget>,
    /// `Retry-After`, uncapped.
    pub retry_after: Option<Duration>,
}

/// How many requests of one kind are left.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budget {
    /// The kind, which is the rest of the header's name in lower case: `subscription-reads`, `tenant-writes`, …
    pub name: String,
    /// The provider's policy that is counted, where one header has several: `Microsoft.Compute/LowCostGet3Min`.
    pub policy: Option<String>,
    /// How many.
    pub remaining: u64,
}

impl Throttling {
    /// Reads the headers; a count that is no number is left out.
    ///
    /// ```
    /// use azvm_arm::Throttling;
    /// use azvm_exchange::Response;
    /// let header = ("x-ms-ratelimit-remaining-subscription-reads".to_owned(), "249".to_owned());
    /// let throttling = Throttling::read(&Response::new(200, vec![header], vec![]));
    /// assert_eq!(throttling.remaining("subscription-reads"), Some(249));
    /// ```
    pub fn read(response: &Response) -> Self {
        let budgets = response
            .headers()
            .filter_map(|(name, value)| Some((kind(name)?, value)))
            .flat_map(|(kind, value)| value.split(',').map(move |part| (kind, part)))
            .filter_map(|(kind, part)| budget(kind, part));
        Self {
            budgets: budgets.take(MAX_BUDGETS).collect(),
            retry_after: response.retry_after(),
        }
    }

    /// What is left of the budget of this name, such as `subscription-reads`; the smallest if there are several.
    pub fn remaining(&self, name: &str) -> Option<u64> {
        let named = |budget: &&Budget| budget.name.eq_ignore_ascii_case(name);
        let counts = self.budgets.iter().filter(named);
        counts.map(|budget| budget.remaining).min()
    }
}

/// `subscription-reads` of `x-ms-ratelimit-remaining-subscription-reads`.
fn kind(header: &str) -> Option<&str> {
    let prefix = header.get(..PREFIX.len())?;
    let kind = &header[PREFIX.len()..];
    (prefix.eq_ignore_ascii_case(PREFIX) && !kind.is_empty()).then_some(kind)
}

/// `249`, or `Microsoft.Compute/LowCostGet3Min;249` as the compute provider writes it.
fn budget(kind: &str, text: &str) -> Option<Budget> {
    let (policy, count) = match text.rsplit_once(';') {
        Some((policy, count)) => (Some(service_text(policy)), count),
        None => (None, text),
    };
    Some(Budget {
        name: service_text(kind).to_ascii_lowercase(),
        policy,
        remaining: count.trim().parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[track_caller]
    fn check(name: &str, value: &str, expected: &[(&str, Option<&str>, u64)]) {
        let response = Response::new(200, vec![(name.into(), value.into())], vec![]);
        let budgets = Throttling::read(&response).budgets;
        let found: Vec<_> = budgets
            .iter()
            .map(|budget| {
                (
                    budget.name.as_str(),
                    budget.policy.as_deref(),
                    budget.remaining,
                )
            })
            .collect();
        assert_eq!(found, expected, "{name}: {value}");
    }

    #[test]
    fn counts_in_all_their_forms() {
        let reads = "x-ms-ratelimit-remaining-subscription-reads";
        check(reads, "249", &[("subscription-reads", None, 249)]);
        check(reads, " 0 ", &[("subscription-reads", None, 0)]);
        check(
            "X-MS-RateLimit-Remaining-Tenant-Writes",
            "1",
            &[("tenant-writes", None, 1)],
        );
        check(
            "x-ms-ratelimit-remaining-resource",
            "Microsoft.Compute/HighCostGet3Min;139,Microsoft.Compute/HighCostGet30Min;639",
            &[
                ("resource", Some("Microsoft.Compute/HighCostGet3Min"), 139),
                ("resource", Some("Microsoft.Compute/HighCostGet30Min"), 639),
            ],
        );
        for odd in ["", "many", "-1", "1.5", "99999999999999999999"] {
            check(reads, odd, &[]);
        }
        check("x-ms-ratelimit-remaining-", "1", &[]);
        check("x-ms-ratelimit-remainingé", "1", &[]);
    }

    #[test]
    fn there_is_an_end_to_them() {
        check("x-ms-ratelimit-remaining-a", &"x,".repeat(9), &[]);
        let value = "1,".repeat(10_000);
        let headers = vec![("x-ms-ratelimit-remaining-a".into(), value)];
        let read = Throttling::read(&Response::new(200, headers, vec![]));
        assert_eq!(read.budgets.len(), MAX_BUDGETS);
    }
}
