//! At `max`: a Go program that is linked with nothing needs no distribution below it.

use super::runtime::Toolchain;
use crate::build::toolchain::{self, Language};
use crate::build::{Base, Given, Reference, Stage};
use crate::dockerfile::{Arguments, Instruction, Keyword};
use crate::manifest::{Ecosystem, FileKind, FileRole};
use crate::optimize::scene::{Scene, Turn};
use crate::sources::patterns;

/// Puts `scratch` under a final stage that brings such a program and runs nothing while it is built.
pub(super) fn replace(scene: &Scene, turn: &mut Turn) {
    let build = scene.build;
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    let Base::Image(image) = &target.base else { return };
    if !matches!(Reference::of(image).short_name(), "debian" | "alpine" | "ubuntu") {
        return;
    }
    let Some(builder) = builder(scene, target) else { return };
    match needs(scene, target, builder) {
        Some(why) => turn.refuse("stands on nothing", why),
        None => turn.step(
            format!("`scratch` instead of `{image}`"),
            "the program is linked with nothing, and no source asks for a program, a user or a folder of the system",
            vec![scene.edit(target.base_span, "scratch")],
        ),
    }
}

/// The stage on Go's image that a stage takes its program from.
fn builder<'b>(scene: &'b Scene, target: &Stage) -> Option<&'b Stage> {
    let stages = scene.build.stages();
    scene.build.transfers(target).iter().find_map(|one| {
        let Some(Base::Stage(index)) = one.from else { return None };
        let stage = stages.get(index)?;
        let Base::Image(image) = scene.build.root_base(stage) else { return None };
        (Toolchain::of(image)?.language() == Some(Language::Go)).then_some(stage)
    })
}

/// What speaks against it.
fn needs(scene: &Scene, target: &Stage, builder: &Stage) -> Option<String> {
    let build = scene.build;
    let mut compiles = false;
    for stage in build.chain(builder) {
        for (index, _, all) in toolchain::runs(build, stage) {
            for one in all.iter().filter(|one| toolchain::compiles(one) == Some(Language::Go)) {
                compiles = true;
                let value = build.run_variable(stage, index, one, "CGO_ENABLED");
                if value.and_then(Given::text).as_deref() != Some("0") {
                    return Some("it may be linked with a C library; `CGO_ENABLED=0` for its build tells".to_owned());
                }
            }
        }
    }
    if !compiles {
        return Some("nobody sees how it is linked".to_owned());
    }
    for (_, one) in build.instructions(target) {
        match one.keyword {
            Keyword::Run => return Some("a RUN of its stage needs a shell".to_owned()),
            Keyword::Cmd | Keyword::Entrypoint if starts_shell(&one.arguments) => {
                return Some("its command starts a shell".to_owned());
            }
            Keyword::Healthcheck if !is_none(scene, one) => {
                return Some("its check of health may be a program of the distribution".to_owned());
            }
            _ => {}
        }
    }
    let services = &scene.evidence.services;
    if services.iter().any(|service| service.healthcheck.is_some()) {
        return Some("a compose file checks it with a program of the image".to_owned());
    }
    if scene.evidence.texts_cut || scene.evidence.texts.is_empty() {
        return Some("not all of its sources were read".to_owned());
    }
    let mut asked = patterns::of("needs of the image").filter_map(|need| {
        let (path, _) = scene.evidence.holding(&[need.text]).find(|(path, _)| is_source(path))?;
        Some(format!("`{path}` asks for {}", need.argument))
    });
    let zones = || {
        let (path, _) = scene.evidence.holding(&["time.LoadLocation("]).find(|(path, _)| is_source(path))?;
        let brings = scene.evidence.holding(&["\"time/tzdata\""]).next().is_some();
        (!brings).then(|| format!("`{path}` asks for time zones, and no source imports time/tzdata"))
    };
    asked.next().or_else(zones)
}

fn starts_shell(arguments: &Arguments) -> bool {
    let Arguments::Json(words) = arguments else { return true };
    words.first().is_some_and(|word| word.value.ends_with("sh"))
}

fn is_none(scene: &Scene, healthcheck: &Instruction) -> bool {
    scene.file().str(healthcheck.rest).trim().eq_ignore_ascii_case("none")
}

fn is_source(path: &str) -> bool {
    let kind = FileKind::of(path);
    kind.is_source_of(Ecosystem::Go) && kind.named_role() != Some(FileRole::Test)
}
