//! Which ports of the host the pages of the repository call: browsers know no names of services, and an address that a build
//! writes into pages stays what it was.

use std::collections::BTreeMap;

use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::facts::example::place;
use crate::emit::input::EmitInput;
use crate::emit::links::Project;
use crate::emit::links::mention::{ConnectionRole, role};
use crate::emit::links::program_url::{is_front, program_of, takes_requests};
use crate::manifest::{Ecosystem, FileKind, FileRole};
use crate::secret;
use crate::sources::values::without_comments;
use crate::text::{Source, path};

/// Hosts by which pages mean the machine of the browser.
const HOSTS: [&str; 2] = ["://localhost:", "://127.0.0.1:"];

/// A port of the host that pages call.
#[derive(Clone, Debug)]
pub(super) struct PageCall {
    pub(super) port: u16,
    /// Where they have the address.
    pub(super) place: String,
    /// The variable that holds it.
    variable: Option<String>,
    /// The program whose pages they are.
    caller: Option<usize>,
}

/// The port of the host on which pages look for each program, by its name.
pub(super) fn page_calls(input: &EmitInput, project: &Project) -> BTreeMap<String, PageCall> {
    let applications: Vec<&Application> = project.applications().collect();
    let mut calls: BTreeMap<String, PageCall> = BTreeMap::new();
    let is_of_proxy = |port: u16| project.proxy.as_ref().is_some_and(|proxy| proxy.ports.contains(&port));
    for call in calls_of_pages(input, &applications).into_iter().filter(|call| !is_of_proxy(call.port)) {
        let is_taken = calls.values().any(|known| known.port == call.port);
        if !is_taken && let Some(target) = target(&call, &applications, project.proxy.is_some()) {
            calls.entry(target.name.clone()).or_insert(call);
        }
    }
    calls
}

/// The program that a call is for: the one that listens there, else the one that its variable names, else the only one that
/// has no pages itself.
fn target<'a, 'i>(
    call: &PageCall,
    applications: &[&'a Application<'i>],
    has_proxy: bool,
) -> Option<&'a Application<'i>> {
    let others =
        applications.iter().enumerate().filter(|(at, known)| Some(*at) != call.caller && takes_requests(known));
    let others: Vec<&'a Application<'i>> = others.map(|(_, known)| *known).collect();
    let words: Vec<&str> = call.variable.iter().flat_map(|name| words(name)).collect();
    let is_for_pages = |word: &&str| data::ADDRESS_WORDS.has(word, "for-browsers");
    if words.iter().any(is_for_pages) {
        return None;
    }
    let listening: Vec<&'a Application<'i>> =
        others.iter().copied().filter(|known| known.port == Some(call.port)).collect();
    match listening[..] {
        [known] => return Some(known),
        [] => {}
        _ => return program_of(&words, &listening, true),
    }
    let is_own = call.caller.is_some_and(|at| applications[at].port == Some(call.port));
    // A proxy passes on what pages call at its own address.
    if is_own || has_proxy {
        return None;
    }
    let is_general =
        |word: &&str| ["of-backend", "of-any-program"].iter().any(|role| data::ADDRESS_WORDS.has(word, role));
    let specific: Vec<&str> = words.iter().copied().filter(|word| !is_general(word)).collect();
    let mut named = [&words, &specific].into_iter().filter(|words| !words.is_empty());
    if let Some(known) = named.find_map(|words| program_of(words, &others, true)) {
        return Some(known);
    }
    // A variable that names something else means no program of the repository.
    let mut plain = others.into_iter().filter(|known| specific.is_empty() && !is_front(known));
    let (only, None) = (plain.next()?, plain.next()) else { return None };
    Some(only)
}

/// The words of a variable that name a program: `AUTH` of `VITE_AUTH_API_URL`.
fn words(name: &str) -> impl Iterator<Item = &str> {
    let rest = data::BUNDLE_VARIABLES.keys().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    let is_address = |word: &&str| matches!(role(word), Some(ConnectionRole::Url | ConnectionRole::Host));
    rest.split('_').filter(move |word| !word.is_empty() && !is_address(word))
}

