//! Limits of `dockopt image` on the command line.

use std::path::PathBuf;

use clap::Args;

use crate::image::all_categories;
use crate::settings::{Bound, Budget, Limit, Measure, SettingsPattern, bytes_of, closest, growth_of, ratio_of};

/// What an image may weigh.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Budget (exit code 1 when it is broken)")]
pub(in crate::cli) struct BudgetFlags {
    /// Bytes on disk
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_size: Option<u64>,
    /// Bytes that a pull transfers
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_pull_size: Option<u64>,
    /// Bytes on disk above the base image
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_added_size: Option<u64>,
    /// Bytes on disk of the largest layer above the base image
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_layer_size: Option<u64>,
    /// Layers
    #[arg(long, value_name = "COUNT")]
    pub max_layers: Option<u64>,
    /// Bytes that are stored and gone from the final tree
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_waste: Option<u64>,
    /// Their share: `5%` or `0.05`
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub max_waste_ratio: Option<f64>,
    /// The share of stored bytes that is in the final tree, at least
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub min_efficiency: Option<f64>,
    /// What it may weigh more than the baseline: `5MB` or `3%`
    #[arg(long, value_name = "SIZE|SHARE", value_parser = growth)]
    pub max_growth: Vec<Bound>,
    /// Bytes of a category of useless files; may be given several times
    #[arg(long, value_name = "NAME=SIZE", value_parser = category)]
    pub max_category: Vec<(String, u64)>,
    /// Bytes of a package, or of several by a glob; may be given several times
    #[arg(long, value_name = "NAME=SIZE", value_parser = package)]
    pub max_package: Vec<(String, u64)>,
    /// A path that the final tree may not have; may be given several times
    #[arg(long, value_name = "GLOB", value_parser = pattern)]
    pub forbid_path: Vec<SettingsPattern>,
    /// No secrets, removed ones among them
    #[arg(long)]
    pub forbid_secrets: bool,
    /// Paths that count neither as waste nor as forbidden; may be given several times
    #[arg(long, value_name = "GLOB", value_parser = pattern)]
    pub ignore_path: Vec<SettingsPattern>,
    /// The base image's waste, categories, packages and paths count for nothing
    #[arg(long)]
    pub ignore_base: bool,
    /// What growth is measured against: an image, or the saved result of `dockopt image --format json`
    #[arg(long, value_name = "IMAGE|FILE")]
    pub baseline: Option<String>,
    /// dive's rules [default: .dive-ci in the current folder]
    #[arg(long, value_name = "FILE")]
    pub dive_ci: Option<PathBuf>,
    /// The settings with `[budget]` [default: the nearest dockopt.toml from the current folder upwards]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Use neither dockopt.toml nor .dive-ci
    #[arg(long, conflicts_with = "config")]
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
        }
    }
}

fn share(text: &str) -> Result<f64, String> {
    ratio_of(text).ok_or_else(|| "it is written `5%` or `0.05`".to_owned())
}

fn growth(text: &str) -> Result<Bound, String> {
    growth_of(text).ok_or_else(|| "it is written `5MB` or `3%`".to_owned())
}

fn pattern(text: &str) -> Result<SettingsPattern, String> {
    SettingsPattern::new(text)
}

fn package(text: &str) -> Result<(String, u64), String> {
    let (name, bytes) =
        text.rsplit_once('=').filter(|(name, _)| !name.is_empty()).ok_or("it is written `NAME=SIZE`")?;
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
        None => format!("known are {}", known.join(", ")),
    };
    Err(format!("there is no category `{name}`; {help}"))
}

pub(super) fn size(text: &str) -> Result<u64, String> {
    bytes_of(text).ok_or_else(|| "it is written `500MB`, `64GB` or `64GiB`".to_owned())
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
