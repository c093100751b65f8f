//! Rules about the pages that a web server of an image serves.

use crate::build::{NginxStatement, StageBase, WebServer, nginx_tree};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::rules::Context;
use crate::text::path;

crate::rules::family! {
    "web-page-cached" => web_page_cached;
    "web-page-without-fallback" => web_page_without_fallback;
}

/// What is known of the pages of an image.
struct Pages {
    server: WebServer,
    /// The instruction that copies the pages.
    copied_at: usize,
    /// The configuration: the instruction that copies each file, its path and its text.
    settings: Vec<(usize, String, String)>,
}

impl Pages {
    /// The pages of an image that nginx serves, where its configuration is known whole.
    fn of(cx: &Context) -> Option<Self> {
        let build = cx.build();
        let stage = build.target()?;
        let server = build.web_server(stage).filter(|server| server.settings == "/etc/nginx")?;
        cx.context()?;
        let is_page = |place: &str| data::words(server.pages).any(|folder| path::is_within(place, folder));
        let mut copies = build.chain(stage).flat_map(|below| build.transfers(below));
        let copy = copies.find(|transfer| {
            let is_built = matches!(transfer.from, Some(StageBase::Stage(_)));
            is_built && transfer.destination.as_deref().is_some_and(|to| is_page(to.trim_end_matches('/')))
        })?;
        let (copied_at, settings) = (copy.index, server.settings);
        // A step or a start script may write a configuration.
        let source = cx.source();
        let may_write = build.chain(stage).any(|below| {
            build.instructions(below).any(|(_, instruction)| {
                let text = source.slice(instruction.span);
                let is_step = matches!(instruction.keyword, Keyword::Run | Keyword::Entrypoint);
                is_step && (text.contains("nginx") || text.contains("conf")) || text.contains("docker-entrypoint.d")
            })
        });
        let files = build.files_copied_into(stage, settings);
        let read = |(index, file): (usize, String)| {
            let text = cx.text_of(&file).map(|bytes| String::from_utf8_lossy(bytes).into_owned())?;
            Some((index, file, text))
        };
        let settings: Option<Vec<_>> = files.into_iter().map(read).collect();
        let is_foreign = || {
            let mut copies = build.chain(stage).flat_map(|below| build.transfers(below));
            copies.any(|transfer| {
                let to = transfer.destination.as_deref().unwrap_or("/etc/nginx");
                transfer.from.is_some() && path::is_within(to, server.settings)
            })
        };
        (!may_write && !is_foreign()).then_some(())?;
        Some(Self { server, copied_at, settings: settings? })
    }

    /// The statements of all files, each with its file.
    fn statements(&self) -> Vec<(usize, &str, Vec<NginxStatement<'_>>)> {
        self.settings.iter().map(|(index, file, text)| (*index, file.as_str(), nginx_tree(text))).collect()
    }
}

/// Pages that are found by their address have no files: without a fallback a reload of one answers 404.
fn web_page_without_fallback(cx: &Context, out: &mut Findings) {
    let Some(pages) = Pages::of(cx) else { return };
    let Some(router) = path_router(cx) else { return };
    let files = pages.statements();
    let statements = || files.iter().flat_map(|(_, _, tree)| tree);
    if statements().any(may_answer_all) {
        return;
    }
    let lead = format!("pages of `{router}` answer 404 when somebody opens or reloads one by its address");
    let image = pages.server.image;
    // The configuration that serves the pages, by its `try_files` or its root.
    let first_of = |wanted: &'static str| {
        let is_it = |statement: &&NginxStatement| statement.directive() == wanted;
        files.iter().find_map(|(index, file, tree)| Some((*index, *file, tree.iter().find(is_it)?.line)))
    };
    let served = ["try_files", "root"].iter().find_map(|wanted| first_of(wanted));
    let (index, message) = match served {
        Some((index, file, line)) => (index, format!("{lead}: `{file}` (line {line}) has no fallback to `index.html`")),
        None if pages.settings.is_empty() => (
            pages.copied_at,
            format!("{lead}: the configuration that `{image}` comes with has no fallback to `index.html`"),
        ),
        None => return,
    };
    let span = cx.build().instruction(index).head;
    let finding = cx.finding_at(index, span, message);
    out.push(finding.help("write `location / { try_files $uri $uri/ /index.html; }` in its configuration"));
}

