//! The proxy of a repository: nginx with a configuration that lies beside the programs.

use std::collections::BTreeSet;

use super::certificates::certificate_folders;
use super::directives::{directives, ports};
use super::proxy_variables::{has_passed_variable, proxy_connections, settled};
use super::web_server::{is_proxy, may_serve};
use crate::build::Asker;
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::input::EmitInput;
use crate::emit::plan::ComposePlan;
use crate::emit::server_image::{LOCAL_HOSTS, ServerImage, is_service_host};
use crate::stack::{known_service, passed_hosts};
use crate::text::{Source, path};
use crate::variables::VariableFile;

/// The proxy.
#[derive(Debug)]
pub(in crate::emit) struct Proxy {
    pub(in crate::emit) name: String,
    pub(in crate::emit) image: String,
    pub(in crate::emit) ports: Vec<u16>,
    pub(in crate::emit) volumes: Vec<String>,
    /// What its configuration needs to find programs.
    pub(in crate::emit) variables: Vec<(String, String)>,
    /// Its configuration, by its place in the repository's files.
    pub(super) file: usize,
    /// The hosts that it passes requests to, and where they stand.
    pub(in crate::emit) hosts: Vec<(String, String)>,
    /// The same with the ports.
    pub(in crate::emit) addresses: Vec<(String, u16)>,
    /// The words of its check.
    pub(in crate::emit) test: Vec<String>,
    pub(in crate::emit) reason: String,
    pub(in crate::emit) place: String,
}

/// The proxy, where a configuration passes requests on and is in no image.
pub(in crate::emit) fn proxy(input: &EmitInput, applications: &[Application], plan: &mut ComposePlan) -> Option<Proxy> {
    let mut candidates = candidates(input, applications, plan).into_iter();
    let (at, file) = candidates.next()?;
    for (_, other) in candidates {
        plan.notes.push(format!(
            "{} is left out: {} is the configuration of the proxy",
            other.source.name(),
            file.source.name()
        ));
    }
    let (source, text) = (&file.source, file.source.text());
    let below = path::relative(&file.path, input.folder)?;
    let ports = ports(text);
    let target = target(below, text);
    let mut volumes = vec![format!("./{below}:{target}:ro")];
    // The image writes what it makes of templates into `conf.d`.
    let folder_variable = ("NGINX_ENVSUBST_OUTPUT_DIR".to_owned(), "/etc/nginx".to_owned());
    let variables = if target.ends_with("nginx.conf.template") { vec![folder_variable] } else { Vec::new() };
    let folder = path::parent(below);
    for certificate_folder in certificate_folders(text) {
        let host = path::child(folder, path::name(certificate_folder));
        volumes.push(format!("./{host}:{certificate_folder}:ro"));
        plan.notes.push(format!("the certificates that {} names belong into `{host}`", source.name()));
    }
    let configuration = settled(source);
    let hosts = hosts(&configuration);
    plan.notes.extend(local_notes(&configuration, applications));
    let addresses = addresses(configuration.text());
    let is_of_nginx =
        path::name(folder).is_empty() || folder.contains("nginx") || is_asked_as(input, applications, "nginx");
    let image = ServerImage::of_service("nginx")?.image.to_owned();
    Some(Proxy {
        name: if is_of_nginx { "nginx" } else { "proxy" }.to_owned(),
        image,
        test: test(text, &ports),
        ports,
        volumes,
        variables,
        file: at,
        hosts,
        addresses,
        reason: format!("{} passes requests on", source.name()),
        place: source.name().to_owned(),
    })
}

/// Whether a program or an example has a URL of a host: `http://nginx/api`.
fn is_asked_as(input: &EmitInput, applications: &[Application], host: &str) -> bool {
    let mut examples = input.examples.iter();
    applications.iter().any(|known| asks_host(input, known, host)) || examples.any(|known| has_host(&known.value, host))
}

/// Whether the sources of a program have a URL of a host.
pub(in crate::emit) fn asks_host(input: &EmitInput, application: &Application, host: &str) -> bool {
    let mut sources = application.code_files(input).filter(|file| file.is_of_program());
    sources.any(|file| has_host(file.source.text(), host))
}

