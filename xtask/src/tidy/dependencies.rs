//! Rules about which package depends on which, and what a published one says of itself.

use std::collections::BTreeMap;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use super::Failure;
use crate::layers::{CONFINED, DEV_EDGES, EDGES, LEAN, Lean, TOPS};
use crate::process::{Result, capture, cargo, root};

pub(super) fn check() -> Result<Vec<Failure>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()?;
    let packages: Vec<Facts> = metadata.packages.iter().map(Facts::from).collect();
    let mut failures: Vec<Failure> = packages.iter().flat_map(is_in_the_table).collect();
    failures.extend(packages.iter().flat_map(keeps_to_its_edges));
    failures.extend(packages.iter().flat_map(leaves_confined_crates_alone));
    failures.extend(packages.iter().flat_map(says_what_it_is));
    for lean in LEAN {
        let tree = capture(
            cargo([
                "tree",
                "--prefix",
                "none",
                "--format",
                "{p}",
                "-e",
                "normal",
                "-p",
                lean.package,
            ])
            .args(lean.flags),
        )?;
        failures.extend(stays_lean(lean, &tree));
    }
    Ok(failures)
}

/// What the rules need to know of a package.
#[derive(Default)]
struct Facts {
    name: String,
    published: bool,
    description: bool,
    licence: bool,
    /// Direct dependencies, ours and others; `true` for those of tests and examples.
    dependencies: Vec<(String, bool)>,
}

impl From<&Package> for Facts {
    fn from(package: &Package) -> Self {
        let dependencies = package.dependencies.iter();
        Self {
            name: package.name.to_string(),
            published: package
                .publish
                .as_ref()
                .is_none_or(|registries| !registries.is_empty()),
            description: package.description.is_some(),
            licence: package.license.is_some() || package.license_file.is_some(),
            dependencies: dependencies
                .map(|it| (it.name.clone(), it.kind == DependencyKind::Development))
                .collect(),
        }
    }
}

impl Facts {
    fn manifest(&self) -> String {
        match TOPS.contains(&self.name.as_str()) {
            true => format!("{}/Cargo.toml", self.name),
            false => format!("crates/{}/Cargo.toml", self.name),
        }
    }
}

fn is_in_the_table(package: &Facts) -> Option<Failure> {
    let known = is_ours(&package.name);
    (!known).then(|| {
        Failure::new(
            package.manifest(),
            format!("{} is not in the table of edges", package.name),
            "say in xtask/src/layers.rs what it may depend on",
        )
    })
}

fn keeps_to_its_edges(package: &Facts) -> Vec<Failure> {
    if TOPS.contains(&package.name.as_str()) {
        return Vec::new();
    }
    let edges: BTreeMap<_, _> = EDGES.iter().copied().collect();
    let dev_edges: BTreeMap<_, _> = DEV_EDGES.iter().copied().collect();
    let allows = |table: &BTreeMap<&str, &[&str]>, to: &str| {
        table
            .get(package.name.as_str())
            .is_some_and(|allowed| allowed.contains(&to))
    };
    let ours = package.dependencies.iter().filter(|(to, _)| is_ours(to));
    ours.filter(|(to, is_dev)| !(allows(&edges, to) || (*is_dev && allows(&dev_edges, to))))
        .map(|(to, is_dev)| {
            let kind = if *is_dev { "dev-dependency" } else { "dependency" };
            Failure::new(
                package.manifest(),
                format!("the {kind} on {to} is not an allowed edge"),
                "remove it; if it is a decision, add it to xtask/src/layers.rs and say why in docs/decisions",
            )
        })
        .collect()
}

fn leaves_confined_crates_alone(package: &Facts) -> Vec<Failure> {
    let confined = |to: &str| {
        CONFINED
            .iter()
            .find(|(name, _)| *name == to)
            .map(|(_, holders)| *holders)
    };
    let dependencies = package.dependencies.iter();
    dependencies
        .filter_map(|(to, _)| Some((to, confined(to)?)))
        .filter(|(_, holders)| !holders.contains(&package.name.as_str()))
        .map(|(to, holders)| {
            Failure::new(
                package.manifest(),
                format!("{to} is the business of {}", holders.join(" and ")),
                "go through their interface",
            )
        })
        .collect()
}

fn says_what_it_is(package: &Facts) -> Vec<Failure> {
    let entries = [
        ("description", package.description),
        ("license", package.licence),
    ];
    let missing = entries
        .into_iter()
        .filter(|(_, there)| package.published && !there);
    missing
        .map(|(entry, _)| {
            Failure::new(
                package.manifest(),
                format!("a published package without `{entry}`"),
                format!("add `{entry}`, or `publish = false`"),
            )
        })
        .collect()
}

