//! The port that a file of settings of the context gives to the server of a container (`data/port_settings.tsv`).

use super::loopback_sources::only_file;
use super::{Build, Stage};
use crate::data;
use crate::sources::settings::{setting_name, settings_of};
use crate::text::path;

/// A port that a file of settings says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSetting {
    /// The port.
    pub port: u16,
    /// The setting: `server.port`.
    pub setting: &'static str,
    /// The file.
    pub file: String,
    /// The line in it, from 1.
    pub line: usize,
}

impl Build<'_> {
    /// The port of the server that a container of the stage starts, by a file of settings; `None` where something else may say
    /// another one.
    pub fn port_setting(&self, stage: &Stage) -> Option<PortSetting> {
        let (context, launch) = (self.input().context.as_deref()?, self.launch(stage)?);
        let texts = self.input().texts.as_ref()?;
        let source = self.input().file.source();
        let command = source.slice(launch.instruction.span);
        let invocations = launch.script().invocations();
        let starts = |program: &str| invocations.iter().any(|call| call.is(program));
        let mut known = Vec::new();
        for row in data::PORT_SETTINGS.rows() {
            let &[file, program, setting, variable, ..] = row else { continue };
            if !starts(program)
                || command.contains("port")
                || source.text().contains(setting)
                || self.env_value(stage, variable).is_some()
            {
                continue;
            }
            // Files of profiles count before it, and so does a folder `config`.
            let stem = file.split('.').next().unwrap_or(file);
            let is_profile = |name: &str| name.starts_with(stem) && name[stem.len()..].starts_with('-');
            if context.entries().any(|id| is_profile(context.entry(id).name)) {
                return None;
            }
            let Some(path) = only_file(context, file) else { continue };
            let text = String::from_utf8_lossy(texts.get(&path)?).into_owned();
            known.extend(self.written_port(stage, &path, &text, setting));
        }
        // Two files that both say one are read in an order of their own.
        if known.len() == 1 { known.pop() } else { None }
    }

    fn written_port(&self, stage: &Stage, file: &str, text: &str, setting: &'static str) -> Option<PortSetting> {
        let settings = settings_of(path::name(file), text);
        let written = settings.iter().find(|known| setting_name(known) == Some(setting))?;
        let value = match written.text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            None => written.text.as_str(),
            Some(inner) => {
                let (variable, default) = inner.split_once(':')?;
                if self.env_value(stage, variable).is_some() {
                    return None;
                }
                default
            }
        };
        let port = value.trim().parse().ok().filter(|port| *port > 0)?;
        let line = text.get(..written.at)?.matches('\n').count() + 1;
        Some(PortSetting { port, setting, file: file.to_owned(), line })
    }
}
