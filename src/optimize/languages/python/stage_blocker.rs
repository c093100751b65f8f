//! Why Python dependencies cannot be installed in a separate stage.

use thiserror::Error;

/// Why Python dependencies cannot be installed in a separate stage.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(in crate::optimize) enum PythonBlocker {
    #[error("the RUN on line {line} installs packages and is not a plain list of commands")]
    InstallIsNoPlainList { line: u32 },
    #[error("two stages of the image install dependencies, one based on the other")]
    TwoInstallingStages,
    #[error("the base image is already slim, and no build tools are installed")]
    NothingToSave,
    #[error("the base image is known only at build time")]
    UnknownBase,
    #[error("`{image}` contains GPU libraries, and it is not known what uses them")]
    GpuLibraries { image: String },
    #[error("conda environments are not virtual environments")]
    CondaImage,
    #[error("`{image}` is not an official Python image, and its package folder is not known")]
    UnofficialImage { image: String },
    #[error("stage `{stage}` is based on `{base}` and uses its build tools")]
    OtherStageBuilds { stage: String, base: String },
    #[error("a later stage names this one by its number, which would change")]
    NumberedStage,
    #[error("line {line} runs `{program}`, whose path is known only at build time")]
    UnknownProgram { line: u32, program: String },
    #[error("line {line} downloads the project that it installs")]
    FetchesProject { line: u32 },
    #[error("`setup.py` installs the project without pip")]
    SetupPy,
    #[error("packages are installed into a custom folder")]
    CustomFolder,
    #[error("uv installs into the Python of the base image")]
    BasePython,
    #[error("uv installs its own Python, which would stay in the build stage")]
    InstallsPython,
    #[error(
        "uv downloads Python `{requested}`, because the base image has {of_base}; it would stay in the build \
             stage"
    )]
    FetchesPython { requested: String, of_base: String },
    #[error("`{name}` also sets variables or runs hooks, so it must stay with its environment")]
    WrapperSetsVariables { name: String },
    #[error("`{path}` is called by its path, which is outside the virtual environment")]
    CalledByPath { path: String },
    #[error("a custom PATH finds the Python of the base image instead of the virtual environment")]
    CustomPath,
}
