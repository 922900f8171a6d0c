//! The forms of a report: each is what it says, whatever stands in it. `check_forms` sees each run of each test of this
//! binary.

use crate::markup::{Piece, read};
use crate::ran::Ran;
use crate::replies::{ARM_AUDIENCE, Reply, claims, denied, instance_body, jwt};
use crate::wire::Route;
use crate::world::World;
use azvm_diagnostics::{Format, ONELINE_BYTES, Palette, diagnose};
use proptest::prelude::*;
use serde_json::json;

/// Tags of a page that have no end.
const VOID: [&str; 1] = ["meta"];

/// `forms` are those of [`Format::ALL`], in its order.
#[track_caller]
pub(crate) fn check_forms(ran: &Ran, forms: &[String; 8]) {
    for (format, report) in Format::ALL.iter().zip(forms) {
        assert!(report.ends_with('\n') && report.len() > 1, "{format:?}");
    }
    let [text, json, jsonl, junit, oneline, _, markdown, html] = forms;
    assert_eq!(*text, ran.report().render(Format::Text));
    crate::schema::check_valid(json, jsonl);
    check_oneline(ran, oneline);
    check_junit(ran, junit);
    check_page(html);
    assert!(markdown.starts_with("## azvm doctor: "), "{markdown}");
}

#[track_caller]
fn check_oneline(ran: &Ran, line: &str) {
    assert!(line.len() <= ONELINE_BYTES, "{} bytes", line.len());
    assert_eq!(line.lines().count(), 1, "{line}");
    let fields: Vec<&str> = line.split(' ').collect();
    assert_eq!(fields[0], "azvm1");
    assert_eq!(fields[3], ran.exit().to_string(), "{line}");
    if let Some(cause) = ran.causes().first() {
        assert!(fields[4].split(',').next() == Some(cause), "{line}");
    }
}

#[track_caller]
fn check_junit(ran: &Ran, xml: &str) {
    let pieces = read(xml, &[]);
    let count = |wanted: &str| {
        let is = |piece: &&Piece| matches!(piece, Piece::Open(name, _) if name == wanted);
        pieces.iter().filter(is).count().to_string()
    };
    let suites = pieces.iter().find_map(|piece| match piece {
        Piece::Open(name, attributes) if name == "testsuites" => Some(attributes),
        _ => None,
    });
    let total = |name: &str| {
        let found = suites.unwrap().iter().find(|(known, _)| known == name);
        found.unwrap().1.clone()
    };
    assert_eq!(total("tests"), count("testcase"));
    assert_eq!(total("failures"), count("failure"));
    assert_eq!(total("errors"), count("error"));
    assert_eq!(total("skipped"), count("skipped"));
    // A build server comes to the same result as the exit code.
    let is_bad = total("failures") != "0" || total("errors") != "0";
    assert!(
        is_bad == (ran.exit() != 0) || ran.facts.is_cut_short,
        "{xml}"
    );
}

/// What a page of ours is made of.
const TAGS: [&str; 37] = [
    "a",
    "article",
    "b",
    "body",
    "code",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "head",
    "header",
    "html",
    "li",
    "main",
    "meta",
    "ol",
    "p",
    "path",
    "pre",
    "section",
    "span",
    "style",
    "summary",
    "svg",
    "table",
    "td",
    "th",
    "title",
    "tr",
    "ul",
];
/// What its tags say: nothing that fetches or runs.
const ATTRIBUTES: [&str; 16] = [
    "aria-hidden",
    "charset",
    "class",
    "content",
    "d",
    "href",
    "http-equiv",
    "lang",
    "name",
    "open",
    "rel",
    "role",
    "scope",
    "stroke-dasharray",
    "style",
    "viewBox",
];

