//! The port that the program of an image listens on.

use std::collections::BTreeSet;
use std::path::Path;

use super::EndpointInput;
use super::silence::listens_nowhere;
use super::start::{started_server, starts_file, starts_traced_server};
use crate::build::toolchain::Language;
use crate::build::{Build, Listening, Reference, SlimImage, Stage, StageBase, is_command, is_like};
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, FileKind, Project};
use crate::sources::comments::blank_comments;
use crate::sources::object_literals::vite_port;
use crate::sources::patterns;
use crate::sources::ports::{ListeningCall, address_port, assigned_port, listening_calls};
use crate::sources::routes::SourceFile;
use crate::sources::settings::{setting, setting_name, settings_of};
use crate::sources::variables::{Absence, variable_reads};
use crate::stack::known_service;
use crate::text::path;

/// A port, and what shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPort {
    /// The port.
    pub port: u16,
    /// How it is known: the end of a sentence about the Dockerfile.
    pub reason: String,
    /// Whether it is only the first of several that EXPOSE names.
    pub is_assumed: bool,
    /// Whether only EXPOSE says it.
    pub is_exposed: bool,
}

impl KnownPort {
    fn new(port: u16, reason: String) -> Self {
        Self { port, reason, is_assumed: false, is_exposed: false }
    }

    fn listens(port: u16) -> Self {
        Self::new(port, format!(", which listens on port {port}"))
    }
}

/// The port that the program of an image listens on: what its command says, what the image sets, what the sources say,
/// the default of its framework or its base image, and EXPOSE, which sets nothing, where it names one.
pub fn known_port(input: &EndpointInput) -> Option<KnownPort> {
    if starts_traced_server(input) {
        // The same server as that of `next start`.
        let row = data::SERVER_PORTS.row("next start")?;
        let port = input.variable(row[4]).map_or_else(|| row[5].parse().ok(), |value| address_port(&value));
        return port.map(KnownPort::listens);
    }
    let server = started_server(input);
    if let Some((port, _)) = server.as_ref().and_then(|server| server.port).filter(|(port, _)| *port > 0) {
        return Some(KnownPort::listens(port));
    }
    if let Some(port) = vite_server_port(input, server.as_ref()) {
        return Some(KnownPort::listens(port));
    }
    // Without a command, an image of a language waits for one.
    let starts = input.build.launch(input.stage).is_some() || !input.build.input().options.run.commands.is_empty();
    if !starts && is_of_language(input) {
        return None;
    }
    match kestrel_port(input).or_else(|| ktor_port(input)) {
        Some(0) => return None,
        Some(port) => return Some(KnownPort::listens(port)),
        None => {}
    }
    let base = image_port(input);
    if let Some(ImagePort::Set(known)) = base {
        return Some(known);
    }
    let exposed = exposed_port(input);
    let of_sources = match source_port(input, server.as_ref()) {
        SourcePort::Doubtful => return None,
        SourcePort::Known(port) => Some(port),
        SourcePort::None => None,
    };
    let of_settings = || settings_port(input).or_else(|| site_port(input));
    let of_program = of_sources.or_else(of_settings).or_else(|| framework_port(input));
    match of_program {
        // One that the machine chooses.
        Some(0) => return None,
        Some(port) => return Some(KnownPort::listens(port)),
        None => {}
    }
    if let Some(ImagePort::Default(port)) = base {
        let reason = format!(" on an image whose servers listen on port {port}");
        return Some(KnownPort::new(port, reason));
    }
    if let Some((port, is_assumed)) = exposed
        && !listens_nowhere(input)
        && !settings_name_other(input, port)
    {
        let known = KnownPort::new(port, format!(" with `EXPOSE {port}`"));
        return Some(KnownPort { is_assumed, is_exposed: true, ..known });
    }
    let known = match input.build.root_base(input.stage) {
        StageBase::Image(reference) if input.build.launch(input.stage).is_none() => known_service(reference),
        _ => None,
    };
    let port = known.and_then(|known| known.ports().next())?;
    Some(KnownPort::new(port, format!(" on a server that listens on port {port}")))
}

