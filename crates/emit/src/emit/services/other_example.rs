//! Examples that Compose does not read where they would be copied to: it reads `.env` in the folder of its own file.

use std::collections::{BTreeMap, BTreeSet};

use super::ServicePlanner;
use crate::emit::plan::PlannedService;
use crate::text::path;
use crate::variables::ExampleVariable;
use crate::yaml::NewValue;

impl ServicePlanner<'_, '_> {
    /// Says which examples show variables that services get and that no `.env.example` of the folder shows.
    pub(super) fn note_examples(&mut self) {
        // A file that is there may pass them on in another way.
        if self.input.existing.is_some() {
            return;
        }
        let usual = path::child(self.input.folder, ".env.example");
        let place = |example: &ExampleVariable| self.input.files.files[example.file].path.as_str();
        let names: BTreeSet<&str> = self.plan.services.iter().flat_map(passed_on).collect();
        let mut counts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for name in names {
            let examples = || self.input.examples.iter().filter(|known| known.name == name && !known.is_comment);
            let is_shown = examples().any(|known| place(known) == usual);
            if let Some(example) = examples().find(|known| !known.value.is_empty() && !is_shown) {
                let name = self.input.files.files[example.file].source.name();
                counts.entry(name).or_default().insert(&example.name);
            }
        }
        let notes: Vec<String> = counts
            .iter()
            .map(|(file, names)| {
                let names: Vec<&str> = names.iter().copied().collect();
                let variables = match names.as_slice() {
                    [name] => format!("`{name}`"),
                    [name, ..] => format!("`{name}` and {} more", names.len() - 1),
                    [] => String::new(),
                };
                format!("services get {variables} of {file} only from `.env` in the folder of compose.yaml: copy the lines there")
            })
            .collect();
        self.plan.notes.extend(notes);
    }
}

/// The variables that a service only gets where they are set.
fn passed_on(service: &PlannedService) -> Vec<&str> {
    let Some(NewValue::Mapping(entries)) = service.key("environment").map(|key| &key.value) else { return Vec::new() };
    let is_open = |value: &NewValue| matches!(value, NewValue::Inline(text) if text.is_empty());
    entries.iter().filter(|(_, value)| is_open(value)).map(|(name, _)| name.as_str()).collect()
}
