//! The rules as a table, and a rule's page for a terminal.

use serde::Serialize;

use super::grid::{Column, grid, plain};
use super::json::pretty;
use super::layout::{Layout, Tone, pad, width, wrap};
use crate::rules::{Category, Rule, Status};
use crate::wire::{list, object};

/// One line per rule.
pub fn rules(rules: &[&Rule], layout: Layout) -> String {
    let name = rules.iter().map(|rule| width(rule.name)).max().unwrap_or(0);
    let mut out = String::new();
    for category in Category::ALL {
        let rules_of_category: Vec<_> = rules.iter().filter(|rule| rule.metadata().category == *category).collect();
        if rules_of_category.is_empty() {
            continue;
        }
        out.push_str(&layout.paint(Tone::Strong, category.name()));
        out.push('\n');
        let mut rows = Vec::new();
        for rule in rules_of_category {
            let metadata = rule.metadata();
            let off = match metadata.status {
                Status::Costly => " (on by default for costs of 50 MB and more)",
                _ if metadata.on_by_default() => "",
                _ => " (off by default)",
            };
            let aliases =
                if metadata.aliases.is_empty() { String::new() } else { format!(" [{}]", metadata.aliases.join(", ")) };
            let text = format!("{}{off}{aliases}", metadata.summary);
            // As wide in each category.
            let severity = plain(pad(metadata.severity.name(), 7));
            rows.push(vec![plain(pad(rule.name, name)), severity, plain(pad(&rule.safety(), 12)), plain(text)]);
        }
        out.push_str(&grid(&[Column::Left, Column::Left, Column::Left, Column::Words], &rows, layout, 2));
        out.push('\n');
    }
    let counts = counts(rules);
    let columns = layout.width.unwrap_or(usize::MAX);
    out.extend(counts.lines().flat_map(|line| wrap(line, columns)).map(|line| line + "\n"));
    out
}

/// How many there are, of what kinds.
fn counts(rules: &[&Rule]) -> String {
    let count_of = |is: &dyn Fn(&Rule) -> bool| rules.iter().filter(|rule| is(rule)).count();
    let categories: Vec<String> = Category::ALL
        .iter()
        .map(|category| (category.name(), count_of(&|rule| rule.metadata().category == *category)))
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    let mut fixes = Vec::new();
    let mut add = |safety: &str, name: &str| match count_of(&|rule| rule.safety() == safety) {
        0 => {}
        count => fixes.push(format!("{count} with {name}")),
    };
    add("safe", "a safe fix");
    add("unsafe", "an unsafe fix");
    add("safe, unsafe", "fixes of both kinds");
    let fixes = if fixes.is_empty() { "none with a fix".to_owned() } else { fixes.join(", ") };
    format!(
        "{}: {}\n{} on by default; {fixes}\n",
        super::units::count(rules.len() as u64, "rule"),
        categories.join(", "),
        count_of(&|rule| rule.metadata().on_by_default()),
    )
}

/// The rules for programs.
pub fn rules_json(rules: &[&Rule]) -> String {
    pretty(&object! {
        schema: "dockopt.rules/1",
        dockopt: env!("CARGO_PKG_VERSION"),
        rules: list(rules, |rule| wire_rule(rule)),
    })
}

fn wire_rule(rule: &Rule) -> impl Serialize {
    let metadata = rule.metadata();
    object! {
        name: rule.name,
        aliases: metadata.aliases.clone(),
        options: list(&metadata.options, |&(name, kind)| object! { name, kind: kind.name() }),
        summary: metadata.summary,
        severity: metadata.severity.name(),
        category: metadata.category.name(),
        groups: list(&metadata.groups, |group| group.name()),
        confidence: metadata.confidence.name(),
        basis: metadata.basis.name(),
        subject: metadata.subject.name(),
        needs: list(metadata.needs.iter(), crate::inputs::Need::title),
        wants: list(metadata.wants.iter(), crate::inputs::Need::title),
        fix: metadata.fix.name(),
        status: metadata.status.name(),
        since: metadata.since,
        default: metadata.on_by_default(),
        url: rule.url(),
    }
}

