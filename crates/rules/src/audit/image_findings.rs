//! What an image shows and no rule for Dockerfiles says, at the line that causes it; and findings that it disproves.

use std::collections::{BTreeMap, BTreeSet};

use super::image_facts::{SPOILED, measured_impact};
use crate::build::{Build, Stage};
use crate::finding::{Finding, Findings, Label, Severity};
use crate::image::{CategoryClass, WORTH_IN_AUDIT, all_categories, category_of, least_bytes};
use crate::inputs::{Inputs, MeasuredBytes, MeasuredImage};
use crate::rules::{contents_of, image_rule_of_category, rule_of_contents};
use crate::text::FileId;

/// Takes out findings about files of which the image has none, and says which. An image without the line of a finding
/// proves nothing.
pub(super) fn drop_disproved(findings: &mut Vec<Finding>, inputs: &Inputs, builds: &[Build<'_>]) -> Vec<String> {
    let moved_caches: Vec<MovedCache> = builds.iter().flat_map(moved_caches).collect();
    let mut dropped: BTreeMap<(FileId, &'static str), BTreeSet<u32>> = BTreeMap::new();
    findings.retain(|finding| {
        let (Some(image), Some(line)) = (inputs.measured.get(&finding.file), finding.instruction_line) else {
            return true;
        };
        let is_elsewhere =
            |cache: &MovedCache| (cache.file, cache.line) == (finding.file, line) && cache.is_outside(finding.rule);
        let is_disproved = image.lines.contains(&line)
            && disproves(image, finding.rule, line)
            && !moved_caches.iter().any(is_elsewhere);
        if is_disproved {
            dropped.entry((finding.file, finding.rule)).or_default().insert(line);
        }
        !is_disproved
    });
    let mut notices = Vec::new();
    for ((file, rule), lines) in dropped {
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let name = inputs.source(file).name();
        let image = inputs.measured.get(&file).map_or("", |image| &image.name);
        let plural = if lines.len() > 1 { "s" } else { "" };
        let place = format!("line{plural} {}", lines.join(", "));
        notices.push(format!("`{rule}` at {place} of `{name}` is not reported: image `{image}` has no such files"));
    }
    notices
}

/// A cache that an option or a variable puts elsewhere: the categories of files do not find it there.
#[derive(Debug)]
struct MovedCache {
    file: FileId,
    line: u32,
    /// `None` where nobody knows.
    folder: Option<String>,
}

impl MovedCache {
    /// Whether the files of a rule are not looked for in the folder.
    fn is_outside(&self, rule: &str) -> bool {
        let category =
            self.folder.as_deref().and_then(|folder| category_of(format!("{}/x", folder.trim_matches('/')).as_bytes()));
        contents_of(rule).next().is_some()
            && category.is_none_or(|category| contents_of(rule).all(|known| known != category.name))
    }
}

/// The caches of a build that are not in their usual folders.
fn moved_caches(build: &Build<'_>) -> Vec<MovedCache> {
    let mut caches = Vec::new();
    for stage in build.stages() {
        for (index, instruction) in build.instructions(stage) {
            let Some(code) = build.code(index) else { continue };
            for invocation in code.script.invocations() {
                let Some(call) = invocation.package_call() else { continue };
                let moved =
                    build.package_caches(stage, index, &invocation, &call).into_iter().filter(|cache| cache.is_moved);
                caches.extend(moved.map(|cache| MovedCache {
                    file: build.input().dockerfile,
                    line: instruction.start_line,
                    folder: cache.folder,
                }));
            }
        }
    }
    caches
}

/// Whether an image that has a line lacks all that a rule would report there.
fn disproves(image: &MeasuredImage, rule: &str, line: u32) -> bool {
    if let Some((_, how)) = SPOILED.iter().find(|(spoiled, _)| *spoiled == rule) {
        let is_it = |bytes: &MeasuredBytes| bytes.by == Some(line) && bytes.lost.as_deref() == Some(how);
        return !image.doubtful_lines.contains(&line) && !image.bytes.iter().any(is_it);
    }
    let mut contents = contents_of(rule).peekable();
    if contents.peek().is_none() {
        return false;
    }
    contents.all(|category| {
        // Compilers and headers are told by few paths: not to find any proves nothing.
        let is_waste =
            all_categories().iter().any(|known| known.name == category && known.class == CategoryClass::Waste);
        is_waste && !image.bytes.iter().any(|bytes| bytes.line == line && bytes.category.as_deref() == Some(category))
    })
}

/// Findings for bytes in the image of a build that no finding covers.
pub(super) fn uncovered(findings: &[Finding], inputs: &Inputs, build: &Build) -> Findings {
    let mut out = Findings::new();
    let file = build.input().dockerfile;
    let Some(image) = inputs.measured.get(&file) else { return out };
    let lines = |rule: &str| -> Vec<u32> {
        let of_rule = findings.iter().filter(|finding| finding.file == file && finding.rule == rule);
        of_rule.filter_map(|finding| finding.instruction_line).collect()
    };
    let of_rules: BTreeMap<&str, Vec<u32>> =
        findings.iter().map(|finding| (finding.rule, lines(finding.rule))).collect();
    let is_covered = |bytes: &MeasuredBytes| {
        of_rules.iter().any(|(rule, lines)| {
            let spoils = SPOILED.iter().any(|(spoiled, how)| spoiled == rule && bytes.lost.as_deref() == Some(how));
            let holds =
                bytes.category.as_deref().is_some_and(|category| contents_of(rule).any(|known| known == category));
            (spoils && bytes.by.is_some_and(|by| lines.contains(&by))) || (holds && lines.contains(&bytes.line))
        })
    };
    let mut kinds: BTreeMap<(u32, &str, &str), Vec<&MeasuredBytes>> = BTreeMap::new();
    for bytes in image.bytes.iter().filter(|bytes| !is_covered(bytes)) {
        let (line, rule, kind) = match (bytes.lost.as_deref(), bytes.category.as_deref()) {
            (Some(how), _) => (bytes.by.unwrap_or(bytes.line), rule_of_loss(how), how),
            (None, Some(category)) => (bytes.line, image_rule_of_category(category), category),
            (None, None) => continue,
        };
        if let Some(rule) = rule {
            kinds.entry((line, rule, kind)).or_default().push(bytes);
        }
    }
    for ((line, rule, kind), parts) in kinds {
        let sum: u64 = parts.iter().map(|bytes| bytes.bytes).sum();
        if sum < least(kind) {
            continue;
        }
        if let Some(finding) = finding_at(build, image, (line, rule, kind), &parts) {
            out.push(finding);
        }
    }
    out
}

/// The rule about images that finds bytes that are lost so.
fn rule_of_loss(how: &str) -> Option<&'static str> {
    match how {
        "deleted" => Some("image-deleted"),
        "metadata_only" => Some("image-metadata-only"),
        "overwritten" => Some("image-overwritten"),
        _ => None,
    }
}

/// Bytes of a kind from which a line gets a finding.
fn least(kind: &str) -> u64 {
    let category = all_categories().iter().find(|known| known.name == kind);
    category.and_then(|category| least_bytes(category.class)).unwrap_or(0).max(WORTH_IN_AUDIT)
}

/// A finding about bytes that an instruction leaves, or makes useless.
fn finding_at(
    build: &Build,
    image: &MeasuredImage,
    (line, rule, kind): (u32, &'static str, &str),
    parts: &[&MeasuredBytes],
) -> Option<Finding> {
    let instructions = build.input().file.instructions();
    let index = instructions.iter().position(|instruction| instruction.start_line == line)?;
    let is_category = parts.iter().all(|bytes| bytes.lost.is_none());
    let (message, help) = if is_category {
        let category = all_categories().iter().find(|known| known.name == kind)?;
        let fix = rule_of_contents(kind, &build.one_line(&instructions[index]))
            .map_or_else(|| category.fix.clone(), |rule| format!("{}; see `dockopt explain {rule}`", category.fix));
        (format!("leaves files of the category `{kind}` in the image, which are not needed at run time"), fix)
    } else {
        let (what, help) = match kind {
            "deleted" => (
                "deletes files that the image still stores",
                "delete them in the step that creates them, or create them in another stage",
            ),
            "metadata_only" => (
                "stores files again only to change their owner, mode or time",
                "set owner and mode in the step that writes them",
            ),
            _ => ("overwrites files that the image still stores", "write them only once"),
        };
        (what.to_owned(), help.to_owned())
    };
    let mut lines: Vec<u32> = parts.iter().map(|bytes| bytes.line).filter(|origin| *origin != line).collect();
    lines.sort_unstable();
    lines.dedup();
    let labels = lines.iter().filter_map(|line| {
        let instruction = instructions.iter().find(|instruction| instruction.start_line == *line)?;
        Some(Label { span: instruction.span, text: "written here".to_owned() })
    });
    Some(Finding {
        rule,
        codes: Vec::new(),
        severity: crate::rules::find(rule).map_or(Severity::Warning, |rule| rule.metadata().severity),
        file: build.input().dockerfile,
        span: instructions[index].span,
        labels: labels.collect(),
        instruction_line: Some(line),
        stage: build.stage_of(index).map(Stage::title),
        message: format!("this {} {message}", instructions[index].keyword.as_str()),
        help: Some(help),
        notes: Vec::new(),
        hidden_by: None,
        impact: measured_impact(image, parts),
        fixes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_losses_exist() {
        for how in ["deleted", "metadata_only", "overwritten"] {
            assert!(rule_of_loss(how).and_then(crate::rules::find).is_some(), "{how}");
        }
    }

    #[track_caller]
    fn check(rule: &str, line: u32, expected: bool) {
        let image = MeasuredImage {
            lines: BTreeSet::from([2, 3, 4, 5]),
            doubtful_lines: BTreeSet::from([5]),
            bytes: vec![
                MeasuredBytes { line: 2, category: Some("apt-lists".to_owned()), bytes: 9, ..MeasuredBytes::default() },
                MeasuredBytes { line: 2, by: Some(3), lost: Some("deleted".to_owned()), ..MeasuredBytes::default() },
            ],
            ..MeasuredImage::default()
        };
        assert_eq!(disproves(&image, rule, line), expected, "{rule} at line {line}");
    }

    #[test]
    fn a_cache_elsewhere_is_not_looked_for() {
        let is_outside = |folder: Option<&str>, rule| {
            MovedCache { file: FileId(0), line: 1, folder: folder.map(str::to_owned) }.is_outside(rule)
        };
        assert!(is_outside(Some("/opt/wheels"), "pip-cache-kept"));
        assert!(is_outside(None, "pip-cache-kept"));
        assert!(!is_outside(Some("/srv/.cache/pip/"), "pip-cache-kept"));
        assert!(!is_outside(Some("/go/pkg/mod"), "compiler-cache-kept"));
        // A rule that is about no files of a category.
        assert!(!is_outside(Some("/opt/wheels"), "deleted-in-later-layer"));
    }

    #[test]
    fn an_image_disproves_what_it_would_show() {
        check("apt-lists-kept", 2, false);
        check("apt-lists-kept", 4, true);
        check("deleted-in-later-layer", 3, false);
        check("deleted-in-later-layer", 4, true);
        check("recursive-chown", 3, true);
        // Who wrote what it deletes is not known.
        check("deleted-in-later-layer", 5, false);
        // No files of a category, and files that few paths tell.
        check("root-user", 4, false);
        check("build-tools-shipped", 4, false);
    }
}
