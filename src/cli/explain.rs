//! `dockopt explain` and `dockopt rules`.

use super::args::{Global, Rules};
use super::exit::CLEAN;
use super::output::{CommandFailure, print_exact, print_exact_page};
use crate::report::{self, Format};
use crate::rules::{self, Rule, Selection};

pub(super) fn explain(global: &Global, name: &str) -> Result<u8, CommandFailure> {
    // `dockopt image` names categories of files as `image-pip-cache`.
    let of_category = || rules::find(rules::image_rule_of_category(name.strip_prefix("image-")?)?);
    let Some(rule) = rules::find(name).or_else(of_category) else {
        if let Ok(selection) = Selection::new(&[name.to_owned()], &[]) {
            return list(global, &selection.rules());
        }
        let help = match rules::suggest(name) {
            Some(close) => format!("did you mean `{close}`? `dockopt rules` lists all rules"),
            None => "`dockopt rules` lists all rules".to_owned(),
        };
        return Err(CommandFailure::Because { what: format!("unknown rule `{name}`"), help: Some(help) });
    };
    match global.format {
        Format::Json => print_exact(global, report::rules_json(&[rule]).as_bytes())?,
        _ => print_exact_page(global, &report::explain(rule))?,
    }
    Ok(CLEAN)
}

/// All rules, or those that the names, `--select` and `--ignore` leave.
pub(super) fn rules(global: &Global, command: &Rules) -> Result<u8, CommandFailure> {
    let mut select = command.names.clone();
    select.extend(command.choice.select.iter().cloned());
    if select.is_empty() && command.choice.ignore.is_empty() {
        return list(global, &rules::ALL);
    }
    list(global, &Selection::new(&select, &command.choice.ignore)?.rules())
}

fn list(global: &Global, rules: &[&Rule]) -> Result<u8, CommandFailure> {
    match global.format {
        Format::Json => print_exact(global, report::rules_json(rules).as_bytes())?,
        _ => print_exact_page(global, &report::rules(rules))?,
    }
    Ok(CLEAN)
}
