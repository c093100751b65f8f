//! The lines of a source that an annotation needs: few and short. Huge lines and spans would be dear to render and useless to
//! read.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use super::page::SourceExcerpt;
use crate::audit::Report;
use crate::text::{Source, Span};
use crate::wire::ExcerptJson;

/// More lines than this are not drawn as one.
const LINES: u32 = 40;
/// Of a longer span these many lines are shown.
const FIRST_LINES: u32 = 3;
/// Bytes of a line that are shown before and behind the place.
const AROUND: usize = 300;

/// The lines of the first span, and where the spans lie in them.
pub(super) fn excerpt(source: &Source, spans: &[Span]) -> SourceExcerpt {
    let text = source.text();
    let main = spans.first().copied().unwrap_or_default();
    let len = text.len() as u32;
    let (start, end) = (main.start.min(len), main.end.clamp(main.start.min(len), len));
    let mut first_line = source.line(start);
    // A span that ends with a line end does not reach into the next line.
    let mut last_line = source.line(if end > start { end - 1 } else { end });
    let main_lines = first_line..=last_line;
    if last_line - first_line > LINES {
        last_line = first_line + FIRST_LINES - 1;
    }
    for span in spans.iter().skip(1) {
        let (from, to) = (source.line(span.start.min(len)), source.line(span.end.min(len)));
        let (low, high) = (first_line.min(from), last_line.max(to));
        if high - low <= LINES {
            (first_line, last_line) = (low, high);
        }
    }
    let window = LineWindow::new(source, first_line..=last_line, start as usize, end as usize);
    let places = spans.iter().map(|span| window.place(without_hidden_start(*span, source.mark()))).collect();
    let lines = window.visible.split('\n').map(str::to_owned).collect();
    let marked = main_lines.filter(|line| *line <= last_line).collect();
    SourceExcerpt { file: String::new(), first_line, lines, marked, is_clipped: window.clipped, places }
}

/// Of a result: lines before and behind those of a finding.
const MARGIN: u32 = 2;
/// Lines of a finding.
const FINDING_LINES: u32 = 20;
/// Bytes of a line, and of all together.
const LONGEST_LINE: usize = 300;
const LONGEST: usize = 1 << 20;

/// The lines that findings are about with some around them, each line of a file once: what a report shows that reads no
/// source. The sources hold no secrets any more.
pub(super) fn excerpts(report: &Report) -> Vec<ExcerptJson> {
    let mut stretches: BTreeMap<usize, Vec<(u32, u32)>> = BTreeMap::new();
    for finding in &report.findings {
        let Some(source) = report.sources.get(finding.file.0 as usize) else { continue };
        let first = source.line(finding.span.start);
        let last = source.line(finding.span.end.max(finding.span.start + 1) - 1).min(first + FINDING_LINES - 1);
        let end = (last + MARGIN).min(source.line_count());
        stretches
            .entry(finding.file.0 as usize)
            .or_default()
            .push((first.saturating_sub(MARGIN).max(source.line(source.mark())), end));
    }
    let mut room = LONGEST;
    let mut excerpts = Vec::new();
    for (file, mut stretches) in stretches {
        let source = &report.sources[file];
        stretches.sort_unstable();
        let mut joined: Vec<(u32, u32)> = Vec::new();
        for (first, last) in stretches {
            match joined.last_mut() {
                Some((_, end)) if first <= *end + 1 => *end = last.max(*end),
                _ => joined.push((first, last)),
            }
        }
        for (first_line, last) in joined {
            let mut lines = Vec::new();
            for line in (first_line..=last).map(|line| short_line(source, line)) {
                let Some(left) = room.checked_sub(line.len() + 1) else { break };
                room = left;
                lines.push(line);
            }
            if !lines.is_empty() {
                excerpts.push(ExcerptJson { file: source.name().to_owned(), first_line, lines });
            }
        }
    }
    excerpts
}

/// A line without its end, and of a long one its start.
fn short_line(source: &Source, line: u32) -> String {
    let span = source.line_span(line);
    let text = source.slice(Span::new(span.start.max(source.mark()).min(span.end), span.end));
    let end = text.floor_char_boundary(LONGEST_LINE);
    if end < text.len() { format!("{}…", &text[..end]) } else { text.to_owned() }
}

/// The visible part of each line.
struct LineWindow<'a> {
    text: &'a str,
    /// Visible stretches of the source, with the offset of each in `visible`.
    clusters: Vec<(Range<usize>, usize)>,
    visible: String,
    clipped: bool,
}

impl<'a> LineWindow<'a> {
    fn new(source: &'a Source, lines: RangeInclusive<u32>, start: usize, end: usize) -> Self {
        let text = source.text();
        let mut window = Self { text, clusters: Vec::new(), visible: String::new(), clipped: false };
        let last = *lines.end();
        for line in lines {
            let mut range = source.line_span(line).range();
            range.start = range.start.max(source.mark() as usize);
            // Around the place where it begins or ends in this line; else the line's start.
            let centre = if range.contains(&start) || start == range.end { start } else { end.min(range.start) };
            let centre = centre.clamp(range.start, range.end);
            let low = text.floor_char_boundary(centre.saturating_sub(AROUND).max(range.start));
            let high = text.ceil_char_boundary((centre + AROUND).min(range.end));
            window.keep(low..high, range);
            if line < last {
                window.visible.push('\n');
            }
        }
        window
    }

