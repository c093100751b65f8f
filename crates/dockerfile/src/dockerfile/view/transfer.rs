//! COPY and ADD: what goes where.

use std::collections::HashMap;

use super::Argument;
use crate::dockerfile::expand::heredoc_word;
use crate::dockerfile::syntax::{File, Heredoc, Instruction, Keyword};

/// COPY or ADD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer<'a> {
    /// Paths, globs, URLs and Git references; heredocs stand apart.
    pub sources: Vec<Argument<'a>>,
    /// Sources that stand in the Dockerfile itself.
    pub heredocs: Vec<HeredocSource<'a>>,
    /// Where they go.
    pub destination: Argument<'a>,
    /// `--from`: a stage, an image or a named context; COPY only.
    pub from: Option<Argument<'a>>,
    /// `--chown`.
    pub chown: Option<Argument<'a>>,
    /// `--chmod`.
    pub chmod: Option<Argument<'a>>,
    /// `--link`.
    pub link: Option<bool>,
    /// `--parents`; COPY only.
    pub parents: Option<bool>,
    /// Each `--exclude`.
    pub exclude: Vec<Argument<'a>>,
    /// `--checksum`; ADD only.
    pub checksum: Option<Argument<'a>>,
    /// `--keep-git-dir`; ADD only.
    pub keep_git_dir: Option<bool>,
    /// `--unpack`; ADD only.
    pub unpack: Option<bool>,
}

/// A heredoc among the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeredocSource<'a> {
    /// The source as written: `<<EOF`.
    pub opener: Argument<'a>,
    /// Its body. BuildKit takes the last heredoc of that name; `None` when there is none, which gives an empty file.
    pub heredoc: Option<&'a Heredoc>,
}

impl File {
    /// COPY's or ADD's parts; `None` for another instruction or fewer than two arguments.
    pub fn transfer<'a>(&'a self, instruction: &'a Instruction) -> Option<Transfer<'a>> {
        if !matches!(instruction.keyword, Keyword::Copy | Keyword::Add) {
            return None;
        }
        let mut arguments = self.list(instruction);
        if arguments.len() < 2 {
            return None;
        }
        let destination = arguments.pop()?;
        let mut sources = Vec::with_capacity(arguments.len());
        let mut heredocs = Vec::new();
        // The last of each name.
        let named: HashMap<&str, &Heredoc> =
            instruction.heredocs.iter().map(|heredoc| (&*heredoc.name, heredoc)).collect();
        for argument in arguments {
            match heredoc_word(&argument.text) {
                Ok(Some(word)) => {
                    let heredoc = named.get(&*word.name).copied();
                    heredocs.push(HeredocSource { opener: argument, heredoc });
                }
                _ => sources.push(argument),
            }
        }
        Some(Transfer {
            sources,
            heredocs,
            destination,
            from: self.flag_argument(instruction, "from"),
            chown: self.flag_argument(instruction, "chown"),
            chmod: self.flag_argument(instruction, "chmod"),
            link: self.flag_bool(instruction, "link"),
            parents: self.flag_bool(instruction, "parents"),
            exclude: self.flag_arguments(instruction, "exclude").collect(),
            checksum: self.flag_argument(instruction, "checksum"),
            keep_git_dir: self.flag_bool(instruction, "keep-git-dir"),
            unpack: self.flag_bool(instruction, "unpack"),
        })
    }
}
