//! Relative links in Markdown lead to files that are there.

use super::{Failure, File};

/// `exists` answers for a path relative to the root.
pub(super) fn check(files: &[File], exists: &dyn Fn(&str) -> bool) -> Vec<Failure> {
    let mut failures = Vec::new();
    for file in files.iter().filter(|file| file.extension() == "md") {
        for (line, target) in links(&file.text) {
            let resolved = resolve(&file.path, target);
            if !resolved.is_some_and(|path| exists(&path)) {
                failures.push(Failure::new(
                    format!("{}:{line}", file.path),
                    format!("the link to `{target}` leads nowhere"),
                    "correct it, or add the file",
                ));
            }
        }
    }
    failures
}

/// Line and target of each relative link outside code: `[text](target)` and `[label]: target`.
fn links(markdown: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_fence = false;
    for (index, line) in markdown.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        } else if !in_fence {
            let targets = inline_targets(line)
                .into_iter()
                .chain(reference_target(line));
            found.extend(
                targets
                    .filter_map(relative)
                    .map(|target| (index + 1, target)),
            );
        }
    }
    found
}

fn inline_targets(line: &str) -> Vec<&str> {
    let opens = line.match_indices("](");
    opens
        .filter(|(at, _)| line[..*at].matches('`').count() % 2 == 0)
        .filter_map(|(at, open)| line[at + open.len()..].split_once(')'))
        .map(|(target, _)| target)
        .collect()
}

fn reference_target(line: &str) -> Option<&str> {
    let (label, target) = line.strip_prefix('[')?.split_once("]: ")?;
    (!label.contains(']')).then_some(target)
}

/// The path in a link target, unless it names a host or a place on the same page.
fn relative(target: &str) -> Option<&str> {
    let path = target.split([' ', '#']).next().unwrap_or_default();
    let path = path.trim_start_matches('<').trim_end_matches('>');
    let is_absolute = path.contains("://") || path.starts_with("mailto:");
    (!path.is_empty() && !is_absolute).then_some(path)
}

/// `target` as seen from the folder of `from`; nothing when it leaves the project.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut folders: Vec<&str> = from.split('/').collect();
    folders.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = folders.pop()?,
            name => folders.push(name),
        }
    }
    Some(folders.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn targets(markdown: &str, expected: &[(usize, &str)]) {
        assert_eq!(links(markdown), expected, "in {markdown:?}");
    }

    #[test]
    fn relative_links_are_found() {
        targets(
            "See [a](docs/a.md) and [b](b.md#part \"title\").",
            &[(1, "docs/a.md"), (1, "b.md")],
        );
        targets("\n[label]: <../x.md>\n", &[(2, "../x.md")]);
    }

    #[test]
    fn hosts_places_and_code_are_not_links() {
        targets(
            "[a](https://example.com/a) [b](#part) [c](mailto:x@example.com)",
            &[],
        );
        targets("```text\n[a](b)\n```\n", &[]);
        targets("`[a](b)` is how a link is written", &[]);
    }

    #[test]
    fn a_target_is_seen_from_its_file() {
        assert_eq!(
            resolve("docs/a.md", "../README.md").as_deref(),
            Some("README.md")
        );
        assert_eq!(
            resolve("docs/a.md", "./b/c.md").as_deref(),
            Some("docs/b/c.md")
        );
        assert_eq!(resolve("README.md", "../secret"), None);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_reported_with_its_line() {
        let page = File {
            path: "docs/a.md".into(),
            text: "ok [a](b.md)\nbad [c](d.md)\nout [e](../../f)\n".into(),
        };
        let failures = check(&[page], &|path| path == "docs/b.md");
        let places: Vec<&str> = failures
            .iter()
            .map(|failure| failure.place.as_str())
            .collect();
        assert_eq!(places, ["docs/a.md:2", "docs/a.md:3"]);
    }
}