/// The port of a server of Vite, whose options say none: that of its configuration, else the usual one.
fn vite_server_port(input: &EndpointInput, server: Option<&Listening>) -> Option<u16> {
    let name = server?.server;
    let key = if name == "vite preview" { "preview" } else { "server" };
    if name.split(' ').next() != Some("vite") {
        return None;
    }
    let row = data::FILE_SERVERS.row(name)?;
    let configurations: Vec<_> =
        input.settings.iter().filter(|file| path::name(file.path).starts_with("vite.config.")).collect();
    let set = match configurations[..] {
        [] => Ok(None),
        [file] => vite_port(&blank_comments(file.text), key),
        // They may be those of other programs.
        _ => return None,
    };
    set.ok()?.or_else(|| row[4].parse().ok())
}

/// The port of EXPOSE, apart from those of debuggers and of TLS where there are others; and whether it is the first of
/// several.
fn exposed_port(input: &EndpointInput) -> Option<(u16, bool)> {
    let mut exposed = input.build.exposed_ports(input.stage);
    if exposed.len() > 1 {
        let is_other = |port: u16| port == 443 || data::DEBUGGER_PORTS.contains(&port.to_string());
        exposed.retain(|exposed| !exposed.only().is_some_and(is_other));
    }
    let first = exposed.first()?;
    Some((*first.ports.start(), exposed.len() > 1 || first.only().is_none()))
}

enum ImagePort {
    /// The Dockerfile sets it by a variable of the base image.
    Set(KnownPort),
    /// What the base image gives to servers.
    Default(u16),
}

/// The port that a base image gives to servers (`data/image_ports.tsv`), or the Dockerfile by a variable of it.
fn image_port(input: &EndpointInput) -> Option<ImagePort> {
    let StageBase::Image(image) = input.build.root_base(input.stage) else { return None };
    let reference = Reference::of(image);
    let (name, tag) = (reference.short_name(), reference.tag.unwrap_or("latest"));
    let row =
        data::IMAGE_PORTS.rows().find(|row| row[0] == name && data::words(row[1]).any(|tags| is_like(tags, tag)))?;
    let set = data::words(row[2]).find_map(|name| Some((name, address_port(&input.variable(name)?)?)));
    Some(match set {
        Some((name, port)) => {
            ImagePort::Set(KnownPort::new(port, format!(", which listens on port {port} by `{name}`")))
        }
        None => ImagePort::Default(row[3].parse().ok()?),
    })
}

/// What the sources say of the port.
enum SourcePort {
    Known(u16),
    /// They name ports of which none is sure, so that EXPOSE is no evidence either.
    Doubtful,
    None,
}

/// The maximum number of variables that are tried.
const MOST_PORT_VARIABLES: usize = 8;

/// A port that no program listens on: it stands for any value of a variable.
const ANY_PORT: &str = "65521";

/// The port of the calls that listen: the only one, or the only one that EXPOSE names too; else the default of `PORT`. A
/// default that EXPOSE does not name is doubtful where a file with variables is missing, or EXPOSE names another port and
/// the program loads such a file.
fn source_port(input: &EndpointInput, server: Option<&Listening>) -> SourcePort {
    // The server listens, and loads the sources of the program.
    let is_served = server.is_some_and(|server| server.ecosystem == Some(Ecosystem::Python));
    let mut calls = listening_calls(&input.files, &|name| input.variable(name));
    calls.retain(|call| may_run(input, call, is_served));
    if is_served && calls.is_empty() {
        return SourcePort::None;
    }
    let mut ports: Vec<u16> = calls.iter().map(|call| call.port).collect();
    ports.sort_unstable();
    ports.dedup();
    let exposed = input.build.exposed_ports(input.stage);
    let is_exposed = |port: &u16| exposed.iter().any(|exposed| exposed.ports.contains(port));
    if ports.len() > 1 {
        ports.retain(is_exposed);
    }
    if ports.len() > 1
        && let Some(port) = port_by_variable(input, &calls).filter(is_exposed)
    {
        ports = vec![port];
    }
    let port = match ports[..] {
        [port] => port,
        [] if calls.is_empty() => match default_of_variable(input) {
            Some(port) => port,
            None => return SourcePort::None,
        },
        _ => return SourcePort::Doubtful,
    };
    let loads_variables = || input.files.iter().any(|file| patterns::shows(file.text, "loads environment files"));
    // They may be those of another program.
    let is_python =
        |call: &ListeningCall| FileKind::of(input.files[call.file].path).ecosystem() == Some(Ecosystem::Python);
    if !input.is_start_known && !exposed.is_empty() && !is_exposed(&port) && calls.iter().any(is_python) {
        return SourcePort::Doubtful;
    }
    let lacks_variables = input.build.input().options.run.lacks_variables;
    if !is_exposed(&port)
        && (lacks_variables || !exposed.is_empty() && loads_variables())
        && is_default(input, port, calls.is_empty())
    {
        return SourcePort::Doubtful;
    }
    SourcePort::Known(port)
}

