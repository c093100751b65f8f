//! What an image may weigh: `[budget]` of dockopt.toml.

use toml::de::{DeTable, DeValue};

use super::value::{SettingsValue, ValueReader, patterns, sorted, span_of};
use super::{SettingsPattern, amount};
use crate::image::all_categories;
use crate::text::{FileId, Span};

/// What a limit is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// Bytes on disk.
    Size,
    /// Bytes that a pull transfers.
    PullSize,
    /// Bytes on disk above the base image.
    AddedSize,
    /// Bytes on disk of the largest layer above the base image.
    LayerSize,
    /// How many layers there are.
    Layers,
    /// Bytes that are stored and gone from the final tree.
    Waste,
    /// The share of those in all that is stored.
    WasteRatio,
    /// The share of stored bytes that the final tree has; at least.
    Efficiency,
    /// Bytes of one category of contents that are not needed at run time.
    Category(String),
    /// Bytes of one package, or of several by a glob.
    Package(String),
    /// Paths that the final tree may not have.
    Path(SettingsPattern),
    /// Secrets, removed ones among them.
    Secrets,
    /// What it weighs more than the baseline.
    Growth,
    /// Seconds of a build without a cache.
    BuildTime,
    /// Seconds of the build after a change of a source file.
    RebuildTime,
    /// Findings.
    Findings,
    /// Findings that the baseline does not have.
    NewFindings,
    /// dive's efficiency score; at least.
    DiveEfficiency,
    /// dive's wasted bytes.
    DiveWastedBytes,
    /// The share of dive's wasted bytes in all layers but the first.
    DiveUserWaste,
}

impl Measure {
    /// The key of dockopt.toml, or the rule of dive, that sets its limit.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Size => "max-size",
            Self::PullSize => "max-pull-size",
            Self::AddedSize => "max-added-size",
            Self::LayerSize => "max-layer-size",
            Self::Layers => "max-layers",
            Self::Waste => "max-waste",
            Self::WasteRatio => "max-waste-ratio",
            Self::Efficiency => "min-efficiency",
            Self::Category(_) => "max-category",
            Self::Package(_) => "max-package",
            Self::Path(_) => "forbid-paths",
            Self::Secrets => "forbid-secrets",
            Self::Growth => "max-growth",
            Self::BuildTime => "max-build-time",
            Self::RebuildTime => "max-rebuild-time",
            Self::Findings => "max-findings",
            Self::NewFindings => "max-new-findings",
            Self::DiveEfficiency => "lowestEfficiency",
            Self::DiveWastedBytes => "highestWastedBytes",
            Self::DiveUserWaste => "highestUserWastedPercent",
        }
    }

    /// The category, the package, the glob that it is for.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Category(name) | Self::Package(name) => Some(name),
            Self::Path(pattern) => Some(pattern.text()),
            _ => None,
        }
    }

    /// Whether an image alone shows the value. The others are limits of `dockopt report`.
    pub const fn is_of_image(&self) -> bool {
        !matches!(self, Self::BuildTime | Self::RebuildTime | Self::Findings | Self::NewFindings)
    }

    /// Whether the limit is the least that is allowed, and not the most.
    pub const fn is_least(&self) -> bool {
        matches!(self, Self::Efficiency | Self::DiveEfficiency)
    }
}

/// Where a limit lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// So many bytes.
    Bytes(u64),
    /// So many.
    Count(u64),
    /// Such a share; 1 is all.
    Ratio(f64),
    /// So many seconds.
    Seconds(f64),
}

impl Bound {
    /// The bytes, the number, the share or the seconds.
    #[allow(clippy::cast_precision_loss, reason = "figures for people")]
    pub const fn value(self) -> f64 {
        match self {
            Self::Bytes(number) | Self::Count(number) => number as f64,
            Self::Ratio(number) | Self::Seconds(number) => number,
        }
    }
}

/// A limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Of what.
    pub measure: Measure,
    /// Where.
    pub bound: Bound,
    /// Where it is written; `None` for the command line.
    pub place: Option<(FileId, Span)>,
}

/// What an image may weigh.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Budget {
    /// The limits; of two for the same the later one counts.
    pub limits: Vec<Limit>,
    /// Paths that count for nothing.
    pub ignore: Vec<SettingsPattern>,
    /// Whether the base image's waste, categories and packages count for nothing.
    pub ignore_base: Option<bool>,
    /// What growth is measured against: an image, or a file with the JSON result of one.
    pub baseline: Option<String>,
    /// The label of a pull request that allows any growth.
    pub growth_label: Option<String>,
}

/// The label that allows growth where no other is set.
const GROWTH_LABEL: &str = "allow-size-increase";

