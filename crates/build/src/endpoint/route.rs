//! The route that says that a program is ready.

use super::port::{active_setting, framework_port, has_own_sites, has_package, is_nginx, sites};
use super::start::{has_traced_server, started_server, starts_traced_server};
use super::tls::serves_tls;
use super::{EndpointInput, is_configuration};
use crate::build::{StageBase, is_command};
use crate::data;
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::object_literals::{Literal, literal};
use crate::sources::patterns;
use crate::sources::routes::{RouteAnswer, SourceFile, asks_for_login, base_path, routes};
use crate::text::path;

/// A route that a check can ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyRoute {
    /// Its path.
    pub path: String,
    /// What declares it.
    pub origin: RouteOrigin,
    /// Whether it answers only while other services do.
    pub needs_others: bool,
}

/// What declares a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteOrigin {
    /// A source file: its index, and the line.
    Source(usize, usize),
    /// A package that the program depends on.
    Package(&'static str),
    /// The server that a container starts.
    Server,
}

/// The route that says best whether a program is ready, of those that answer whoever asks: one whose path says so
/// (`data/health_paths.tsv`), rather one that asks no other service, and else the top of the application.
pub fn ready_route(input: &EndpointInput) -> Option<ReadyRoute> {
    if !input.sets_host && listens_at_host_name(input) {
        return None;
    }
    // A server of FastCGI answers no requests of HTTP.
    if is_fastcgi(input) || serves_tls(input) {
        return None;
    }
    let mut files = files_of_environment(input);
    // They put paths before all routes, and are no part of what runs.
    files.extend(input.settings.iter().filter(|file| is_configuration(file.path)));
    // The pages of another program may lie in its image: some are routes by their names alone.
    let is_python = is_of_python_alone(input);
    if is_python {
        files.iter_mut().filter(|file| is_of_node(file) || is_configuration(file.path)).for_each(|file| file.text = "");
    }
    if starts_traced_server(input) {
        // Another program may lie beside its pages.
        files.iter_mut().filter(|file| patterns::shows(file.text, "opens a port")).for_each(|file| file.text = "");
    }
    let mut known = routes(&files);
    known.retain(|route| input.files.get(route.file).is_some_and(|file| !(is_python && is_of_node(file))));
    if redirects_to_tls(input)
        || has_package(&input.projects, Ecosystem::Java, SECURITY) && asks_for_login(&input.files, "/").is_none()
    {
        known.clear();
    }
    // They may be those of another program.
    let applications = input.files.iter().filter(|file| {
        FileKind::of(file.path).is_source_of(Ecosystem::Python) && patterns::shows(file.text, "makes an application")
    });
    if !input.is_start_known && applications.count() > 1 {
        known.clear();
    }
    let top = base_path(&files).filter(|base| !base.is_empty()).unwrap_or_else(|| "/".to_owned());
    let ranked = known.iter().filter(|route| route.answer != RouteAnswer::MayRefuse).filter_map(|route| {
        let rank = rank(&route.path).or((route.path == top).then_some(usize::MAX))?;
        Some(((rank == usize::MAX, route.answer, rank), route))
    });
    let best = ranked.min_by_key(|(rank, _)| *rank).map(|(_, route)| ReadyRoute {
        path: route.path.clone(),
        origin: RouteOrigin::Source(route.file, route.line),
        needs_others: route.answer == RouteAnswer::WithOthers,
    });
    best.or_else(|| actuator_route(input)).or_else(|| own_route(input)).or_else(|| page_route(input))
}

/// Whether the program that an image starts answers requests: the sources that it loads have routes.
pub fn answers_requests(input: &EndpointInput) -> bool {
    input.is_start_known && !routes(&input.files).is_empty()
}

