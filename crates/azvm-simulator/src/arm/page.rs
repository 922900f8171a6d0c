//! Lists, page by page when the scenario says so.

use serde_json::{Value, json};

use super::failure::failure;
use super::{Operation, base};
use crate::exchange::Reply;

/// The page of a list that the request asks for, with a `nextLink` when there are more.
pub(super) fn list(operation: &Operation<'_>, mut items: Vec<Value>) -> Result<Reply, Reply> {
    let request = operation.request;
    let skipped = match request.query.value(SKIP) {
        None => 0,
        Some(token) => token
            .parse::<usize>()
            .ok()
            .filter(|skipped| *skipped <= items.len())
            .ok_or_else(|| {
                let message = format!("The skip token '{token}' is invalid.");
                failure(400, "InvalidSkipToken", &message)
            })?,
    };
    let total = items.len();
    let page_size = operation.state.scenario.arm.page_size.unwrap_or(usize::MAX);
    let end = skipped.saturating_add(page_size).min(total);
    items.truncate(end);
    let items = items.split_off(skipped);
    if end == total {
        return Ok(Reply::json(200, &json!({ "value": items })));
    }
    let query = request.raw_query.split('&');
    let kept: Vec<_> = query
        .filter(|pair| !pair.starts_with(SKIP) && !pair.starts_with(SKIP_ENCODED))
        .collect();
    let next = format!(
        "{}/{}?{}&{SKIP_ENCODED}={end}",
        base(request),
        request.path.trim_start_matches('/'),
        kept.join("&")
    );
    Ok(Reply::json(
        200,
        &json!({ "value": items, "nextLink": next }),
    ))
}

const SKIP: &str = "$skiptoken";
const SKIP_ENCODED: &str = "%24skiptoken";
