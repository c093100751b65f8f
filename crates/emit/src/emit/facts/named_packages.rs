//! The packages and requirements files that a Dockerfile names in its commands: no manifest has what only they install.

use std::collections::{BTreeMap, BTreeSet};

use crate::build::Build;
use crate::manifest::{Ecosystem, python_name};
use crate::shell::{InputKind, Invocation, PackageSource, Verb};
use crate::text::path;

/// What the commands of the stages that are built name.
#[derive(Debug, Default)]
pub(in crate::emit) struct NamedPackages {
    /// Packages of registries, each with the version asked for: `redis` and `==5.0` of `pip install redis==5.0`.
    packages: BTreeMap<(Ecosystem, String), String>,
    /// Whether a file limits the versions of what is installed: `pip install -c constraints.txt`.
    pub(in crate::emit) is_constrained: bool,
    /// Requirements files of pip, as written.
    pub(in crate::emit) requirements: BTreeSet<String>,
}

impl NamedPackages {
    pub(in crate::emit) fn of(build: &Build) -> NamedPackages {
        let mut named = NamedPackages::default();
        for run in build.needed_runs() {
            let invocations = run.invocations();
            let calls = invocations.iter().filter_map(Invocation::package_call);
            for call in calls.filter(|call| call.verb == Verb::Install) {
                named.is_constrained |= call.inputs.iter().any(|input| input.kind == InputKind::Constraints);
                let files = call.inputs.iter().filter(|input| input.kind == InputKind::Requirements);
                named.requirements.extend(files.map(|input| path::normalize(input.path.text)));
                let Some(ecosystem) = Ecosystem::of_manager(call.manager) else { continue };
                let packages = call.packages.iter().filter(|package| {
                    package.source == PackageSource::Index && !package.name.dynamic && !package.absent
                });
                named.packages.extend(packages.map(|package| {
                    let name = package.name.text;
                    let name = if ecosystem == Ecosystem::Python { python_name(name) } else { name.to_owned() };
                    let version = package.version.as_ref();
                    (
                        (ecosystem, name),
                        version.map_or_else(String::new, |known| format!("{}{}", known.operator, known.value.text)),
                    )
                }));
            }
        }
        named
    }

    /// Whether a command installs a package by its name.
    pub(in crate::emit) fn has(&self, ecosystem: Ecosystem, name: &str) -> bool {
        self.packages.contains_key(&(ecosystem, name.to_owned()))
    }

    /// The version that a command asks for; empty where it asks for any.
    pub(in crate::emit) fn requirement(&self, ecosystem: Ecosystem, name: &str) -> Option<&str> {
        self.packages.get(&(ecosystem, name.to_owned())).map(String::as_str)
    }
}
