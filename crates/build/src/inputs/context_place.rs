//! Where named contexts lead.

use super::BuildOptions;

/// Where a named context leads (`--build-context NAME=VALUE`, `additional_contexts`, `contexts`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextPlace<'a> {
    /// To a folder of this machine.
    Folder(&'a str),
    /// To the result of another build of the same bake or compose file: `target:base`.
    Result(&'a str),
    /// To an image or an address.
    Elsewhere(&'a str),
}

/// How values begin that name a build of the same bake or compose file.
const RESULTS: [&str; 2] = ["target:", "service:"];

impl<'a> ContextPlace<'a> {
    /// Of the value of a named context.
    pub fn of(value: &'a str) -> Self {
        if RESULTS.iter().any(|start| value.starts_with(start)) {
            Self::Result(value)
        } else if value.contains("://") || value.starts_with("git@") {
            Self::Elsewhere(value)
        } else {
            Self::Folder(value)
        }
    }
}

impl BuildOptions {
    /// The value of a build argument; of several with one name the last.
    pub fn build_arg(&self, name: &str) -> Option<&str> {
        self.build_args.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of the named context of a name, in any case; of several the last.
    pub fn named_context(&self, name: &str) -> Option<&str> {
        let context = self.build_contexts.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name));
        context.map(|(_, value)| value.as_str())
    }

    /// The named contexts and where they lead; of several with one name the last.
    pub fn named_contexts(&self) -> Vec<(&str, ContextPlace<'_>)> {
        let mut places: Vec<(&str, ContextPlace)> = Vec::new();
        for (name, value) in &self.build_contexts {
            places.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            places.push((name, ContextPlace::of(value)));
        }
        places
    }
}
