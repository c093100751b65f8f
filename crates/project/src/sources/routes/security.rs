//! Which paths Spring Security answers without a login.

use super::source::RouteSource;
use crate::manifest::Ecosystem;
use crate::sources::code;
use crate::sources::literals::string_literals;
use crate::text::path;

/// The paths that anybody may ask for, where the sources set up Spring Security.
pub(super) struct OpenPaths {
    patterns: Vec<String>,
    all: bool,
    /// Whether there are several chains, each for some paths.
    is_divided: bool,
}

impl OpenPaths {
    /// `None` where no source sets it up.
    pub(super) fn of(sources: &[RouteSource]) -> Option<Self> {
        let java = sources.iter().filter(|source| source.kind.ecosystem() == Some(Ecosystem::Java));
        let sets = java.filter(|source| source.raw.contains("HttpSecurity") && source.raw.contains(".authoriz"));
        let mut known: Option<Self> = None;
        for source in sets {
            let open = known.get_or_insert(Self { patterns: Vec::new(), all: false, is_divided: false });
            open.is_divided |= source.raw.contains("securityMatcher");
            let text = source.text();
            let words = ["requestMatchers", "antMatchers", "mvcMatchers", "pathMatchers"];
            for at in words.iter().flat_map(|word| code::words(text, word).map(move |at| at + word.len())) {
                let (true, Some(list)) = (text[at..].starts_with('('), code::bracketed(&text[at..])) else { continue };
                let behind = text[at + list.len() + 2..].trim_start();
                let is_ignored = text[..at]
                    .trim_end_matches(char::is_alphanumeric)
                    .trim_end_matches('.')
                    .trim_end()
                    .ends_with("ignoring()");
                let is_other_method = list.contains("HttpMethod.") && !list.contains("HttpMethod.GET");
                if (behind.starts_with(".permitAll") || is_ignored) && !is_other_method {
                    open.add(source, list);
                }
            }
            open.all |= ["anyRequest()", "anyExchange()"].iter().any(|word| {
                text.match_indices(word).any(|(at, _)| text[at + word.len()..].trim_start().starts_with(".permitAll"))
            });
        }
        known
    }

    /// The texts of a list, also of the constants that it names.
    fn add(&mut self, source: &RouteSource, list: &str) {
        let text = source.text();
        for argument in code::arguments(list) {
            let name = argument.rsplit('.').next().unwrap_or(argument);
            let mut defined = code::words(text, name).filter_map(|at| text[at + name.len()..].split_once(';'));
            let of_name =
                defined.find(|(value, _)| value.trim_start().trim_start_matches("[]").trim_start().starts_with('='));
            let is_text = argument.contains('"');
            let texts = if is_text { Some(argument) } else { of_name.map(|(value, _)| value) };
            let literals = texts.into_iter().flat_map(|texts| string_literals(source.path, texts));
            self.patterns.extend(literals.map(|literal| literal.text));
        }
    }

    /// Whether anybody may ask for a path.
    pub(super) fn holds(&self, route: &str) -> bool {
        let route = route.trim_matches('/');
        // What a chain of its own stands for is not read.
        if self.is_divided {
            return false;
        }
        self.all
            || self.patterns.iter().map(|pattern| pattern.trim_matches('/')).any(|pattern| {
                match pattern.strip_suffix("**") {
                    Some(front) => path::is_within(route, front.trim_end_matches('/')),
                    None => pattern == route,
                }
            })
    }
}
