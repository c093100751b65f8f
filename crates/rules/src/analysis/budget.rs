//! Budgets: what an image may weigh, held against what it weighs. A limit that is broken comes with what makes up most
//! of the value, and a limit that cannot be judged is never taken for kept.

use crate::analysis::{Cause, ImageAnalysis, LimitResult, Weight};
use crate::image::packages::Package;
use crate::image::secrets::{Secret, SecretPlace};
use crate::image::{Contents, Loss, PathId};
use crate::settings::{Bound, Budget, Limit, Measure, SettingsPattern};

/// Causes that are told of one broken limit.
const MOST_CAUSES: usize = 3;

/// Holds an image against a budget. `baseline` is what growth is measured against.
pub fn judge(analysis: &ImageAnalysis, budget: &Budget, baseline: Option<&Weight>) -> Vec<LimitResult> {
    let judge = BudgetCheck { analysis, budget, baseline };
    budget.limits.iter().filter(|limit| limit.measure.is_of_image()).map(|limit| judge.limit(limit)).collect()
}

struct BudgetCheck<'a> {
    analysis: &'a ImageAnalysis,
    budget: &'a Budget,
    baseline: Option<&'a Weight>,
}

/// A value and what makes it up, or why there is none.
type MeasuredValue = Result<(Bound, Vec<Cause>), &'static str>;

const NOT_READ: &str = "the layer contents were not read";

