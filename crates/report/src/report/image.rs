//! `image` for people and programs: what an image is made of, what of it is wasted, which line made it.

mod budget;
mod diff;
mod folders;
mod icicle;
mod json;
mod csv;
mod cyclonedx;
mod jsonl;
mod shared;
mod layers;
mod lists;
mod origin;
mod package_url;
mod secrets;
mod sections;
#[cfg(test)]
mod tests;
mod view;

pub use self::budget::limit_name;
pub(super) use self::budget::{broken as broken_limits, format_bound, pair, story as limit_story};
pub use self::csv::{write_files as image_files_csv, write_layers as image_layers_csv};
pub use self::cyclonedx::write as image_cyclonedx;
pub use self::diff::{ImageDiff, image_diff, image_diff_json};
pub use self::json::write as image_json;
pub use self::jsonl::write as image_jsonl;
pub(super) use self::lists::story;
pub use self::sections::image;
use self::view::pull_seconds;
pub use self::view::{
    ImageView, image_name, image_problem, shown_line, shown_maker, shown_makers, shown_path, waste_words,
};