/// `tree` has one `name vVERSION …` a line.
fn stays_lean(lean: &Lean, tree: &str) -> Vec<Failure> {
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    let mut unwanted: Vec<&str> = names.filter(|name| lean.without.contains(name)).collect();
    unwanted.sort_unstable();
    unwanted.dedup();
    let command = std::iter::once(lean.package)
        .chain(lean.flags.iter().copied())
        .collect::<Vec<_>>()
        .join(" ");
    unwanted
        .into_iter()
        .map(|name| {
            Failure::new(
                format!("crates/{}/Cargo.toml", lean.package),
                format!("{name} is below it"),
                format!("`cargo tree -e normal -i {name} -p {command}` shows the way it came in"),
            )
        })
        .collect()
}

fn is_ours(name: &str) -> bool {
    TOPS.contains(&name) || EDGES.iter().any(|(package, _)| *package == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, bool)]) -> Facts {
        let dependencies = dependencies
            .iter()
            .map(|(to, is_dev)| ((*to).to_owned(), *is_dev))
            .collect();
        Facts {
            name: name.to_owned(),
            dependencies,
            ..Facts::default()
        }
    }

    #[track_caller]
    fn edges(from: &str, dependencies: &[(&str, bool)], expected: usize) {
        assert_eq!(
            keeps_to_its_edges(&package(from, dependencies)).len(),
            expected
        );
    }

    const DEV: bool = true;
    const NORMAL: bool = false;

    #[test]
    fn allowed_edges_pass_and_others_do_not() {
        edges(
            "azvm-imds",
            &[("azvm-exchange", NORMAL), ("serde", NORMAL)],
            0,
        );
        edges("azvm-imds", &[("azvm-http", NORMAL)], 1);
        edges("azvm-exchange", &[("azvm-imds", DEV)], 1);
        edges(
            "azvm-token-cache",
            &[("azvm-imds", NORMAL), ("azvm-exchange", NORMAL)],
            2,
        );
    }

    #[test]
    fn tests_may_use_the_simulator_where_the_table_says_so() {
        edges("azvm-identity", &[("azvm-simulator", DEV)], 0);
        edges("azvm-identity", &[("azvm-simulator", NORMAL)], 1);
        edges("azvm-http", &[("azvm-simulator", DEV)], 1);
    }

    #[test]
    fn the_simulator_knows_none_of_ours_in_its_tests_either() {
        edges("azvm-simulator", &[("azvm-imds", DEV)], 1);
        edges("azvm-simulator", &[("hyper", NORMAL)], 0);
    }

    #[test]
    fn nothing_depends_on_the_automation() {
        edges("azvm-doctor", &[("xtask", NORMAL)], 1);
        edges("azvm-doctor", &[("benches", DEV)], 1);
        edges("xtask", &[("azvm-doctor", NORMAL)], 0);
    }

    #[test]
    fn a_new_package_needs_a_line_in_the_table() {
        assert_eq!(is_in_the_table(&package("azvm-imds", &[])), None);
        assert!(is_in_the_table(&package("azvm-new", &[])).is_some());
    }

    #[test]
    fn the_table_names_only_packages_that_it_knows_and_has_no_cycle() {
        for (index, (package, allowed)) in EDGES.iter().enumerate() {
            for to in *allowed {
                assert!(
                    EDGES[..index].iter().any(|(below, _)| below == to),
                    "{package} stands above {to}"
                );
            }
        }
        for (package, allowed) in DEV_EDGES {
            assert!(is_ours(package) && allowed.iter().all(|to| is_ours(to)));
        }
    }

    #[test]
    fn confined_crates_stay_with_their_holders() {
        assert_eq!(
            leaves_confined_crates_alone(&package("azvm-http", &[("hyper", NORMAL)])),
            []
        );
        assert_eq!(
            leaves_confined_crates_alone(&package("azvm-identity", &[("hyper", NORMAL)])).len(),
            1
        );
        assert_eq!(
            leaves_confined_crates_alone(&package("azvm-identity", &[("tokio", NORMAL)])),
            []
        );
    }

    #[test]
    fn published_packages_describe_themselves() {
        let bare = |published| Facts {
            name: "azvm-imds".into(),
            published,
            ..Facts::default()
        };
        assert_eq!(says_what_it_is(&bare(false)), []);
        assert_eq!(says_what_it_is(&bare(true)).len(), 2);
        assert_eq!(
            says_what_it_is(&Facts {
                description: true,
                licence: true,
                ..bare(true)
            }),
            []
        );
    }

    #[test]
    fn a_lean_tree_has_no_unwanted_crate() {
        let lean = Lean {
            package: "azvm-imds",
            flags: &[],
            without: &["tokio"],
        };
        assert_eq!(
            stays_lean(&lean, "azvm-imds v0.1.0\nserde v1.0.0\ntokio-free v1.0.0\n"),
            []
        );
        assert_eq!(
            stays_lean(&lean, "azvm-imds v0.1.0\ntokio v1.0.0\ntokio v1.0.0 (*)\n").len(),
            1
        );
    }
}
