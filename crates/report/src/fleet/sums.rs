//! What results of many items say together.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::facts::{ImageFacts, ItemFacts};
use super::item::FleetItem;
use super::outcome::FailureRecord;
use super::packages::{PackageSums, RepeatedPackage};
use crate::analysis::{LayerComparison, SharedLayers};
use crate::finding::{ImpactKind, Severity};
use crate::results::{CostState, FindingState};
use crate::rules::Category;

/// Lines, and secrets, that are kept: those that cost most.
pub const MOST_LINES: usize = 10_000;

/// Words of the names of such rules in front of the place.
const PLACE_WORDS: [&str; 4] = ["in", "on", "as", "copied"];

/// Words in the names of rules about secrets.
const SECRET_WORDS: [&str; 3] = ["secret", "password", "key"];

/// What became of an item, and what a later report compares.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemState {
    /// The path of the folder, or the name of the image.
    pub name: String,
    /// `folder` or `image`.
    pub kind: String,
    /// `result`, `failure`, or `missing` where it was not looked at.
    pub outcome: String,
    /// Why it has no result.
    pub reason: Option<String>,
    /// Builds of a folder.
    pub builds: usize,
    /// Bytes of a pull of an image; of all platforms that were read.
    pub pull_bytes: Option<u64>,
    /// Bytes on disk.
    pub disk_bytes: Option<u64>,
    /// Bytes of a pull that no other image has.
    pub only_pull_bytes: Option<u64>,
    /// How many findings each rule has.
    pub findings: BTreeMap<String, usize>,
}

/// A finding at its line, the costliest one of it.
#[derive(Clone, Debug, PartialEq)]
pub struct CostlyLine {
    /// The item.
    pub item: String,
    /// What was found, and what it costs.
    pub finding: FindingState,
    /// Other findings of the same line.
    pub others: usize,
}

/// What a rule found in all items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleSum {
    /// The rule.
    pub rule: String,
    /// The highest severity of its findings.
    pub severity: Option<Severity>,
    /// How many findings it has.
    pub findings: usize,
    /// In how many items.
    pub items: usize,
    /// Bytes that its findings cost together, as far as they are known.
    pub bytes: f64,
    /// Seconds that its findings cost together, as far as they are known.
    pub seconds: f64,
}

/// What the results of all items say together.
#[derive(Clone, Debug, Default)]
pub struct FleetSums {
    /// The items, sorted.
    pub items: Vec<ItemState>,
    /// Why items have no result.
    pub failures: Vec<FailureRecord>,
    /// Findings about secrets.
    pub secrets: Vec<CostlyLine>,
    /// The lines that cost most, the costliest first.
    pub lines: Vec<CostlyLine>,
    /// Lines that are left out of `lines`.
    pub hidden_lines: usize,
    /// The rules, the most frequent first.
    pub rules: Vec<RuleSum>,
    /// What the images share; its images are `images`.
    pub shared: SharedLayers,
    /// The names of the images.
    pub images: Vec<String>,
    /// Packages that several images install above their bases, the largest saving first.
    pub packages: Vec<RepeatedPackage>,
    /// What could not be read, by item.
    pub problems: Vec<(String, String)>,
}

/// Joins results item by item. Memory grows with layers and findings, not with results.
#[derive(Debug, Default)]
pub struct SumsBuilder {
    sums: FleetSums,
    rules: BTreeMap<String, RuleSum>,
    layers: LayerComparison,
    packages: PackageSums,
    /// The item of each image, by index.
    owners: Vec<usize>,
}

impl SumsBuilder {
    /// Adds an item that was looked at.
    pub fn add(&mut self, item: &FleetItem, facts: ItemFacts) {
        let mut state = ItemState { outcome: "result".to_owned(), builds: facts.builds, ..state_of(item) };
        self.sums.problems.extend(facts.problems.into_iter().map(|problem| (item.name().to_owned(), problem)));
        let index = self.sums.items.len();
        for image in facts.images {
            let add = |bytes: u64| state.disk_bytes.unwrap_or(0).saturating_add(bytes);
            state.disk_bytes = image.disk_bytes.map(add).or(state.disk_bytes);
            self.add_image(index, item, image);
        }
        for finding in &facts.findings {
            *state.findings.entry(finding.rule.clone()).or_default() += 1;
            self.add_to_rule(finding);
        }
        for rule in state.findings.keys() {
            if let Some(sum) = self.rules.get_mut(rule) {
                sum.items += 1;
            }
        }
        self.add_lines(item, facts.findings);
        self.sums.items.push(state);
    }

    /// Adds an item that has no result.
    pub fn add_failure(&mut self, failure: FailureRecord) {
        let (outcome, reason) = ("failure".to_owned(), Some(failure.reason.clone()));
        self.sums.items.push(ItemState { outcome, reason, ..state_of(&failure.item) });
        self.sums.failures.push(failure);
    }

    /// Adds an item that was not looked at.
    pub fn add_missing(&mut self, item: &FleetItem) {
        self.sums.items.push(ItemState { outcome: "missing".to_owned(), ..state_of(item) });
    }

    fn add_image(&mut self, index: usize, item: &FleetItem, image: ImageFacts) {
        let number = self.owners.len();
        self.owners.push(index);
        self.sums.images.push(item.name().to_owned());
        let digests: Vec<Option<String>> = image.chain.layers.iter().map(|layer| layer.digest.clone()).collect();
        self.layers.add(image.chain);
        for package in image.packages {
            let digest = digests.get(package.layer).and_then(Option::as_deref);
            if let Some(layer) = digest.and_then(|digest| self.layers.number_of(digest)) {
                self.packages.add(package, number, layer);
            }
        }
    }