/// Nothing is fetched, nothing runs, and only documentation is linked to.
#[track_caller]
fn check_page(page: &str) {
    let (head, rest) = page.split_once("<style>").unwrap();
    let (style, body) = rest.split_once("</style>").unwrap();
    for word in ["url(", "@import", "image-set", "<", "expression"] {
        assert!(!style.contains(word), "{word}");
    }
    for piece in read(&format!("{head}<style></style>{body}"), &VOID) {
        let Piece::Open(tag, attributes) = piece else {
            continue;
        };
        assert!(TAGS.contains(&tag.as_str()), "<{tag}>");
        for (name, value) in attributes {
            assert!(ATTRIBUTES.contains(&name.as_str()), "{name} of <{tag}>");
            match name.as_str() {
                "href" => assert!(tag == "a" && value.starts_with("https://"), "{value}"),
                "style" => assert!(tag == "span" && value.starts_with("left:"), "{value}"),
                _ => {}
            }
        }
    }
    assert!(page.contains("default-src 'none'"));
}

/// Words that mean something to every reader that one of our forms has.
const HOSTILE: &str = "<script>alert(1)</script><img src=//evil onerror=x> ]]> --> &amp; \"q\" 'q' ``` | [x](http://evil) ![y](z) @all \
                       www.evil.example </pre></details></testsuites>";

fn hostile() -> Ran {
    let mut machine = instance_body();
    for name in ["name", "location", "resourceGroupName", "zone", "vmId"] {
        machine["compute"][name] = json!(HOSTILE);
    }
    World::healthy()
        .with(Route::Instance, Reply::imds(200, machine.to_string()))
        .with(Route::Target, Reply::arm_error(403, HOSTILE, HOSTILE))
        .asking(|config| {
            let target = "/subscriptions/s/resourceGroups/r".parse().unwrap();
            config.with_target(target).unwrap()
        })
        .run()
}

#[test]
fn hostile_words_are_words_in_every_form() {
    let ran = hostile();
    let page = read_body(&ran.render(Format::Html));
    let texts: String = page
        .iter()
        .filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert!(texts.contains(HOSTILE), "{texts}");
    let markdown = ran.render(Format::Markdown);
    // Outside of code nothing of it is a tag, a link, a picture or a mention.
    let mut prose = String::new();
    let mut fence = None;
    for line in markdown.lines() {
        let ticks = line.chars().take_while(|c| *c == '`').count();
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            Some(open) if ticks >= open && line.len() == ticks => fence = None,
            None => prose.push_str(&format!("{line}\n")),
            Some(_) => {}
        }
    }
    assert_eq!(fence, None, "{markdown}");
    for line in prose.lines().filter(|line| !line.starts_with("- ")) {
        // A sign behind a backslash is only itself.
        let mut chars = line.chars();
        let mut line = String::new();
        while let Some(c) = chars.next() {
            match c {
                '\\' => drop(chars.next()),
                c => line.push(c),
            }
        }
        for word in ["<script", "<img", "](", "![", "@all", "www.", "://"] {
            assert!(!line.contains(word), "{word} in {line}");
        }
    }
    assert_eq!(ran.render(Format::Short).lines().count(), 1);
}

fn read_body(page: &str) -> Vec<Piece> {
    let (_, body) = page.split_once("</head>").unwrap();
    read(&format!("<html>{body}"), &VOID)
}

#[test]
fn the_page_draws_the_chain_and_where_it_is_broken() {
    let page = World::healthy()
        .with(Route::Target, denied())
        .run()
        .render(Format::Html);
    assert_eq!(page.matches("class=\"node ok\"").count(), 4, "{page}");
    assert_eq!(page.matches("class=\"node fail\"").count(), 1);
    assert_eq!(page.matches("class=\"cut\"").count(), 1);
    assert!(page.contains("<b>role</b><span>broken</span><span class=\"code\">RBAC-021</span>"));
    assert_eq!(page.matches("class=\"row\"").count(), 8);
    assert_eq!(
        page.matches("<details class=\"check fail\" open>").count(),
        1
    );
    let broken_early = World::healthy().without_imds().run().render(Format::Html);
    assert!(
        broken_early.contains("class=\"node fail\"><b>IMDS</b>"),
        "{broken_early}"
    );
    assert!(broken_early.contains("class=\"node skipped\"><b>token</b>"));
}