impl Budget {
    /// The label of a pull request that allows any growth.
    pub fn growth_label(&self) -> &str {
        self.growth_label.as_deref().unwrap_or(GROWTH_LABEL)
    }

    /// Puts another one on top: its limits go over those for the same.
    pub fn extend(&mut self, other: Self) {
        for limit in other.limits {
            // A path is a limit of its own, and growth may have one in bytes and one as a share.
            let same = |known: &Limit| {
                known.measure == limit.measure
                    && std::mem::discriminant(&known.bound) == std::mem::discriminant(&limit.bound)
            };
            self.limits.retain(|known| !same(known));
            self.limits.push(limit);
        }
        self.ignore.extend(other.ignore);
        self.ignore_base = other.ignore_base.or(self.ignore_base);
        self.baseline = other.baseline.or_else(|| self.baseline.take());
        self.growth_label = other.growth_label.or_else(|| self.growth_label.take());
    }
}

/// A part for some images.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetSection {
    /// Globs of the names that it is for.
    pub images: Vec<SettingsPattern>,
    /// What holds for them on top.
    pub budget: Budget,
}

impl BudgetSection {
    /// Whether it is for a build with one of these names: of its image, with its tag or without, or its Dockerfile.
    pub fn applies_to(&self, names: &[&str]) -> bool {
        let matches = |name: &str| self.images.iter().any(|pattern| pattern.matches(name));
        names.iter().any(|name| matches(name) || matches(image_repository(name)))
    }
}

