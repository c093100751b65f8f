//! What containers start with, before and after.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::ImageAnalysis;
use crate::image::Config;

/// A setting that changed. Secrets are masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigChange {
    /// The instruction of a Dockerfile that sets it: `ENV`, `CMD`, …; `platform`.
    pub setting: &'static str,
    /// The variable, the label; `None` for settings that stand alone.
    pub name: Option<String>,
    /// What it was; `None` where it was not set.
    pub before: Option<String>,
    /// What it is; `None` where it is not set.
    pub after: Option<String>,
}

pub(super) fn changes(before: &ImageAnalysis, after: &ImageAnalysis) -> Vec<ConfigChange> {
    let (old, new) = (&before.image.config, &after.image.config);
    let mut changes = Vec::new();
    let mut change = |setting, name: Option<&str>, before: Option<String>, after: Option<String>| {
        if before != after {
            changes.push(ConfigChange { setting, name: name.map(str::to_owned), before, after });
        }
    };
    let platform = |analysis: &ImageAnalysis| {
        let platform = &analysis.image.platform;
        (!platform.is_unknown()).then(|| platform.to_string())
    };
    change("platform", None, platform(before), platform(after));
    for (setting, before, after) in
        scalar_settings(old).into_iter().zip(scalar_settings(new)).map(|(a, b)| (a.0, a.1, b.1))
    {
        change(setting, None, before, after);
    }
    // Of a variable that stands there twice the last one counts.
    let variables = |config: &Config| config.env.iter().cloned().collect::<BTreeMap<String, String>>();
    for (setting, old, new) in
        [("ENV", variables(old), variables(new)), ("LABEL", old.labels.clone(), new.labels.clone())]
    {
        for name in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            change(setting, Some(name), old.get(name).cloned(), new.get(name).cloned());
        }
    }
    let lists = [
        ("EXPOSE", &old.exposed_ports, &new.exposed_ports),
        ("VOLUME", &old.volumes, &new.volumes),
        ("ONBUILD", &old.on_build, &new.on_build),
    ];
    for (setting, old, new) in lists {
        for item in old.iter().chain(new).collect::<BTreeSet<_>>() {
            let has = |list: &Vec<String>| list.contains(item).then(|| item.clone());
            change(setting, None, has(old), has(new));
        }
    }
    changes
}

/// Settings that stand alone. An empty text is as good as none.
fn scalar_settings(config: &Config) -> [(&'static str, Option<String>); 7] {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let words = |words: &Option<Vec<String>>| {
        let words = words.as_ref().filter(|words| !words.is_empty())?;
        let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
        Some(format!("[{}]", quoted.join(", ")))
    };
    [
        ("ENTRYPOINT", words(&config.entrypoint)),
        ("CMD", words(&config.cmd)),
        ("USER", text(&config.user)),
        ("WORKDIR", text(&config.working_directory)),
        ("HEALTHCHECK", words(&config.healthcheck)),
        ("STOPSIGNAL", text(&config.stop_signal)),
        ("SHELL", words(&config.shell)),
    ]
}
