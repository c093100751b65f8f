//! What changed since an earlier report.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::sums::{FleetSums, ItemState, names_of};
use crate::text::json_reason;

/// The report that is compared with: what counts of its JSON.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct FleetBaseline {
    schema: String,
    sharing: Option<BaselineSharing>,
    #[serde(default)]
    items: Vec<ItemState>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct BaselineSharing {
    host_pull_bytes: Option<u64>,
}

/// The schema of the JSON of `fleet report`.
pub const REPORT_SCHEMA: &str = "dockopt.fleet-report/1";

impl FleetBaseline {
    /// Reads the JSON of a report.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let baseline: Self = serde_json::from_str(text).map_err(|error| json_reason(&error))?;
        match baseline.schema.as_str() {
            REPORT_SCHEMA => Ok(baseline),
            schema => Err(format!("its `schema` is `{schema}`, not `{REPORT_SCHEMA}`")),
        }
    }
}

/// A figure before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemChange {
    /// The item.
    pub item: String,
    /// The rule, of a number of findings.
    pub rule: Option<String>,
    /// Before.
    pub before: u64,
    /// Now.
    pub after: u64,
}

/// What changed since an earlier report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FleetChange {
    /// Items that it does not have.
    pub new_items: Vec<String>,
    /// Items that only it has.
    pub gone_items: Vec<String>,
    /// Items that failed, and had a result then.
    pub new_failures: Vec<String>,
    /// Images whose pull has another size, the largest change first.
    pub sizes: Vec<ItemChange>,
    /// Rules with more findings in an item, the largest change first.
    pub more_findings: Vec<ItemChange>,
    /// Rules with fewer findings in an item.
    pub fewer_findings: Vec<ItemChange>,
    /// What a host pulls for all images, then.
    pub host_bytes_before: Option<u64>,
}

impl FleetChange {
    /// Compares a report with an earlier one. Items that were not looked at in one of them are compared with nothing.
    pub fn between(before: &FleetBaseline, after: &FleetSums) -> Self {
        let names = |items: &'_ [ItemState]| items.iter().map(|item| item.name.clone()).collect::<BTreeSet<_>>();
        let (old, new) = (names(&before.items), names(&after.items));
        let earlier_results = names_of(&before.items, "result");
        let failed = names_of(&after.items, "failure");
        let mut change = Self {
            new_items: new.difference(&old).cloned().collect(),
            gone_items: old.difference(&new).cloned().collect(),
            new_failures: failed.intersection(&earlier_results).map(|name| (*name).to_owned()).collect(),
            host_bytes_before: before.sharing.as_ref().and_then(|sharing| sharing.host_pull_bytes),
            ..Self::default()
        };
        let has_result = |item: &&ItemState| item.outcome == "result";
        let earlier: BTreeMap<&str, &ItemState> =
            before.items.iter().filter(has_result).map(|item| (item.name.as_str(), item)).collect();
        for item in after.items.iter().filter(has_result) {
            if let Some(old) = earlier.get(item.name.as_str()) {
                change.add(old, item);
            }
        }
        let by_amount = |a: &ItemChange, b: &ItemChange| {
            let amount = |change: &ItemChange| change.after.abs_diff(change.before);
            amount(b).cmp(&amount(a)).then_with(|| (&a.item, &a.rule).cmp(&(&b.item, &b.rule)))
        };
        for list in [&mut change.sizes, &mut change.more_findings, &mut change.fewer_findings] {
            list.sort_by(by_amount);
        }
        change
    }

    fn add(&mut self, old: &ItemState, new: &ItemState) {
        let item = new.name.clone();
        if let (Some(before), Some(after)) = (old.pull_bytes, new.pull_bytes)
            && before != after
        {
            self.sizes.push(ItemChange { item: item.clone(), rule: None, before, after });
        }
        let rules: BTreeSet<&String> = old.findings.keys().chain(new.findings.keys()).collect();
        for rule in rules {
            let count = |state: &ItemState| state.findings.get(rule).copied().unwrap_or(0) as u64;
            let (before, after) = (count(old), count(new));
            let list = if after > before { &mut self.more_findings } else { &mut self.fewer_findings };
            if before != after {
                list.push(ItemChange { item: item.clone(), rule: Some(rule.clone()), before, after });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(name: &str, outcome: &str, pull_bytes: u64, findings: &[(&str, usize)]) -> ItemState {
        ItemState {
            name: name.to_owned(),
            outcome: outcome.to_owned(),
            pull_bytes: Some(pull_bytes),
            findings: findings.iter().map(|(rule, count)| ((*rule).to_owned(), *count)).collect(),
            ..ItemState::default()
        }
    }

    #[test]
    fn a_report_is_compared_with_an_earlier_one() {
        let before = FleetBaseline {
            items: vec![
                state("a", "result", 10, &[("x", 2), ("y", 1)]),
                state("b", "result", 10, &[]),
                state("c", "failure", 0, &[]),
                state("e", "result", 5, &[]),
            ],
            ..FleetBaseline::default()
        };
        let after = FleetSums {
            items: vec![
                state("a", "result", 15, &[("x", 5), ("z", 1)]),
                state("b", "failure", 0, &[]),
                state("c", "result", 20, &[("x", 1)]),
                state("d", "result", 20, &[]),
            ],
            ..FleetSums::default()
        };
        let change = FleetChange::between(&before, &after);
        assert_eq!((change.new_items, change.gone_items), (vec!["d".to_owned()], vec!["e".to_owned()]));
        assert_eq!(change.new_failures, ["b"]);
        let row = |rule: Option<&str>, before, after| ItemChange {
            item: "a".to_owned(),
            rule: rule.map(str::to_owned),
            before,
            after,
        };
        assert_eq!(change.sizes, [row(None, 10, 15)]);
        assert_eq!(change.more_findings, [row(Some("x"), 2, 5), row(Some("z"), 0, 1)]);
        assert_eq!(change.fewer_findings, [row(Some("y"), 1, 0)]);
    }

    #[test]
    fn only_a_report_of_a_fleet_is_a_baseline() {
        assert!(FleetBaseline::read("{\"schema\": \"dockopt.report/1\"}").unwrap_err().contains("dockopt.report/1"));
        assert!(FleetBaseline::read("{").is_err());
        assert!(FleetBaseline::read("{\"schema\": \"dockopt.fleet-report/1\"}").is_ok());
    }
}
