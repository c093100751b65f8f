//! Rules about `FROM --platform`.

use super::Context;
use crate::build::{Build, Reference, Stage, StageBase, is_like};
use crate::data;
use crate::dockerfile::{Instruction, Keyword, expand::Lex, expand::Operator, expand::uses, platform};
use crate::finding::Findings;
use crate::text::Span;

super::family! {
    "constant-platform" => constant_platform;
    "intended-platform" => intended_platform;
    "redundant-platform" => redundant_platform;
}

fn constant_platform(cx: &Context, out: &mut Findings) {
    for pinned in pinned(cx.build()).into_iter().filter(|pinned| !pinned.is_meant(cx.build())) {
        let message = format!("this stage is always built for `{}`, whatever platform the build requests", pinned.text);
        let help = "remove the flag; in a stage that only builds, use `--platform=$BUILDPLATFORM`";
        out.push(cx.finding(pinned.span, message).help(help));
    }
}

/// A FROM with a literal platform.
pub(super) struct PinnedPlatform<'b> {
    stage: &'b Stage,
    from: &'b Instruction,
    /// The base as written.
    image: String,
    architecture: String,
    /// The platform as written.
    pub(super) text: String,
    /// The position of the platform.
    pub(super) span: Span,
}

/// The FROMs that BuildKit warns about: the name of the stage contains neither the system nor the architecture.
pub(super) fn pinned<'b>(build: &'b Build) -> Vec<PinnedPlatform<'b>> {
    let file = &build.input().file;
    let stage_platform = |stage: &'b Stage| {
        let instruction = build.from_of(stage)?;
        let from = file.from(instruction)?;
        let flag = from.platform.filter(|platform| !platform.text.is_empty())?;
        if !uses(&flag.text, Lex::new(file.escape())).is_empty() {
            return None;
        }
        let (system, architecture) = platform(&flag.text)?;
        let name = stage.name.as_deref().unwrap_or_default();
        let names_platform = name.contains(&system) || name.contains(&architecture);
        (!names_platform).then(|| PinnedPlatform {
            stage,
            from: instruction,
            image: from.image.text.to_string(),
            architecture,
            text: flag.text.to_string(),
            span: flag.span,
        })
    };
    build.stages().iter().filter_map(stage_platform).collect()
}

impl PinnedPlatform<'_> {
    /// Whether the platform is intended: by a comment above, by the name of the stage or its base image, or by the names of
    /// all stages that use it.
    pub(super) fn is_meant(&self, build: &Build) -> bool {
        let is_named = |stage: &Stage| {
            let base = match &stage.base {
                StageBase::Image(image) => image,
                _ => "",
            };
            self.is_in(base) || self.is_in(stage.name.as_deref().unwrap_or_default())
        };
        let mut users = build.edges_to(self.stage).peekable();
        let only_for_it = users.peek().is_some() && users.all(|edge| is_named(&build.stages()[edge.stage]));
        is_named(self.stage)
            || self.is_in(&self.image)
            || is_explained(build, self.from)
            || only_for_it
            || self.is_only_one(build)
            || self.is_fetched(build)
    }

    /// Whether the publisher provides the base image only for this architecture.
    fn is_only_one(&self, build: &Build) -> bool {
        let StageBase::Image(image) = build.root_base(self.stage) else { return false };
        let reference = Reference::of(image);
        let tag = reference.tag.unwrap_or("latest");
        data::IMAGE_ARCHITECTURES.rows().any(|row| {
            let fits = is_like(row[0], reference.short_name()) && data::words(row[1]).any(|glob| is_like(glob, tag));
            fits && row[2] == self.architecture
        })
    }

    /// Whether the stage downloads programs that are named after this architecture, and none for another one.
    fn is_fetched(&self, build: &Build) -> bool {
        let mut is_found = false;
        for (_, instruction) in build.instructions(self.stage) {
            if !matches!(instruction.keyword, Keyword::Run | Keyword::Add) {
                continue;
            }
            let text = build.input().file.logical(instruction.text);
            for known in words(text).iter().filter_map(|word| architecture(word)) {
                if known != self.architecture {
                    return false;
                }
                is_found = true;
            }
        }
        is_found
    }

    /// Whether a name contains the architecture.
    fn is_in(&self, name: &str) -> bool {
        words(name).iter().any(|word| architecture(word).is_some_and(|named| named == self.architecture))
    }
}

/// Whether a comment above mentions platforms.
fn is_explained(build: &Build, from: &Instruction) -> bool {
    from.comments.iter().any(|&comment| {
        let text = build.input().file.logical(comment);
        // Comments that suppress findings and instructions that are commented out are not explanations.
        let is_code = text.contains("ignore=") || text.contains("check=") || text.contains("--platform=");
        let is_subject = |word: &str| meaning(word) == Some("*");
        !is_code && words(text).iter().any(|word| is_subject(word) || architecture(word).is_some())
    })
}

/// The words of a name or text; `x86_64` is one word.
fn words(text: &str) -> Vec<String> {
    let text = text.to_ascii_lowercase().replace("x86_64", "amd64").replace("x86-64", "amd64");
    text.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned).collect()
}

/// What a word means according to the table: an architecture, or `*` for any.
fn meaning(word: &str) -> Option<&'static str> {
    data::ARCHITECTURE_WORDS.row(word).and_then(|row| row.get(1).copied())
}

/// The architecture that a word means.
fn architecture(word: &str) -> Option<String> {
    if let Some(known) = meaning(word) {
        return (known != "*").then(|| known.to_owned());
    }
    // A system without an architecture means its usual one.
    platform(word).filter(|(system, _)| system == "linux" && word != "linux").map(|(_, architecture)| architecture)
}

fn intended_platform(cx: &Context, out: &mut Findings) {
    for pinned in pinned(cx.build()).into_iter().filter(|pinned| pinned.is_meant(cx.build())) {
        let message = format!("platform `{}` is hard-coded, on purpose according to the file", pinned.text);
        out.push(cx.finding(pinned.span, message).help("name the stage after the platform"));
    }
}

fn redundant_platform(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for stage in cx.build().stages() {
        let Some(instruction) = cx.build().from_of(stage) else { continue };
        let Some(from) = file.from(instruction) else { continue };
        let Some(platform) = from.platform else { continue };
        let variables = uses(&platform.text, Lex::new(file.escape()));
        let whole = platform.text.trim_matches('"').len() as u32;
        let [used] = variables.as_slice() else { continue };
        if used.name != "TARGETPLATFORM" || used.span.len() != whole {
            continue;
        }
        let plain = used.operator == Operator::Plain;
        let Some(flag) = instruction.flags.iter().find(|flag| file.flag_name(flag) == "platform") else { continue };
        let mut finding =
            cx.finding(flag.word.span, "`--platform=$TARGETPLATFORM` is redundant: it is the default of FROM");
        finding = finding.help("remove the flag");
        if !plain {
            finding = finding.without("DL3065");
        }
        let span = Span::new(flag.word.span.start, from.image.span.start);
        let between = file.source().slice(Span::new(flag.word.span.end, from.image.span.start));
        if between.bytes().all(|byte| byte == b' ' || byte == b'\t') {
            finding = finding.safe_edit("remove the flag", span, "");
        }
        out.push(finding);
    }
}