    fn add_to_rule(&mut self, finding: &FindingState) {
        let sum = self
            .rules
            .entry(finding.rule.clone())
            .or_insert_with(|| RuleSum { rule: finding.rule.clone(), ..RuleSum::default() });
        sum.findings += 1;
        sum.severity = sum.severity.max(Some(finding.severity()));
        if let Some(cost) = &finding.cost {
            let amount = cost.saves.unwrap_or(0.0);
            *(if is_seconds(cost) { &mut sum.seconds } else { &mut sum.bytes }) += amount;
        }
    }

    /// Adds the findings of an item: of each line the costliest one.
    fn add_lines(&mut self, item: &FleetItem, findings: Vec<FindingState>) {
        let mut lines: BTreeMap<(String, Option<u32>), CostlyLine> = BTreeMap::new();
        for mut finding in findings {
            (finding.fix, finding.also) = (None, Vec::new());
            let line = CostlyLine { item: item.name().to_owned(), finding, others: 0 };
            if is_secret_rule(&line.finding.rule) {
                self.sums.secrets.push(line);
                continue;
            }
            if price(&line.finding) <= 0.0 {
                continue;
            }
            match lines.entry((line.finding.file.clone(), line.finding.line)) {
                std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(line)),
                std::collections::btree_map::Entry::Occupied(mut entry) => {
                    let others = entry.get().others + 1;
                    if price(&line.finding) > price(&entry.get().finding) {
                        entry.insert(line);
                    }
                    entry.get_mut().others = others;
                }
            }
        }
        self.sums.lines.extend(lines.into_values());
        if self.sums.lines.len() > 2 * MOST_LINES {
            self.keep_costliest();
        }
    }

    fn keep_costliest(&mut self) {
        let lines = &mut self.sums.lines;
        lines.sort_by(|a, b| price(&b.finding).total_cmp(&price(&a.finding)).then_with(|| place(a).cmp(&place(b))));
        self.sums.hidden_lines += lines.len().saturating_sub(MOST_LINES);
        lines.truncate(MOST_LINES);
    }

    /// What all items say together.
    pub fn finish(mut self) -> FleetSums {
        self.keep_costliest();
        let mut sums = self.sums;
        sums.shared = self.layers.finish();
        sums.packages = self.packages.finish(&sums.shared.base_layers);
        let add = |sum: &mut Option<u64>, bytes: u64| *sum = Some(sum.unwrap_or(0).saturating_add(bytes));
        for ((owner, only), all) in self.owners.iter().zip(&sums.shared.only_bytes).zip(&sums.shared.image_bytes) {
            if let Some(item) = sums.items.get_mut(*owner) {
                add(&mut item.only_pull_bytes, *only);
                add(&mut item.pull_bytes, *all);
            }
        }
        sums.secrets
            .sort_by(|a, b| b.finding.severity().cmp(&a.finding.severity()).then_with(|| place(a).cmp(&place(b))));
        sums.secrets.truncate(MOST_LINES);
        sums.rules = self.rules.into_values().collect();
        sums.rules.sort_by(|a, b| b.findings.cmp(&a.findings).then_with(|| a.rule.cmp(&b.rule)));
        sums
    }
}

fn state_of(item: &FleetItem) -> ItemState {
    let kind = if item.is_image() { "image" } else { "folder" };
    ItemState { name: item.name().to_owned(), kind: kind.to_owned(), ..ItemState::default() }
}

fn place(line: &CostlyLine) -> (&str, &str, Option<u32>, &str, &str) {
    let finding = &line.finding;
    (&line.item, &finding.file, finding.line, &finding.rule, &finding.fingerprint)
}

fn is_seconds(cost: &CostState) -> bool {
    [ImpactKind::ColdSeconds, ImpactKind::RebuildSeconds].iter().any(|kind| kind.name() == cost.kind)
}

/// What a finding costs, to compare it with others: a second of waiting weighs as much as a megabyte, as in `audit`.
fn price(finding: &FindingState) -> f64 {
    let amount = |cost: &CostState| cost.saves.unwrap_or(0.0) * if is_seconds(cost) { 1e6 } else { 1.0 };
    finding.cost.as_ref().map_or(0.0, amount)
}

/// Whether a rule finds secrets: its name says where they stand.
fn is_secret_rule(rule: &str) -> bool {
    let says_where = |word: &str| PLACE_WORDS.contains(&word);
    if !rule.split('-').any(says_where) {
        return false;
    }
    let is_security = || crate::rules::find(rule).is_some_and(|rule| rule.metadata().category == Category::Security);
    rule.split('-').any(|word| SECRET_WORDS.contains(&word)) && is_security()
}

/// The items of a state that are in an outcome.
pub(super) fn names_of<'s>(items: &'s [ItemState], outcome: &str) -> BTreeSet<&'s str> {
    items.iter().filter(|item| item.outcome == outcome).map(|item| item.name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_about_secrets_are_known() {
        let names: Vec<&str> =
            crate::rules::ALL.iter().map(|rule| rule.name).filter(|rule| is_secret_rule(rule)).collect();
        assert_eq!(
            names,
            [
                "compose-secret-in-clear",
                "image-secret-in-config",
                "image-secret-in-layer",
                "key-in-layer",
                "manifest-secret-in-clear",
                "password-in-layer",
                "password-on-command-line",
                "secret-as-build-argument",
                "secret-file-copied",
                "secret-in-arg-or-env",
                "secret-in-command",
                "secret-in-context",
                "workflow-secret-in-clear",
            ]
        );
    }
}
