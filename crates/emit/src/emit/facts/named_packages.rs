//! The packages and requirements files that a Dockerfile names in its commands: no manifest has what only they install.

use std::collections::BTreeSet;

use crate::build::Build;
use crate::manifest::{Ecosystem, python_name};
use crate::shell::{InputKind, Invocation, PackageSource, Verb};
use crate::text::path;

/// What the commands of the stages that are built name.
#[derive(Debug, Default)]
pub(in crate::emit) struct NamedPackages {
    /// Packages of registries: `bull` of `npm install bull`, `redis` of `pip install redis==5.0`.
    packages: BTreeSet<(Ecosystem, String)>,
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
                let files = call.inputs.iter().filter(|input| input.kind == InputKind::Requirements);
                named.requirements.extend(files.map(|input| path::normalize(input.path.text)));
                let Some(ecosystem) = Ecosystem::of_manager(call.manager) else { continue };
                let packages = call.packages.iter().filter(|package| {
                    package.source == PackageSource::Index && !package.name.dynamic && !package.absent
                });
                named.packages.extend(packages.map(|package| {
                    let name = package.name.text;
                    (ecosystem, if ecosystem == Ecosystem::Python { python_name(name) } else { name.to_owned() })
                }));
            }
        }
        named
    }

    /// Whether a command installs a package by its name.
    pub(in crate::emit) fn has(&self, ecosystem: Ecosystem, name: &str) -> bool {
        self.packages.contains(&(ecosystem, name.to_owned()))
    }
}
