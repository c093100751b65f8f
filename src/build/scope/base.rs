//! What a stage finds set before its own instructions.

use super::{Definition, Names, Origin, Parent, Scope, Value, known};
use crate::build::stage::{Base, Stage};
use crate::inputs::BuildInput;

/// PATH of an image that sets none (BuildKit's `system.DefaultPathEnvUnix`).
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

pub(super) fn scope(input: &BuildInput, stage: &Stage) -> Scope {
    let mut names = Names::default();
    let mut set = |name: &str, value: Value| {
        names.push(name, Definition { origin: Origin::BaseImage, instruction: None, span: None, value });
    };
    let parent = match &stage.base {
        Base::Stage(parent) => Parent::Stage(*parent),
        Base::Scratch => {
            set("PATH", known(DEFAULT_PATH));
            Parent::Nothing
        }
        Base::Image(reference) => match input.base_images.get(reference) {
            Some(config) => {
                set("PATH", known(DEFAULT_PATH));
                config.env.iter().for_each(|(name, value)| set(name, known(value)));
                Parent::Nothing
            }
            None => Parent::Unknown,
        },
        Base::Context(_) | Base::Unknown(_) => Parent::Unknown,
    };
    Scope { names, parent }
}
