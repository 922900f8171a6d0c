//! What a run is doing: a spinner on a terminal, elsewhere one line for each try that will be repeated.

use crate::output;
use crate::printable::message;
use azvm_diagnostics::{Event, Progress};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// Spins, or prints lines. Drop it before printing the report.
pub(crate) struct Reporter {
    spinner: Option<ProgressBar>,
}

impl Reporter {
    /// A spinner would garble a log, so there is none with one.
    pub(crate) fn new(is_logging: bool) -> Self {
        let spinner = (std::io::stderr().is_terminal() && !is_logging).then(|| {
            let spinner = ProgressBar::new_spinner();
            spinner.set_style(
                ProgressStyle::with_template("{spinner} {msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner()),
            );
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        });
        Self { spinner }
    }

    fn say(&self, text: String) {
        match &self.spinner {
            Some(spinner) => spinner.set_message(message(&text)),
            None => output::line(&text),
        }
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}

impl Progress for Reporter {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Calling { action } => {
                if let Some(spinner) = &self.spinner {
                    spinner.set_message(action.replace('_', " "));
                }
            }
            Event::Attempted { action, attempt } => {
                if let Some(retry_in) = attempt.retry_in {
                    let outcome = attempt.outcome.map_err(|kind| kind.as_str());
                    self.say(format!(
                        "{}: {}, again {}",
                        action.replace('_', " "),
                        shown(outcome),
                        soon(retry_in)
                    ));
                }
            }
            Event::Pacing { next_in } => {
                if let Some(spinner) = &self.spinner {
                    spinner.set_message(format!("sparing IMDS, on {}", soon(*next_in)));
                }
            }
            Event::StillCalling { action, waited } => self.say(format!(
                "still waiting: {}, {} so far",
                action.replace('_', " "),
                secs(*waited)
            )),
            Event::Waiting {
                sample,
                outcome,
                waited,
                next_in,
            } => {
                let text = format!(
                    "waiting for access: try {sample} gave {} after {}, next in {}",
                    shown(*outcome),
                    secs(*waited),
                    secs(*next_in)
                );
                self.say(text);
            }
            _ => {}
        }
    }
}

fn shown(outcome: Result<u16, &'static str>) -> String {
    outcome.map_or_else(Into::into, |status| status.to_string())
}

fn soon(wait: Duration) -> String {
    if wait.is_zero() {
        "at once".into()
    } else {
        format!("in {}", secs(wait))
    }
}

fn secs(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
