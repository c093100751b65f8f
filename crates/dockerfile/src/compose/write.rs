//! A changed Dockerfile back into its compose file: lines that stay are left as they are, new ones get their indentation.

use super::builds::inline_dockerfiles;
use crate::text::Source;
use crate::yaml::{self, YamlNode};

/// The bytes of the compose file in which `now` stands in the place of `before`. `None` where it can't be written so that it
/// reads the same again.
pub fn write(host: &Source, before: &Source, now: &str) -> Option<Vec<u8>> {
    let embedding = before.embedding().filter(|embedding| embedding.is_writable())?;
    let lead = before.mark() as usize;
    let (old, new) = (&before.text()[lead..], now.get(lead..)?);
    if !now.as_bytes()[..lead].iter().all(|byte| *byte == b'\n') {
        return None;
    }
    let first = host.line(embedding.span.start);
    let (old_lines, new_lines): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let head = old_lines.iter().zip(&new_lines).take_while(same).count();
    let shorter = old_lines.len().min(new_lines.len()) - head;
    let tail = old_lines.iter().rev().zip(new_lines.iter().rev()).take(shorter).take_while(same).count();
    let last = first + (old_lines.len() - tail) as u32;
    let (from, to) = (host.line_span(first + head as u32).start as usize, host.line_span(last).start as usize);
    let text = host.text();
    let newline = if text[..from].ends_with("\r\n") { "\r\n" } else { "\n" };
    let indent = " ".repeat(embedding.indent? as usize);
    let mut out = text[..from].to_owned();
    if from > 0 && !out.ends_with('\n') {
        // Behind a last line that has no end.
        out.push_str(newline);
    }
    for line in &new_lines[head..new_lines.len() - tail] {
        if !line.is_empty() {
            out.push_str(&indent);
            out.push_str(&line.replace('$', "$$"));
        }
        out.push_str(newline);
    }
    out.push_str(&text[to..]);
    if !text.ends_with('\n') && out.ends_with(newline) {
        out.truncate(out.len() - newline.len());
    }
    let written = Source::of(host.name(), &out);
    let exact = host.bytes() == text.as_bytes() && reads_same(host, &written, embedding.span.start, new);
    exact.then(|| out.into_bytes())
}

/// Whether only the Dockerfile at `at` reads differently, and that one as it should.
fn reads_same(host: &Source, written: &Source, at: u32, new: &str) -> bool {
    let (before, after) = (yaml::read(host.text()), yaml::read(written.text()));
    let mut old = Vec::new();
    before.documents().for_each(|node| flat(node, &mut old));
    let mut now = Vec::new();
    after.documents().for_each(|node| flat(node, &mut now));
    let Some(index) = old.iter().position(|(place, _)| *place == at) else { return false };
    let is_new = |inline: &Source| inline.text()[inline.mark() as usize..] == *new;
    before.problems().len() == after.problems().len()
        && old.len() == now.len()
        && old.iter().zip(&now).enumerate().all(|(at, (old, now))| at == index || old.1 == now.1)
        && inline_dockerfiles(written).iter().any(is_new)
        && now[index].1.is_some_and(|text| text.replace("$$", "$") == new)
}

/// All nodes in order: where each stands, and the texts.
fn flat<'t>(node: YamlNode<'t>, out: &mut Vec<(u32, Option<&'t str>)>) {
    let place = node.span().start;
    if node.is_alias() {
        out.push((place, None));
        return;
    }
    out.push((place, node.text()));
    for item in node.items() {
        flat(item, out);
    }
    for entry in node.entries() {
        flat(entry.key, out);
        flat(entry.value, out);
    }
}
