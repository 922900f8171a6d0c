//! The request as it should have been, as far as the one given says what was meant.

use super::imds::Endpoint;
use super::parsed::{Form, Parsed, is_name, is_public_param, rests_of_secrets};
use super::selector::SELECTORS;
use super::shell::Shell;
use super::traced::Traced;
use super::url::{Param, Url};
use azvm_exchange::encode_query_value;
use azvm_resource_id::repair;

/// A piece of the request, and whether the shell fills it in.
type Piece = (String, bool);

/// What a value that only the reader knows is called.
const PLACEHOLDERS: [(&str, &str); 2] = [("api-version", "API-VERSION"), ("resource", "RESOURCE")];

/// The right request to IMDS; `None` where two values are given and nobody can know which was meant.
pub(super) fn imds(parsed: &Parsed, url: &Url) -> Option<String> {
    let endpoint = Endpoint::of(url);
    let params = imds_params(url, endpoint)?;
    let meant = super::imds::meant_path(&url.plain_path());
    let meant = meant.map_or_else(|| path(url), String::from);
    let mut pieces = vec![(origin(url), false), (meant, false)];
    pieces.extend(query(&params));
    let method = parsed.method.as_ref().map_or("GET", |(method, _)| method);
    let is_post = method == "POST" && matches!(endpoint, Endpoint::Events | Endpoint::Credential);
    let method = if is_post { "POST" } else { "GET" };
    let header = "Metadata: true";
    Some(match parsed.form {
        Form::Url => join(&pieces),
        Form::Http => head(method, url, &pieces[1..], header),
        Form::Curl | Form::AzRest => {
            let request = if is_post { " -X POST" } else { "" };
            let address = quoted(&pieces, parsed.shell);
            match parsed.shell {
                Shell::Sh => format!("curl -s{request} --noproxy '*' -H Metadata:true {address}"),
                Shell::Cmd => format!("curl -s{request} --noproxy * -H Metadata:true {address}"),
                Shell::PowerShell => {
                    format!("curl.exe -s{request} --noproxy '*' -H Metadata:true {address}")
                }
            }
        }
        Form::PowerShell => {
            let request = if is_post { " -Method POST" } else { "" };
            let address = quoted(&pieces, Shell::PowerShell);
            // As the page on IMDS has it; Windows PowerShell 5.1 takes it without -NoProxy.
            format!(
                "Invoke-RestMethod{request} -NoProxy -Headers @{{Metadata='true'}} -Uri {address}"
            )
        }
    })
}

/// The right request to ARM.
pub(super) fn arm(parsed: &Parsed, url: &Url) -> Option<String> {
    let mut params = kept(url)?;
    if !params
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("api-version"))
    {
        params.push(("api-version".into(), placeholder("api-version")));
    }
    let host = match url.host.is_empty() {
        true => azvm_arm::Cloud::Public.endpoint().into(),
        false => origin(url),
    };
    let mut pieces = vec![(host, false), (path(url), false)];
    pieces.extend(query(&params));
    let method = parsed.method.as_ref().map_or("GET", |(method, _)| method);
    let address = quoted(&pieces, parsed.shell);
    let token = match parsed.shell {
        Shell::Sh => "\"Authorization: Bearer $TOKEN\"",
        Shell::Cmd => "\"Authorization: Bearer %TOKEN%\"",
        Shell::PowerShell => "\"Authorization: Bearer $TOKEN\"",
    };
    let is_plain = method.bytes().all(|byte| byte.is_ascii_uppercase());
    let request = match method {
        "GET" => String::new(),
        method => format!(" -X {method}"),
    };
    is_plain.then(|| match parsed.form {
        Form::Url => join(&pieces),
        Form::Http => head(method, url, &pieces[1..], "Authorization: Bearer TOKEN"),
        Form::AzRest => format!(
            "az rest --method {} --url {address}",
            method.to_ascii_lowercase()
        ),
        Form::Curl if parsed.shell == Shell::PowerShell => {
            format!("curl.exe -s{request} -H {token} {address}")
        }
        Form::Curl => format!("curl -s{request} -H {token} {address}"),
        Form::PowerShell => {
            let request = request.replace("-X", "-Method");
            let headers = "@{Authorization=\"Bearer $TOKEN\"}";
            format!("Invoke-RestMethod{request} -Headers {headers} -Uri {address}")
        }
    })
}

