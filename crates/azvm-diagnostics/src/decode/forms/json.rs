//! JSON that is the error of a service, wherever it stands: in a sentence, in another JSON, in a text of another JSON, or
//! as Python prints it.

use super::{MAX_TRIES, Printed, status};
use azvm_exchange::Response;
use serde_json::{Deserializer, Value, json};

/// A text in JSON may hold JSON with a text in it.
const MAX_DEPTH: usize = 4;

/// A longer object of Python is not read, in bytes.
const MAX_REPR: usize = 64 * 1024;

pub(super) fn read(text: &str) -> Option<Printed> {
    let (value, status) = found(text, &mut Budget::default())?;
    let status = status.or_else(|| status::first(text));
    let body = value.to_string().into_bytes();
    Some(Printed {
        response: Response::new(status.unwrap_or(0), vec![], body),
        tells_who: false,
    })
}

/// The object or list that the text begins with, whatever follows it.
pub(super) fn first_value(text: &str) -> Option<Value> {
    let mut values = Deserializer::from_str(text).into_iter::<Value>();
    let value = values.next()?.ok()?;
    (value.is_object() || value.is_array()).then_some(value)
}

/// What may still be tried: a text can hold many braces, and each text in it as many.
struct Budget {
    tries: usize,
    depth: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            tries: MAX_TRIES,
            depth: MAX_DEPTH,
        }
    }
}

/// The first error in the text, and the status that the words before it name.
fn found(text: &str, budget: &mut Budget) -> Option<(Value, Option<u16>)> {
    let mut at = 0;
    while let Some(next) = text[at..].find('{') {
        at += next;
        budget.tries = budget.tries.checked_sub(1)?;
        let value = first_value(&text[at..]).or_else(|| python(&text[at..]));
        if let Some(found) = value.and_then(|value| error(value, budget)) {
            let (value, status) = found;
            return Some((value, status.or_else(|| status::last(&text[..at]))));
        }
        at += 1;
    }
    None
}

/// The error in a value: itself, without what a log has put around it, or what one of its texts holds.
fn error(value: Value, budget: &mut Budget) -> Option<(Value, Option<u16>)> {
    let is_text = |member: &str| value.get(member).is_some_and(Value::is_string);
    let has_object = ["error", "odata.error"]
        .iter()
        .any(|it| value.get(it).is_some_and(Value::is_object));
    let is_word = value
        .get("error")
        .and_then(Value::as_str)
        .is_some_and(|it| !it.contains([' ', '\n']));
    if has_object || is_word {
        return Some((value, None));
    }
    let is_flat = ["code", "Code"].iter().any(|it| is_text(it))
        && ["message", "Message"].iter().any(|it| is_text(it));
    let is_error = is_text("error") || is_flat;
    // Around an answer there may be another, of the program that met it.
    inner(&value, budget).or_else(|| is_error.then_some((value, None)))
}

/// In the members, a level deeper.
fn inner(value: &Value, budget: &mut Budget) -> Option<(Value, Option<u16>)> {
    budget.depth = budget.depth.checked_sub(1)?;
    let found = match value {
        Value::Object(members) => members.values().find_map(|it| member(it, budget)),
        Value::Array(items) => items.iter().find_map(|it| member(it, budget)),
        _ => None,
    };
    budget.depth += 1;
    found
}

fn member(value: &Value, budget: &mut Budget) -> Option<(Value, Option<u16>)> {
    match value {
        Value::Object(_) => {
            budget.tries = budget.tries.checked_sub(1)?;
            error(value.clone(), budget)
        }
        Value::Array(_) => inner(value, budget),
        Value::String(text) if text.contains('{') => {
            budget.depth = budget.depth.checked_sub(1)?;
            let found = found(text, budget);
            budget.depth += 1;
            found
        }
        _ => None,
    }
}

/// An object as Python prints it: texts in either quotes, and three words of its own.
fn python(text: &str) -> Option<Value> {
    let (mut read, mut bare) = (String::new(), String::new());
    let mut depth = 0_usize;
    let mut chars = text.char_indices().take_while(|(at, _)| *at < MAX_REPR);
    while let Some((_, c)) = chars.next() {
        if matches!(c, '\'' | '"') {
            read.push_str(&as_json(&std::mem::take(&mut bare)));
            read.push_str(&quoted(c, &mut chars)?);
            continue;
        }
        bare.push(c);
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    read.push_str(&as_json(&bare));
    serde_json::from_str(&read).ok()
}

fn as_json(bare: &str) -> String {
    let words = [("None", "null"), ("True", "true"), ("False", "false")];
    words
        .iter()
        .fold(bare.to_owned(), |text, (own, json)| text.replace(own, json))
}

/// A text up to its quote, as JSON writes it.
fn quoted(quote: char, chars: &mut impl Iterator<Item = (usize, char)>) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()?.1 {
            '\\' => match chars.next()?.1 {
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                c => text.push(c),
            },
            c if c == quote => return Some(json!(text).to_string()),
            // Python writes an escape: this is the end of a console's line.
            '\n' => return None,
            c => text.push(c),
        }
    }
}