    fn keep(&mut self, range: Range<usize>, line: Range<usize>) {
        if range.start > line.start {
            self.visible.push('…');
            self.clipped = true;
        }
        self.clusters.push((range.clone(), self.visible.len()));
        self.visible.push_str(&self.text[range.clone()]);
        if range.end < line.end {
            self.visible.push('…');
        }
    }

    /// Offset in the visible text; a place that is not visible moves to the nearest one that is.
    fn offset(&self, at: usize) -> usize {
        let index = self.clusters.partition_point(|(range, _)| range.start <= at).saturating_sub(1);
        let (range, offset) = &self.clusters[index];
        let at = self.text.floor_char_boundary(at.clamp(range.start, range.end));
        offset + at - range.start
    }

    fn place(&self, span: Span) -> Option<Range<usize>> {
        let (first, last) = (self.clusters.first()?.0.start, self.clusters.last()?.0.end);
        let range = span.range();
        if range.start > last || range.end < first {
            return None;
        }
        let start = self.offset(range.start);
        Some(start..self.offset(range.end).max(start))
    }
}

/// A span without what stands before the first place that is visible.
fn without_hidden_start(span: Span, first: u32) -> Span {
    Span::new(span.start.max(first), span.end.max(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, span: (u32, u32), line: u32, expected: &str, marked: &str) {
        let excerpt = excerpt(&Source::of("f", text), &[Span::new(span.0, span.1)]);
        let text = excerpt.lines.join("\n");
        assert_eq!((excerpt.first_line, &*text), (line, expected));
        assert_eq!(&text[excerpt.places[0].clone().unwrap()], marked);
    }

    #[test]
    fn the_lines_of_a_span_are_shown() {
        check("FROM a\nRUN b\nRUN c\n", (11, 12), 2, "RUN b", "b");
        check("FROM a\r\nRUN b\r\n", (0, 13), 1, "FROM a\nRUN b", "FROM a\nRUN b");
        check("a\nb\n", (0, 2), 1, "a", "a");
        check("", (0, 0), 1, "", "");
        check("\u{feff}FROM a\n", (0, 9), 1, "FROM a", "FROM a");
        check("\u{feff}FROM a\n", (8, 9), 1, "FROM a", "a");
        check("\u{feff}", (0, 0), 1, "", "");
        check("a\n", (2, 2), 2, "", "");
        check("x\u{9b}\u{1b}y", (1, 4), 1, "x\u{9b}\u{1b}y", "\u{9b}\u{1b}");
    }

    #[test]
    fn huge_lines_and_spans_are_clipped() {
        let text = format!("{}é{}", "a".repeat(10_000), "b".repeat(10_000));
        let long = excerpt(&Source::of("f", &text), &[Span::new(10_000, 10_002)]);
        let [line] = &long.lines[..] else { panic!("{long:?}") };
        assert!(line.len() < 700 && line.starts_with('…'));
        assert_eq!(&line[long.places[0].clone().unwrap()], "é");
        let lines = "x\n".repeat(1_000);
        let many = excerpt(&Source::of("f", &lines), &[Span::new(2, 1_900), Span::new(1_999, 2_000)]);
        assert_eq!((many.first_line, &*many.lines.join("\n"), &*many.marked), (2, "x\nx\nx", &[2, 3, 4][..]));
        assert_eq!(many.places, [Some(0..5), None]);
    }

    fn of(text: &str, spans: &[(usize, usize)]) -> Vec<ExcerptJson> {
        let source = Source::of("f", text);
        let sample = crate::report::sample::report();
        let finding = |(first, last): &(usize, usize)| crate::finding::Finding {
            span: Span::new(source.line_span(*first as u32).start, source.line_span(*last as u32).end),
            ..sample.findings[0].clone()
        };
        let findings = spans.iter().map(finding).collect();
        excerpts(&Report { sources: vec![Source::of("f", text)], findings, ..Report::default() })
    }

    #[test]
    fn a_result_has_each_line_once() {
        let lines: Vec<String> = (1..=100).map(|line| format!("line {line}\r\n")).collect();
        let text = lines.concat();
        let excerpts = of(&text, &[(50, 50), (1, 1), (53, 54), (80, 100), (50, 50)]);
        let stretches: Vec<(u32, usize)> = excerpts.iter().map(|item| (item.first_line, item.lines.len())).collect();
        assert_eq!(stretches, [(1, 3), (48, 9), (78, 23)]);
        assert_eq!(excerpts[1].lines[2], "line 50");
        assert_eq!(of("\u{feff}FROM a", &[(1, 1)])[0].lines, ["FROM a"]);
        assert!(of("", &[(1, 1)])[0].lines.len() <= 1);
    }

    #[test]
    fn the_lines_of_a_result_are_bounded() {
        let long = format!("{}\n", "é".repeat(1_000)).repeat(5_000);
        let spans: Vec<(usize, usize)> = (1..=5_000).map(|line| (line, line)).collect();
        let excerpts = of(&long, &spans[..50]);
        assert_eq!((excerpts.len(), excerpts[0].lines.len()), (1, 52));
        assert!(excerpts[0].lines.iter().all(|line| line.len() <= LONGEST_LINE + 3 && line.ends_with('…')));
        let bytes: usize = of(&long, &spans).iter().flat_map(|item| &item.lines).map(String::len).sum();
        assert!((LONGEST - 10_000..=LONGEST).contains(&bytes), "{bytes}");
    }
}