/// An image's name without tag and digest.
pub fn image_repository(name: &str) -> &str {
    let name = name.split('@').next().unwrap_or(name);
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

const KEYS: [&str; 21] = [
    "max-size",
    "max-pull-size",
    "max-added-size",
    "max-layer-size",
    "max-layers",
    "max-waste",
    "max-waste-ratio",
    "min-efficiency",
    "max-growth",
    "growth-label",
    "max-build-time",
    "max-rebuild-time",
    "max-findings",
    "max-new-findings",
    "max-category",
    "max-package",
    "forbid-paths",
    "forbid-secrets",
    "ignore",
    "ignore-base",
    "baseline",
];

/// Reads `[budget]`, and `[[budget.images]]` in it.
pub(super) fn read(reader: &mut ValueReader, file: FileId, value: &SettingsValue) -> (Budget, Vec<BudgetSection>) {
    let Some(table) = reader.table(value) else { return Default::default() };
    let budget = read_table(reader, file, table, &["images"]);
    let mut sections = Vec::new();
    if let Some(list) = table.get("images") {
        let DeValue::Array(list) = list.get_ref() else {
            let help = "write each as `[[budget.images]]` with `match = [\"*/backend\"]`".to_owned();
            reader.error(span_of(list), "`images` must be a list of tables", Some(help));
            return (budget, sections);
        };
        for item in list {
            let Some(table) = reader.table(item) else { continue };
            let images = table.get("match").map(|value| patterns(reader, value));
            if images.is_none() {
                let help = Some("add `match = [\"*/backend\"]`".to_owned());
                reader.error(span_of(item), "the section does not select any images", help);
            }
            let budget = read_table(reader, file, table, &["match"]);
            sections.push(BudgetSection { images: images.unwrap_or_default(), budget });
        }
    }
    (budget, sections)
}

fn read_table(reader: &mut ValueReader, file: FileId, table: &DeTable, more: &[&str]) -> Budget {
    let mut budget = Budget::default();
    for (key, value) in sorted(table) {
        let place = Some((file, Span::new(span_of(key).start, span_of(value).end)));
        let mut limit = |measure, bound: Option<Bound>| {
            budget.limits.extend(bound.map(|bound| Limit { measure, bound, place }));
        };
        match key.get_ref().as_ref() {
            "max-size" => limit(Measure::Size, bytes(reader, value)),
            "max-pull-size" => limit(Measure::PullSize, bytes(reader, value)),
            "max-added-size" => limit(Measure::AddedSize, bytes(reader, value)),
            "max-layer-size" => limit(Measure::LayerSize, bytes(reader, value)),
            "max-layers" => limit(Measure::Layers, reader.number(value).map(Bound::Count)),
            "max-waste" => limit(Measure::Waste, bytes(reader, value)),
            "max-waste-ratio" => limit(Measure::WasteRatio, share(reader, value)),
            "min-efficiency" => limit(Measure::Efficiency, share(reader, value)),
            "max-growth" => {
                for item in items(value) {
                    limit(Measure::Growth, growth(reader, item));
                }
            }
            "max-build-time" => limit(Measure::BuildTime, seconds(reader, value)),
            "max-rebuild-time" => limit(Measure::RebuildTime, seconds(reader, value)),
            "max-findings" => limit(Measure::Findings, reader.number(value).map(Bound::Count)),
            "max-new-findings" => limit(Measure::NewFindings, reader.number(value).map(Bound::Count)),
            "growth-label" => budget.growth_label = reader.text(value).map(|word| word.text),
            "max-category" => {
                for (name, value) in categories(reader, value) {
                    limit(Measure::Category(name), bytes(reader, value));
                }
            }
            "max-package" => {
                for (name, value) in named_members(reader, value) {
                    limit(Measure::Package(name), bytes(reader, value));
                }
            }
            "forbid-paths" => {
                for pattern in patterns(reader, value) {
                    limit(Measure::Path(pattern), Some(Bound::Count(0)));
                }
            }
            "forbid-secrets" => {
                if reader.flag(value) == Some(true) {
                    limit(Measure::Secrets, Some(Bound::Count(0)));
                }
            }
            "ignore" => budget.ignore = patterns(reader, value),
            "ignore-base" => budget.ignore_base = reader.flag(value),
            "baseline" => budget.baseline = reader.text(value).map(|word| word.text),
            other if more.contains(&other) => {}
            other => {
                let known: Vec<&str> = KEYS.iter().chain(more).copied().collect();
                reader.unknown(span_of(key), "key", other, &known);
            }
        }
    }
    budget
}

/// A list's items; a value alone is a list of it.
fn items<'v, 'a>(value: &'v SettingsValue<'a>) -> Vec<&'v SettingsValue<'a>> {
    match value.get_ref() {
        DeValue::Array(list) => list.iter().collect(),
        _ => vec![value],
    }
}

/// The members of a table by their names.
fn named_members<'v, 'a>(
    reader: &mut ValueReader,
    value: &'v SettingsValue<'a>,
) -> Vec<(String, &'v SettingsValue<'a>)> {
    let Some(table) = reader.table(value) else { return Vec::new() };
    sorted(table).into_iter().map(|(name, value)| (name.get_ref().to_string(), value)).collect()
}

/// As [`named_members`], without names that are of no category: those are reported.
fn categories<'v, 'a>(reader: &mut ValueReader, value: &'v SettingsValue<'a>) -> Vec<(String, &'v SettingsValue<'a>)> {
    let Some(table) = reader.table(value) else { return Vec::new() };
    let known: Vec<&str> = all_categories().iter().map(|category| category.name.as_str()).collect();
    let mut limits = Vec::new();
    for (name, value) in sorted(table) {
        if known.contains(&name.get_ref().as_ref()) {
            limits.push((name.get_ref().to_string(), value));
        } else {
            reader.unknown(span_of(name), "category", name.get_ref(), &known);
        }
    }
    limits
}

fn bytes(reader: &mut ValueReader, value: &SettingsValue) -> Option<Bound> {
    if value.get_ref().as_integer().is_some() {
        return reader.number(value).map(Bound::Bytes);
    }
    let word = reader.text(value)?;
    let bytes = amount::bytes(&word.text);
    if bytes.is_none() {
        let help = "use a whole number of bytes, or a string such as \"400 MB\" or \"64 MiB\"".to_owned();
        reader.error(word.span, format!("`{}` is not a size in bytes", word.text), Some(help));
    }
    bytes.map(Bound::Bytes)
}

/// A number as it is written, or a text.
fn number_or_text(reader: &mut ValueReader, value: &SettingsValue) -> Option<String> {
    Some(match value.get_ref() {
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        _ => reader.text(value)?.text,
    })
}

fn seconds(reader: &mut ValueReader, value: &SettingsValue) -> Option<Bound> {
    let text = number_or_text(reader, value)?;
    let seconds = amount::seconds(&text);
    if seconds.is_none() {
        let help = "use a number of seconds, or a string such as \"90 s\" or \"2 min\"".to_owned();
        reader.error(span_of(value), format!("`{text}` is not a time"), Some(help));
    }
    seconds.map(Bound::Seconds)
}

fn share(reader: &mut ValueReader, value: &SettingsValue) -> Option<Bound> {
    let text = number_or_text(reader, value)?;
    let share = amount::ratio(&text);
    if share.is_none() {
        let help = "use a number from 0 to 1, or a string such as \"5 %\"".to_owned();
        reader.error(span_of(value), format!("`{text}` is not a share"), Some(help));
    }
    share.map(Bound::Ratio)
}

fn growth(reader: &mut ValueReader, value: &SettingsValue) -> Option<Bound> {
    match value.get_ref().as_str() {
        Some(text) if text.trim_end().ends_with('%') => share(reader, value),
        _ => bytes(reader, value),
    }
}

/// A growth as the command line has it.
pub fn growth_of(text: &str) -> Option<Bound> {
    if text.trim_end().ends_with('%') {
        return amount::ratio(text).map(Bound::Ratio);
    }
    amount::bytes(text).map(Bound::Bytes)
}
