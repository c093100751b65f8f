//! `dockopt explain` and `dockopt rules`.

use super::args::{Choice, Global};
use super::exit::CLEAN;
use super::output::{Failure, emit, is_json, selection};
use super::terminal;
use crate::report;
use crate::rules::{self, Rule};

pub(super) fn explain(global: &Global, name: &str) -> Result<u8, Failure> {
    let json = is_json(global, "explain", "")?;
    let Some(rule) = rules::find(name) else {
        let help = match rules::suggest(name) {
            Some(close) => format!("did you mean `{close}`? `dockopt rules` lists all"),
            None => "`dockopt rules` lists all".to_owned(),
        };
        return Err(Failure::Because { what: format!("no rule is called `{name}`"), help: Some(help) });
    };
    let text = if json { report::rules_json(&[rule]) } else { report::explain(rule, terminal::stdout(global)) };
    emit(global, &text)?;
    Ok(CLEAN)
}

/// All rules, or those that `--select` and `--ignore` leave.
pub(super) fn rules(global: &Global, choice: &Choice) -> Result<u8, Failure> {
    let json = is_json(global, "rules", "")?;
    let selected = selection(choice)?;
    let asked = !choice.select.is_empty() || !choice.ignore.is_empty();
    let rules: Vec<&Rule> = rules::ALL.iter().copied().filter(|rule| !asked || selected.has(rule)).collect();
    let text = if json { report::rules_json(&rules) } else { report::rules(&rules, terminal::stdout(global)) };
    emit(global, &text)?;
    Ok(CLEAN)
}
