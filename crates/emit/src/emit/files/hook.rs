//! The hook of a worker that a compose file starts without one: `taskiq worker app.tasks:broker`.

use crate::emit::facts::taskiq_hook::{BROKER, through_hook};
use crate::emit::plan::{PlannedService, ServiceRole};
use crate::stack::{ServiceCheck, StackService};
use crate::text::{Source, apply};
use crate::yaml::{NewValue, YamlEditor};

/// The file in which a service's worker is started through the hook and asked whether it is ready; `None` where it has a
/// check, or what it runs and gets is written elsewhere.
pub(super) fn with_hook(source: &Source, service: &StackService, planned: &PlannedService) -> Option<Source> {
    let (Some(config), Some(check)) = (planned.key("configs"), planned.key("healthcheck")) else { return None };
    let editor = YamlEditor::new(source);
    let has = |key: &str| editor.has(&["services", service.name, key]);
    let is_open = planned.role == ServiceRole::Worker
        && matches!(service.check, ServiceCheck::Missing)
        && !["configs", "working_dir", "entrypoint", "<<", "extends"].into_iter().any(has)
        // The hook writes a file.
        && !has("read_only");
    if !is_open {
        return None;
    }
    let (words, broker) = through_hook(&editor.texts(&["services", service.name, "command"])?)?;
    let environment = match editor.texts(&["services", service.name, "environment"]) {
        Some(mut entries) => {
            entries.push(format!("{BROKER}={broker}"));
            (vec!["environment"], NewValue::raw_texts(&entries))
        }
        None => (vec!["environment", BROKER], NewValue::scalar(&broker)),
    };
    let environment = match environment {
        (path, value) if path.len() == 2 && !has("environment") => {
            (vec!["environment"], NewValue::Mapping(vec![(path[1].to_owned(), value)]))
        }
        known => known,
    };
    let steps = [
        (vec!["command"], NewValue::raw_texts(&words)),
        environment,
        (vec!["configs"], config.value.clone()),
        (vec!["healthcheck"], check.value.clone()),
    ];
    let mut source = source.clone();
    for (path, value) in steps {
        let whole: Vec<&str> = ["services", service.name].into_iter().chain(path).collect();
        let edit = YamlEditor::new(&source).set(&whole, &value).ok()?;
        let bytes = apply(&source, &[edit]).ok()?;
        source = Source::of(source.name(), &String::from_utf8_lossy(&bytes));
    }
    Some(source)
}
