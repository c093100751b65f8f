//! Programs that ask their database for TLS, whatever variables say.

use super::backend::Backends;
use crate::build::FoundVariable;
use crate::emit::facts::application::Application;
use crate::emit::facts::example::place;
use crate::emit::facts::start::start_texts;
use crate::emit::input::EmitInput;
use crate::emit::plan::ComposePlan;
use crate::manifest::Ecosystem;

/// What a source says that takes a certificate which nobody has signed.
const TAKES_ANY: &str = "rejectUnauthorized: false";

/// Bytes before it that may say when.
const BEFORE: usize = 200;

/// The server of `PostgreSQL` with the certificate that Debian makes for each machine, as the image has it.
const COMMAND: [&str; 3] = [
    "ssl=on",
    "ssl_cert_file=/etc/ssl/certs/ssl-cert-snakeoil.pem",
    "ssl_key_file=/etc/ssl/private/ssl-cert-snakeoil.key",
];

/// Lets the one `PostgreSQL` speak TLS, where a program asks for that when it starts as it does here.
pub(super) fn serve_tls(
    input: &EmitInput,
    applications: &[Application],
    backends: &mut Backends,
    plan: &mut ComposePlan,
) {
    let Some((name, place)) =
        applications.iter().find_map(|known| Some((known.name.clone(), asks_for_tls(input, known)?)))
    else {
        return;
    };
    let mut servers =
        backends.all.iter_mut().filter(|known| known.row.host == "postgres" && known.application.is_none());
    let (Some(server), None) = (servers.next(), servers.next()) else { return };
    if server.image.contains("alpine") || server.image.contains("timescale") {
        plan.notes.push(format!("{name} asks {} for TLS ({place}), which its image does not offer", server.name));
        return;
    }
    if server.command.is_empty() {
        server.command.push("postgres".to_owned());
    }
    server.command.extend(COMMAND.iter().flat_map(|setting| ["-c".to_owned(), (*setting).to_owned()]));
    let reason = format!("{name} asks for TLS and takes a certificate that nobody has signed");
    plan.choose(&server.name, "command", reason, Some(place));
}

/// The place of a source that asks for TLS: always, or in production, which the container is in.
fn asks_for_tls(input: &EmitInput, application: &Application) -> Option<String> {
    let is_node = application.projects().any(|project| project.ecosystem == Ecosystem::Node);
    let mut files = application.code_files(input);
    files.find_map(|file| {
        let text = file.source.text();
        let at = text.find(TAKES_ANY)?;
        let before = &text[text.ceil_char_boundary(at.saturating_sub(BEFORE))..at];
        let is_conditional = ["?", "if (", "&&"].iter().any(|sign| before.contains(sign));
        let ssl = &before[before.rfind("ssl")?..];
        // `ssl: {`, in the settings of a client.
        let is_setting = ssl["ssl".len()..].trim_start().starts_with(':');
        if !is_setting || !["postgres", "'pg'", "\"pg\""].iter().any(|client| text.contains(client)) {
            return None;
        }
        let is_by_mode = text.contains("NODE_ENV") && !reads_other_variable(ssl);
        let asks = !is_conditional || is_by_mode && is_production(input, application);
        (is_node && asks && file.is_of_program()).then(|| place(&file.source, at))
    })
}

/// Whether a text reads another variable than the mode.
fn reads_other_variable(text: &str) -> bool {
    text.split("process.env.").skip(1).any(|rest| !rest.starts_with("NODE_ENV"))
}

fn is_production(input: &EmitInput, application: &Application) -> bool {
    const MODE: &str = "NODE_ENV";
    let build = &application.build;
    let value = build.target().and_then(|stage| build.env_value(stage, MODE)).and_then(FoundVariable::text);
    value.as_deref() == Some("production")
        || start_texts(input, application).iter().any(|start| start.text.contains("NODE_ENV=production"))
}
