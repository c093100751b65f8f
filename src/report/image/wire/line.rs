//! The lines of `--format jsonl`.

use serde::Serialize;

use super::{ImageFindingJson, ImageProblemJson, LayerJson, Limit, Totals};
use crate::report::wire::{Head, SkippedJson};

/// A line of `--format jsonl`.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(in crate::report::image) enum Line<'a> {
    Start {
        #[serde(flatten)]
        head: Head<'a>,
        command: &'a str,
    },
    Image {
        #[serde(rename = "ref")]
        reference: &'a str,
        platform: Option<String>,
        totals: Totals,
        layers: Vec<LayerJson<'a>>,
    },
    File(Box<File<'a>>),
    Finding(ImageFindingJson<'a>),
    Limit(Limit<'a>),
    Problem(ImageProblemJson<'a>),
    Skipped(SkippedJson<'a>),
    Notice {
        text: &'a str,
    },
    End {
        images: usize,
        files: u64,
        findings: usize,
        problems: usize,
        skipped: usize,
        exit: u8,
    },
}

/// A member of the final tree.
#[derive(Serialize)]
pub(in crate::report::image) struct File<'a> {
    /// Index of the image.
    pub image: usize,
    pub path: String,
    /// The path's bytes in hexadecimal digits, where they are no UTF-8.
    pub path_hex: Option<String>,
    pub kind: &'static str,
    pub size: u64,
    pub pull_bytes: Option<u64>,
    pub apparent_size: Option<u64>,
    pub mode: String,
    pub uid: u32,
    pub gid: u32,
    pub mtime: i64,
    pub target: Option<String>,
    pub layer: u32,
    pub dockerfile: Option<&'a str>,
    pub line: Option<u32>,
    pub category: Option<&'a str>,
    pub package: Option<&'a str>,
}