/// Whether a statement may let nginx answer for addresses without a file.
fn may_answer_all(statement: &NginxStatement) -> bool {
    let last = statement.words().last().unwrap_or_default();
    let is_place = |word: &str| word.starts_with(['/', '@']);
    match statement.directive() {
        "try_files" => statement.words().skip(1).any(is_place),
        "error_page" => is_place(last),
        "include" => !["mime.types", "_params", "conf.d/*.conf"].iter().any(|known| last.ends_with(known)),
        // What is passed on, or sent elsewhere, at the top is not served from files.
        "proxy_pass" | "return" => statement.blocks.last().is_some_and(|(_, block)| *block == "location /"),
        "rewrite" | "js_content" | "perl" => true,
        _ => false,
    }
}

/// The package that shows the pages of a project by the path of their address.
fn path_router(cx: &Context) -> Option<&'static str> {
    let projects = cx.projects()?;
    let has =
        |package: &str| projects.iter().any(|project| project.dependencies.iter().any(|known| known.name == package));
    let rows: Vec<data::Row> = data::PAGE_ROUTERS.rows().filter(|row| has(row[0])).collect();
    if rows.iter().any(|row| row[1] == "-") {
        return None;
    }
    let texts: Vec<String> = cx
        .texts()
        .map(|bytes| {
            let text = String::from_utf8_lossy(bytes).replace('"', "'");
            text.chars().filter(|c| !c.is_whitespace()).collect()
        })
        .collect();
    let shows = |signs: &'static str| data::words(signs).any(|sign| texts.iter().any(|text| text.contains(sign)));
    rows.into_iter().find(|row| shows(row[1]) && !shows(row[2])).map(|row| row[0])
}

/// A page that browsers keep names files that the next release no longer has.
fn web_page_cached(cx: &Context, out: &mut Findings) {
    let Some(pages) = Pages::of(cx) else { return };
    let files = pages.statements();
    let all: Vec<&NginxStatement> = files.iter().flat_map(|(_, _, tree)| tree).collect();
    for (index, file, tree) in &files {
        let servers =
            tree.iter().filter_map(|statement| server_of(statement)).collect::<std::collections::BTreeSet<_>>();
        for server in servers {
            let Some(kept) = kept_page(tree, server, &all) else { continue };
            let message = format!(
                "browsers keep `index.html` for {} (`{file}`, line {}): after a release they ask for files that are gone",
                kept.time, kept.line
            );
            let span = cx.build().instruction(*index).head;
            let help = "send `Cache-Control: no-cache` for `index.html`, and the long time for files with a hash in their name alone";
            out.push(cx.finding_at(*index, span, message).help(help));
            return;
        }
    }
}

/// The number of the server that a statement is in.
fn server_of(statement: &NginxStatement) -> Option<usize> {
    statement.blocks.iter().find(|(_, block)| *block == "server").map(|(number, _)| *number)
}

/// How long browsers keep a page.
struct KeptPage {
    time: String,
    line: usize,
}

