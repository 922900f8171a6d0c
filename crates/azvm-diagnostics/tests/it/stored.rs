//! Facts in a report come back as they went. Each run of each test of this binary is checked here.

use crate::ran::Ran;
use azvm_diagnostics::{Facts, Format, diagnose, read_report};

/// The facts as another run would read them, under the same name of the program.
#[track_caller]
pub(crate) fn read_back(ran: &Ran) -> Facts {
    let json = ran.render(Format::Json);
    let stored = read_report(json.as_bytes()).unwrap_or_else(|error| panic!("{error} in\n{json}"));
    assert_eq!(stored.run_id, "run-1");
    assert_eq!(stored.collected_by, ("azvm-doctor".into(), "0.1.0".into()));
    let mut facts = stored.facts;
    let program = ran.facts.asked.invocation.program();
    facts.asked.invocation = facts.asked.invocation.of_program(program);
    facts
}

#[track_caller]
pub(crate) fn check_comes_back(ran: &Ran) {
    let facts = read_back(ran);
    assert_eq!(format!("{facts:?}"), format!("{:?}", ran.facts));
    let again = Ran::new(facts, vec![], vec![], String::new());
    for format in [Format::Json, Format::Markdown] {
        assert_eq!(again.render(format), ran.render(format), "{format:?}");
    }
    assert_eq!(
        format!("{:?}", diagnose(&again.facts)),
        format!("{:?}", ran.diagnosis)
    );
}
