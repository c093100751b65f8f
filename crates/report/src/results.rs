//! JSON results of commands ─► the state of a project, and what changed since a baseline. Owns which result has which
//! figure, which findings are new, which line caused a change, and which limit is exceeded; writes nothing.

mod cause;
mod comparison;
mod edit;
mod figure;
mod fixes;
mod group;
mod history;
mod join;
mod limit;
mod pairs;
mod read;
mod state;
mod waste;
#[cfg(test)]
mod tests;

pub use self::cause::{ChangeCause, causes};
pub use self::comparison::{BaselineOrigin, Comparison, ComparisonOptions, FigureRow, NOT_JUDGED, compare};
pub use self::edit::Edit;
pub use self::figure::{Direction, FigureKind, FigureUnit, tolerance, whole};
pub use self::fixes::FixOffer;
pub use self::group::{is_one_of_many, joined_message};
pub use self::history::{HistoryRecord, ProjectHistory, RECORD_SCHEMA, Regression, Spreads, Trend};
pub use self::join::join;
pub use self::limit::LimitCheck;
pub use self::read::{ReadResult, ReadResultError, ReportDetails, Rewrite, read_result, result_kinds};
pub use self::state::{
    BuildState, CacheMiss, CheckState, CostState, FindingState, FixState, ImageLimit, LayerState, ProjectState,
    StateFigure, StepState,
};