/// Whether the server of a program answers requests of HTTP without TLS: its command or its sources say so, and nothing that
/// another protocol is spoken. What nginx passes on depends on others.
pub fn speaks_http(input: &EndpointInput) -> bool {
    let shows = |meaning: &str| input.files.iter().any(|file| patterns::shows(file.text, meaning));
    !is_fastcgi(input)
        && !serves_tls(input)
        && !shows("speaks another protocol")
        && (started_server(input).is_some()
            || starts_traced_server(input)
            || page_route(input).is_some()
            || framework_port(input).is_some()
            || shows("makes an application")
            || !routes(&input.files).is_empty())
}

/// Whether the steps of an image call Python and nothing of Node.js, which its base does not bring by its name.
fn is_of_python_alone(input: &EndpointInput) -> bool {
    let build = input.build;
    let calls = |is_meant: &dyn Fn(&str) -> bool| {
        let mut called = build.needed_stages().flat_map(|stage| build.called(stage));
        called.any(|known| known.program.is_some_and(is_meant))
    };
    let is_node = |name: &str| patterns::words("program of Node.js").any(|word| word == name);
    let is_python = |name: &str| patterns::words("program of Python").any(|word| word == name);
    let starts_node = build.start_lines(input.stage).iter().flatten().any(|word| is_node(path::name(word)));
    let has_node = build.stages().iter().any(|stage| match build.root_base(stage) {
        StageBase::Image(image) => image.contains("node") || image.contains("bun"),
        _ => false,
    });
    calls(&is_python) && !calls(&is_node) && !starts_node && !has_node
}

fn is_of_node(file: &SourceFile) -> bool {
    FileKind::of(file.path).ecosystem() == Some(Ecosystem::Node)
}

/// The package of Spring that asks for a login before each path, where the sources say no other.
const SECURITY: &str = "org.springframework.boot:spring-boot-starter-security";

/// The package of Spring that adds routes which say whether a program works.
const ACTUATOR: &str = "org.springframework.boot:spring-boot-starter-actuator";

/// Whether a container starts PHP's server of `FastCGI` alone.
fn is_fastcgi(input: &EndpointInput) -> bool {
    let lines = input.build.start_lines(input.stage);
    let is_it = |line: &Vec<String>| line.first().is_some_and(|word| path::name(word).starts_with("php-fpm"));
    !lines.is_empty() && lines.iter().all(is_it)
}

/// The sources without the settings of Rails for other environments than that of the image.
fn files_of_environment<'e>(input: &EndpointInput<'e, '_>) -> Vec<SourceFile<'e>> {
    let environment = input.variable("RAILS_ENV").unwrap_or_else(|| "development".to_owned());
    let is_other = |file: &SourceFile| {
        path::ends_with(path::parent(file.path), "config/environments")
            && path::name(file.path).strip_suffix(".rb").is_some_and(|name| name != environment)
    };
    // Behind a proxy that ends TLS, Rails redirects nobody.
    let assumes_tls = |file: &SourceFile| file.text.lines().any(|line| line.trim() == "config.assume_ssl = true");
    input
        .files
        .iter()
        .copied()
        .map(|file| if is_other(&file) || assumes_tls(&file) { SourceFile { text: "", ..file } } else { file })
        .collect()
}

/// Whether ASP.NET Core sends whoever asks to TLS: it does where it knows the port of TLS.
fn redirects_to_tls(input: &EndpointInput) -> bool {
    let code = || input.files.iter().filter(|file| FileKind::of(file.path).ecosystem() == Some(Ecosystem::DotNet));
    let has = |word: &str| input.files.iter().any(|file| file.text.contains(word));
    let names = ["ASPNETCORE_HTTPS_PORTS", "ASPNETCORE_HTTPS_PORT", "HTTPS_PORT"];
    code().any(|file| file.text.contains("UseHttpsRedirection("))
        && (names.iter().any(|name| input.variable(name).is_some())
            || input.variable("ASPNETCORE_URLS").is_some_and(|urls| urls.contains("https:"))
            || ["HttpsPort", "https_port", "\"https://+", "\"https://*", "UseHttps("].iter().any(|word| has(word)))
}

