//! Many reports together: what is counted, what only the comparison shows, and what stays unknown.

use crate::ran::Ran;
use crate::replies::Reply;
use crate::wire::Route;
use crate::world::World;
use azvm_diagnostics::fleet::{Expected, Fleet, Machine};
use azvm_diagnostics::{Confidence, Format, Report, Salt, Severity, diagnose, read_report};
use serde_json::{Value, json};

/// A report of a machine that got its token.
fn healthy() -> Value {
    report(&World::healthy().run())
}

/// A report of a machine without an identity.
fn without_identity() -> Value {
    let refusal = Reply::imds_error(400, "invalid_request", "Identity not found");
    report(&World::healthy().with(Route::Token, refusal).run())
}

fn report(ran: &Ran) -> Value {
    ran.json()
}

/// The same report as of another machine.
fn of(mut report: Value, name: &str, set: Option<&str>) -> Value {
    let compute = &mut report["facts"]["imds"]["instance"]["answer"]["ok"];
    compute["name"] = name.into();
    compute["vm_id"] = format!("00000000-0000-4000-8000-{:0>12}", hex(name)).into();
    compute["resource_id"] = format!(
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/{name}"
    )
    .into();
    compute["vm_scale_set_name"] = set.into();
    report
}

fn hex(name: &str) -> String {
    name.bytes()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>()
        .chars()
        .rev()
        .take(12)
        .collect()
}

fn machine(report: &Value) -> Machine {
    let name = report["facts"]["imds"]["instance"]["answer"]["ok"]["name"].as_str();
    Machine::of_report(
        format!("{}.json", name.unwrap_or("x")),
        report.to_string().as_bytes(),
    )
    .unwrap()
}

fn fleet(reports: &[Value]) -> Fleet {
    Fleet::new(reports.iter().map(machine).collect(), &Expected::default())
}

#[test]
fn codes_are_counted_the_worst_first() {
    let (good, bad) = (healthy(), without_identity());
    let reports = [
        of(good, "a", None),
        of(bad.clone(), "c", None),
        of(bad, "b", None),
    ];
    let fleet = fleet(&reports);
    let first = &fleet.codes[0];
    assert_eq!(
        (first.code, first.severity, first.machines),
        ("IDSEL-001", Severity::Fail, 2)
    );
    assert_eq!(first.first, "b");
    assert_eq!(fleet.exit_code(), 1);
    let names: Vec<_> = fleet.machines.iter().map(Machine::label).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert!(fleet.findings.is_empty() && fleet.scale_sets.is_empty());
    let reversed: Vec<Value> = reports.iter().rev().cloned().collect();
    let again = self::fleet(&reversed);
    assert_eq!(format!("{fleet:?}"), format!("{again:?}"));
}

#[test]
fn what_failing_machines_share_is_told() {
    let (good, bad) = (healthy(), without_identity());
    let zone = |mut report: Value, zone: &str| {
        report["facts"]["imds"]["instance"]["answer"]["ok"]["zone"] = zone.into();
        report
    };
    let fleet = fleet(&[
        zone(of(good.clone(), "a", None), "1"),
        zone(of(good, "b", None), "3"),
        zone(of(bad.clone(), "c", None), "3"),
        zone(of(bad, "d", None), "3"),
    ]);
    let shared = &fleet.codes[0].shared;
    assert_eq!(shared.len(), 1, "{shared:?}");
    assert_eq!(
        (shared[0].what, shared[0].value.as_str(), shared[0].machines),
        ("zone", "3", 3)
    );
}

#[test]
fn an_instance_without_the_identity_of_its_siblings_is_idsel_014() {
    let (good, bad) = (healthy(), without_identity());
    let reports = [
        of(good.clone(), "web_0", Some("web")),
        of(good.clone(), "web_1", Some("WEB")),
        of(bad.clone(), "web_2", Some("web")),
    ];
    let fleet = fleet(&reports);
    let [found] = &fleet.findings[..] else {
        panic!("{:?}", fleet.findings);
    };
    assert_eq!(found.finding.entry.code, "IDSEL-014");
    assert_eq!(
        (found.finding.severity, found.finding.confidence),
        (Severity::Warn, Confidence::Likely)
    );
    assert_eq!(
        found.finding.title,
        "1 instance of the scale set web has no identity, 2 have one"
    );
    assert_eq!(found.machines, ["web_2"]);
    let set = &fleet.scale_sets[0];
    assert_eq!((set.instances, set.with_identity, set.failing), (3, 2, 1));
    // Its nearest neighbours: another set, all of them, and a sibling that asks for another identity.
    let others = [
        [
            of(good.clone(), "web_0", Some("web")),
            of(bad.clone(), "db_0", Some("db")),
        ],
        [
            of(bad.clone(), "web_0", Some("web")),
            of(bad.clone(), "web_1", Some("web")),
        ],
        [
            of(good.clone(), "web_0", None),
            of(bad.clone(), "web_1", None),
        ],
    ];
    for reports in &others {
        assert!(self::fleet(reports).findings.is_empty(), "{reports:?}");
    }
    let mut asked = of(bad, "web_1", Some("web"));
    asked["facts"]["asked"]["selector"] = "client_id".into();
    asked["facts"]["asked"]["selector_value"] = "01234567-89ab-cdef-0123-456789abcdef".into();
    let fleet = self::fleet(&[of(good, "web_0", Some("web")), asked]);
    assert!(
        fleet.findings.is_empty() && fleet.codes[0].code == "IDSEL-007",
        "{fleet:?}"
    );
}