/// Whether a call may run: not the program's own server where another one loads it, nor what only starts with its file.
fn may_run(input: &EndpointInput, call: &ListeningCall, is_served: bool) -> bool {
    let file = &input.files[call.file];
    if FileKind::of(file.path).ecosystem() != Some(Ecosystem::Python) {
        return true;
    }
    !is_served && call.line <= text_that_runs(input, file).lines().count()
}

/// The text of a file without what only runs where the file itself is started.
fn text_that_runs<'s>(input: &EndpointInput, file: &SourceFile<'s>) -> &'s str {
    let is_python = FileKind::of(file.path).ecosystem() == Some(Ecosystem::Python);
    match file.text.find("\nif __name__") {
        Some(main) if is_python && !starts_file(input, file.path) => &file.text[..main],
        _ => file.text,
    }
}

/// The port of Kestrel's own settings, which count before those of variables: 0 where it listens for TLS alone.
fn kestrel_port(input: &EndpointInput) -> Option<u16> {
    let environment = input.variable("ASPNETCORE_ENVIRONMENT").unwrap_or_else(|| "Production".to_owned());
    let names = ["appsettings.json".to_owned(), format!("appsettings.{environment}.json")];
    let mut settings = input.files.iter().filter(|file| names.iter().any(|name| path::name(file.path) == name));
    settings.find_map(|file| {
        let (_, rest) = file.text.split_once("\"Kestrel\"")?;
        let (_, rest) = rest.split_once("\"Endpoints\"")?;
        let urls = rest.split("\"Url\"").skip(1).filter_map(|rest| rest.split('"').nth(1));
        let urls: Vec<&str> = urls.collect();
        let plain = urls.iter().find(|url| !url.starts_with("https:"));
        plain.map_or_else(|| (!urls.is_empty()).then_some(0), |url| address_port(url))
    })
}

/// The port in the settings of Ktor, where its engine's own program starts: `port = 8080`, `port: 8080`.
fn ktor_port(input: &EndpointInput) -> Option<u16> {
    input.files.iter().find(|file| file.text.contains("EngineMain"))?;
    let is_settings = |file: &&SourceFile| {
        path::name(file.path).starts_with("application.")
            && !FileKind::of(file.path).has_code()
            && file.text.contains("ktor")
    };
    let lines = input.files.iter().filter(is_settings).flat_map(|file| file.text.lines());
    let values = lines.filter_map(|line| line.trim().strip_prefix("port")?.trim_start().strip_prefix(['=', ':']));
    let mut port = None;
    for value in values.map(|value| value.trim().trim_matches('"')) {
        // `${?PORT}`, `$PORT:8080`
        let name = value.trim_start_matches(['$', '{', '?']).split([':', '}']).next().unwrap_or(value);
        let set = if value.starts_with('$') { input.variable(name) } else { None };
        port = set.as_deref().unwrap_or(value).rsplit(':').next().and_then(|value| value.parse().ok()).or(port);
    }
    port
}