#[test]
fn one_line_says_the_worst_first_and_what_was_cut() {
    let ran = hostile();
    let line = ran.render(Format::Oneline);
    assert!(line.contains(" | FAIL ARM-021 "), "{line}");
    let report = ran.report().with_full_report("abc");
    let sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert!(report.render(Format::Oneline).contains(sha));
    // As many findings as no run has.
    let mut crowded = ran.diagnosis.clone();
    let finding = ran.finding("ARM-021").clone();
    let last = crowded.checks.last_mut().unwrap();
    last.findings = vec![finding; 400];
    let report = azvm_diagnostics::Report::new(&ran.facts, &crowded);
    let line = report.render(Format::Oneline);
    assert!(
        (3000..=ONELINE_BYTES).contains(&line.len()),
        "{}",
        line.len()
    );
    assert!(line.trim_end().ends_with(" more cut"), "{line}");
}

#[test]
fn a_hundred_reports_of_the_same_facts_are_the_same_bytes() {
    let ran = World::healthy().with(Route::Target, denied()).run();
    let first = Format::ALL.map(|format| ran.render(format));
    for _ in 0..100 {
        let diagnosis = diagnose(&ran.facts);
        let report = azvm_diagnostics::Report::new(&ran.facts, &diagnosis)
            .with_tool(azvm_diagnostics::Tool::new(
                "azvm-doctor",
                "0.1.0",
                Some("0123abc"),
            ))
            .with_run_id("run-1");
        assert_eq!(Format::ALL.map(|format| report.render(format)), first);
    }
}

#[test]
fn our_own_words_are_ascii_and_only_text_has_colours() {
    for world in [
        World::healthy(),
        World::healthy().without_imds(),
        World::healthy().with(Route::Target, denied()),
    ] {
        let ran = world.run();
        assert!(ran.verbose_text().is_ascii(), "{}", ran.verbose_text());
        for format in Format::ALL
            .into_iter()
            .filter(|format| *format != Format::Text)
        {
            let coloured = ran.report().with_palette(Palette::ansi()).render(format);
            assert!(!coloured.contains('\u{1b}'), "{format:?}");
        }
    }
    // A service's cut is spelt out.
    let long = Reply::arm_error(403, "AuthorizationFailed", &"word ".repeat(400));
    let text = World::healthy()
        .with(Route::Target, long)
        .run()
        .verbose_text();
    assert!(text.is_ascii() && text.contains("..."), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A token of any shape, quoted by everybody who has seen it.
    #[test]
    fn no_secret_is_in_any_form(opaque in "[!-~]{12,60}", is_jwt: bool, is_strict: bool) {
        let mut inner = claims(ARM_AUDIENCE);
        inner["uti"] = json!(opaque);
        let token = if is_jwt { jwt(&inner) } else { opaque };
        let words = format!("Header 'Bearer {token}' of {{\"authorization\": \"{token}\"}} refused");
        let reply = Reply::arm_error(403, "AuthorizationFailed", &words)
            .with("x-ms-request-id", token.clone())
            .with("WWW-Authenticate", format!("Bearer error_description=\"{}\"", token.replace(['"', '\\'], "")));
        let ran = World::healthy().with_token(token.clone()).with(Route::Target, reply).run();
        let strict = crate::strict::strict(&ran, "salt");
        let ran = if is_strict { &strict } else { &ran };
        for format in Format::ALL {
            let report = ran.report().with_verbose(true).render(format);
            let forms = [
                token.clone(),
                json!(token).to_string().trim_matches('"').to_string(),
                token.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"),
                token.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;"),
            ];
            for form in forms {
                prop_assert!(!report.contains(&form), "{:?} shows the token", format);
            }
        }
    }
}
