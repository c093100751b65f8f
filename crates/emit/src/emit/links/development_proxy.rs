//! What a server for development passes on to another program of the repository: `server.proxy` of Vite, `proxy` in the
//! package.json of Create React App. `localhost` means its own container there.

use super::connection::Connection;
use super::program_url::{local_address, takes_requests};
use crate::emit::facts::application::Application;
use crate::emit::facts::endpoint::endpoint_input;
use crate::emit::facts::example::{nearest_example, place};
use crate::emit::input::EmitInput;
use crate::emit::plan::ComposePlan;
use crate::emit::server_image::LOCAL_HOSTS;
use crate::endpoint::bundler_server;
use crate::manifest::FileKind;
use crate::sources::code::{bracketed, words};
use crate::sources::values::without_comments;
use crate::text::path;
use crate::variables::VariableFile;

/// The variables that say where servers for development pass requests on to, for each program; addresses that no variable
/// changes are noted.
pub(in crate::emit) fn development_connections(
    input: &EmitInput,
    applications: &[Application],
    plan: &mut ComposePlan,
) -> Vec<Vec<Connection>> {
    let of = |application: &Application| {
        let mut connections: Vec<Connection> = Vec::new();
        for (at, file) in settings_of_server(input, application) {
            let text = without_comments(&file.below, file.source.text());
            for address in addresses(&text, path::name(&file.below) == "package.json") {
                let shown = nearest_example(input, at, |known| {
                    Some(known.name.as_str()) == address.variable && local_address(&known.value).is_some()
                });
                let url = shown.map_or(address.url, |known| known.value.as_str());
                let Some((host, port)) = local_address(url) else { continue };
                let mut targets = applications
                    .iter()
                    .filter(|known| known.dockerfile != application.dockerfile && takes_requests(known))
                    .filter(|known| known.port == Some(port));
                let (Some(target), None) = (targets.next(), targets.next()) else { continue };
                let value = url.replacen(&format!("{host}:{port}"), &format!("{}:{port}", target.name), 1);
                let place = place(&file.source, address.at);
                match address.variable.filter(|name| !is_read_by_pages(input, application, at, name)) {
                    Some(variable) if connections.iter().any(|known| known.variable.as_deref() == Some(variable)) => {}
                    Some(variable) => connections.push(Connection {
                        backend: target.name.clone(),
                        variable: Some(variable.to_owned()),
                        value,
                        place: Some(place),
                        has_default: true,
                    }),
                    None => plan.notes.push(format!(
                        "{place}: its server passes requests on to `{url}`, which is its own container: write `{value}`, \
                         or read it from a variable"
                    )),
                }
            }
        }
        connections
    };
    applications.iter().map(of).collect()
}

/// The files with settings of the server for development that a program starts.
fn settings_of_server<'e>(input: &EmitInput<'e>, application: &Application) -> Vec<(usize, &'e VariableFile)> {
    let may_have_proxy = |file: &VariableFile| {
        let name = path::name(&file.path);
        (name.starts_with("vite.config.") || name == "package.json") && file.source.text().contains("proxy")
    };
    // To follow what a program starts takes longer.
    if !application.code_files(input).any(may_have_proxy) {
        return Vec::new();
    }
    let Some(stage) = application.build.target() else { return Vec::new() };
    let Some(bundler) = bundler_server(&endpoint_input(input, application, &application.build, stage)) else {
        return Vec::new();
    };
    let is_settings = |name: &str| match bundler {
        "vite" => name.starts_with("vite.config."),
        _ => name == "package.json",
    };
    let all = application.code.files.iter().map(|at| (*at, &input.files.files[*at]));
    let mut files: Vec<_> = all.filter(|(_, file)| is_settings(path::name(&file.path))).collect();
    // Those of other programs may lie in the same context.
    let folders = [path::parent(&application.dockerfile), application.context.as_str()];
    let is_near = |file: &VariableFile| folders.contains(&path::parent(&file.path));
    if files.len() > 1 {
        files.retain(|(_, file)| is_near(file));
    }
    files
}

