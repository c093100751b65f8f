//! Whether the server of a program answers TLS alone.

use super::EndpointInput;
use super::port::{active_setting, sites_have_tls_alone};
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::code;
use crate::sources::patterns;
use crate::sources::routes::SourceFile;
use crate::text::path;

/// Whether the command, the settings or the sources give the server a certificate.
pub(super) fn serves_tls(input: &EndpointInput) -> bool {
    let lines = input.build.start_lines(input.stage);
    let names_certificate = |word: &str| {
        let is_option = patterns::words("option with a certificate")
            .any(|option| word.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('=')));
        is_option || word.starts_with("ssl://") || word.starts_with("ssl:")
    };
    let arguments = input.variable("GUNICORN_CMD_ARGS").unwrap_or_default();
    lines.iter().flatten().map(String::as_str).chain(arguments.split(' ')).any(names_certificate)
        || ["server.ssl.key-store", "server.ssl.certificate", "server.ssl.bundle"]
            .iter()
            .any(|name| active_setting(input, name).is_some())
        || sites_have_tls_alone(input)
        || input.files.iter().any(source_serves_tls)
        || input
            .settings
            .iter()
            .any(|file| path::name(file.path).starts_with("vite.config.") && source_serves_tls(file))
}

/// Whether a source starts a server with TLS, and none without it, or gives one a certificate.
fn source_serves_tls(file: &SourceFile) -> bool {
    let kind = FileKind::of(file.path);
    let shows = |meaning: &str| patterns::shows_in(kind, file.text, meaning);
    if !kind.has_code() {
        return false;
    }
    let imports_https = || {
        let names = ["\"https\"", "'https'", "\"node:https\"", "'node:https'"];
        let imports = file.text.lines().filter(|line| line.starts_with("import ") && line.contains("createServer"));
        imports.into_iter().any(|line| names.iter().any(|name| line.contains(name)))
    };
    shows("starts a server with TLS") && !shows("starts a server without TLS")
        || kind.ecosystem() == Some(Ecosystem::Node) && imports_https()
        || gives_certificate(file, kind)
        || path::name(file.path).starts_with("gunicorn")
            && file.text.lines().any(|line| line.starts_with("certfile") || line.starts_with("keyfile"))
}

/// Whether a call that starts a server is given a certificate.
fn gives_certificate(file: &SourceFile, kind: FileKind) -> bool {
    let calls = patterns::of("may be given a certificate").filter(|call| call.is_of(kind));
    calls.into_iter().any(|call| {
        file.text.match_indices(call.text).any(|(at, _)| {
            let open = file.text[at..].find('(').map(|open| at + open);
            let list = open.and_then(|open| code::bracketed(&file.text[open..])).unwrap_or_default();
            patterns::shows_in(kind, list, "is a certificate of a server")
        })
    })
}