/// A rule's page: a header of what the front matter says, then the text with its examples set off.
pub fn explain(rule: &Rule, layout: Layout) -> String {
    let metadata = rule.metadata();
    let mut out = format!("{}: {}\n\n", layout.paint(Tone::Strong, rule.name), metadata.summary);
    let default = match metadata.status {
        Status::Costly => "on by default for costs of 50 MB and more",
        _ if metadata.on_by_default() => "on by default",
        _ => "off by default",
    };
    let mut facts = vec![
        ("severity", metadata.severity.name().to_owned()),
        (
            "category",
            [metadata.category.name()]
                .into_iter()
                .chain(metadata.groups.iter().map(|g| g.name()))
                .collect::<Vec<_>>()
                .join(", "),
        ),
        ("status", format!("{}, {default}, since {}", metadata.status.name(), metadata.since)),
        ("fix", metadata.fix.name().to_owned()),
        ("basis", format!("{}, with {} confidence", metadata.basis.name(), metadata.confidence.name())),
    ];
    let needs: Vec<&str> = metadata.needs.iter().map(crate::inputs::Need::title).collect();
    let wants: Vec<&str> = metadata.wants.iter().map(crate::inputs::Need::title).collect();
    facts.push(("needs", needs.join(", ")));
    facts.push(("reads", wants.join(", ")));
    facts.push(("aliases", metadata.aliases.join(", ")));
    let options = metadata.options.iter().map(|(name, kind)| format!("{name} ({})", kind.name()));
    facts.push(("options", options.collect::<Vec<_>>().join(", ")));
    for (key, value) in facts.into_iter().filter(|fact| !fact.1.is_empty()) {
        out.push_str(&format!("  {}  {value}\n", layout.paint(Tone::Dim, &pad(key, 8))));
    }
    out.push('\n');
    body(&mut out, rule, layout);
    out.push_str(&format!("{}\n", rule.url()));
    out
}

fn body(out: &mut String, rule: &Rule, layout: Layout) {
    let columns = layout.width.unwrap_or(100).min(100);
    let mut fenced = false;
    let mut paragraph = String::new();
    let mut lines = rule.body().lines().peekable();
    // The title is in the header already.
    lines.next_if(|line| line.starts_with("# "));
    for line in lines {
        let starts_item = line.starts_with("- ") || line.starts_with("* ");
        if fenced || line.is_empty() || starts_item || line.starts_with("```") || line.starts_with("## ") {
            flush(out, &mut paragraph, columns);
        }
        if let Some(info) = line.strip_prefix("```") {
            fenced = !fenced;
            let caption = if fenced { caption(info) } else { String::new() };
            if !fenced {
                out.push('\n');
            } else if !caption.is_empty() {
                out.push_str(&format!("  {}\n", layout.paint(Tone::Dim, &caption)));
            }
        } else if fenced {
            out.push_str(&format!("    {line}\n"));
        } else if let Some(title) = line.strip_prefix("## ") {
            let gap = if out.ends_with("\n\n") { "" } else { "\n" };
            out.push_str(&format!("{gap}{}\n", layout.paint(Tone::Strong, title)));
        } else if line.is_empty() {
            if !out.ends_with("\n\n") {
                out.push('\n');
            }
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim());
        }
    }
    flush(out, &mut paragraph, columns);
    if !out.ends_with("\n\n") {
        out.push('\n');
    }
}

/// Lines of a paragraph are broken anew, for the width at hand.
fn flush(out: &mut String, paragraph: &mut String, columns: usize) {
    if !paragraph.is_empty() {
        for line in wrap(&std::mem::take(paragraph), columns) {
            out.push_str(&format!("{line}\n"));
        }
    }
}

/// What stands above an example's block.
fn caption(info: &str) -> String {
    let mut words = info.split_whitespace();
    let kind = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    let path = rest.iter().find_map(|word| word.strip_prefix("path="));
    let mut text = match (kind, path) {
        ("findings", _) => "found:".to_owned(),
        (_, Some(path)) => path.to_owned(),
        ("dockerfile", None) if rest.contains(&"fixed") => String::new(),
        ("context", None) => "in the context:".to_owned(),
        _ => return String::new(),
    };
    if rest.contains(&"fixed") {
        let how = if rest.contains(&"unsafe") { "after `dockopt fix --unsafe`:" } else { "after `dockopt fix`:" };
        text = if text.is_empty() { how.to_owned() } else { format!("{text} {how}") };
    }
    text
}
