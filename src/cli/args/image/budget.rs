//! Limits of `dockopt image` on the command line.

use std::path::PathBuf;

use clap::Args;

use crate::image::all_categories;
use crate::settings::{Bound, Budget, Limit, Measure, SettingsPattern, bytes_of, closest, growth_of, ratio_of};

/// Limits for an image.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Budget (exit code 1 if exceeded)")]
pub(in crate::cli) struct BudgetFlags {
    /// Maximum size on disk
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_size: Option<u64>,
    /// Maximum size of a pull
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_pull_size: Option<u64>,
    /// Maximum size on disk that is added to the base image
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_added_size: Option<u64>,
    /// Maximum size on disk of a layer above the base image
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_layer_size: Option<u64>,
    /// Maximum number of layers
    #[arg(long, value_name = "COUNT")]
    pub max_layers: Option<u64>,
    /// Maximum size of waste: files in a layer that a later layer deletes or replaces
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_waste: Option<u64>,
    /// Maximum waste as a share of the bytes in all layers: `5%` or `0.05`
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub max_waste_ratio: Option<f64>,
    /// Minimum efficiency: size of the visible files divided by the size of all layers
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub min_efficiency: Option<f64>,
    /// Maximum growth over the baseline: `5MB` or `3%`
    #[arg(long, value_name = "SIZE|SHARE", value_parser = growth)]
    pub max_growth: Vec<Bound>,
    /// Maximum size of a category of unneeded files, such as `apt-lists=0`; `?=0` lists the names (repeatable)
    #[arg(long, value_name = "NAME=SIZE", value_parser = category)]
    pub max_category: Vec<(String, u64)>,
    /// Maximum size of a package, or of all packages that match a glob (repeatable)
    #[arg(long, value_name = "NAME=SIZE", value_parser = package)]
    pub max_package: Vec<(String, u64)>,
    /// Path that must not be in the final file system (repeatable)
    #[arg(long, value_name = "GLOB", value_parser = pattern)]
    pub forbid_path: Vec<SettingsPattern>,
    /// Fail if a secret is in the image, even if a later layer deletes it
    #[arg(long)]
    pub forbid_secrets: bool,
    /// Path that counts neither as waste nor as forbidden (repeatable)
    #[arg(long, value_name = "GLOB", value_parser = pattern)]
    pub ignore_path: Vec<SettingsPattern>,
    /// Do not count waste, categories, packages and paths of the base image
    #[arg(long)]
    pub ignore_base: bool,
    /// Earlier image, or the saved output of `dockopt image --format json`, to measure growth against
    #[arg(long, value_name = "IMAGE|FILE")]
    pub baseline: Option<String>,
    /// Rules file of the tool dive [default: .dive-ci in the current folder]
    #[arg(long, alias = "ci-config", value_name = "FILE")]
    pub dive_ci: Option<PathBuf>,
    /// Settings file with `[budget]` [default: the nearest dockopt.toml in or above the current folder]
    #[arg(long, value_name = "FILE", help_heading = "Settings options")]
    pub config: Option<PathBuf>,
    /// Ignore dockopt.toml and .dive-ci
    #[arg(long, conflicts_with = "config", help_heading = "Settings options")]
    pub no_config: bool,
}

impl BudgetFlags {
    /// The limits that were typed.
    pub(in crate::cli) fn budget(&self) -> Budget {
        let bytes = |measure, bound: Option<u64>| bound.map(|bytes| (measure, Bound::Bytes(bytes)));
        let ratio = |measure, bound: Option<f64>| bound.map(|share| (measure, Bound::Ratio(share)));
        let mut limits: Vec<(Measure, Bound)> = [
            bytes(Measure::Size, self.max_size),
            bytes(Measure::PullSize, self.max_pull_size),
            bytes(Measure::AddedSize, self.max_added_size),
            bytes(Measure::LayerSize, self.max_layer_size),
            self.max_layers.map(|count| (Measure::Layers, Bound::Count(count))),
            bytes(Measure::Waste, self.max_waste),
            ratio(Measure::WasteRatio, self.max_waste_ratio),
            ratio(Measure::Efficiency, self.min_efficiency),
        ]
        .into_iter()
        .flatten()
        .collect();
        limits.extend(self.max_growth.iter().map(|bound| (Measure::Growth, *bound)));
        let named = |(name, size): &(String, u64)| (name.clone(), Bound::Bytes(*size));
        limits.extend(self.max_category.iter().map(named).map(|(name, bound)| (Measure::Category(name), bound)));
        limits.extend(self.max_package.iter().map(named).map(|(name, bound)| (Measure::Package(name), bound)));
        limits.extend(self.forbid_path.iter().map(|path| (Measure::Path(path.clone()), Bound::Count(0))));
        limits.extend(self.forbid_secrets.then_some((Measure::Secrets, Bound::Count(0))));
        Budget {
            limits: limits.into_iter().map(|(measure, bound)| Limit { measure, bound, place: None }).collect(),
            ignore: self.ignore_path.clone(),
            ignore_base: self.ignore_base.then_some(true),
            baseline: self.baseline.clone(),
            growth_label: None,
        }
    }
}

fn share(text: &str) -> Result<f64, String> {
    ratio_of(text).ok_or_else(|| "expected a share such as `5%` or `0.05`".to_owned())
}

fn growth(text: &str) -> Result<Bound, String> {
    growth_of(text).ok_or_else(|| "expected a size or share such as `5MB` or `3%`".to_owned())
}

fn pattern(text: &str) -> Result<SettingsPattern, String> {
    SettingsPattern::new(text)
}

fn package(text: &str) -> Result<(String, u64), String> {
    let (name, bytes) = text.rsplit_once('=').filter(|(name, _)| !name.is_empty()).ok_or("expected `NAME=SIZE`")?;
    SettingsPattern::new(name)?;
    Ok((name.to_owned(), size(bytes)?))
}

fn category(text: &str) -> Result<(String, u64), String> {
    let (name, bytes) = package(text)?;
    let known: Vec<&str> = all_categories().iter().map(|category| category.name.as_str()).collect();
    if known.contains(&name.as_str()) {
        return Ok((name, bytes));
    }
    let help = match closest(&name, &known) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("expected one of {}", known.join(", ")),
    };
    Err(format!("unknown category `{name}`; {help}"))
}

pub(in crate::cli::args) fn size(text: &str) -> Result<u64, String> {
    bytes_of(text).ok_or_else(|| "expected a size such as `500MB` or `64GiB`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_size() {
        assert_eq!(package("lib*-dev=1kB"), Ok(("lib*-dev".to_owned(), 1_000)));
        assert_eq!(category("apt-lists=0"), Ok(("apt-lists".to_owned(), 0)));
        assert!(category("apt-list=0").unwrap_err().contains("did you mean `apt-lists`?"));
        for text in ["", "x", "=1", "x=", "[=1"] {
            assert!(package(text).is_err(), "{text}");
        }
    }
}