fn imds_params(url: &Url, endpoint: Endpoint) -> Option<Vec<(String, Vec<Piece>)>> {
    let mut params = kept(url)?;
    if let Some(right) = endpoint.version() {
        let has_right = params.iter().any(|(name, _)| name == "api-version");
        let wrong = super::imds::has_wrong_version(url, endpoint);
        params.retain(|(name, _)| !(wrong && is_version(name)));
        if wrong || !has_right {
            params.retain(|(name, _)| !is_version(name));
            params.insert(0, ("api-version".into(), vec![(right.into(), false)]));
        }
    }
    if endpoint == Endpoint::Token {
        let mut chosen = 0;
        params.retain(|(name, value)| {
            let is_empty = value.iter().all(|(text, _)| text.trim().is_empty());
            let is_selector = SELECTORS.contains(&name.as_str());
            chosen += usize::from(is_selector && !is_empty);
            !(is_empty && (is_selector || name == "resource"))
        });
        if chosen > 1 {
            return None;
        }
        for (name, value) in &mut params {
            let is_id =
                matches!(&value[..], [(text, false)] if text.starts_with("/subscriptions/"));
            if name == "mi_res_id" || (is_id && SELECTORS.contains(&name.as_str())) {
                *name = "msi_res_id".into();
            }
            mend_value(name, value);
        }
        if !params.iter().any(|(name, _)| name == "resource") {
            let value = params.iter().position(|(name, _)| name == "scope");
            let value = value.map(|at| params.remove(at).1);
            let mut value = value.unwrap_or_else(|| placeholder("resource"));
            mend_value("resource", &mut value);
            params.push(("resource".into(), value));
        }
    }
    Some(params)
}

fn is_version(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("api") || name == "version"
}

fn mend_value(name: &str, value: &mut [Piece]) {
    let [(text, false)] = value else {
        return;
    };
    match name {
        "resource" => {
            if let Some(resource) = text.strip_suffix("/.default") {
                *text = resource.into();
            }
            if let Some(once) = super::query::encoded_twice(text) {
                *text = once;
            }
            if let Some(meant) = super::imds::meant_audience(text) {
                *text = meant;
            }
        }
        "msi_res_id" => {
            if let Ok(repaired) = repair(text) {
                *text = repaired.id().to_string();
            }
        }
        _ => {}
    }
}

/// Parameters by their plain names, each once, decoded; a value that may be a secret is replaced by a name for it. `None`
/// when one stands there with two values, or a value cannot be read.
fn kept(url: &Url) -> Option<Vec<(String, Vec<Piece>)>> {
    if rests_of_secrets(&url.params).next().is_some() {
        return None;
    }
    let mut params: Vec<(String, Vec<Piece>)> = vec![];
    for param in &url.params {
        let name = plain_name(param)?;
        let value = param.meant()?;
        let value = pieces(&value);
        match params.iter().find(|(known, _)| *known == name) {
            Some((_, known)) if *known == value => {}
            Some(_) => return None,
            None => params.push((name, value)),
        }
    }
    for (name, value) in &mut params {
        if has_command(value) || (!is_public_param(name) && !is_filled_in(value)) {
            *value = vec![(name.to_ascii_uppercase(), false)];
        }
    }
    Some(params)
}

/// True for the names of variables alone.
fn is_filled_in(value: &[Piece]) -> bool {
    let is_named = |(text, is_unknown): &Piece| *is_unknown && is_name(text);
    value.iter().all(is_named)
}

/// True where a command fills in a part of the value: what it is told may be secret.
fn has_command(value: &[Piece]) -> bool {
    let is_command = |(text, is_unknown): &Piece| *is_unknown && !is_name(text);
    value.iter().any(is_command)
}

/// A name that was eaten, or is none, says that more is wrong than can be mended.
fn plain_name(param: &Param) -> Option<String> {
    let name = param.plain_name();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"$-_.".contains(&byte);
    (!name.is_empty() && name.bytes().all(is_plain)).then_some(name)
}