/// Whether a program listens only at the address of the container's name: the standalone server of Next.js listens at
/// `HOSTNAME`, which the engine sets where nothing else does.
pub fn listens_at_host_name(input: &EndpointInput) -> bool {
    has_traced_server(input)
        && !input.build.input().file.source().text().contains("HOSTNAME")
        && !input.files.iter().any(|file| FileKind::of(file.path).is_shell() && file.text.contains("HOSTNAME"))
}

/// The route of Spring's actuator: `readiness` where the settings turn it on, else the general one, which also asks the
/// servers whose clients add a health indicator.
fn actuator_route(input: &EndpointInput) -> Option<ReadyRoute> {
    if !has_package(&input.projects, Ecosystem::Java, ACTUATOR) {
        return None;
    }
    // It may answer at another port, and below another path.
    let other = ["management.server.port", "management.context-path", "spring.webflux.base-path"];
    if other.iter().any(|name| active_setting(input, name).is_some()) {
        return None;
    }
    let context = active_setting(input, "server.servlet.context-path").unwrap_or_default();
    let base = active_setting(input, "management.endpoints.web.base-path").unwrap_or_else(|| "/actuator".to_owned());
    let path = format!("{}{}/health", context.trim_end_matches('/'), base.trim_end_matches('/'));
    if asks_for_login(&input.files, &path) == Some(true) {
        return None;
    }
    if active_setting(input, "management.endpoint.health.probes.enabled").as_deref() == Some("true") {
        let path = format!("{path}/readiness");
        return Some(ReadyRoute { path, origin: RouteOrigin::Package(ACTUATOR), needs_others: false });
    }
    let names = || input.projects.iter().flat_map(|project| &project.dependencies).map(|known| &known.name);
    let needs_others =
        patterns::words("adds a health indicator").any(|word| names().any(|name| name.starts_with(word)));
    Some(ReadyRoute { path, origin: RouteOrigin::Package(ACTUATOR), needs_others })
}

/// The route that the server which a program is started with has by itself (`data/server_routes.tsv`).
fn own_route(input: &EndpointInput) -> Option<ReadyRoute> {
    let lines = input.build.start_lines(input.stage);
    let row = data::SERVER_ROUTES.rows().find(|row| lines.iter().any(|line| is_command(line, row[0])))?;
    Some(ReadyRoute { path: row[1].to_owned(), origin: RouteOrigin::Server, needs_others: false })
}

/// The first page of what serves files: a file server (`data/file_servers.tsv`), or nginx by a configuration of the
/// sources.
fn page_route(input: &EndpointInput) -> Option<ReadyRoute> {
    let first = |origin| ReadyRoute { path: "/".to_owned(), origin, needs_others: false };
    let lines = input.build.start_lines(input.stage);
    if let Some(server) = data::FILE_SERVERS.keys().find(|server| lines.iter().any(|line| is_command(line, server))) {
        let path = if server.starts_with("vite") { vite_base(input, &lines)? } else { "/".to_owned() };
        return Some(ReadyRoute { path, ..first(RouteOrigin::Server) });
    }
    if !is_nginx(input.build, input.stage) {
        return None;
    }
    if !has_own_sites(input) {
        // The page of the image, or what is copied in its place.
        return Some(first(RouteOrigin::Server));
    }
    let [(index, file)] = sites(input)[..] else { return None };
    if let Some((line, path)) = answered_location(file.text) {
        return Some(ReadyRoute { path, ..first(RouteOrigin::Source(index, line)) });
    }
    Some(first(RouteOrigin::Source(index, page_line(file.text)?)))
}

