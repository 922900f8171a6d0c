//! What the environment says about the identity. Read only when a program asks for it.

use crate::{Error, Guid, IdentitySelector, ImdsEndpoint};
use std::env::VarError;

/// The client ID of a user-assigned identity, as other Azure SDKs read it.
pub const CLIENT_ID_VARIABLE: &str = "AZURE_CLIENT_ID";

/// The origin of a stand-in for the metadata service, as other Azure SDKs read it.
pub const ENDPOINT_VARIABLE: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/// What a variable holds; [`std::env::var`] has this shape.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Result<String, VarError>;

/// The environment of this process.
pub(crate) fn process(name: &str) -> Result<String, VarError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the environment is read here and nowhere else in this crate"
    )]
    std::env::var(name)
}

/// The user-assigned identity that the environment names, if any.
pub(crate) fn selector(lookup: Lookup<'_>) -> Result<Option<IdentitySelector>, Error> {
    let Some(text) = value(lookup, CLIENT_ID_VARIABLE)? else {
        return Ok(None);
    };
    let client_id: Guid = text
        .parse()
        .map_err(|error| invalid(CLIENT_ID_VARIABLE, &error))?;
    Ok(Some(IdentitySelector::ClientId(client_id)))
}

/// The stand-in that the environment names, if any.
pub(crate) fn endpoint(lookup: Lookup<'_>) -> Result<Option<ImdsEndpoint>, Error> {
    let Some(text) = value(lookup, ENDPOINT_VARIABLE)? else {
        return Ok(None);
    };
    text.parse()
        .map(Some)
        .map_err(|error| invalid(ENDPOINT_VARIABLE, &error))
}

/// Empty means unset, and so does white space alone: a shell's `export X=` is a common way to take a variable away.
fn value(lookup: Lookup<'_>, name: &str) -> Result<Option<String>, Error> {
    match lookup(name) {
        Ok(text) if text.trim().is_empty() => Ok(None),
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(VarError::NotPresent) => Ok(None),
        // Without the value, which the error would print.
        Err(VarError::NotUnicode(_)) => {
            Err(Error::Invalid(format!("{name}: not valid Unicode").into()))
        }
    }
}

/// Says which variable and why, and not the value: it may have been meant for something else.
fn invalid(name: &str, error: &dyn std::error::Error) -> Error {
    let reason = match error.source() {
        Some(cause) => format!("{name}: {error}: {cause}"),
        None => format!("{name}: {error}"),
    };
    Error::Invalid(reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    const GUID: &str = "0A1B2C3D-0000-4000-8000-00000000000C";

    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: Result<(Option<&str>, Option<&str>), &str>) {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found
                .map(|(_, text)| (*text).to_owned())
                .ok_or(VarError::NotPresent)
        };
        let both = || Ok::<_, Error>((selector(&lookup)?, endpoint(&lookup)?));
        let shown = both()
            .map_err(|error| error.to_string())
            .map(|(selector, endpoint)| {
                let client_id = selector.and_then(|selector| selector.value().map(str::to_owned));
                (client_id, endpoint.map(|endpoint| endpoint.to_string()))
            });
        let shown = shown
            .as_ref()
            .map(|(id, origin)| (id.as_deref(), origin.as_deref()));
        assert_eq!(shown.map_err(String::as_str), expected, "{variables:?}");
    }

    #[test]
    fn what_is_empty_is_unset() {
        check(&[], Ok((None, None)));
        check(
            &[(CLIENT_ID_VARIABLE, ""), (ENDPOINT_VARIABLE, " ")],
            Ok((None, None)),
        );
    }

    #[test]
    fn both_variables_are_read() {
        let lower = GUID.to_ascii_lowercase();
        check(
            &[
                (CLIENT_ID_VARIABLE, GUID),
                (ENDPOINT_VARIABLE, "http://127.0.0.1:4000/"),
            ],
            Ok((Some(&lower), Some("http://127.0.0.1:4000"))),
        );
    }

    #[test]
    fn what_cannot_be_used_is_named_without_its_value() {
        check(
            &[(CLIENT_ID_VARIABLE, "my-app")],
            Err("AZURE_CLIENT_ID: expected a GUID such as 01234567-89ab-cdef-0123-456789abcdef"),
        );
        for (text, reason) in [
            (
                "http://evil.example",
                "an IMDS endpoint is a loopback or link-local address",
            ),
            ("https://127.0.0.1", "an IMDS endpoint is plain http"),
            (
                "127.0.0.1:4000",
                "not an endpoint: expected http://HOST[:PORT]",
            ),
        ] {
            let expected = format!("{ENDPOINT_VARIABLE}: {reason}");
            check(&[(ENDPOINT_VARIABLE, text)], Err(&expected));
        }
    }

    #[test]
    fn what_is_no_text_is_named_without_its_value() {
        let lookup = |_: &str| Err(VarError::NotUnicode(OsString::from("s3cret")));
        let error = selector(&lookup).unwrap_err().to_string();
        assert_eq!(error, "AZURE_CLIENT_ID: not valid Unicode");
    }
}
