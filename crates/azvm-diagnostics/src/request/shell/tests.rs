//! Lines as shells read them, and a real `sh` beside.

use super::*;

fn words(input: &str, shell: Shell) -> Vec<String> {
    let line = Line::read(input, shell);
    line.words.iter().map(|word| word.as_str().into()).collect()
}

#[test]
fn quotes_and_blanks_in_sh() {
    let sh = |input: &str| words(input, Shell::Sh);
    assert_eq!(
        sh("curl  -H 'A: b' \"c\\\"d\" e\\ f"),
        ["curl", "-H", "A: b", "c\"d", "e f"]
    );
    assert_eq!(sh("curl \\\n  x # y"), ["curl", "x"]);
    assert_eq!(sh("curl x > /dev/null 2>&1 y"), ["curl", "x", "y"]);
    assert_eq!(sh("curl '' \"$A\""), ["curl", "", "$A"]);
    assert_eq!(
        sh("curl $(get \"(x)\") `y z`"),
        ["curl", "$(get \"(x)\")", "`y z`"]
    );
}

#[test]
fn a_line_may_be_cut() {
    let cut = |input: &str, shell| Line::read(input, shell).cut;
    assert_eq!(cut("curl a?b=c&d=e", Shell::Sh), Some(Cut::Operator(10)));
    assert_eq!(cut("curl a?b=c& -H x", Shell::Sh), Some(Cut::Operator(10)));
    assert_eq!(
        cut("curl 'a?b=c&d=e'", Shell::Cmd),
        Some(Cut::SingleQuote(5))
    );
    assert_eq!(cut("curl 'a?b=c&d=e'", Shell::Sh), None);
    assert_eq!(cut("curl \"a?b=c&d=e\"", Shell::Cmd), None);
    assert_eq!(cut("curl a?b=c^&d=e", Shell::Cmd), None);
    assert_eq!(cut("curl a | jq", Shell::Sh), None);
    assert_eq!(cut("curl a && curl b", Shell::Sh), None);
    assert_eq!(cut("curl a&", Shell::Sh), None);
    assert_eq!(cut("curl 'a", Shell::Sh), Some(Cut::OpenQuote(5)));
    assert_eq!(cut("curl a()", Shell::Sh), Some(Cut::Parenthesis(6)));
    assert_eq!(words("curl a; x\ny", Shell::Sh), ["curl", "a"]);
    assert_eq!(words("curl a?b&c=d\ny", Shell::Sh), ["curl", "a?b&c=d"]);
    assert_eq!(words("curl a\\\\&'w'", Shell::Sh), ["curl", "a\\"]);
    assert_eq!(words("curl 'a b' c\n", Shell::Cmd), ["curl", "a b", "c"]);
}

#[test]
fn words_tables_and_strings_of_powershell() {
    let powershell = |input: &str| words(input, Shell::PowerShell);
    assert_eq!(
        powershell("irm -A 'it''s' \"a`\"b\"\"c\" d`&e # x"),
        ["irm", "-A", "it's", "a\"b\"c", "d&e"]
    );
    assert_eq!(powershell("irm `\n  x `\r\n y\nz"), ["irm", "x", "y"]);
    assert_eq!(
        powershell("irm \u{2018}a b\u{2019} \u{201c}c\u{201d}"),
        ["irm", "a b", "c"]
    );
    assert_eq!(
        powershell("irm ('a' + \"b\" +$c.d(1)[2] + [x]::y('z')) e"),
        ["irm", "ab$c.d(1)[2][x]::y('z')", "e"]
    );
    assert_eq!(
        powershell("irm $env:A/$b.c/\"$d.e\"x)"),
        ["irm", "$env:A/$b.c/$d.ex"]
    );
    assert_eq!(
        powershell("irm @a @(1, 2) x; y"),
        ["irm", "@a", "@(1, 2)", "x"]
    );
    let line = Line::read("irm @{ 'A' = \"b\"; C=$d\n E = f } -X", Shell::PowerShell);
    let pairs = line.tables[0].pairs.iter();
    let pairs: Vec<_> = pairs
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(pairs, [("A", "b"), ("C", "$d"), ("E", "f")]);
    assert_eq!((line.tables[0].at, line.words.len()), (4, 3));
    let cut = |input: &str| Line::read(input, Shell::PowerShell).cut;
    assert_eq!(cut("irm a?b=c&d=e"), Some(Cut::Operator(9)));
    assert_eq!(cut("irm 'a?b=c&d=e'"), None);
    assert_eq!(cut("irm 'a"), Some(Cut::OpenQuote(4)));
    assert_eq!(cut("irm \u{201c}a"), Some(Cut::OpenTypographic(4)));
    let kept = Line::read("irm \"u?a=1&$filter=x\" 'u?$top=1'", Shell::PowerShell);
    assert_eq!((kept.eaten.len(), &kept.eaten[0]), (1, &(11..18)));
}

