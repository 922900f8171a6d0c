//! What is wrong with a request whoever it is sent to: what the shell makes of it, and the token's header.

use super::found::RequestFinding;
use super::parsed::{Form, Header, Parsed};
use super::shell::{Cut, Shell};
use super::url::Url;
use crate::catalogue::{CODE_018, CODE_019, CODE_023};
use crate::finding::Confidence;

pub(super) fn examine(parsed: &Parsed, found: &mut Vec<RequestFinding>) {
    shell(parsed, found);
    let bearer = parsed
        .stray
        .iter()
        .find(|it| it.as_str().eq_ignore_ascii_case("bearer"));
    for header in parsed
        .headers_named("authorization")
        .filter(|_| bearer.is_none())
    {
        if let Some((problem, suggestion)) = malformed(header) {
            let finding = RequestFinding::new(&CODE_019, header.value.whole());
            found.push(finding.title(problem).suggest(suggestion));
        }
    }
    if let Some(bearer) = bearer {
        let finding = RequestFinding::new(&CODE_019, bearer.whole());
        found
            .push(finding.title("the shell cuts the Authorization header at its blanks; quote it"));
    }
    if let Some(span) = &parsed.trusts_redirects {
        let finding = RequestFinding::new(&CODE_018, span.clone()).suggest("");
        let option = match parsed.form {
            Form::PowerShell => "-PreserveAuthorizationOnRedirect",
            _ => "--location-trusted",
        };
        found.push(finding.title(format!(
            "{option} sends the token on to any host that a redirect names"
        )));
    }
}

fn shell(parsed: &Parsed, found: &mut Vec<RequestFinding>) {
    for span in parsed.eaten.iter().take(super::MAX_FINDINGS) {
        let finding = RequestFinding::new(&CODE_023, span.clone());
        found.push(
            finding.title("the shell takes this for a variable and puts nothing in its place"),
        );
    }
    if let Some(cut) = parsed.cut {
        found.push(cut_off(cut, parsed.shell));
    }
    let nameless = parsed.url.iter().flat_map(|url| &url.params);
    let nameless = nameless.filter(|param| {
        let has_value = param.value.as_ref().is_some_and(|value| !value.is_empty());
        param.name.is_empty() && has_value
    });
    for param in nameless {
        let finding = RequestFinding::new(&CODE_023, param.span()).confidence(Confidence::Likely);
        found
            .push(finding.title("this parameter has no name: a shell took a $name for a variable"));
    }
}

fn cut_off(cut: Cut, shell: Shell) -> RequestFinding {
    let (at, title) = match cut {
        Cut::Operator(at) if shell == Shell::PowerShell => (
            at,
            "PowerShell refuses an & without quotes, and ends the command at | and ;",
        ),
        Cut::Operator(at) => (
            at,
            "without quotes this ends the command: what follows is not sent",
        ),
        Cut::Parenthesis(at) => (at, "without quotes the shell refuses a parenthesis"),
        Cut::OpenQuote(at) | Cut::OpenTypographic(at) => (at, "this quote is not closed"),
        Cut::SingleQuote(at) => (
            at,
            "cmd takes a single quote for a letter; use double quotes",
        ),
    };
    let length = match cut {
        Cut::OpenTypographic(_) => '\u{2019}'.len_utf8(),
        _ => 1,
    };
    let finding = RequestFinding::new(&CODE_023, at..at + length).title(title);
    match (cut, shell) {
        (Cut::SingleQuote(_), _) => finding.suggest("\""),
        _ => finding,
    }
}

/// The shell has handed over the request already: a query of one parameter may be what it left of a longer one.
pub(super) fn may_be_cut(url: &Url, found: &mut Vec<RequestFinding>) {
    let misses = found.iter().any(|finding| {
        matches!(
            finding.finding.entry.code,
            "ARM-013" | "CODE-005" | "CODE-025"
        )
    });
    if misses && url.params.len() == 1 {
        let end = url.whole.whole().end;
        let finding = RequestFinding::new(&CODE_023, end..end).confidence(Confidence::Possible);
        found.push(
            finding.title(
                "the query ends after one parameter: without quotes the shell cuts it at an &",
            ),
        );
    }
}

/// What is wrong with the value of `Authorization`, and what to write.
fn malformed(header: &Header) -> Option<(&'static str, &'static str)> {
    const RIGHT: &str = "Bearer $TOKEN";
    let value = header.value.as_str();
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    let token = token.trim();
    let is_scheme = |text: &str| text.trim_end_matches(':').eq_ignore_ascii_case("bearer");
    let known: String = header
        .value
        .runs()
        .into_iter()
        .filter(|(_, is_unknown)| !is_unknown)
        .map(|(text, _)| text)
        .collect();
    let problem = if known.contains(['\r', '\n']) {
        "a line end stands in the Authorization header"
    } else if is_scheme(scheme) && scheme.ends_with(':') {
        "a colon stands after the word Bearer"
    } else if is_scheme(scheme) && token.split(' ').next().is_some_and(is_scheme) {
        "the word Bearer stands there twice"
    } else if known.contains(['"', '\'']) {
        "quotes came along into the Authorization header"
    } else if known.contains('{') {
        "the whole answer stands in the header, not its access_token"
    } else if is_scheme(scheme) && token.is_empty() {
        "no token follows the word Bearer"
    } else if is_scheme(scheme) && (known.contains("$") || known.contains('%')) {
        "the name of a variable stands there, which nobody replaces by its value"
    } else if is_scheme(scheme) && known.trim_end().split(' ').count() > 2 {
        "the token is cut by a blank"
    } else if value.starts_with("eyJ") || value.is_empty() {
        "the word Bearer is missing"
    } else {
        return None;
    };
    Some((problem, RIGHT))
}
