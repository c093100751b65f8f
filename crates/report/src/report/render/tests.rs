use super::{MarkdownLimit, html, markdown, terminal};
use crate::finding::Severity;
use crate::report::layout::{Layout, substitute};
use crate::report::page::{
    Block, Chart, Column, Fold, IcicleMark, IcicleNode, Listing, MatrixColumn, MatrixRow, Medium, NextCommand, Page,
    Remark, RemarkFix, Section, SourceExcerpt, StepState, Table, Text, TextKind, TimelineMark, TimelineRow, Tone,
    TrendPoint, code, command, number, path, plain, toned,
};

use crate::text::LineColumn;

/// What an input may hold: markup, escapes, changes of direction, ends of blocks, commands of a job.
const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\u{1b}[2J\u{9b}31m\u{202e}\u{2066}](javascript:x)|`</details>\"'&\n### x\n- y\u{0}";

fn texts() -> Vec<Text> {
    vec![
        plain(HOSTILE),
        code(HOSTILE),
        path(HOSTILE),
        number(HOSTILE),
        command(HOSTILE),
        toned(HOSTILE, Tone::Strong).and_dim(HOSTILE),
        Text::new(HOSTILE, TextKind::Link("https://example.com/a".to_owned()), Tone::Info),
    ]
}

fn hostile_excerpt(text: &str) -> SourceExcerpt {
    let lines = vec![text.replace('\n', " ")];
    SourceExcerpt { file: text.to_owned(), first_line: 7, lines, marked: vec![7], ..SourceExcerpt::default() }
}

fn hostile_remark(text: &str) -> Remark {
    let words = text.to_owned();
    let fix = RemarkFix {
        title: words.clone(),
        risk: Some(words.clone()),
        command: words.clone(),
        diff: Some(words.clone()),
    };
    Remark {
        severity: Severity::Warning,
        message: words.clone(),
        rule: "a-rule",
        url: Some("https://example.com/a".to_owned()),
        file: words.clone(),
        place: Some(LineColumn { line: 7, column: 1 }),
        excerpt: Some(SourceExcerpt { places: vec![Some(0..0), Some(0..1)], ..hostile_excerpt(text) }),
        labels: vec![words.clone()],
        notes: vec![("help", plain(text))],
        fix: Some(fix),
        anchor: Some(words),
    }
}

/// A page with every kind of block, all texts of which are hostile.
fn hostile_page(text: &str) -> Page {
    let words = text.to_owned();
    let node = IcicleNode {
        name: words.clone(),
        bytes: 1_000,
        about: words.clone(),
        line: words.clone(),
        mark: IcicleMark::Wasted,
        parts: vec![IcicleNode {
            name: words.clone(),
            bytes: 400,
            mark: IcicleMark::Duplicate,
            ..IcicleNode::default()
        }],
    };
    let mut page = Page::new(text);
    page.push(plain(text));
    page.push(
        Section { about: plain(text), anchor: Some(words.clone()), ..Section::new(plain(text)) }.with(plain(text)),
    );
    page.push(Section::folded(plain(text)).with(Block::List(vec![plain(text)])));
    page.push(
        Section { fold: Fold::FoldedUntitled, ..Section::new(plain(text)) }.with(Block::Diff(format!("+{text}"))),
    );
    page.push(Table::new(&[Column::Wrapped], vec![vec![plain(text)]]).with_head(&[text]).of(3));
    page.push(Table::new(&[Column::Left, Column::Below], vec![vec![plain(text), plain(text)]]));
    page.push(Block::Prose(vec![plain(text)]));
    page.push(Listing { caption: plain(text), lines: vec![words.clone()], is_verbatim: false });
    page.push(hostile_excerpt(text));
    page.push(Block::Line(plain(text)));
    page.push(Block::Remarks(vec![hostile_remark(text)]));
    page.push(Block::Commands(vec![NextCommand { line: words.clone(), why: words.clone() }]));
    let grouped = Table { groups: vec![(0, "group")], ..Table::new(&[Column::Left], vec![vec![plain(text)]]) };
    page.push(Section { aside: plain(text), about: plain(text), ..Section::open_untitled(text) }.with(grouped));
    page.push(Chart::Icicle { name: words.clone(), layers: vec![node] });
    let point = TrendPoint { name: words.clone(), value: Some(1.0), text: words.clone() };
    page.push(Chart::Trend { name: words.clone(), points: vec![point.clone(), point] });
    let row = TimelineRow {
        name: words.clone(),
        start: 1.0,
        seconds: 2.0,
        delay: 1.0,
        is_critical: true,
        note: words.clone(),
        group: words.clone(),
        ..TimelineRow::default()
    };
    let open = TimelineRow { is_open: true, mark: TimelineMark::Failed, ..row.clone() };
    page.push(Chart::Timeline { name: words.clone(), rows: vec![row, open] });
    let cells = vec![StepState::Reruns, StepState::Cached, StepState::MayRerun];
    let row = MatrixRow { name: words.clone(), cells };
    let column = MatrixColumn { name: words.clone(), about: words.clone() };
    page.push(Chart::Matrix { name: words.clone(), columns: vec![column; 3], rows: vec![row] });
    page.push(Block::Only(&[Medium::Terminal, Medium::Markdown, Medium::Html], vec![plain(text).into()]));
    page
}

fn all_texts_page() -> Page {
    let mut page = hostile_page(HOSTILE);
    page.push(Block::List(texts()));
    page.push(Table::new(&[Column::Path; 7], vec![texts()]));
    page
}

#[test]
fn a_terminal_obeys_nothing_of_a_page() {
    for width in [None, Some(20), Some(80), Some(300)] {
        let text = terminal(&all_texts_page(), Layout { width, colour: false, links: false });
        let obeyed = |c: char| c != '\n' && substitute(c).is_some();
        assert!(!text.contains(obeyed), "{text:?}");
    }
}

#[test]
fn markdown_has_no_markup_of_a_page() {
    let text = markdown(&all_texts_page(), MarkdownLimit::NONE);
    // A fence keeps what it holds as it is; its end is longer than anything in it.
    let outside: String = text.split("```").step_by(2).collect();
    for markup in ["<img", "</script", "](javascript", "\n### x", "\n- y", "\u{1b}", "\u{202e}"] {
        assert!(!outside.contains(markup), "{markup:?}: {outside}");
    }
    assert_eq!(outside.matches("<details>").count(), outside.matches("</details>").count());
}

