//! What of an image costs bytes: lost bytes by their story, useless contents by their category, as the rules about images
//! find them.

use crate::analysis::{AnalysisFinding, ImageAnalysis, Subject};
use crate::image::{CategoryUse, LossGroup, PathId};
use crate::rules::{self, ImageFinding};

/// Takes what costs bytes out of the findings of the rules, what costs most first.
pub(super) fn of_costs(analysis: &ImageAnalysis, facts: &mut Vec<ImageFinding>) -> Vec<AnalysisFinding> {
    let mut findings: Vec<AnalysisFinding> = facts.iter().filter_map(|fact| of_cost(analysis, fact)).collect();
    facts.retain(|fact| fact.cost.is_none());
    findings.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)).then_with(|| a.path.cmp(&b.path)));
    findings
}

fn of_cost(analysis: &ImageAnalysis, fact: &ImageFinding) -> Option<AnalysisFinding> {
    let cost = fact.cost.as_ref()?;
    let subject = match (cost.lost, cost.category) {
        (Some(how), _) => Subject::Waste(how),
        (None, category) => {
            let is_category = |known: &CategoryUse| Some(known.category.name.as_str()) == category;
            Subject::Category(analysis.categories.iter().position(is_category)?)
        }
    };
    Some(AnalysisFinding {
        subject,
        name: cost.category.map_or_else(|| fact.rule.to_owned(), |category| format!("image-{category}")),
        image_rule: fact.rule,
        severity: fact.severity,
        message: fact.message.clone(),
        help: fact.help.to_owned(),
        rule: cost.rule,
        layer: fact.layer.unwrap_or_default(),
        by: cost.by,
        path: fact.path.unwrap_or(PathId::ROOT),
        files: cost.files,
        bytes: cost.bytes,
        compressed: cost.compressed,
    })
}

/// The rule for Dockerfiles that finds what makes such waste: none where the instruction is of another kind.
pub fn rule_of_waste(analysis: &ImageAnalysis, group: &LossGroup) -> Option<&'static str> {
    let cause = analysis.instruction(group.by as usize).unwrap_or_default();
    rules::rule_of_waste(group, analysis.origins.base.layers, cause)
}

/// The rule for Dockerfiles that finds what leaves such contents; none where all of them are the base's.
pub fn rule_of_category(analysis: &ImageAnalysis, category_use: &CategoryUse) -> Option<&'static str> {
    let instruction = |layer| analysis.instruction(layer).unwrap_or_default();
    rules::rule_of_category(category_use, analysis.origins.base.layers, instruction)
}
