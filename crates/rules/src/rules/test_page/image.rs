//! An example's image ─► what a rule about images finds in it.

use super::parse::Example;
use crate::image::packages;
use crate::image::secrets;
use crate::image::{History, ImageTree, categorize, group_losses, losses};
use crate::rules::Rule;
use crate::rules::image_rules::{ImageContext, of_rule};
use dockopt_testing::sketch;

/// Findings as written in pages: the path before the message, if there is one.
pub(super) fn format_findings(rule: &Rule, example: &Example) -> String {
    let text = example.files.iter().find(|file| file.0 == "image").map_or("", |file| file.1);
    let image = sketch(text);
    let tree = ImageTree::new(&image);
    let packages = packages::work_out(&image, &tree);
    let secrets = secrets::work_out(&image, &tree, Some(&packages));
    let instruction = |step: &History| step.created_by.clone().unwrap_or_default();
    let instructions: Vec<String> = image.config.history.iter().map(instruction).collect();
    let context = ImageContext {
        image: &image,
        tree: &tree,
        packages: Some(&packages),
        secrets: &secrets,
        base: 0,
        loss_groups: &group_losses(&image, &losses(&image, &tree, 0)),
        categories: &categorize(&image, &tree, &[]),
        instructions: &instructions,
    };
    let mut text = String::new();
    for finding in of_rule(rule, &context) {
        let path = finding.path.map(|path| format!("/{} ", image.paths.text(path))).unwrap_or_default();
        text.push_str(&format!("{path}{}\n", finding.message));
    }
    text
}