/// Whether a program of Go reads its settings from a file that names another port than EXPOSE.
fn settings_name_other(input: &EndpointInput, exposed: u16) -> bool {
    let is_go = |file: &&SourceFile| FileKind::of(file.path).ecosystem() == Some(Ecosystem::Go);
    let reads = |file: &SourceFile| {
        patterns::words_in("Go", "reads settings from files").iter().any(|word| file.text.contains(word))
    };
    let is_settings = |file: &&SourceFile| {
        let ending = path::name(file.path).rsplit_once('.').map_or("", |(_, ending)| ending);
        ["json", "yaml", "yml", "toml", "env"].contains(&ending) && !path::name(file.path).contains("compose")
    };
    let port_of = |line: &str| {
        let (key, value) = line.split_once([':', '='])?;
        let key = key.trim_matches([' ', '\t', '{', '"']).to_ascii_lowercase();
        let value = value.trim_matches([' ', ',', '}', '"', ':']);
        (key == "port" || key.ends_with("_port") || key == "listenaddress").then(|| value.parse::<u16>().ok())?
    };
    input.files.iter().filter(is_go).any(reads)
        && input
            .files
            .iter()
            .filter(is_settings)
            .flat_map(|file| file.text.lines())
            .filter_map(port_of)
            .any(|port| port != exposed)
}

/// The one port of the calls that take the variable `PORT`, in files that read it.
fn port_by_variable(input: &EndpointInput, calls: &[ListeningCall]) -> Option<u16> {
    let any = |name: &str| if name == "PORT" { Some(ANY_PORT.to_owned()) } else { input.variable(name) };
    let varying = listening_calls(&input.files, &any);
    let reads_port =
        |file: &SourceFile| variable_reads(file.path, file.text).reads.iter().any(|read| read.name == "PORT");
    let varies = |call: &&ListeningCall| {
        let is_it = |other: &ListeningCall| {
            (other.file, other.line) == (call.file, call.line) && Some(other.port) == ANY_PORT.parse().ok()
        };
        varying.iter().any(is_it) && reads_port(&input.files[call.file])
    };
    only_port(calls.iter().filter(varies).map(|call| call.port))
}

/// The variable without a default and without a value in the image that says where the program listens, and what reads it: a
/// file and its line. Without it, a port that only EXPOSE names is not listened on.
pub fn port_variable(input: &EndpointInput) -> Option<(String, (usize, usize))> {
    if !listening_calls(&input.files, &|name| input.variable(name)).is_empty() {
        return None;
    }
    let mut names: BTreeSet<String> = BTreeSet::new();
    for file in input.files.iter().filter(|file| FileKind::of(file.path).has_code() && file.text.contains("PORT")) {
        let reads = variable_reads(file.path, file.text).reads.into_iter();
        let reads = reads.filter(|read| !matches!(read.absence, Absence::Default(_)) && read.name.ends_with("PORT"));
        names.extend(reads.map(|read| read.name).filter(|name| input.variable(name).is_none()));
    }
    let mut variables = names.into_iter().take(MOST_PORT_VARIABLES).filter_map(|name| {
        let any = |known: &str| if known == name { Some(ANY_PORT.to_owned()) } else { input.variable(known) };
        let calls = listening_calls(&input.files, &any);
        let call = calls.iter().find(|call| Some(call.port) == ANY_PORT.parse().ok())?;
        Some((name.clone(), (call.file, call.line)))
    });
    let first = variables.next()?;
    // Two servers, of which EXPOSE names one.
    variables.next().is_none().then_some(first)
}

/// The port, where all of them are the same.
fn only_port(mut ports: impl Iterator<Item = u16>) -> Option<u16> {
    let first = ports.next()?;
    ports.all(|port| port == first).then_some(first)
}

/// Whether a port is what the program takes without a variable.
fn is_default(input: &EndpointInput, port: u16, is_of_variable: bool) -> bool {
    if is_of_variable {
        return input.variable("PORT").is_none();
    }
    let set = |name: &str| input.variable(name).or_else(|| Some(ANY_PORT.to_owned()));
    !listening_calls(&input.files, &set).iter().any(|call| call.port == port)
}

/// Whether the base image is that of a language, whose own command is a prompt.
fn is_of_language(input: &EndpointInput) -> bool {
    let StageBase::Image(image) = input.build.root_base(input.stage) else { return false };
    SlimImage::has_some(image) || Language::of_image(image).is_some()
}

