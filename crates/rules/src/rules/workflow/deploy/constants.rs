//! The values of variables that a job or a script sets once, to a text.

use std::collections::BTreeMap;

use crate::workflow::{Job, StepScript};

/// Variables with their values; `None` for those with several, or with one that only a run knows.
pub(super) struct Constants<'a>(BTreeMap<&'a str, Option<&'a str>>);

impl<'a> Constants<'a> {
    /// Those of a script.
    pub(super) fn of(job: &'a Job, script: &'a StepScript) -> Self {
        let of_job = job.variables.iter().map(|(name, text)| (name.as_str(), text.constant()));
        let mut values: BTreeMap<&str, Option<&str>> = of_job.collect();
        let settings = script.commands().commands.iter().filter(|command| command.words.is_empty());
        for assignment in settings.flat_map(|command| &command.assignments) {
            let value = if assignment.append { None } else { assignment.value.value() };
            values.entry(&assignment.name_text).and_modify(|known| *known = None).or_insert(value);
        }
        Self(values)
    }

    /// A text with the values of its variables; `None` where one of them is not known.
    pub(super) fn filled(&self, text: &str) -> Option<String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('$') {
            filled.push_str(before);
            let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
            let (name, after) = match behind.strip_prefix('{') {
                Some(inner) => inner.split_once('}')?,
                None => behind.split_at(behind.find(is_end).unwrap_or(behind.len())),
            };
            filled.push_str(self.0.get(name).copied().flatten()?);
            rest = after;
        }
        filled.push_str(rest);
        (!filled.contains("{{") && !filled.contains('`')).then_some(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;
    use crate::workflow::{ScriptText, WorkflowPlace};

    #[test]
    fn values_are_those_that_are_set_once() {
        let text = "A=web\nB=\"$1\"\nC=x; C=y\nA_B=z\n";
        let place = WorkflowPlace::of(Span::new(0, text.len() as u32));
        let script = StepScript::new(ScriptText::new(text, text, place));
        let job = Job::new("deploy".to_owned(), place);
        let constants = Constants::of(&job, &script);
        for (text, expected) in [
            ("deployment/$A", Some("deployment/web")),
            ("${A}-$A_B", Some("web-z")),
            ("plain", Some("plain")),
            ("$B", None),
            ("$C", None),
            ("${D:-x}", None),
            ("${{ github.sha }}", None),
            ("{{ tag }}", None),
        ] {
            assert_eq!(constants.filled(text).as_deref(), expected, "{text}");
        }
    }
}
