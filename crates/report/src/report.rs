//! Any result ─► what people and programs read. The fields of JSON are written here and nowhere else. Owns layout, units and the
//! shape of JSON; decides nothing, and neutralises whatever came from input.

mod adoption;
mod anchor;
mod baseline;
mod cache;
mod cache_history;
mod catalogue;
mod comparison;
mod compose_emit;
mod compose_env;
mod compose_graph;
mod compose_verify;
mod context;
mod deploy_check;
mod deploy_plan;
mod deploy_report;
mod deploy_verify;
mod excerpt;
mod figures;
mod findings;
mod fixed;
mod fleet;
mod format;
mod history;
mod image;
mod json;
mod layout;
mod next;
mod optimize;
mod page;
mod patch;
mod prediction;
mod price;
mod proof;
mod render;
#[cfg(test)]
mod sample;
mod screen;
mod settings;
mod syntax;
mod table;
mod timeline;
mod units;

pub use self::adoption::{added_ignores, added_ignores_json, statistics, statistics_json};
pub use self::baseline::baseline;
pub use self::cache::{ExplainedBuild, ExplainedLog, cache_explanation, cache_explanation_json};
pub use self::cache_history::{
    CacheHistoryReport, CommitRow, HistoryCommit, HistoryStep, HistoryTable, OPTIMIZE, RerunCount, StepComparison,
    TableComparison, cache_history, cache_history_json, compare_tables,
};
pub use self::catalogue::{explain, rules, rules_json};
pub use self::comparison::{
    GITHUB_LIMIT, GITLAB_LIMIT, MarkdownOptions, comparison, comparison_json, comparison_markdown,
};
pub use self::compose_emit::{cluster_page, compose_emit, compose_emit_json};
pub use self::compose_env::{compose_env, compose_env_json};
pub use self::compose_graph::{GraphLanguage, compose_graph, compose_graph_json, compose_graph_source};
pub use self::compose_verify::{compose_verify, compose_verify_json};
pub use self::context::{context, context_json};
pub use self::deploy_check::{DeployCheckResult, deploy_check, deploy_check_json, deploy_reasons};
pub use self::deploy_plan::{deploy_plan, deploy_plan_json};
pub use self::deploy_report::{deploy_report, deploy_report_json};
pub use self::deploy_verify::{deploy_verify, deploy_verify_json};
pub use self::figures::{measure, measure_json};
pub use self::findings::{lint, problem, problems, remarks};
pub use self::fixed::{diff_is_masked, fix, fix_json, fix_summary};
pub use self::fleet::{FleetTable, FleetView, fleet_csv, fleet_report, fleet_report_json, fleet_run, fleet_sarif};
pub use self::format::{
    Format, FormatWriter, PathBase, ReportRun, comparison_github, comparison_sarif, image_sarif, without_commands,
};
pub use self::history::{history, history_json};
pub use self::image::{
    ImageDiff, ImageView, image, image_cyclonedx, image_diff, image_diff_json, image_files_csv, image_json,
    image_jsonl, image_layers_csv, image_name, image_problem, limit_name, shown_line, shown_maker, shown_makers,
    shown_path, waste_words,
};
pub use self::json::{audit_json, lint_json};
pub use self::layout::{Layout, clean, clean_bytes, cut, cut_path, pad, width, wrap};
pub use self::optimize::{Rewrite, RewriteHistory, optimize_json, plan, rewrite, rewrite_summary};
pub use self::page::{Medium, Page};
pub use self::patch::{diff, diff_of_file};
pub use self::prediction::{BuildPrediction, ReasonWriter, prediction, prediction_json};
pub use self::price::impact_line;
pub use self::proof::{proof, proof_json};
pub use self::screen::{AuditView, FixCounts, audit};
pub use self::settings::{SettingRow, settings};
pub use self::syntax::syntax;
pub use self::units::{bytes, count, percent, seconds};
