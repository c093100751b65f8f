//! Virtual hosts of `RabbitMQ` that stand in sources: a server has only the one that a setting makes.

use super::backend::Backends;
use crate::emit::facts::application::Application;
use crate::emit::facts::example::place;
use crate::emit::input::EmitInput;
use crate::emit::plan::ComposePlan;
use crate::emit::server_image::is_word;
use crate::manifest::FileKind;
use crate::sources::code::bracketed;
use crate::sources::literals::{StringLiteral, string_literals};

/// The variable of the image that makes a virtual host (docker-library/docs, rabbitmq: `RABBITMQ_DEFAULT_VHOST`).
const SETTING: &str = "RABBITMQ_DEFAULT_VHOST";

/// The call of pika whose third argument is a virtual host (pika docs: `ConnectionParameters`).
const CALL: &str = "ConnectionParameters(";

/// How other clients name one.
const KEYS: [&str; 5] = ["virtual_host=", "vhost:", "virtualHost:", "VirtualHost =", "vhost="];

/// Gives the server the virtual host that a program connects to, whatever variables say.
pub(super) fn add_virtual_host(
    input: &EmitInput,
    applications: &[Application],
    backends: &mut Backends,
    plan: &mut ComposePlan,
) {
    let mut servers =
        backends.all.iter_mut().filter(|known| known.row.host == "rabbitmq" && known.application.is_none());
    let (Some(server), None) = (servers.next(), servers.next()) else { return };
    if server.settings.iter().any(|(name, _)| name == SETTING) {
        return;
    }
    let hosts = applications.iter().find_map(|application| fixed_virtual_host(input, application));
    let Some((host, place)) = hosts else { return };
    plan.choose(&server.name, "environment", format!("a program connects to the virtual host `{host}`"), Some(place));
    server.settings.push((SETTING.to_owned(), host));
}

/// The virtual host in the sources of a program, and its place.
fn fixed_virtual_host(input: &EmitInput, application: &Application) -> Option<(String, String)> {
    let files = application.code_files(input).filter(|file| FileKind::of(&file.below).has_code());
    files.filter(|file| file.is_of_program()).find_map(|file| {
        let text = file.source.text();
        if !text.contains(CALL) && !KEYS.iter().any(|key| text.contains(key)) {
            return None;
        }
        let is_host = |literal: &&StringLiteral| {
            let is_named = KEYS.iter().any(|key| literal.before.ends_with(key));
            (is_named || is_third_argument(text, literal.at)) && is_word(&literal.text)
        };
        let literal = string_literals(&file.below, text).into_iter().find(|literal| is_host(&literal))?;
        Some((literal.text, place(&file.source, literal.at)))
    })
}

/// Whether a place is in the third argument of the call that begins before it.
fn is_third_argument(text: &str, at: usize) -> bool {
    let Some(call) = text[..at].rfind(CALL) else { return false };
    let open = call + CALL.len() - 1;
    let Some(inner) = bracketed(&text[open..]) else { return false };
    let begin = open + 1;
    if at > begin + inner.len() {
        return false;
    }
    let mut depth = 0;
    let commas = text[begin..at].chars().filter(|c| {
        depth += i32::from(matches!(c, '(' | '[' | '{')) - i32::from(matches!(c, ')' | ']' | '}'));
        depth == 0 && *c == ','
    });
    commas.count() == 2 && depth == 0
}