impl BudgetCheck<'_> {
    fn limit(&self, limit: &Limit) -> LimitResult {
        let measurement = self.measure(limit);
        let (value, mut causes, unknown) = match measurement {
            Ok((value, causes)) => (Some(value), causes, None),
            Err(why) => (None, Vec::new(), Some(why)),
        };
        let mut is_kept = value.map(|value| keeps(&limit.measure, value, limit.bound));
        let mut unknown = unknown;
        // What is missing could only break a limit, not mend it.
        if is_kept == Some(true) && needs_contents(&limit.measure) {
            unknown = self.reason_if_partial();
            if unknown.is_some() {
                is_kept = None;
            }
        }
        if is_kept != Some(false) {
            causes.clear();
        }
        causes.truncate(MOST_CAUSES);
        LimitResult { limit: limit.clone(), value, is_kept, unknown, causes, written: None }
    }

    fn measure(&self, limit: &Limit) -> MeasuredValue {
        let totals = &self.analysis.totals;
        let base = self.analysis.origins.base.layers;
        if needs_contents(&limit.measure) && self.unread() {
            return Err(NOT_READ);
        }
        let image = &self.analysis.image;
        Ok(match &limit.measure {
            Measure::Size => (Bound::Bytes(totals.disk_bytes), self.biggest_layers(0)),
            Measure::PullSize => (Bound::Bytes(totals.likely_pull_bytes()), self.biggest_blobs()),
            Measure::AddedSize => {
                let added = self.analysis.layers.iter().skip(base).map(|layer| layer.file_bytes).sum();
                (Bound::Bytes(added), self.biggest_layers(base))
            }
            Measure::LayerSize => {
                let most = self.analysis.layers.iter().skip(base).map(|layer| layer.file_bytes).max();
                (Bound::Bytes(most.unwrap_or_default()), self.biggest_layers(base))
            }
            Measure::Layers => (Bound::Count(image.layers.len() as u64), Vec::new()),
            Measure::Waste => self.waste(),
            Measure::WasteRatio => {
                let (wasted, causes) = self.waste();
                (Bound::Ratio(share(amount(wasted), self.stored())), causes)
            }
            Measure::Efficiency => {
                let (wasted, causes) = self.waste();
                (Bound::Ratio(1.0 - share(amount(wasted), self.stored())), causes)
            }
            Measure::Category(name) => self.category(name),
            Measure::Package(name) => return self.package(name),
            Measure::Path(pattern) => self.path(pattern),
            Measure::Secrets => self.secrets(),
            Measure::Growth => return self.growth(limit.bound),
            Measure::BuildTime | Measure::RebuildTime | Measure::Findings | Measure::NewFindings => {
                return Err("no image shows it; `dockopt report` does");
            }
            Measure::DiveEfficiency => (Bound::Ratio(self.analysis.dive.efficiency), self.waste().1),
            Measure::DiveWastedBytes => (Bound::Bytes(self.analysis.dive.wasted_bytes), self.waste().1),
            Measure::DiveUserWaste => {
                let ratio = self.analysis.dive.user_wasted_ratio;
                (Bound::Ratio(ratio.ok_or("all layers but the first are empty")?), self.waste().1)
            }
        })
    }

    /// Whether contents of layers are missing that are not kept elsewhere anyway.
    fn unread(&self) -> bool {
        self.analysis.image.layers.iter().any(|layer| matches!(layer.contents, Contents::NotAsked))
    }

    /// Why the contents are not all there, where they are not.
    fn reason_if_partial(&self) -> Option<&'static str> {
        self.analysis.image.layers.iter().find_map(|layer| match layer.contents {
            Contents::Elsewhere(_) => Some("the contents of a foreign layer are not in the image"),
            Contents::Damaged(_) => Some("a layer is damaged"),
            Contents::Read | Contents::NotAsked => None,
        })
    }

    fn ignored(&self, path: PathId) -> bool {
        let ignore = &self.budget.ignore;
        !ignore.is_empty() && {
            let path = self.analysis.image.paths.text(path);
            ignore.iter().any(|pattern| pattern.matches(&path))
        }
    }

    fn of_base(&self, layer: usize) -> bool {
        self.budget.ignore_base == Some(true) && self.analysis.is_base(layer)
    }

    fn stored(&self) -> u64 {
        match self.budget.ignore_base {
            Some(true) => self.analysis.above.stored_file_bytes,
            _ => self.analysis.totals.stored_file_bytes,
        }
    }

    /// What is lost, without what is ignored.
    fn waste(&self) -> (Bound, Vec<Cause>) {
        let counts = |loss: &&Loss| !self.of_base(loss.waste_layer as usize) && !self.ignored(loss.path);
        let losses: Vec<Loss> = self.analysis.losses.iter().filter(counts).copied().collect();
        let bytes = losses.iter().map(|loss| loss.bytes).sum();
        let groups = crate::image::group_losses(&self.analysis.image, &losses);
        let cause = |group: &crate::image::LossGroup| Cause {
            what: format!("/{} ({})", self.analysis.image.paths.text(group.path), group.how.name().replace('_', " ")),
            bytes: Some(group.bytes),
            layer: Some(group.waste_layer as usize),
        };
        (Bound::Bytes(bytes), groups.iter().take(MOST_CAUSES).map(cause).collect())
    }

    fn biggest_layers(&self, from: usize) -> Vec<Cause> {
        let layers = self.analysis.layers.iter().enumerate().skip(from);
        self.layers(layers.map(|(number, layer)| (number, layer.file_bytes)).collect())
    }

    fn biggest_blobs(&self) -> Vec<Cause> {
        let layers = self.analysis.image.layers.iter().enumerate();
        self.layers(layers.map(|(number, layer)| (number, layer.pull_bytes())).collect())
    }

    fn layers(&self, mut layers: Vec<(usize, u64)>) -> Vec<Cause> {
        layers.sort_by_key(|&(number, bytes)| (std::cmp::Reverse(bytes), number));
        let what = |number: usize| {
            let instruction = self.analysis.instruction(number).map(|text| format!(": {text}")).unwrap_or_default();
            format!("layer {}{instruction}", number + 1)
        };
        let cause =
            |&(number, bytes): &(usize, u64)| Cause { what: what(number), bytes: Some(bytes), layer: Some(number) };
        layers.iter().take(MOST_CAUSES).map(cause).collect()
    }

    fn category(&self, name: &str) -> (Bound, Vec<Cause>) {
        let Some(category_use) =
            self.analysis.categories.iter().find(|category_use| category_use.category.name == name)
        else {
            return (Bound::Bytes(0), Vec::new());
        };
        let layers = category_use.layers.iter().filter(|layer| !self.of_base(layer.layer as usize));
        let bytes = layers.clone().map(|layer| layer.bytes).sum();
        let layer = layers.max_by_key(|layer| layer.bytes).map(|layer| layer.layer as usize);
        let causes = category_use.places.iter().map(|place| Cause {
            what: format!("/{}", self.analysis.image.paths.text(place.path)),
            bytes: Some(place.sum.bytes),
            layer,
        });
        (Bound::Bytes(bytes), causes.take(MOST_CAUSES).collect())
    }

    fn package(&self, name: &str) -> MeasuredValue {
        let packages = self.analysis.packages.as_ref().ok_or("packages were not analyzed")?;
        let pattern = SettingsPattern::new(name).map_err(|_| "its name is not a valid glob")?;
        let counts = |package: &&Package| pattern.matches(&package.name) && !self.of_base(package.layer as usize);
        let mut matching_packages: Vec<&Package> = packages.packages.iter().filter(counts).collect();
        matching_packages.sort_by_key(|package| std::cmp::Reverse(package.size.bytes));
        let cause = |package: &&Package| Cause {
            what: format!("{} {} ({})", package.name, package.version, package.ecosystem.name()),
            bytes: Some(package.size.bytes),
            layer: Some(package.layer as usize),
        };
        let bytes = matching_packages.iter().map(|package| package.size.bytes).sum();
        Ok((Bound::Bytes(bytes), matching_packages.iter().take(MOST_CAUSES).map(cause).collect()))
    }

    fn path(&self, pattern: &SettingsPattern) -> (Bound, Vec<Cause>) {
        let image = &self.analysis.image;
        let mut causes = Vec::new();
        let mut count = 0;
        let mut buffer = Vec::new();
        for (path, id) in self.analysis.tree.inodes() {
            image.paths.write(path, &mut buffer);
            let text = String::from_utf8_lossy(&buffer);
            if !pattern.matches(&text) || self.of_base(id.layer as usize) || self.ignored(path) {
                continue;
            }
            count += 1;
            if causes.len() < MOST_CAUSES {
                let bytes = Some(image.entry(id).size);
                causes.push(Cause { what: format!("/{text}"), bytes, layer: Some(id.layer as usize) });
            }
        }
        (Bound::Count(count), causes)
    }

    /// Those beyond doubt, in all layers.
    fn secrets(&self) -> (Bound, Vec<Cause>) {
        let counts = |secret: &&Secret| match secret.place {
            _ if !secret.sure => false,
            SecretPlace::File { entry, path, .. } => !self.of_base(entry.layer as usize) && !self.ignored(path),
            _ => true,
        };
        let secrets: Vec<&Secret> = self.analysis.secrets.iter().filter(counts).collect();
        let cause = |secret: &&Secret| {
            let (place, layer) = match secret.place {
                SecretPlace::File { entry, path, .. } => {
                    (format!("/{}", self.analysis.image.paths.text(path)), Some(entry.layer as usize))
                }
                SecretPlace::Environment => ("the environment".to_owned(), None),
                SecretPlace::Label => ("a label".to_owned(), None),
                SecretPlace::History(_) => ("the history".to_owned(), None),
            };
            Cause { what: format!("{} in {place}", secret.kind.words()), bytes: None, layer }
        };
        (Bound::Count(secrets.len() as u64), secrets.iter().take(MOST_CAUSES).map(cause).collect())
    }

    fn growth(&self, bound: Bound) -> MeasuredValue {
        let before = self.baseline.ok_or("no baseline is set; use `--baseline` or `[budget]`")?;
        let before =
            before.disk_bytes.ok_or("the baseline has no sizes, because it was written with `--sizes-only`")?;
        let grown = self.analysis.totals.disk_bytes.saturating_sub(before);
        let value = match bound {
            Bound::Ratio(_) if before == 0 => return Err("the baseline is empty"),
            Bound::Ratio(_) => Bound::Ratio(share(amount(Bound::Bytes(grown)), before)),
            _ => Bound::Bytes(grown),
        };
        Ok((value, self.biggest_layers(self.analysis.origins.base.layers)))
    }
}

