//! `dockopt explain` and `dockopt rules`.

use super::args::{Choice, Global};
use super::output::{Failure, emit, selection, text_or_json};
use super::{CLEAN, terminal};
use crate::report::{self, Format};
use crate::rules::{self, Rule};

pub(super) fn explain(global: &Global, name: &str) -> Result<u8, Failure> {
    text_or_json(global, "explain", "")?;
    let Some(rule) = rules::find(name) else {
        let help = match rules::suggest(name) {
            Some(close) => format!("did you mean `{close}`? `dockopt rules` lists all"),
            None => "`dockopt rules` lists all".to_owned(),
        };
        return Err(Failure::Because { what: format!("no rule is called `{name}`"), help: Some(help) });
    };
    let text = match global.format {
        Format::Json => report::rules_json(&[rule]),
        _ => report::explain(rule, terminal::stdout(global)),
    };
    emit(global, &text)?;
    Ok(CLEAN)
}

/// All rules, or those that `--select` and `--ignore` leave.
pub(super) fn rules(global: &Global, choice: &Choice) -> Result<u8, Failure> {
    text_or_json(global, "rules", "")?;
    let selected = selection(choice)?;
    let asked = !choice.select.is_empty() || !choice.ignore.is_empty();
    let rules: Vec<&Rule> = rules::ALL.iter().copied().filter(|rule| !asked || selected.has(rule)).collect();
    let text = match global.format {
        Format::Json => report::rules_json(&rules),
        _ => report::rules(&rules, terminal::stdout(global)),
    };
    emit(global, &text)?;
    Ok(CLEAN)
}