/// The value of the variable `PORT` that a source reads: that of the image, or the one default.
fn default_of_variable(input: &EndpointInput) -> Option<u16> {
    let files = input.files.iter().filter(|file| FileKind::of(file.path).has_code() && file.text.contains("PORT"));
    let reads = files.flat_map(|file| variable_reads(file.path, text_that_runs(input, file)).reads);
    let mut ports: Vec<u16> = Vec::new();
    for read in reads.filter(|read| read.name == "PORT") {
        if let Some(value) = input.variable("PORT") {
            return address_port(&value);
        }
        if let Absence::Default(Some(value)) = &read.absence {
            ports.extend(address_port(value));
        }
    }
    only_port(ports.into_iter())
}

/// The port in the settings of a server that the command names: `http-socket = :8000` of uWSGI.
fn settings_port(input: &EndpointInput) -> Option<u16> {
    let lines = input.build.start_lines(input.stage);
    // gunicorn loads the file of its usual name without being told.
    let usual = lines.iter().any(|line| is_command(line, "gunicorn")).then_some("gunicorn.conf.py");
    let words = lines.iter().flatten().map(String::as_str).chain(usual);
    let named = words.filter_map(|word| {
        let name = path::name(word.rsplit('=').next().unwrap_or(word));
        let name = name.trim_start_matches("python:");
        input.files.iter().position(|file| name.contains('.') && path::name(file.path) == name)
    });
    named.into_iter().find_map(|index| {
        let text = input.files[index].text;
        if FileKind::of(input.files[index].path).has_code() {
            assigned_port(&input.files, index, "bind", &|name| input.variable(name))
        } else {
            port_setting(text)
        }
    })
}

/// The port of the sites of nginx, where the image is made of it and all of them say the same, apart from TLS; that of
/// TLS where they listen for nothing else.
fn site_port(input: &EndpointInput) -> Option<u16> {
    let listens = listens(input);
    if has_tls_alone(&listens) {
        let ports = listens.iter().filter_map(|value| listen_port(value));
        return if has_own_sites(input) { only_port(ports) } else { None };
    }
    let plain = listens.iter().filter(|value| !is_tls(value)).filter_map(|value| listen_port(value));
    let mut ports = plain.clone();
    // Of several the usual one is the first.
    if ports.any(|port| port == 80) { Some(80) } else { only_port(plain) }
}

/// Whether the sites that the build gives nginx listen for TLS alone.
pub(super) fn sites_have_tls_alone(input: &EndpointInput) -> bool {
    has_tls_alone(&listens(input)) && has_own_sites(input)
}

/// The port of what follows `listen` in a site of nginx.
fn listen_port(value: &str) -> Option<u16> {
    address_port(value.split(' ').next()?)
}

/// Whether what follows `listen` asks for TLS.
fn is_tls(value: &str) -> bool {
    value.contains("ssl") || value.contains("quic")
}

fn has_tls_alone(listens: &[&str]) -> bool {
    !listens.is_empty() && listens.iter().all(|value| is_tls(value))
}

/// What follows `listen` in the sites of an image of nginx.
fn listens<'s>(input: &'s EndpointInput) -> Vec<&'s str> {
    if !is_nginx(input.build, input.stage) {
        return Vec::new();
    }
    let lines = sites(input).into_iter().flat_map(|(_, file)| file.text.lines());
    let statements =
        lines.map(|line| line.split('#').next().unwrap_or_default()).flat_map(|line| line.split([';', '{']));
    statements.filter_map(|statement| statement.trim().strip_prefix("listen ")).collect()
}

/// Whether the build gives nginx a site of its own.
pub(super) fn has_own_sites(input: &EndpointInput) -> bool {
    let stages = || input.build.chain(input.stage);
    let mut transfers = stages().flat_map(|stage| input.build.transfers(stage));
    let text = |index: usize| input.build.input().file.source().slice(input.build.instruction(index).span);
    let mut runs = stages().flat_map(|stage| input.build.instructions_of(stage, Keyword::Run));
    transfers.any(|transfer| text(transfer.index).contains("/etc/nginx") || transfer.destination.is_none())
        || runs.any(|(index, _)| text(index).contains("/etc/nginx"))
}

/// The folder whose files the image of nginx serves, where no configuration says another.
pub const NGINX_ROOT: &str = "/usr/share/nginx/html";

/// Whether the base image is one of nginx.
pub fn is_nginx(build: &Build, stage: &Stage) -> bool {
    let StageBase::Image(image) = build.root_base(stage) else { return false };
    matches!(path::name(Reference::of(image).short_name()), "nginx" | "nginx-unprivileged")
}

