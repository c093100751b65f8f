//! Secrets of an image's config never reach a result: their values are hidden where texts enter it.

use crate::attribution::Origins;
use crate::finding::Mask;
use crate::image::{Config, Image};
use crate::secret::{hidden_in, hidden_of};

/// The values of a config that must not be shown: of variables, labels, commands, and of what history tells of them.
pub(super) fn collect(config: &Config, mask: &mut Mask) {
    let mut hide = |values: Vec<String>| values.iter().for_each(|value| mask.add(value));
    let variables = config.env.iter().map(|(name, value)| (name, value));
    for (name, value) in variables.chain(&config.labels) {
        hide(hidden_of(name, value).into_iter().collect());
        hide(hidden_in(value));
    }
    let words = [&config.entrypoint, &config.cmd, &config.shell, &config.healthcheck];
    for words in words.into_iter().flatten().chain([&config.on_build]) {
        hide(hidden_in(&words.join(" ")));
    }
    for step in &config.history {
        for text in step.created_by.iter().chain(&step.comment) {
            hide(hidden_in(text));
            hide(old_form(text).into_iter().collect());
        }
    }
}

/// `ENV NAME value`, as builders write what was set without `=`.
fn old_form(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("ENV ")?;
    let (name, value) = rest.trim_start().split_once(' ')?;
    (!name.contains('=')).then(|| hidden_of(name, value.trim_end_matches("# buildkit").trim())).flatten()
}

/// Hides the values in all texts of an image.
pub(super) fn apply(mask: &Mask, image: &mut Image) {
    let hide = |text: &mut String| *text = mask.apply(text);
    let config = &mut image.config;
    config.env.iter_mut().for_each(|pair| hide(&mut pair.1));
    config.labels.values_mut().for_each(hide);
    let words = [&mut config.entrypoint, &mut config.cmd, &mut config.shell, &mut config.healthcheck];
    words.into_iter().flatten().chain([&mut config.on_build]).flatten().for_each(hide);
    for step in &mut config.history {
        step.created_by.iter_mut().chain(&mut step.comment).for_each(hide);
    }
    image.annotations.iter_mut().for_each(|pair| hide(&mut pair.1));
    image.notices.iter_mut().for_each(hide);
}

/// Hides the values in what is told of where layers come from.
pub(super) fn apply_to_origins(mask: &Mask, origins: &mut Origins) {
    let hide = |text: &mut String| *text = mask.apply(text);
    origins
        .layers
        .iter_mut()
        .chain(&mut origins.history)
        .filter_map(|origin| origin.instruction.as_mut())
        .for_each(hide);
    origins.notices.iter_mut().for_each(hide);
}

#[cfg(test)]
mod tests {
    use super::*;
    use dockopt_testing::sketch;

    #[test]
    fn no_text_of_a_config_tells_a_secret() {
        let mut image = sketch(
            "ENV DB_PASSWORD=c4nary-one\nENV DATABASE_URL=postgres://app:c4nary-two@db/x\nENV LANG=C.UTF-8\n\
             LABEL deploy.token=c4nary-three\nCMD serve --password=c4nary-four\nEMPTY ENV API_TOKEN=c4nary-five\n\
             HISTORY RUN |1 NPM_TOKEN=c4nary-six /bin/sh -c npm ci # buildkit\nEMPTY /bin/sh -c #(nop)  ENV MY_SECRET c4nary-7en",
        );
        let mut mask = Mask::default();
        collect(&image.config, &mut mask);
        apply(&mask, &mut image);
        let config_text = format!("{:?}", image.config);
        assert!(!config_text.contains("c4nary"), "{config_text}");
        assert!(config_text.contains("C.UTF-8") && config_text.contains("npm ci"), "{config_text}");
    }
}
