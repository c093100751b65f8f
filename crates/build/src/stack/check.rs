//! How a service is asked whether it is ready: by its compose file, by its image, or not at all.

use super::KnownService;
use crate::build::{BaseImage, Build, Reference, StageBase, is_official, tells_nothing};
use crate::compose::project::{ComposePlace, ComposeValue};
use crate::dockerfile::{Healthcheck, Keyword};
use crate::inputs::BuildInput;
use crate::shell::{Script, from_exec, parse};
use crate::text::Span;

/// How a service is asked whether it is ready.
#[derive(Clone, Debug)]
pub enum ServiceCheck<'p> {
    /// Not at all.
    Missing,
    /// A check of the image is turned off; where.
    Off(Option<ComposePlace>),
    /// By `healthcheck.test`.
    Written(WrittenCheck<'p>),
    /// By the HEALTHCHECK of its image.
    OfImage,
    /// Nothing is known of the image.
    Unknown,
}

/// A `healthcheck` with a `test`.
#[derive(Clone, Debug)]
pub struct WrittenCheck<'p> {
    /// The words of `test`, the first being CMD or CMD-SHELL.
    pub words: Vec<&'p str>,
    /// Where each of them is written.
    pub places: Vec<Option<ComposePlace>>,
    /// Where the test is written.
    pub place: Option<ComposePlace>,
    /// `healthcheck`.
    pub value: &'p ComposeValue,
}

/// The commands of a check.
#[derive(Debug)]
pub struct CheckScript {
    /// They.
    pub script: Script,
    /// Whether they run without a shell.
    pub is_exec: bool,
}

impl WrittenCheck<'_> {
    /// Whether a shell runs it.
    pub fn is_shell(&self) -> bool {
        self.words.first() == Some(&"CMD-SHELL")
    }

    /// The command line, or the words of the program one after the other. Behind a command line, words are arguments of
    /// the shell.
    pub fn text(&self) -> String {
        let words = self.words.get(1..).unwrap_or_default();
        if self.is_shell() { words.first().copied().unwrap_or_default().to_owned() } else { words.join(" ") }
    }

    /// Its commands.
    pub fn script(&self) -> CheckScript {
        if self.is_shell() {
            return CheckScript { script: parse(&self.text()), is_exec: false };
        }
        let words = self.words.get(1..).unwrap_or_default().iter().map(|word| (*word, Span::at(0)));
        CheckScript { script: from_exec(&words.collect::<Vec<_>>()), is_exec: true }
    }

    /// Whether it reports healthy whatever the container does.
    pub(super) fn tells_nothing(&self) -> bool {
        let CheckScript { script, is_exec } = self.script();
        tells_nothing(&script, is_exec)
    }

    /// A setting of the healthcheck, as Compose prints it: `interval`.
    pub fn setting(&self, key: &str) -> Option<&ComposeValue> {
        self.value.get(key)
    }
}

impl<'p> ServiceCheck<'p> {
    /// The check of the compose file.
    pub fn written(&self) -> Option<&WrittenCheck<'p>> {
        if let Self::Written(check) = self { Some(check) } else { None }
    }

    /// Whether there is certainly none, so that nobody can wait for it.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Missing | Self::Off(_))
    }
}

/// The check of a service.
pub(super) fn of<'p>(
    service: &'p ComposeValue,
    is_built: bool,
    image: Option<&BuildInput>,
    known: Option<KnownService>,
) -> ServiceCheck<'p> {
    if let Some(value) = service.get("healthcheck") {
        let test = value.get("test");
        let items = test.and_then(ComposeValue::as_list).unwrap_or_default();
        let words: Vec<&str> = items.iter().filter_map(ComposeValue::as_text).collect();
        if value.get("disable").and_then(ComposeValue::as_bool) == Some(true) || words.first() == Some(&"NONE") {
            return ServiceCheck::Off(value.place);
        }
        if words.len() > 1 && words.len() == items.len() {
            let places = items.iter().map(|item| item.place).collect();
            return ServiceCheck::Written(WrittenCheck {
                words,
                places,
                place: test.and_then(|test| test.place),
                value,
            });
        }
    }
    let Some(image) = image else { return ServiceCheck::Unknown };
    match own_check(image) {
        Some(true) => return ServiceCheck::OfImage,
        Some(false) => return ServiceCheck::Off(None),
        None => {}
    }
    match known {
        Some(known) if known.has_own_check => ServiceCheck::OfImage,
        Some(_) => ServiceCheck::Missing,
        None if is_built && stands_on_plain_image(image) => ServiceCheck::Missing,
        None => ServiceCheck::Unknown,
    }
}

/// Whether a build starts from an image that is known to have no HEALTHCHECK: those of languages and distributions, and
/// the official ones, which have none by the rules of docker-library.
fn stands_on_plain_image(input: &BuildInput) -> bool {
    let build = Build::new(input);
    let Some(stage) = build.target() else { return false };
    match build.root_base(stage) {
        StageBase::Scratch => true,
        StageBase::Image(reference) => {
            BaseImage::of(reference).source().is_some() || is_official(Reference::of(reference).short_name())
        }
        _ => false,
    }
}

/// Whether the image of a build has a HEALTHCHECK of its own file; `None` without one.
pub(super) fn own_check(input: &BuildInput) -> Option<bool> {
    let build = Build::new(input);
    let (_, instruction) = build.last(build.target()?, Keyword::Healthcheck)?;
    Some(input.file.healthcheck(instruction) != Some(Healthcheck::None))
}
