//! The ids by which support finds an answer, wherever they stand in a text.

/// What stands before an id, in lower case, and what the id is called here.
const LABELS: [(&str, &str); 11] = [
    ("x-ms-request-id", "x-ms-request-id"),
    ("x-ms-correlation-request-id", "x-ms-correlation-request-id"),
    ("x-ms-client-request-id", "x-ms-client-request-id"),
    ("trace id", "trace id"),
    ("trace_id", "trace id"),
    ("correlation id", "correlation id"),
    ("correlation_id", "correlation id"),
    ("correlationid", "correlation id"),
    ("request id", "request id"),
    ("requestid", "request id"),
    ("operationid", "operation id"),
];

/// So far from its label an id may be, in bytes.
const NEAR: usize = 24;

/// So many places of a label are looked at.
const MAX_PLACES: usize = 16;

/// The bytes of a GUID as text.
const GUID: usize = 36;

/// The first id of each name. Only what is a GUID is one: nothing secret is.
pub(super) fn ids(text: &str) -> Vec<(&'static str, String)> {
    let lower = text.to_ascii_lowercase();
    let mut ids: Vec<(&'static str, String)> = vec![];
    for (label, name) in LABELS {
        let places = lower.match_indices(label).take(MAX_PLACES);
        let mut found = places.filter_map(|(at, _)| guid(&lower[at + label.len()..]));
        let is_new = ids.iter().all(|(known, _)| *known != name);
        if let (true, Some(id)) = (is_new, found.next()) {
            ids.push((name, id));
        }
    }
    ids
}

fn guid(after: &str) -> Option<String> {
    let at = after.find(|c: char| c.is_ascii_alphanumeric())?;
    let text = after.get(at..at + GUID).filter(|_| at <= NEAR)?;
    let guid: azvm_imds::Guid = text.parse().ok()?;
    Some(guid.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::ids;

    const ID: &str = "dc8eca30-deda-4116-9334-2c5e07035c00";

    #[test]
    fn an_id_is_found_behind_its_name() {
        for (text, name) in [
            (format!("x-ms-request-id: {ID}\n"), "x-ms-request-id"),
            (format!("'X-Ms-Request-Id': '{ID}'"), "x-ms-request-id"),
            (
                format!("x-ms-request-id               : {ID}"),
                "x-ms-request-id",
            ),
            (format!("Trace ID: {ID}\\r\\nCorr"), "trace id"),
            (
                format!("\"correlation_id\":\"{}\"", ID.to_uppercase()),
                "correlation id",
            ),
            (format!("OperationID : {ID}"), "operation id"),
            ("Correlation ID: Not Available".into(), ""),
            (format!("Trace ID: {ID}0"), "trace id"),
            (format!("Trace ID: eyJ{ID}"), ""),
        ] {
            let found = ids(&text);
            assert_eq!(found.first().map_or("", |it| it.0), name, "{text}");
            assert!(found.iter().all(|(_, id)| id.eq_ignore_ascii_case(ID)));
        }
    }
}