fn has_host(text: &str, host: &str) -> bool {
    let url = format!("://{host}");
    let mut ends = text.match_indices(&url).map(|(at, _)| &text[at + url.len()..]);
    ends.any(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || "-_.".contains(c)))
}

/// Gives the images of web servers that bring no configuration the one that lies beside their Dockerfiles: a compose file
/// mounted it.
pub(super) fn mount_configurations(input: &EmitInput, applications: &mut [Application], plan: &mut ComposePlan) {
    for (at, file) in candidates(input, applications, &mut ComposePlan::default()) {
        let Some(below) = path::relative(&file.path, input.folder) else { continue };
        let is_beside = |known: &&mut Application| {
            let folder = path::parent(&known.dockerfile);
            folder != input.folder
                && path::is_below(&file.path, folder)
                && is_proxy(known)
                && !known.code_files(input).any(is_server_configuration)
        };
        let Some(application) = applications.iter_mut().find(is_beside) else { continue };
        application.configuration = Some(format!("./{below}:{}:ro", target(below, file.source.text())));
        let place = application.code.files.partition_point(|known| *known < at);
        application.code.files.insert(place, at);
        let dockerfile = input.inputs.source(application.build.input().dockerfile).name();
        plan.notes.push(format!(
            "{} is in the folder of {dockerfile}, which does not copy it: it comes into the containers as a volume",
            file.source.name()
        ));
    }
}

/// Where the image of nginx looks for a configuration.
fn target(below: &str, text: &str) -> &'static str {
    let is_whole = directives(text).any(|(name, _)| name == "events" || name == "http");
    match (below.ends_with(".template"), is_whole) {
        (true, true) => "/etc/nginx/templates/nginx.conf.template",
        (true, false) => "/etc/nginx/templates/default.conf.template",
        (false, true) => "/etc/nginx/nginx.conf",
        (false, false) => "/etc/nginx/conf.d/default.conf",
    }
}

/// Whether a file is the configuration of a server.
fn is_server_configuration(file: &VariableFile) -> bool {
    is_configuration(file) && file.source.text().contains("listen")
}

/// The configurations that pass requests on and are in no image, without those beside a Dockerfile that brings another one.
fn candidates<'i>(
    input: &EmitInput<'i>,
    applications: &[Application],
    plan: &mut ComposePlan,
) -> Vec<(usize, &'i VariableFile)> {
    let servers = applications.iter().filter(|known| may_serve(known));
    let in_images: BTreeSet<usize> = servers.flat_map(|known| known.code.files.iter().copied()).collect();
    // A build stage may have it, and the image may not.
    let is_in_other = |at: usize, file: &VariableFile| {
        let mut others = applications.iter().filter(|known| !may_serve(known));
        others.any(|known| known.code.files.binary_search(&at).is_ok() && known.place_in_image(file).is_some())
    };
    let mut candidates = Vec::new();
    for (at, file) in input.files.files.iter().enumerate() {
        if !is_configuration(file) || in_images.contains(&at) || !file.is_of_program() || !passes_on(&file.source) {
            continue;
        }
        // An image without a web server has it with the whole folder. One for the host names no services.
        if !is_for_services(&file.source) && is_in_other(at, file) {
            continue;
        }
        match built_beside(input, applications, file) {
            Some(dockerfile) => plan
                .notes
                .push(format!("{} is left out: {dockerfile} brings another configuration", file.source.name())),
            None => candidates.push((at, file)),
        }
    }
    candidates
}

/// Whether all that a configuration passes requests to may be services, and it needs no certificates of its host.
fn is_for_services(source: &Source) -> bool {
    let hosts = hosts(&settled(source));
    let is_service = |host: &str| is_service_host(host) && host != "localhost";
    !hosts.is_empty()
        && hosts.iter().all(|(host, _)| is_service(host))
        && !["127.0.0.1", "localhost", "ssl_certificate"].iter().any(|word| source.text().contains(word))
}

fn is_configuration(file: &VariableFile) -> bool {
    let name = path::name(&file.path);
    ["conf", "template"].contains(&name.rsplit('.').next().unwrap_or_default())
}