/// An address of this machine to which requests are passed on.
struct ProxyAddress<'t> {
    at: usize,
    url: &'t str,
    /// The variable whose default it is.
    variable: Option<&'t str>,
}

/// The addresses behind the key `proxy`.
fn addresses(text: &str, is_manifest: bool) -> Vec<ProxyAddress<'_>> {
    let key = if is_manifest { "\"proxy\"" } else { "proxy" };
    let Some(start) = text.find(key) else { return Vec::new() };
    let behind = text[start + key.len()..].trim_start().trim_start_matches(':').trim_start();
    let length = if behind.starts_with('{') { bracketed(behind).map(str::len) } else { behind.find('\n') };
    let end = text.len() - behind.len() + length.unwrap_or(behind.len());
    let hosts = LOCAL_HOSTS.iter().flat_map(|host| text[..end].match_indices(host));
    let hosts = hosts.filter(|(at, _)| *at > start && text[..*at].ends_with("://"));
    let mut known: Vec<ProxyAddress> = hosts.filter_map(|(at, _)| address(text, at)).collect();
    known.sort_by_key(|address| address.at);
    known
}

/// The address around the host at a place: `env.API_URL || "http://localhost:8000"`.
fn address(text: &str, host: usize) -> Option<ProxyAddress<'_>> {
    let quotes = ['"', '\'', '`'];
    let at = text[..host].rfind(quotes)? + 1;
    let end = host + text[host..].find(quotes)?;
    let url = &text[at..end];
    (!url.contains(['\n', '$', ' '])).then_some(())?;
    let before = text[..at - 1].trim_end();
    let choice = ["||", "??"].iter().find_map(|mark| before.strip_suffix(mark)).map(str::trim_end);
    let variable = choice.and_then(|read| {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name = read.trim_end_matches(['"', '\'', ']']);
        let start = name.trim_end_matches(is_name).len();
        let is_of_environment = name[..start].trim_end_matches(['"', '\'', '[', '.', '?']).ends_with("env");
        (is_of_environment && start < name.len()).then(|| &name[start..])
    });
    Some(ProxyAddress { at, url, variable })
}

/// Whether a source other than the settings reads a variable: in a browser the address of a service leads nowhere.
fn is_read_by_pages(input: &EmitInput, application: &Application, settings: usize, name: &str) -> bool {
    let all = input.files.files.iter().enumerate();
    let mut others = all.filter(|(at, file)| *at != settings && path::is_within(&file.path, &application.context));
    others.any(|(_, file)| FileKind::of(&file.below).has_code() && words(file.source.text(), name).next().is_some())
}

#[cfg(test)]
mod tests {
    use super::addresses;

    #[test]
    fn addresses_have_the_variables_whose_defaults_they_are() {
        let text = "const a = 'http://localhost:1';\nexport default { server: { proxy: {\n  '/a': process.env.A_URL ?? \"http://localhost:4000\",\n  '/b': { target: env['B_URL'] || 'http://127.0.0.1:5000/x' },\n  '/c': 'http://localhost:6000',\n  '/d': options.url || `http://localhost:7000`,\n  '/e': 'http://other:8000',\n} } };\n";
        let known: Vec<_> =
            addresses(text, false).iter().map(|address| (address.url.to_owned(), address.variable)).collect();
        let expected = [
            ("http://localhost:4000".to_owned(), Some("A_URL")),
            ("http://127.0.0.1:5000/x".to_owned(), Some("B_URL")),
            ("http://localhost:6000".to_owned(), None),
            ("http://localhost:7000".to_owned(), None),
        ];
        assert_eq!(known, expected);
        let manifest = "{ \"homepage\": \"http://localhost:1\", \"proxy\": \"http://localhost:5000\" }";
        assert_eq!(addresses(manifest, true).len(), 1);
    }
}
