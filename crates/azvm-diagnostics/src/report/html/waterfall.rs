//! Every request as a bar on one scale of time.

use super::{escape, line};
use crate::facts::TimelineEntry;
use crate::report::Report;
use std::fmt::Write;
use std::time::Duration;

pub(super) fn draw(out: &mut String, report: &Report<'_>) {
    let entries = &report.facts.timeline;
    line!(out, "<section>\n<h2>Requests</h2>");
    if entries.is_empty() {
        line!(
            out,
            "<p class=\"none\">No request was made.</p>\n</section>"
        );
        return;
    }
    let ends = entries.iter().map(|entry| entry.at);
    let whole = ends.max().unwrap_or_default().max(Duration::from_millis(1));
    line!(out, "<div class=\"waterfall\" role=\"list\">");
    for entry in entries {
        bar(out, entry, whole);
    }
    line!(
        out,
        "</div>\n<p class=\"scale\"><span>0</span><span>{}</span></p>\n</section>",
        time(whole)
    );
}

fn bar(out: &mut String, entry: &TimelineEntry, whole: Duration) {
    let percent = |time: Duration| 100.0 * time.as_secs_f64() / whole.as_secs_f64();
    let begin = entry.at.saturating_sub(entry.took);
    let (left, width) = (percent(begin), percent(entry.at.saturating_sub(begin)));
    let (class, outcome) = match entry.outcome {
        Ok(status) => (class(status), status.to_string()),
        Err(kind) => ("silent", kind.as_str().to_string()),
    };
    let ids = [entry.code.as_deref(), entry.request_id.as_deref()];
    let ids: Vec<&str> = ids.into_iter().flatten().collect();
    line!(
        out,
        "<div class=\"row\" role=\"listitem\"><span class=\"action\">{}</span><span class=\"track\">\
         <span class=\"bar {class}\" style=\"left:{left:.2}%;width:{width:.2}%\"></span></span>\
         <span class=\"outcome\">{}</span><span class=\"took\">{}</span><span class=\"ids\">{}</span></div>",
        escape(&entry.action.replace('_', " ")),
        escape(&outcome),
        time(entry.took),
        escape(&ids.join(" "))
    );
}

/// A refusal without the header, and one without a token, are what was asked for: only the check can tell bad from good.
fn class(status: u16) -> &'static str {
    match status {
        200..=299 => "good",
        _ => "other",
    }
}

/// `3 ms`, `2.1 s`.
fn time(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}
