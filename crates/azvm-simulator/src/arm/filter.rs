//! The few `$filter` expressions that role and group listings understand.

use super::failure::failure;
use crate::exchange::{Reply, Request};

/// One condition; conditions are joined by `and`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Condition {
    AssignedTo(String),
    AtScope,
    /// `member eq 'value'`.
    Equals(String, String),
}

/// The conditions of a request, none when it has no filter.
pub(super) fn conditions(request: &Request) -> Result<Vec<Condition>, Reply> {
    let filter = request.query.value("$filter").unwrap_or_default();
    parse(filter).ok_or_else(|| invalid(filter))
}

/// A filter that cannot be read, or does not belong to this listing.
pub(super) fn invalid(filter: &str) -> Reply {
    failure(
        400,
        "InvalidFilter",
        &format!("The filter '{filter}' is not supported."),
    )
}

fn parse(filter: &str) -> Option<Vec<Condition>> {
    if filter.trim().is_empty() {
        return Some(Vec::new());
    }
    let mut rest = filter.trim();
    let mut conditions = Vec::new();
    loop {
        let (condition, after) = condition(rest)?;
        conditions.push(condition);
        let after = after.trim_start();
        if after.is_empty() {
            return Some(conditions);
        }
        rest = strip_prefix_ignoring_case(after, "and ")?.trim_start();
    }
}

fn condition(text: &str) -> Option<(Condition, &str)> {
    if let Some(rest) = strip_prefix_ignoring_case(text, "atScope()") {
        return Some((Condition::AtScope, rest));
    }
    if let Some(rest) = strip_prefix_ignoring_case(text, "assignedTo(") {
        let (value, rest) = quoted(rest.trim_start())?;
        return Some((
            Condition::AssignedTo(value),
            rest.trim_start().strip_prefix(')')?,
        ));
    }
    let (member, rest) = text.split_once(' ')?;
    let (value, rest) = quoted(strip_prefix_ignoring_case(rest.trim_start(), "eq ")?.trim_start())?;
    Some((Condition::Equals(member.to_ascii_lowercase(), value), rest))
}

/// Text in single quotes, in which a quote is written twice.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut value = String::new();
    loop {
        let (before, after) = rest.split_once('\'')?;
        value.push_str(before);
        match after.strip_prefix('\'') {
            Some(more) => {
                value.push('\'');
                rest = more;
            }
            None => return Some((value, after)),
        }
    }
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_that_clients_send_are_understood() {
        let equals =
            |member: &str, value: &str| Condition::Equals(member.to_owned(), value.to_owned());
        assert_eq!(parse(""), Some(vec![]));
        assert_eq!(parse("atScope()"), Some(vec![Condition::AtScope]));
        assert_eq!(
            parse("principalId eq 'p'"),
            Some(vec![equals("principalid", "p")])
        );
        assert_eq!(
            parse("atScope() and assignedTo('p')"),
            Some(vec![
                Condition::AtScope,
                Condition::AssignedTo("p".to_owned())
            ])
        );
        assert_eq!(
            parse("roleName eq 'O''Reader and so on'"),
            Some(vec![equals("rolename", "O'Reader and so on")])
        );
        assert_eq!(
            parse("tagName eq 'a' and tagValue eq 'b'"),
            Some(vec![equals("tagname", "a"), equals("tagvalue", "b")])
        );
    }

    #[test]
    fn other_filters_are_refused() {
        for filter in [
            "atScope() or atScope()",
            "atScope() and",
            "assignedTo(p)",
            "assignedTo('p'",
            "x eq 'y",
            "x ne 'y'",
            "é",
            "'",
        ] {
            assert_eq!(parse(filter), None, "{filter}");
        }
    }
}