/// The addresses at this machine in pages and in the variables that bundlers write into them, those first that count for a
/// build before those that only show what may be set.
fn calls_of_pages(input: &EmitInput, applications: &[&Application]) -> Vec<PageCall> {
    let mut calls = Vec::new();
    for (at, application) in applications.iter().enumerate() {
        let source = application.build.input().file.source();
        calls.extend(addresses(source, source.text(), (Some(at), false)));
    }
    let mut shown = Vec::new();
    for (at, file) in input.files.files.iter().enumerate() {
        let kind = FileKind::of(&file.below);
        let caller = owner(&file.path, applications);
        if file.is_environment {
            let is_example = kind.role() == FileRole::Example || input.examples.iter().any(|known| known.file == at);
            let list = if is_example { &mut shown } else { &mut calls };
            list.extend(addresses(&file.source, file.source.text(), (caller, false)));
        } else if kind.has_code() && kind.ecosystem() == Some(Ecosystem::Node) && file.is_of_program() {
            let is_page = caller.is_some_and(|caller| {
                let known = applications[caller];
                is_front(known) || !known.code.files.contains(&at) && known.context != input.folder
            });
            let text = without_comments(&file.below, file.source.text());
            calls.extend(addresses(&file.source, &text, (caller, is_page)));
        }
    }
    calls.extend(shown);
    calls
}

/// The program with the nearest folder around a file: its build context, or that of its Dockerfile.
fn owner(file: &str, applications: &[&Application]) -> Option<usize> {
    let depth = |known: &Application| {
        let folders = [known.context.as_str(), path::parent(&known.dockerfile)];
        folders.into_iter().filter(|folder| path::is_within(file, folder)).map(str::len).max()
    };
    let known = applications.iter().enumerate().filter_map(|(at, known)| Some((depth(known)?, at)));
    known.max_by_key(|(depth, at)| (*depth, std::cmp::Reverse(*at))).map(|(_, at)| at)
}

/// The addresses in a text that pages call: all where it is a page, else those in the statement of a variable for pages.
fn addresses(source: &Source, text: &str, (caller, is_page): (Option<usize>, bool)) -> Vec<PageCall> {
    let mut ports: Vec<(usize, u16)> = Vec::new();
    for host in HOSTS {
        ports.extend(text.match_indices(host).filter_map(|(at, _)| {
            let rest = &text[at + host.len()..];
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            Some((at, rest[..end].parse().ok()?))
        }));
    }
    ports.sort_unstable();
    let calls = ports.into_iter().filter_map(|(at, port)| {
        let variable = bundled_variable(text, at);
        let place = place(source, at);
        (is_page || variable.is_some()).then_some(PageCall { port, place, variable, caller })
    });
    calls.collect()
}

/// The variable for pages in the line of a place, or in the one above where that ends within a statement.
fn bundled_variable(text: &str, at: usize) -> Option<String> {
    let variable = |text: &str| {
        let mut names = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        names.rfind(|name| secret::is_bundled(name)).map(str::to_owned)
    };
    let line = text[..at].rfind('\n').unwrap_or(0);
    let above = &text[text[..line].rfind('\n').map_or(0, |start| start + 1)..line];
    let is_open = above.trim_end().ends_with(['|', '?', '=', '(']);
    variable(&text[line..at]).or_else(|| if is_open { variable(above) } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_for_pages_stand_before_their_values() {
        let name = |text: &str| bundled_variable(text, text.find("://localhost").unwrap());
        assert_eq!(name("VITE_API_URL=http://localhost:8000\n").as_deref(), Some("VITE_API_URL"));
        assert_eq!(
            name("const a = process.env.NEXT_PUBLIC_API ??\n  'http://localhost:8000';").as_deref(),
            Some("NEXT_PUBLIC_API")
        );
        assert_eq!(name("VITE_TITLE=Shop\nAPI_URL=http://localhost:8000\n"), None);
        assert_eq!(words("VITE_AUTH_API_URL").collect::<Vec<_>>(), ["AUTH", "API"]);
    }
}