/// The files of settings of nginx that listen, with their places among the sources: those that a COPY names, where it
/// names one.
pub(super) fn sites<'s>(input: &'s EndpointInput) -> Vec<(usize, &'s SourceFile<'s>)> {
    let is_site = |file: &SourceFile| {
        Path::new(file.path).extension().is_some_and(|end| end == "conf") && file.text.contains("listen ")
    };
    let mut sites: Vec<_> = input.files.iter().enumerate().filter(|(_, file)| is_site(file)).collect();
    let transfers = input.build.chain(input.stage).flat_map(|stage| input.build.transfers(stage));
    let copied = transfers.filter(|transfer| transfer.from.is_none()).flat_map(|transfer| &transfer.sources);
    let names: Vec<String> = copied.filter_map(|source| source.text.as_deref().map(path::normalize)).collect();
    let is_named = |file: &SourceFile| {
        let mut folders = names.iter().map(|name| name.trim_start_matches('/')).filter(|name| !name.is_empty());
        folders.any(|name| path::is_within(file.path, name))
    };
    if sites.iter().any(|(_, file)| is_named(file)) {
        sites.retain(|(_, file)| is_named(file));
    }
    sites
}

fn port_setting(text: &str) -> Option<u16> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        let key = key.trim();
        patterns::words("setting of a port").find(|word| *word == key)?;
        address_port(value.trim())
    })
}

/// The port of the framework of a program (`data/framework_ports.tsv`): that of its settings, else the usual one.
pub(super) fn framework_port(input: &EndpointInput) -> Option<u16> {
    let has = |row: &data::Row| Ecosystem::of(row[0]).is_some_and(|known| has_package(&input.projects, known, row[1]));
    let row = data::FRAMEWORK_PORTS.rows().find(has)?;
    if let Some(value) = input.variable(row[2]) {
        return address_port(&value);
    }
    // The program sets it by itself.
    let setting = format!("\"{}\"", row[3]);
    if input.files.iter().any(|file| FileKind::of(file.path).has_code() && file.text.contains(&setting)) {
        return Some(0);
    }
    let set = active_setting(input, row[3]).and_then(|value| value.parse().ok());
    set.or_else(|| row[4].parse().ok())
}

/// The value of one of Spring's settings, in the files that count.
pub(super) fn active_setting(input: &EndpointInput, name: &str) -> Option<String> {
    let settings: Vec<_> =
        active_settings(input).flat_map(|file| settings_of(path::name(file.path), file.text)).collect();
    setting(settings.iter(), name).map(str::to_owned)
}

/// The files of settings that count: those of a profile (`application-dev.yml`) only where something turns it on.
pub(super) fn active_settings<'s>(input: &'s EndpointInput) -> impl Iterator<Item = &'s SourceFile<'s>> {
    const ACTIVE: &str = "spring.profiles.active";
    let all = input.settings.iter().flat_map(|file| settings_of(path::name(file.path), file.text));
    let named = all.filter(|known| setting_name(known) == Some(ACTIVE)).map(|known| known.text);
    let words = input.build.start_lines(input.stage).into_iter().flatten().filter(|word| word.contains(ACTIVE));
    let active: Vec<String> = input.variable("SPRING_PROFILES_ACTIVE").into_iter().chain(named).chain(words).collect();
    input.settings.iter().filter(move |file| {
        let stem = path::name(file.path).rsplit_once('.').map_or("", |(stem, _)| stem);
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        stem.split_once('-').is_none_or(|(_, profile)| {
            active.iter().any(|text| text.split(|c: char| !is_word(c)).any(|word| word == profile))
        })
    })
}

/// Whether a program has a package when it runs.
pub(super) fn has_package(projects: &[&Project], ecosystem: Ecosystem, name: &str) -> bool {
    projects.iter().any(|project| project.ecosystem == ecosystem && project.runs_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_settings_are_read() {
        assert_eq!(port_setting("[uwsgi]\nmaster\nif-not-env = IPV6\nhttp-socket = :8000\nendif =\n"), Some(8000));
        assert_eq!(port_setting("socket = /run/a.sock\nhttp-timeout = 80\n"), None);
    }
}