#[test]
fn html_has_no_markup_of_a_page() {
    let text = html(&all_texts_page());
    assert_eq!(text.matches("<script>").count(), 1);
    assert_eq!(text.matches("</script>").count(), 1);
    for markup in ["<img", "onerror=alert(1)>", "\u{1b}", "\u{202e}", "\u{2066}", "\u{0}", "href=\"javascript"] {
        assert!(!text.contains(markup), "{markup:?}");
    }
    // No attribute ends before it should.
    let harmless = html(&hostile_page("x"));
    let tags = |text: &str| text.matches('<').count();
    assert_eq!(tags(&html(&hostile_page("a\"'><b c=\"d"))), tags(&harmless));
}

#[test]
fn no_renderer_shows_a_token() {
    let token = format!("ghp_{}", "0123456789abcdefABCDEF0123456789abcd");
    let page = hostile_page(&format!("the token {token} is here"));
    for text in [markdown(&page, MarkdownLimit::NONE), html(&page)] {
        assert!(!text.contains(&token[8..]), "{text}");
    }
}

#[test]
fn what_does_not_fit_is_counted() {
    let rows: Vec<Vec<Text>> =
        (0..5_000).map(|row| vec![code(format!("row {row}")), plain("words ".repeat(20))]).collect();
    let mut page = Page::new("many");
    page.push(Section::folded("rows").with(Table::new(&[Column::Left, Column::Words], rows)));
    page.push(Section::new("behind it").with(plain("words")));
    let limit = MarkdownLimit { bytes: 65_536, details: "`dockopt report` shows all" };
    let text = markdown(&page, limit);
    assert!(text.len() <= limit.bytes, "{}", text.len());
    assert!(text.contains("rows not shown; `dockopt report` shows all") && text.contains("### behind it"), "{text}");
    assert!(text.contains("</details>"));
}

#[test]
fn sections_are_indented_and_apart() {
    let mut page = Page::new("t");
    let table = Table::new(&[Column::Left, Column::Right], vec![vec![plain("a"), number("1 MB")]]).of(4);
    let inner = Section::new("Wasted: 3 MB").with(table.clone());
    let untitled = Section { fold: Fold::FoldedUntitled, ..Section::new("2 layers") }.with(table.clone());
    page.push(
        Section { about: plain("linux/amd64"), ..Section::new(toned("app:1", Tone::Strong)) }
            .with(table.clone())
            .with(untitled)
            .with(inner),
    );
    page.push(toned("a remark", Tone::Dim));
    let text = terminal(&page, Layout::PLAIN);
    let expected = "app:1   linux/amd64\n  a  1 MB\n  … 3 more (--all)\n\n  a  1 MB\n  … 3 more (--all)\n\n  Wasted: 3 MB\n    a  \
                    1 MB\n    … 3 more (--all)\n\na remark\n";
    assert_eq!(text, expected);
    let text = markdown(&page, MarkdownLimit::NONE);
    assert!(text.starts_with("### app:&#8203;1: linux/amd64\n\n|  |  |\n| --- | --: |\n| a | 1 MB |\n"), "{text}");
    assert!(text.contains("<details><summary>2 layers</summary>\n\n|"), "{text}");
}