/// The location of nginx that says whether it works, by its path, and answers by itself: `location /health { return 200; }`.
fn answered_location(text: &str) -> Option<(usize, String)> {
    let bare = bare_lines(text);
    let servers = bare.iter().filter(|line| line.starts_with("server") && line.ends_with('{')).count();
    let refuses = |line: &&str| patterns::words("answers instead of files").any(|word| line.starts_with(word));
    if servers != 1 || outside_locations(&bare).iter().any(refuses) {
        return None;
    }
    bare.iter().enumerate().find_map(|(at, line)| {
        let path = line.strip_prefix("location ")?.strip_suffix('{')?.trim().trim_start_matches("= ");
        let mut block = bare[at + 1..].iter().take_while(|line| **line != "}");
        let answers = block.any(|line| line.starts_with("return 200") || line.starts_with("return 204"));
        (answers && path.starts_with('/') && rank(path).is_some()).then(|| (at + 1, path.to_owned()))
    })
}

/// The lines of a configuration of nginx without comments.
fn bare_lines(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.split('#').next().unwrap_or(line).trim()).collect()
}

/// Those that stand in no block of a location.
fn outside_locations<'t>(bare: &[&'t str]) -> Vec<&'t str> {
    let (mut depth, mut inside, mut outside) = (0usize, None, Vec::new());
    for line in bare {
        if line.ends_with('{') {
            if line.starts_with("location") && inside.is_none() {
                inside = Some(depth);
            }
            depth += 1;
        } else if line.starts_with('}') {
            depth = depth.saturating_sub(1);
            if inside == Some(depth) {
                inside = None;
            }
        } else if inside.is_none() {
            outside.push(*line);
        }
    }
    outside
}

/// The path below which a server of Vite answers; `None` where only running it tells.
fn vite_base(input: &EndpointInput, lines: &[Vec<String>]) -> Option<String> {
    if lines.iter().flatten().any(|word| word.starts_with("--base")) {
        return None;
    }
    let configurations = input.settings.iter().filter(|file| path::name(file.path).starts_with("vite.config."));
    configurations.into_iter().try_fold("/".to_owned(), |base, file| match literal(file.text, "base") {
        Literal::Text(value) if value.starts_with('/') => Some(value.to_owned()),
        Literal::Missing | Literal::Text("" | "./") => Some(base),
        _ => None,
    })
}

/// The line of the location of nginx that serves the first page from files: `/`, with a root and no other answer.
fn page_line(text: &str) -> Option<usize> {
    let bare = bare_lines(text);
    let servers = bare.iter().filter(|line| line.starts_with("server") && line.ends_with('{')).count();
    let has_root = bare.iter().any(|line| line.starts_with("root "));
    let start = bare.iter().position(|line| *line == "location / {")?;
    let block = bare[start..].iter().take_while(|line| **line != "}").copied();
    let outside =
        || outside_locations(&bare).iter().any(|line| line.starts_with("return ") || line.starts_with("auth_"));
    let is_files = !block.clone().any(|line| line.contains(".php"))
        && !block.clone().any(|line| patterns::words("answers instead of files").any(|word| line.starts_with(word)));
    (servers == 1 && has_root && is_files && !outside()).then_some(start + 1)
}

/// Whether a path is one of those that say whether a program works.
pub fn is_health_path(path: &str) -> bool {
    rank(path).is_some()
}

/// The place of a path among those that say whether a program works, the better ones first: of the whole path, or of its last
/// part below others.
fn rank(path: &str) -> Option<usize> {
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    let place = |path: &str| data::HEALTH_PATHS.keys().position(|known| known.trim_end_matches('/') == path);
    // `/status` and the like below a subject tell of that.
    let is_general = |front: &str, last: &str| {
        let mut parts = front.split('/').filter(|part| !part.is_empty());
        ["health", "ready", "live"].iter().any(|word| last.contains(word))
            || parts
                .all(|part| part == "api" || part.strip_prefix('v').is_some_and(|digits| digits.parse::<u32>().is_ok()))
    };
    let last = || {
        let (front, last) = path.split_at(path.rfind('/').filter(|at| *at > 0)?);
        if is_general(front, last) { place(last) } else { None }
    };
    place(path).or_else(|| Some(last()? + data::HEALTH_PATHS.keys().count()))
}