/// What the shell hands over when no variable is set.
#[cfg(unix)]
fn handed_over(line: &Line) -> Vec<String> {
    let is_kept = |word: &Traced, at: usize, c: char| {
        let place = word.span(at..at + c.len_utf8());
        let is_eaten = line.eaten.iter().any(|eaten| eaten.contains(&place.start));
        !is_eaten && !word.slice(at..at + c.len_utf8()).has_unknown()
    };
    let words = line.words.iter().map(|word| {
        let text = word.as_str().char_indices();
        text.filter(|&(at, c)| is_kept(word, at, c))
            .map(|(_, c)| c)
            .collect()
    });
    words.collect()
}

#[cfg(unix)]
fn words_of_sh(line: &str) -> Vec<String> {
    // No program is to be found: only the function and the shell's own commands can run.
    let script = format!("PATH=/dev/null\ncurl() {{ printf '%s\\0' \"$@\"; }}\n{line}");
    let mut command = std::process::Command::new("sh");
    command.args(["-f", "-c", &script]).env_clear();
    let output = command
        .stderr(std::process::Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator('\0').map(Into::into).collect()
}

#[cfg(unix)]
proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    /// A real `sh` reads the same words, wherever it reads the line as it was meant. No part ends the command: what came
    /// after would be a command too, and run.
    #[test]
    fn sh_reads_the_same_words(
        parts in proptest::collection::vec(
            proptest::prop_oneof![
                "[a-z/?=.]{1,4}",
                "'[a-z $&;|#()\"\\\\]{0,6}'",
                "\"[a-z &;|#()']{0,6}\"",
                proptest::strategy::Just("\"?$filter=x\"".to_string()),
                proptest::strategy::Just("\"${TOP}\"x".to_string()),
                proptest::strategy::Just("\\\\".to_string()),
                proptest::strategy::Just("\\&".to_string()),
                proptest::strategy::Just("\"\\$filter\\\"\\a\"".to_string()),
                proptest::strategy::Just("\\\n".to_string()),
                proptest::strategy::Just(" ".to_string()),
                proptest::strategy::Just(" 2>/dev/null ".to_string()),
            ],
            0..12,
        )
    ) {
        let text = format!("curl -s {}", parts.concat());
        let line = Line::read(&text, Shell::Sh);
        proptest::prop_assume!(line.cut.is_none());
        proptest::prop_assert_eq!(&handed_over(&line)[1..], &words_of_sh(&text)[..], "{}", text);
    }
}

#[test]
fn options_of_odata_are_eaten_and_other_variables_unknown() {
    let line = Line::read("curl \"u?v=1&$filter=atScope()&x=$X\"", Shell::Sh);
    assert_eq!(line.words[1].as_str(), "u?v=1&$filter=atScope()&x=$X");
    assert_eq!((line.eaten.len(), &line.eaten[0]), (1, &(12..19)));
    assert!(line.words[1].has_unknown());
    let kept = Line::read("curl 'u?$filter=x' \"u?\\$top=1\"", Shell::Sh);
    assert!(kept.eaten.is_empty());
    let cmd = Line::read("curl \"u?r=%2F%2F&c=%ID%\"", Shell::Cmd);
    assert_eq!(cmd.words[1].as_str(), "u?r=%2F%2F&c=%ID%");
    assert_eq!(cmd.words[1].runs().last(), Some(&("%ID%", true)));
}
