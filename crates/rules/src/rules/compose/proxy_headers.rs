//! The rule about proxies that keep from a program who asked it.

use crate::finding::Findings;
use crate::rules::ComposeContext;
use crate::stack::nginx_statements;
use crate::text::path;

crate::rules::family! {
    of_compose
    "compose-proxy-headers-missing" => compose_proxy_headers_missing;
}

/// nginx sends the name of its upstream as Host, and no address of the client, unless it is told to.
fn compose_proxy_headers_missing(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let files = cx.proxies(service).iter().filter(|file| file.proxy == "nginx");
        let sources: Vec<_> = files.map(|file| &file.source).collect();
        let statements = || sources.iter().flat_map(|source| nginx_statements(source.text()));
        // Which headers another file sets, nobody sees here.
        let is_told = |statement: &str| {
            let mut words = statement.split_whitespace();
            match words.next() {
                // `Connection` and `Upgrade` are of the connection, and tell nothing of who asked.
                Some("proxy_set_header") => words.next().is_some_and(is_of_request),
                Some("include") => {
                    words.next().is_some_and(|name| !name.contains("mime.types") && !name.contains("conf.d"))
                }
                _ => false,
            }
        };
        if statements().any(is_told) {
            continue;
        }
        let Some((source, line)) = sources.iter().find_map(|source| Some((source, passing_line(source.text())?)))
        else {
            continue;
        };
        let name = path::relative(source.name(), &cx.project().folder).unwrap_or(source.name());
        let message = format!(
            "`{}` passes requests on without their host and the address of the client ({name}:{line}): the program sees those of \
             the proxy",
            service.name
        );
        let Some(finding) = cx.finding(cx.image_place(service), message) else { continue };
        let help = "next to `proxy_pass`, set `proxy_set_header Host $host;`, `X-Forwarded-For $proxy_add_x_forwarded_for;` and \
                    `X-Forwarded-Proto $scheme;`";
        out.push(finding.help(help));
    }
}

/// Whether a header says which host was asked, or by whom.
fn is_of_request(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    header == "host" || header == "forwarded" || header.starts_with("x-forwarded-") || header.starts_with("x-real-")
}

/// The number of the first line that passes HTTP requests on.
fn passing_line(text: &str) -> Option<usize> {
    let passes = |statement: &str| statement.starts_with("proxy_pass ") && statement.contains("http");
    text.lines().position(|line| nginx_statements(line).any(passes)).map(|line| line + 1)
}
