//! The levels of a rewrite.

use std::fmt;
use std::str::FromStr;

/// A level of a rewrite: each is valid by itself, and the higher ones change more of what the image holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// 0: `.dockerignore`.
    Ignore,
    /// 1: dependency files first, cache mounts.
    Order,
    /// 2: flags of installs; no development dependencies where nothing builds with them.
    Flags,
    /// 3: several stages on the same base.
    Stages,
    /// 4: the slim twin of the base under the final stage.
    Slim,
    /// 5: non-root user, healthcheck, exec form.
    Hygiene,
    /// 6: another server instead of one for development.
    Server,
}

impl Level {
    /// All, the lowest first.
    pub const ALL: [Self; 7] =
        [Self::Ignore, Self::Order, Self::Flags, Self::Stages, Self::Slim, Self::Hygiene, Self::Server];

    /// Its number, from 0.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// What it does, in a few words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Ignore => ".dockerignore",
            Self::Order => "dependency files first, cache mounts",
            Self::Flags => "install flags",
            Self::Stages => "multi-stage on the same base",
            Self::Slim => "slim base",
            Self::Hygiene => "non-root user, healthcheck, exec form",
            Self::Server => "production server",
        }
    }
}

/// The highest level whose passes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LevelLimit {
    /// Up to this level.
    Up(Level),
    /// All.
    Max,
}

impl LevelLimit {
    /// Whether passes of the level run.
    pub fn allows(self, level: Level) -> bool {
        match self {
            Self::Up(highest) => level <= highest,
            Self::Max => true,
        }
    }
}

impl Default for LevelLimit {
    fn default() -> Self {
        Self::Up(Level::Hygiene)
    }
}

impl FromStr for LevelLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let level = text.parse().ok().and_then(|number: usize| Level::ALL.get(number));
        level.map(|level| Self::Up(*level)).ok_or_else(|| "expected a number from 0 to 6, or `max`".to_owned())
    }
}

impl fmt::Display for LevelLimit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Up(level) => write!(out, "{}", level.number()),
            Self::Max => out.write_str("max"),
        }
    }
}