/// The Dockerfile of a proxy beside a configuration, whose image has another one.
fn built_beside<'i>(input: &EmitInput<'i>, applications: &[Application], file: &VariableFile) -> Option<&'i str> {
    let application = applications.iter().find(|application| {
        let folder = path::parent(&application.dockerfile);
        folder != input.folder
            && path::is_below(&file.path, folder)
            && is_proxy(application)
            && application.code_files(input).any(is_server_configuration)
    })?;
    Some(input.inputs.source(application.build.input().dockerfile).name())
}

impl Proxy {
    /// Finds the programs behind the variables of a template.
    pub(in crate::emit) fn find_programs(&mut self, input: &EmitInput, applications: &[Application]) {
        let source = &input.files.files[self.file].source;
        if !source.name().ends_with(".template") {
            return;
        }
        for connection in proxy_connections(source, None, applications) {
            let place = connection.place.unwrap_or_default();
            if self.hosts.iter().all(|(host, _)| *host != connection.backend) {
                self.hosts.push((connection.backend, place));
            }
            self.variables.extend(connection.variable.map(|name| (name, connection.value)));
        }
    }
}

fn passes_on(source: &Source) -> bool {
    let text = source.text();
    let passes = || !passed_hosts(&settled(source), None).is_empty();
    let passes_variable = || source.name().ends_with(".template") && has_passed_variable(text);
    text.contains("server") && text.contains("listen") && (passes() || passes_variable())
}

/// The hosts that the configuration in the image of a proxy passes requests to, and where they stand.
fn hosts_of_image(input: &EmitInput, application: &Application) -> Vec<(String, String)> {
    if !is_proxy(application) {
        return Vec::new();
    }
    let files = application.code_files(input).filter(|file| is_configuration(file) && passes_on(&file.source));
    files.flat_map(|file| hosts(&settled(&file.source))).collect()
}

/// Leaves out the proxies that pass requests to hosts which are no service: they do not start.
pub(super) fn leave_out_proxies(
    input: &EmitInput,
    applications: &mut Vec<Application>,
    proxy: &mut Option<Proxy>,
    plan: &mut ComposePlan,
) {
    let names: BTreeSet<String> = applications.iter().map(|known| known.name.clone()).collect();
    let unknown = |hosts: &[(String, String)]| {
        let mut open = hosts.iter().filter(|(host, _)| !names.contains(host) && known_service(host).is_none());
        open.next().map(|(host, place)| {
            format!("{place} passes requests to `{host}`, which is no service here, and nginx does not start without")
        })
    };
    if let Some(why) = proxy.as_ref().and_then(|proxy| unknown(&proxy.hosts)) {
        plan.notes.push(format!("no proxy is added: {why}"));
        *proxy = None;
    }
    applications.retain(|application| {
        let why = unknown(&hosts_of_image(input, application));
        let name = input.inputs.source(application.build.input().dockerfile).name();
        plan.notes.extend(why.iter().map(|why| format!("{name} is left out: {why}")));
        why.is_none()
    });
}

/// The hosts that are names of services, each where it stands first; names of `upstream` blocks are none.
fn hosts(source: &Source) -> Vec<(String, String)> {
    let upstreams: BTreeSet<&str> =
        directives(source.text()).filter(|(name, _)| *name == "upstream").map(|(_, value)| value).collect();
    let mut hosts: Vec<(String, String)> = Vec::new();
    for evidence in passed_hosts(source, None) {
        let host = evidence.host;
        let is_server = evidence.name == "server";
        if !is_service_host(host)
            || !is_server && upstreams.contains(host)
            || hosts.iter().any(|(known, _)| known == host)
        {
            continue;
        }
        let line = source.text().lines().position(|line| line.contains(host)).unwrap_or(0);
        hosts.push((host.to_owned(), format!("{}:{}", source.name(), line + 1)));
    }
    hosts
}

