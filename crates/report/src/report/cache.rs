//! What commands about the build cache print.

mod explain;
mod explain_wire;

pub use self::explain::{ExplainedBuild, ExplainedLog, cache_explanation};
pub use self::explain_wire::cache_explanation_json;
