//! Limits of dockopt.toml, held against what changed.

use super::figure::{FigureKind, tolerance, whole};
use super::state::ImageLimit;
use crate::settings::{Bound, Limit, Measure};

/// A limit, and whether it is met.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitCheck {
    /// The build; empty for a limit of the whole project.
    pub build: String,
    /// The figure that it limits, if the table has a row for it.
    pub figure: Option<FigureKind>,
    /// The key in dockopt.toml, and the category, package or path.
    pub name: String,
    /// The limit.
    pub limit: Bound,
    /// The value.
    pub value: Option<Bound>,
    /// Whether the limit is the least that is allowed.
    pub is_least: bool,
    /// Whether it is met; `None` if that is unknown.
    pub is_met: Option<bool>,
    /// Why it is unknown or not judged.
    pub unknown: Option<String>,
    /// The label that lifts it.
    pub lifted_by: Option<String>,
    /// Where it is set.
    pub written: Option<String>,
    /// What makes up most of the value.
    pub causes: Vec<String>,
}

impl LimitCheck {
    /// Whether it is exceeded, and no label allows that.
    pub fn is_exceeded(&self) -> bool {
        self.is_met == Some(false) && self.lifted_by.is_none()
    }
}

/// The figure that a measure limits.
pub(super) const fn figure_of(measure: &Measure) -> Option<FigureKind> {
    match measure {
        Measure::Size | Measure::Growth => Some(FigureKind::ImageSize),
        Measure::PullSize => Some(FigureKind::PullSize),
        Measure::BuildTime => Some(FigureKind::ColdBuild),
        Measure::RebuildTime => Some(FigureKind::Rebuild),
        _ => None,
    }
}

/// A value before and after.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LimitedValue {
    pub(super) before: Option<f64>,
    pub(super) after: Option<f64>,
    /// Seconds by which runs differ.
    pub(super) spread: f64,
}

/// Compares a value with a limit.
pub(super) fn check(build: &str, limit: &Limit, value: LimitedValue, written: Option<String>) -> LimitCheck {
    let figure = figure_of(&limit.measure);
    let mut check = LimitCheck {
        build: build.to_owned(),
        figure,
        name: limit.measure.key().to_owned(),
        limit: limit.bound,
        value: None,
        is_least: limit.measure.is_least(),
        is_met: None,
        unknown: None,
        lifted_by: None,
        written,
        causes: Vec::new(),
    };
    let Some(after) = value.after else {
        check.unknown = Some(match figure {
            Some(figure) => format!("no result has the {}", figure.title()),
            None => "no result has it".to_owned(),
        });
        return check;
    };
    let amount = match (&limit.measure, value.before) {
        (Measure::Growth, None) => {
            check.unknown = Some("there is no baseline".to_owned());
            return check;
        }
        (Measure::Growth, Some(before)) => match limit.bound {
            Bound::Ratio(_) if before <= 0.0 => {
                check.unknown = Some("the baseline is empty".to_owned());
                return check;
            }
            Bound::Ratio(_) => ((after - before) / before).max(0.0),
            _ => (after - before).max(0.0),
        },
        _ => after,
    };
    check.value = Some(bound_like(limit.bound, amount));
    let most = limit.bound.value();
    let excess = amount - most;
    if matches!(limit.bound, Bound::Seconds(_)) && excess > 0.0 && excess < tolerance(most, value.spread) {
        check.unknown = Some("the next run may differ by as much".to_owned());
    } else {
        check.is_met = Some(excess <= 0.0);
    }
    check
}

/// A limit that `image` compared the image with, as it said.
pub(super) fn of_image(build: &str, limit: &ImageLimit) -> LimitCheck {
    let bound = |number: f64| match limit.unit.as_str() {
        "bytes" => Bound::Bytes(whole(number)),
        "ratio" => Bound::Ratio(number),
        _ => Bound::Count(whole(number)),
    };
    LimitCheck {
        build: build.to_owned(),
        figure: None,
        name: limit.name.as_ref().map_or_else(|| limit.measure.clone(), |name| format!("{} {name}", limit.measure)),
        limit: bound(limit.limit),
        value: limit.value.map(bound),
        is_least: limit.measure.starts_with("min-") || limit.measure.starts_with("lowest"),
        is_met: limit.kept,
        unknown: limit.unknown.clone(),
        lifted_by: None,
        written: limit.written.clone(),
        causes: limit.causes.clone(),
    }
}

fn bound_like(bound: Bound, amount: f64) -> Bound {
    match bound {
        Bound::Bytes(_) => Bound::Bytes(whole(amount)),
        Bound::Count(_) => Bound::Count(whole(amount)),
        Bound::Ratio(_) => Bound::Ratio(amount),
        Bound::Seconds(_) => Bound::Seconds(amount),
    }
}