fn pieces(value: &Traced) -> Vec<Piece> {
    let runs = value.runs();
    match runs.is_empty() {
        true => vec![(String::new(), false)],
        false => runs
            .into_iter()
            .map(|(text, is_unknown)| (text.into(), is_unknown))
            .collect(),
    }
}

fn placeholder(name: &str) -> Vec<Piece> {
    let known = PLACEHOLDERS.iter().find(|(known, _)| *known == name);
    vec![(
        known.map_or(String::new(), |(_, text)| (*text).into()),
        false,
    )]
}

fn origin(url: &Url) -> String {
    if url.is_imds_address() {
        return azvm_imds::DEFAULT_ENDPOINT.into();
    }
    if super::arm::is_cloud(url) {
        return format!("https://{}", url.host.as_str());
    }
    let scheme = url.scheme.as_ref().map_or("http", Traced::as_str);
    let port = url
        .port
        .as_ref()
        .map_or(String::new(), |port| format!(":{}", port.as_str()));
    format!("{scheme}://{}{port}", url.host.as_str())
}

/// With single slashes.
fn path(url: &Url) -> String {
    let mut path = String::new();
    for c in url.path.as_str().chars() {
        if c != '/' || !path.ends_with('/') {
            path.push(c);
        }
    }
    path
}

fn query(params: &[(String, Vec<Piece>)]) -> Vec<Piece> {
    let mut pieces = vec![];
    for (at, (name, value)) in params.iter().enumerate() {
        let separator = if at == 0 { '?' } else { '&' };
        pieces.push((format!("{separator}{name}="), false));
        for (text, is_unknown) in value {
            let mut encoded = String::new();
            match is_unknown {
                true => encoded.push_str(text),
                false => encode_query_value(text, &mut encoded),
            }
            pieces.push((encoded, *is_unknown));
        }
    }
    pieces
}

fn join(pieces: &[Piece]) -> String {
    pieces.iter().map(|(text, _)| text.as_str()).collect()
}

/// A head without a host is one that was cut: the host is the one that the path is for.
fn head(method: &str, url: &Url, pieces: &[Piece], header: &str) -> String {
    let given = url.host.as_str();
    let host = if url.is_imds_address() || (given.is_empty() && !super::arm::is_arm(url)) {
        "169.254.169.254".into()
    } else if given.is_empty() {
        let arm = azvm_arm::Cloud::Public.endpoint();
        arm.trim_start_matches("https://").into()
    } else {
        let port = url.port.as_ref().map(|port| format!(":{}", port.as_str()));
        given.to_owned() + &port.unwrap_or_default()
    };
    format!("{method} {} HTTP/1.1\nHost: {host}\n{header}", join(pieces))
}

/// As one word of the shell. What the shell fills in goes into double quotes, all else into single ones.
fn quoted(pieces: &[Piece], shell: Shell) -> String {
    let has_unknown = pieces.iter().any(|(_, is_unknown)| *is_unknown);
    if shell == Shell::Cmd {
        return format!("\"{}\"", join(pieces));
    }
    if shell == Shell::PowerShell {
        return quoted_for_powershell(pieces, has_unknown);
    }
    if !has_unknown {
        return format!("'{}'", join(pieces).replace('\'', "'\\''"));
    }
    let escaped = pieces.iter().map(|(text, is_unknown)| match is_unknown {
        true => text.clone(),
        false => text
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('$', "\\$")
            .replace('`', "\\`"),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

fn quoted_for_powershell(pieces: &[Piece], has_unknown: bool) -> String {
    if !has_unknown {
        return format!("'{}'", join(pieces).replace('\'', "''"));
    }
    let escaped = pieces.iter().map(|(text, is_unknown)| match is_unknown {
        // What is looked up in a variable, or computed, is so only in parentheses.
        true if text.starts_with("$(") || !text.contains(['.', '[']) => text.clone(),
        true => format!("$({text})"),
        false => text
            .replace('`', "``")
            .replace('"', "`\"")
            .replace('$', "`$"),
    });
    format!("\"{}\"", escaped.collect::<String>())
}
