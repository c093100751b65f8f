//! Why Python dependencies cannot be installed in a separate stage.

use std::fmt;

/// Why Python dependencies cannot be installed in a separate stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::optimize) enum PythonStageBlocker {
    InstallIsNoPlainList { line: String },
    TwoInstallingStages,
    NothingToSave,
    UnknownBase,
    GpuLibraries { image: String },
    CondaImage,
    UnofficialImage { image: String },
    OtherStageBuilds { stage: String, base: String },
    NumberedStage,
    UnknownProgram { line: String, program: String },
    FetchesProject { line: String },
    SetupPy,
    CustomFolder,
    BasePython,
    InstallsPython,
    FetchesPython { requested: String, of_base: String },
    WrapperSetsVariables { name: String },
    CalledByPath { path: String },
    CustomPath,
}

impl fmt::Display for PythonStageBlocker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InstallIsNoPlainList { line } => {
                write!(out, "the RUN on line {line} installs packages and is not a plain list of commands")
            }
            Self::TwoInstallingStages => {
                out.write_str("two stages of the image install dependencies, one based on the other")
            }
            Self::NothingToSave => out.write_str("the base image is already slim, and no build tools are installed"),
            Self::UnknownBase => out.write_str("the base image is known only at build time"),
            Self::GpuLibraries { image } => {
                write!(out, "`{image}` contains GPU libraries, and it is not known what uses them")
            }
            Self::CondaImage => out.write_str("conda environments are not virtual environments"),
            Self::UnofficialImage { image } => {
                write!(out, "`{image}` is not an official Python image, and its package folder is not known")
            }
            Self::OtherStageBuilds { stage, base } => {
                write!(out, "stage `{stage}` is based on `{base}` and uses its build tools")
            }
            Self::NumberedStage => out.write_str("a later stage names this one by its number, which would change"),
            Self::UnknownProgram { line, program } => {
                write!(out, "line {line} runs `{program}`, whose path is known only at build time")
            }
            Self::FetchesProject { line } => write!(out, "line {line} downloads the project that it installs"),
            Self::SetupPy => out.write_str("`setup.py` installs the project without pip"),
            Self::CustomFolder => out.write_str("packages are installed into a custom folder"),
            Self::BasePython => out.write_str("uv installs into the Python of the base image"),
            Self::InstallsPython => out.write_str("uv installs its own Python, which would stay in the build stage"),
            Self::FetchesPython { requested, of_base } => write!(
                out,
                "uv downloads Python `{requested}`, because the base image has {of_base}; it would stay in the build stage"
            ),
            Self::WrapperSetsVariables { name } => {
                write!(out, "`{name}` also sets variables or runs hooks, so it must stay with its environment")
            }
            Self::CalledByPath { path } => {
                write!(out, "`{path}` is called by its path, which is outside the virtual environment")
            }
            Self::CustomPath => {
                out.write_str("a custom PATH finds the Python of the base image instead of the virtual environment")
            }
        }
    }
}