#[test]
fn the_later_report_of_a_machine_counts() {
    let at = |mut report: Value, started: i64| {
        report["facts"]["started"] = started.into();
        report
    };
    let (good, bad) = (healthy(), without_identity());
    for (then, now, exit) in [(&bad, &good, 0), (&good, &bad, 1)] {
        let old = at(of(then.clone(), "a", None), 1_000);
        let new = at(of(now.clone(), "a", None), 2_000);
        for reports in [[old.clone(), new.clone()], [new, old]] {
            let fleet = fleet(&reports);
            assert_eq!(
                (fleet.machines.len(), fleet.older, fleet.exit_code()),
                (1, 1, exit)
            );
        }
    }
}

#[test]
fn a_machine_that_is_silent_is_named() {
    let reports = [of(healthy(), "a", None), of(healthy(), "b", None)];
    let expect = |text: &str| {
        let machines = reports.iter().map(machine).collect();
        Fleet::new(machines, &Expected::from_lines(text))
    };
    let id = reports[0]["facts"]["imds"]["instance"]["answer"]["ok"]["resource_id"]
        .as_str()
        .unwrap();
    let vm_id = reports[1]["facts"]["imds"]["instance"]["answer"]["ok"]["vm_id"]
        .as_str()
        .unwrap();
    let fleet = expect(&format!("# all\nA\n{}\n{vm_id}\n\n", id.to_uppercase()));
    assert_eq!((fleet.missing.len(), fleet.exit_code()), (0, 0));
    let fleet = expect("b\nc\nC\nd\r\n");
    assert_eq!(fleet.missing, ["c", "d"]);
    assert_eq!(fleet.exit_code(), 5);
}

/// As `--redact strict` writes it.
fn redacted(report: &Value, salt: &Salt) -> Value {
    let stored = read_report(report.to_string().as_bytes()).unwrap();
    let facts = stored.facts.redacted(salt).unwrap();
    let diagnosis = diagnose(&facts);
    serde_json::from_str(&Report::new(&facts, &diagnosis).render(Format::Json)).unwrap()
}

#[test]
fn redacted_reports_are_compared_by_their_hashes() {
    let salt = Salt::new(b"fleet");
    let (good, bad) = (healthy(), without_identity());
    let reports = [
        redacted(&of(good, "web_0", Some("web")), &salt),
        redacted(&of(bad, "web_1", Some("web")), &salt),
    ];
    let machines = || reports.iter().map(machine).collect::<Vec<_>>();
    let with_salt = Expected::from_lines("web_0\nweb_1\nweb_2").with_salt(salt);
    let fleet = Fleet::new(machines(), &with_salt);
    assert_eq!(fleet.findings[0].finding.entry.code, "IDSEL-014");
    assert!(!format!("{fleet:?}").contains("web_0"));
    assert_eq!(
        (fleet.missing, fleet.unsure),
        (vec!["web_2".to_string()], vec![])
    );
    let fleet = Fleet::new(machines(), &Expected::from_lines("web_0"));
    assert_eq!(
        (fleet.missing, fleet.unsure),
        (vec![], vec!["web_0".to_string()])
    );
    let id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web_0";
    let by_id = Expected::from_lines(id).with_salt(Salt::new(b"fleet"));
    assert_eq!(Fleet::new(machines(), &by_id).missing, [""; 0]);
}

#[test]
fn what_is_no_report_is_refused() {
    for bytes in ["", "{}", "{\"schema\":\"other/1\"}"] {
        assert!(Machine::of_report("x", bytes.as_bytes()).is_err());
    }
    let empty = Fleet::new(vec![], &Expected::default());
    assert_eq!((empty.exit_code(), empty.codes.len()), (0, 0));
    let sparse = json!({"schema": "azvm.doctor/1", "facts": {"version": 1}});
    if let Ok(machine) = Machine::of_report("sparse.json", sparse.to_string().as_bytes()) {
        assert_eq!(machine.label(), "sparse.json");
    }
}