#[test]
fn a_cut_text_keeps_its_tones() {
    let row = vec![path("a/very/long/path/of/a/file").and_dim(" (3 files)"), plain("1")];
    let table = Table::new(&[Column::Path, Column::Right], vec![row]);
    let text = super::terminal::table(&table, 0, Layout { width: Some(24), colour: true, links: false });
    assert_eq!(text, "…/of/a/file\u{1b}[2m (3 files)\u{1b}[0m  1\n");
}

#[test]
fn a_terminal_with_links_opens_addresses() {
    let link = |text: &str| Text::new(text, TextKind::Link("https://example.com/a\u{1b}b".to_owned()), Tone::Plain);
    let table =
        Table::new(&[Column::Left, Column::Words], vec![vec![plain("1"), link("a rule of this name").and(" here")]]);
    let layout = Layout { width: Some(24), links: true, ..Layout::PLAIN };
    let text = super::terminal::table(&table, 0, layout);
    assert_eq!(text, "1  \u{1b}]8;;https://example.com/a␛b\u{1b}\\a rule of this name\u{1b}]8;;\u{1b}\\ …\n");
    let plain_text = super::terminal::table(&table, 0, Layout { links: false, ..layout });
    assert_eq!(plain_text, "1  a rule of this name …\n");
}

#[test]
fn anchors_differ_where_their_addresses_would_not() {
    let mut anchors = crate::report::anchor::Anchors::default();
    let names = ["a-b/Dockerfile", "a/b/Dockerfile", "a/b/Dockerfile"].map(|name| anchors.name(name));
    assert_eq!(names, ["a-b-Dockerfile", "a-b-Dockerfile-2", "a-b-Dockerfile-3"]);
}

#[test]
fn a_table_that_is_too_wide_for_a_narrow_screen_is_stacked() {
    let columns = [Column::Left, Column::Right, Column::Right, Column::Left, Column::Words];
    let stacked = |cells: [&str; 4]| {
        let mut page = Page::new("x");
        let cells = cells.iter().chain(&[""]).map(plain).collect();
        page.push(Table::new(&columns, vec![cells]).with_head(&["", "before", "after", "change", ""]));
        html(&page).contains("<table class=\"stack\">")
    };
    assert!(stacked(["rebuild after a source change", "551 MB", "104 MB", "−447 MB (−81 %)"]));
    assert!(!stacked(["size", "5 MB", "4 MB", "−1 MB"]));
}

#[test]
fn a_trend_begins_at_zero_and_where_it_starts() {
    let point = |value: Option<f64>| TrendPoint {
        name: "c".to_owned(),
        value,
        text: value.map(|value| format!("{value} MB")).unwrap_or_default(),
    };
    let draw = |values: &[Option<f64>]| {
        let mut page = Page::new("x");
        page.push(Chart::Trend { name: "size".to_owned(), points: values.iter().copied().map(point).collect() });
        html(&page)
    };
    let text = draw(&[Some(1000.0), Some(1002.0), Some(998.0)]);
    assert!(text.contains("d=\"M0 5.19L50 5.00L100 5.38\""), "a small change is small: {text}");
    assert!(text.contains("<figcaption>size: from 998 MB to 1002 MB</figcaption>"), "{text}");
    assert!(text.contains("<span>1002 MB</span><span>0</span>"), "{text}");
    assert!(draw(&[Some(1000.0), Some(190.0)]).contains("d=\"M0 5.00L100 81.95\""), "a large one is large");
    assert!(draw(&[Some(1.0), Some(1.0)]).contains("size: always 1 MB</figcaption>"));
    let late = draw(&[None, Some(5.0), Some(5.0)]);
    assert!(late.contains("d=\"M50 5.00L100 5.00\"") && late.contains("margin-left:40%"), "{late}");
    assert!(late.contains("size: always 5 MB"), "{late}");
}

#[test]
fn lines_that_are_copied_keep_their_tabs() {
    let mut page = Page::new("x");
    page.push(Block::Diff("+\tmake\u{1b}".to_owned()));
    assert!(markdown(&page, MarkdownLimit::NONE).contains("+\tmake␛\n"));
    assert!(html(&page).contains("+\tmake␛\n"));
}