/// Whether a measure asks for what is in the layers.
const fn needs_contents(measure: &Measure) -> bool {
    !matches!(measure, Measure::PullSize | Measure::Layers)
}

/// A bound as a number.
#[allow(clippy::cast_precision_loss)] // Sums of bytes up to 9 PB are exact.
const fn amount(bound: Bound) -> f64 {
    match bound {
        Bound::Bytes(number) | Bound::Count(number) => number as f64,
        Bound::Ratio(number) | Bound::Seconds(number) => number,
    }
}

/// A part of a whole; nothing of nothing is 0.
fn share(part: f64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part / amount(Bound::Count(whole)) }
}

fn keeps(measure: &Measure, value: Bound, bound: Bound) -> bool {
    if measure.is_least() { amount(value) >= amount(bound) } else { amount(value) <= amount(bound) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{AnalysisOptions, analyse};
    use crate::finding::Mask;
    use crate::image::Read;
    use dockopt_testing::sketch;

    const IMAGE: &str = "100644 0:0 1000 a\n100644 0:0 500 var/log/x\n\n0 0:0 0 .wh.a\n100644 0:0 2000 b";

    /// Judges limits on an image of two layers: 3,500 bytes are stored, 1,000 of them deleted.
    #[track_caller]
    fn check(
        budget: Budget,
        limits: &[(Measure, Bound)],
        expected: &[(Option<Bound>, Option<bool>)],
    ) -> Vec<LimitResult> {
        let read = Read { images: vec![sketch(IMAGE)], ..Read::default() };
        let analysis = analyse(read, &AnalysisOptions::default(), &mut Mask::default());
        let limit =
            |(measure, bound): &(Measure, Bound)| Limit { measure: measure.clone(), bound: *bound, place: None };
        let budget = Budget { limits: limits.iter().map(limit).collect(), ..budget };
        let before = Weight { names: vec!["before".to_owned()], disk_bytes: Some(1_000) };
        let judged = judge(&analysis.images[0], &budget, Some(&before));
        let results: Vec<_> = judged.iter().map(|judged| (judged.value, judged.is_kept)).collect();
        assert_eq!(results, expected);
        judged
    }

    #[test]
    fn limits_are_held_against_what_is_there() {
        let path = |glob: &str| Measure::Path(SettingsPattern::new(glob).unwrap());
        let judged = check(
            Budget::default(),
            &[
                (Measure::Size, Bound::Bytes(3_500)),
                (Measure::Size, Bound::Bytes(3_499)),
                (Measure::Layers, Bound::Count(1)),
                (Measure::Waste, Bound::Bytes(999)),
                (Measure::Efficiency, Bound::Ratio(0.7)),
                (path("var/log"), Bound::Count(0)),
                (path("a"), Bound::Count(0)),
                (Measure::Growth, Bound::Bytes(2_500)),
                (Measure::Growth, Bound::Ratio(2.0)),
            ],
            &[
                (Some(Bound::Bytes(3_500)), Some(true)),
                (Some(Bound::Bytes(3_500)), Some(false)),
                (Some(Bound::Count(2)), Some(false)),
                (Some(Bound::Bytes(1_000)), Some(false)),
                (Some(Bound::Ratio(1.0 - 1_000.0 / 3_500.0)), Some(true)),
                (Some(Bound::Count(1)), Some(false)),
                (Some(Bound::Count(0)), Some(true)),
                (Some(Bound::Bytes(2_500)), Some(true)),
                (Some(Bound::Ratio(2.5)), Some(false)),
            ],
        );
        assert_eq!(judged[0].causes, []);
        assert_eq!(judged[1].causes[0].bytes, Some(2_000));
        let cause = Cause { what: "/a (deleted)".to_owned(), bytes: Some(1_000), layer: Some(0) };
        assert_eq!(judged[3].causes, [cause]);
    }

    #[test]
    fn copies_of_base_files_count_without_the_base() {
        let image = sketch(
            "HISTORY # debian.sh --arch 'amd64' out/\nHISTORY RUN /bin/sh -c chmod -R +x /a # buildkit\n\n\
             100644 0:0 1000 a = a\n100644 0:0 500 b = b\n\n100755 0:0 1000 a = a\n0 0:0 0 .wh.b",
        );
        let read = Read { images: vec![image], ..Read::default() };
        let analysis = analyse(read, &AnalysisOptions::default(), &mut Mask::default()).images.remove(0);
        assert_eq!(analysis.layers.iter().map(|layer| layer.lost.sum()).collect::<Vec<_>>(), [500, 1000]);
        let limit = |measure, bound| Limit { measure, bound, place: None };
        let limits = vec![limit(Measure::Waste, Bound::Bytes(999)), limit(Measure::WasteRatio, Bound::Ratio(0.9))];
        for (ignore_base, bytes, ratio) in [(true, 1000, 1.0), (false, 1500, 0.6)] {
            let budget = Budget { limits: limits.clone(), ignore_base: Some(ignore_base), ..Budget::default() };
            let results = judge(&analysis, &budget, None);
            let values: Vec<_> = results.iter().map(|result| result.value).collect();
            assert_eq!(values, [Some(Bound::Bytes(bytes)), Some(Bound::Ratio(ratio))]);
            assert_eq!(results[0].causes[0].layer, Some(1));
        }
    }

    #[test]
    fn ignored_paths_are_not_counted() {
        let ignore = vec![SettingsPattern::new("a").unwrap()];
        let limits = [(Measure::Waste, Bound::Bytes(0))];
        check(Budget { ignore, ..Budget::default() }, &limits, &[(Some(Bound::Bytes(0)), Some(true))]);
    }
}