/// How long browsers keep index.html of a server, where that is long.
fn kept_page(tree: &[NginxStatement], server: usize, all: &[&NginxStatement]) -> Option<KeptPage> {
    let of_server: Vec<&NginxStatement> =
        tree.iter().filter(|statement| server_of(statement) == Some(server)).collect();
    // The location of the page: by its name, by a pattern with its ending, or that of everything.
    let location = |wanted: &dyn Fn(&str) -> bool| {
        let blocks = of_server.iter().filter_map(|statement| statement.blocks.last());
        blocks.copied().find(|(_, block)| block.starts_with("location") && wanted(block)).map(|(number, _)| number)
    };
    let by_name = location(&|block| block.contains("index.html") || block.contains('~') && block.contains("html"));
    let place = by_name.or_else(|| location(&|block| block == "location /")).unwrap_or(server);
    let directly_in =
        |number: usize| of_server.iter().filter(move |it| it.blocks.last().is_some_and(|block| block.0 == number));
    // Conditions inside may say something else.
    let is_open = of_server.iter().any(|it| it.blocks.iter().any(|block| block.1.starts_with("if")));
    let passes = directly_in(place).any(|it| matches!(it.directive(), "proxy_pass" | "include" | "return"));
    if is_open || passes {
        return None;
    }
    let is_header = |it: &&&NginxStatement| it.directive() == "add_header";
    // Headers of the server hold where the location sets none.
    let holder = if directly_in(place).any(|it| is_header(&it)) { place } else { server };
    let headers = directly_in(holder).filter(is_header);
    let headers: Vec<_> = headers.filter(|it| it.text.to_ascii_lowercase().contains("cache-control")).collect();
    let expires = |number: usize| directly_in(number).find(|it| it.directive() == "expires");
    let expires = expires(place).or_else(|| expires(server));
    let values: Vec<(&NginxStatement, String)> =
        headers.into_iter().copied().chain(expires.copied()).map(|it| (it, value_of(it, all))).collect();
    if values.iter().any(|(_, value)| value.contains("no-cache") || value.contains("no-store") || value.is_empty()) {
        return None;
    }
    values.into_iter().find_map(|(statement, value)| Some(KeptPage { time: long_time(&value)?, line: statement.line }))
}

/// What a statement sets, with the value that a map gives to a page; empty where it is not known.
fn value_of(statement: &NginxStatement, all: &[&NginxStatement]) -> String {
    let text = statement.text.to_ascii_lowercase();
    let Some(at) = text.find('$') else { return text };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name: String = text[at + 1..].chars().take_while(|c| is_name(*c)).collect();
    let is_map = |it: &&&NginxStatement| {
        it.blocks.last().is_some_and(|(_, block)| {
            block.starts_with("map ") && block.to_ascii_lowercase().ends_with(&format!("${name}"))
        })
    };
    let entries: Vec<&&NginxStatement> = all.iter().filter(is_map).collect();
    let of_page = entries.iter().find(|it| it.directive().contains("html") || it.directive().contains("/$"));
    let entry = of_page.or_else(|| entries.iter().find(|it| it.directive() == "default"));
    entry.map(|it| it.text.to_ascii_lowercase()).unwrap_or_default()
}

/// Seconds from which on a page is kept for long: a day.
const LONG: u64 = 24 * 60 * 60;

/// The time of `expires 1y` or `max-age=31536000`, where it is long.
fn long_time(text: &str) -> Option<String> {
    if let Some((_, rest)) = text.split_once("max-age=") {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let seconds = digits.parse::<u64>().ok()?;
        return (seconds >= LONG).then(|| in_days(seconds / LONG));
    }
    let value = text.split_whitespace().last()?;
    if value == "max" {
        return Some("ten years".to_owned());
    }
    let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
    let days = match value.strip_prefix(digits.as_str())? {
        "d" => 1,
        "w" => 7,
        "y" => 365,
        _ => return None,
    };
    let days = digits.parse::<u64>().ok()?.saturating_mul(days);
    (days > 0).then(|| in_days(days))
}

fn in_days(days: u64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

#[cfg(test)]
mod tests {
    use super::long_time;

    #[test]
    fn times_of_a_day_and_more_are_long() {
        let time = |text: &str| long_time(text);
        assert_eq!(time("expires 1y").as_deref(), Some("365 days"));
        assert_eq!(
            time("add_header cache-control \"public, max-age=31536000, immutable\"").as_deref(),
            Some("365 days")
        );
        assert_eq!(time("expires max").as_deref(), Some("ten years"));
        assert_eq!(time("expires 1d").as_deref(), Some("1 day"));
        for text in ["expires 1h", "expires -1", "expires off", "add_header cache-control \"max-age=60\"", "expires 0d"]
        {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
