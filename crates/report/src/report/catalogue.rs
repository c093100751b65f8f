//! The rules as a table, and a rule's page for a terminal.

use serde::Serialize;

use super::json::pretty;
use super::page::{Block, Column, Indent, Listing, Medium, Page, Section, Table, Text, TextKind, Tone, plain, toned};
use crate::rules::{Category, Rule, Status};
use crate::wire::{list, object};

/// One line per rule.
pub fn rules(rules: &[&Rule]) -> Page {
    let mut page = Page::new("Rules");
    for category in Category::ALL {
        let rules_of_category = rules.iter().filter(|rule| rule.metadata().category == *category);
        let row = |rule: &&Rule| {
            let metadata = rule.metadata();
            let off = match metadata.status {
                Status::Costly => " (on by default for costs of 50 MB and more)",
                _ if metadata.on_by_default() => "",
                _ => " (off by default)",
            };
            let aliases =
                if metadata.aliases.is_empty() { String::new() } else { format!(" [{}]", metadata.aliases.join(", ")) };
            let name = Text::new(rule.name, TextKind::Link(rule.url()), Tone::Plain);
            let text = format!("{}{off}{aliases}", metadata.summary);
            vec![name, plain(metadata.severity.name()), plain(rule.safety()), plain(text)]
        };
        let rows: Vec<_> = rules_of_category.map(row).collect();
        let table = Table::new(&[Column::Left, Column::Left, Column::Left, Column::Words], rows);
        if !table.rows.is_empty() {
            let table = table.with_quiet_head(&["rule", "severity", "fix", "what it finds"]);
            page.push(Section::new(category.name()).with(table));
        }
    }
    let mut end = Section::default();
    end.push_list(counts(rules).iter().map(plain).collect());
    page.push(end);
    page
}

/// How many there are, of what kinds.
fn counts(rules: &[&Rule]) -> [String; 2] {
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
    let default = count_of(&|rule| rule.metadata().on_by_default());
    [
        format!("{}: {}", super::units::count(rules.len() as u64, "rule"), categories.join(", ")),
        format!("{default} on by default; {fixes}"),
    ]
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
        kind: metadata.kind.name(),
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
        audit: metadata.on_in_audit(),
        url: rule.url(),
    }
}

/// A rule's page: a header of what the front matter says, then the text with its examples set off.
pub fn explain(rule: &Rule) -> Page {
    let mut page = Page::new(format!("Rule {}", rule.name));
    let facts = facts(rule).into_iter().filter(|(_, value)| !value.is_empty());
    let rows = facts.map(|(key, value)| vec![toned(key, Tone::Dim), plain(value)]).collect();
    let facts = Section::default().with(Table::new(&[Column::Left, Column::Wrapped], rows));
    page.push(Section::new(format!("{}: {}", rule.name, rule.metadata().summary)).with(facts));
    page.blocks.extend(body(rule));
    page.push(Block::Prose(vec![Text::new(rule.url(), TextKind::Link(rule.url()), Tone::Plain)]));
    page
}

fn facts(rule: &Rule) -> Vec<(&'static str, String)> {
    let metadata = rule.metadata();
    let default = match metadata.status {
        Status::Costly => "on by default for costs of 50 MB and more",
        _ if metadata.on_by_default() => "on by default",
        _ if metadata.on_in_audit() => "on by default in `audit`",
        _ => "off by default",
    };
    let groups = metadata.groups.iter().map(|group| group.name());
    let categories: Vec<&str> = std::iter::once(metadata.category.name()).chain(groups).collect();
    let needs: Vec<&str> = metadata.needs.iter().map(crate::inputs::Need::title).collect();
    let wants: Vec<&str> = metadata.wants.iter().map(crate::inputs::Need::title).collect();
    let options = metadata.options.iter().map(|(name, kind)| format!("{name} ({})", kind.name()));
    vec![
        ("severity", metadata.severity.name().to_owned()),
        ("category", categories.join(", ")),
        ("kind", metadata.kind.name().to_owned()),
        ("status", format!("{}, {default}, since {}", metadata.status.name(), metadata.since)),
        ("fix", metadata.fix.name().to_owned()),
        ("basis", format!("{}, with {} confidence", metadata.basis.name(), metadata.confidence.name())),
        ("needs", needs.join(", ")),
        ("reads", wants.join(", ")),
        ("aliases", metadata.aliases.join(", ")),
        ("options", options.collect::<Vec<_>>().join(", ")),
    ]
}

/// The text of a page: what stands above its first heading, then a section for each heading.
fn body(rule: &Rule) -> Vec<Block> {
    let mut lines = rule.body().lines().peekable();
    // The title is in the header already.
    lines.next_if(|line| line.starts_with("# "));
    let mut sections = vec![Section::default()];
    let mut paragraph: Vec<String> = Vec::new();
    let mut is_behind_gap = false;
    while let Some(line) = lines.next() {
        let is_part = !line.is_empty() && !line.starts_with("```") && !line.starts_with("## ");
        if is_part && (is_item(line) || paragraph.is_empty()) {
            paragraph.push(line.trim().to_owned());
        } else if is_part && let Some(last) = paragraph.last_mut() {
            last.push_str(&format!(" {}", line.trim()));
        }
        if is_part && lines.peek().is_some() {
            is_behind_gap = false;
            continue;
        }
        push_paragraphs(&mut sections, &std::mem::take(&mut paragraph));
        if let Some(title) = line.strip_prefix("## ") {
            sections.push(Section { indent: Indent::Nothing, ..Section::new(title) });
        } else if let Some(info) = line.strip_prefix("```")
            && let Some(section) = sections.last_mut()
        {
            let lines = lines.by_ref().take_while(|line| !line.starts_with("```")).map(str::to_owned).collect();
            let listing = Block::Listing(Listing { caption: plain(caption(info)), lines, is_verbatim: true });
            section.push(if is_behind_gap { Section::default().with(listing).into() } else { listing });
        }
        is_behind_gap = line.is_empty();
    }
    sections.into_iter().filter(|section| !section.blocks.is_empty()).map(Block::Section).collect()
}

fn is_item(line: &str) -> bool {
    line.starts_with("- ") || line.starts_with("* ")
}

/// Adds paragraphs that stand right below each other; items of a list are some.
fn push_paragraphs(sections: &mut [Section], paragraphs: &[String]) {
    if paragraphs.is_empty() {
        return;
    }
    let Some(section) = sections.last_mut() else { return };
    let prose = Block::Prose(paragraphs.iter().map(plain).collect());
    let items = paragraphs.iter().map(|text| if is_item(text) { plain(&text[2..]) } else { plain(text) });
    let list = Block::List(items.collect());
    if paragraphs.iter().any(|text| is_item(text)) {
        section.push(Block::Only(&[Medium::Terminal], vec![prose]));
        section.push(Block::Only(&[Medium::Markdown, Medium::Html], vec![list]));
    } else {
        section.push(prose);
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