/// Where a configuration passes requests to its own container, and a program listens on the port that it means.
fn local_notes(configuration: &Source, applications: &[Application]) -> Vec<String> {
    let mut notes = Vec::new();
    if !passed_hosts(configuration, None).iter().any(|known| LOCAL_HOSTS.contains(&known.host)) {
        return notes;
    }
    for application in applications {
        let Some(port) = application.port else { continue };
        let is_meant = |line: &str| {
            let is_directive = data::PROXY_DIRECTIVES.keys().any(|name| line.trim_start().starts_with(name));
            let is_port = |host: &&str| {
                let address = format!("{host}:{port}");
                let mut ends = line.match_indices(&address).map(|(at, _)| &line[at + address.len()..]);
                ends.any(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
            };
            is_directive && LOCAL_HOSTS.iter().any(is_port)
        };
        if let Some(line) = configuration.text().lines().position(is_meant) {
            notes.push(format!(
                "{}:{} passes requests on to port {port} of its own container: name the service in place of `localhost`",
                configuration.name(),
                line + 1
            ));
        }
    }
    notes
}

/// The hosts with their ports.
pub(in crate::emit) fn addresses(text: &str) -> Vec<(String, u16)> {
    let is_end = |c: char| c.is_whitespace() || ";/{}'\"".contains(c);
    let words = text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(|line| line.split(is_end));
    let pairs = words.filter_map(|word| {
        let (host, port) = word.rsplit_once(':')?;
        Some((host.to_owned(), port.parse().ok()?))
    });
    pairs.filter(|(host, _): &(String, u16)| is_service_host(host)).collect()
}

/// A check that nginx answers itself, whatever the servers behind it do: a page of its own or a redirect where it has one,
/// else whether it listens.
fn test(text: &str, ports: &[u16]) -> Vec<String> {
    let answers = |port: &&u16| servers(text).any(|block| listens(block, **port) && answers_itself(block));
    let words = match ports.iter().find(answers) {
        Some(port) => {
            ["curl", "-fsS", "-o", "/dev/null", &format!("http://127.0.0.1:{port}/")].map(str::to_owned).to_vec()
        }
        None => Asker::Bash.request_to_nginx(ports.first().copied().unwrap_or(80)).unwrap_or_default(),
    };
    std::iter::once("CMD".to_owned()).chain(words).collect()
}

/// The `server` blocks of a configuration, without those of one server in an `upstream`.
fn servers(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("server").filter_map(|(at, _)| {
        let rest = text[at + "server".len()..].trim_start();
        let body = rest.strip_prefix('{')?;
        let mut depth = 1;
        let end = body.find(|c: char| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth == 0
        });
        Some(&body[..end.unwrap_or(body.len())])
    })
}

fn listens(block: &str, port: u16) -> bool {
    let mut listens = block.lines().filter(|line| line.trim_start().starts_with("listen") || line.contains(" listen "));
    listens.any(|line| {
        let mut numbers = line.split(|c: char| !c.is_ascii_digit());
        numbers.any(|number| number == port.to_string()) && !line.contains("ssl") && !line.contains("quic")
    })
}

/// Whether requests for `/` are not passed on: all are redirected.
fn answers_itself(block: &str) -> bool {
    !passes(block)
        && directives(block).any(|(name, value)| name == "return" && (value.starts_with('2') || value.starts_with('3')))
}

fn passes(block: &str) -> bool {
    directives(block).any(|(name, _)| name.ends_with("_pass"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_addresses_are_read() {
        let text = "upstream api { server api:8000; }\nserver { listen 80; listen [::]:80; return 301 https://$host; }\nserver { listen 443 ssl;\n  location / { proxy_pass http://web:3000; } }";
        assert_eq!(ports(text), [80, 443]);
        assert_eq!(addresses(text), [("api".to_owned(), 8000), ("web".to_owned(), 3000)]);
        let source = Source::of("nginx.conf", text);
        let names: Vec<String> = hosts(&source).into_iter().map(|(host, place)| format!("{host} {place}")).collect();
        assert_eq!(names, ["api nginx.conf:1", "web nginx.conf:4"]);
        assert_eq!(test(text, &[80, 443]).last().unwrap(), "http://127.0.0.1:80/");
        let passed = "server { listen 80; location / { proxy_pass http://web:3000; } }";
        assert!(test(passed, &[80]).last().unwrap().starts_with("exec 3<>/dev/tcp/127.0.0.1/80 && printf"));
    }
}
