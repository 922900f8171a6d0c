//! Which `api-version` is accepted where.

use serde::Serialize;

use crate::exchange::Reply;
use crate::text::{Query, is_date};

/// The identity endpoints take any date since they exist.
pub(super) fn require_identity(query: &Query) -> Result<(), Reply> {
    require_since(query, IDENTITY_SINCE)
}

/// Instance metadata takes the published versions only.
pub(super) fn require_known(query: &Query) -> Result<(), Reply> {
    match query.value("api-version") {
        Some(version) if KNOWN.contains(&version) => Ok(()),
        Some(_) | None => Err(refusal()),
    }
}

/// Endpoints with versions of their own take any date since they exist: scheduled events have some that no list shows.
pub(super) fn require_since(query: &Query, since: &str) -> Result<(), Reply> {
    match query.value("api-version") {
        Some(version) if is_date(version) && version >= since => Ok(()),
        Some(_) | None => Err(refusal()),
    }
}

#[derive(Serialize)]
struct Refusal<'a> {
    error: &'a str,
    #[serde(rename = "newest-versions")]
    newest_versions: [&'a str; 3],
}

fn refusal() -> Reply {
    let [.., third, second, newest] = KNOWN;
    let error = "Bad request. api-version is invalid or was not specified in the request. For more information refer to aka.ms/azureimds";
    Reply::json(
        400,
        &Refusal {
            error,
            newest_versions: [newest, second, third],
        },
    )
}

/// As documented for `/metadata/versions`, oldest first.
pub(super) const KNOWN: [&str; 35] = [
    "2017-03-01",
    "2017-04-02",
    "2017-08-01",
    "2017-10-01",
    "2017-12-01",
    "2018-02-01",
    "2018-04-02",
    "2018-10-01",
    "2019-02-01",
    "2019-03-11",
    "2019-04-30",
    "2019-06-01",
    "2019-06-04",
    "2019-08-01",
    "2019-08-15",
    "2019-11-01",
    "2020-06-01",
    "2020-07-15",
    "2020-09-01",
    "2020-10-01",
    "2020-12-01",
    "2021-01-01",
    "2021-02-01",
    "2021-03-01",
    "2021-05-01",
    "2021-08-01",
    "2021-10-01",
    "2021-11-01",
    "2021-11-15",
    "2021-12-13",
    "2023-07-01",
    "2023-11-15",
    "2024-03-15",
    "2024-07-17",
    "2025-04-07",
];

const IDENTITY_SINCE: &str = "2018-02-01";
