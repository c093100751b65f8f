//! Why Python dependencies cannot be installed in a separate stage.

use crate::optimize::reason::reasons;

reasons! {
    /// Why Python dependencies cannot be installed in a separate stage.
    pub(in crate::optimize) PythonBlocker {
        InstallIsNoPlainList { line: u32 }:
            "the RUN on line {line} installs packages and is not a plain list of commands";
        TwoInstallingStages: "two stages of the image install dependencies, one based on the other";
        NothingToSave: "the base image is already slim, and no build tools are installed";
        UnknownBase: "the base image is known only at build time";
        GpuLibraries { image: String }: "`{image}` contains GPU libraries, and it is not known what uses them";
        CondaImage: "conda environments are not virtual environments";
        UnofficialImage { image: String }:
            "`{image}` is not an official Python image, and its package folder is not known";
        OtherStageBuilds { stage: String, base: String }:
            "stage `{stage}` is based on `{base}` and uses its build tools";
        NumberedStage: "a later stage names this one by its number, which would change";
        UnknownProgram { line: u32, program: String }:
            "line {line} runs `{program}`, whose path is known only at build time";
        FetchesProject { line: u32 }: "line {line} downloads the project that it installs";
        SetupPy: "`setup.py` installs the project without pip";
        CustomFolder: "packages are installed into a custom folder";
        BasePython: "uv installs into the Python of the base image";
        InstallsPython: "uv installs its own Python, which would stay in the build stage";
        FetchesPython { requested: String, of_base: String }:
            "uv downloads Python `{requested}`, because the base image has {of_base}; it would stay in the build \
             stage";
        WrapperSetsVariables { name: String }:
            "`{name}` also sets variables or runs hooks, so it must stay with its environment";
        RunInstallsMore:
            "`uv run` installs the dev dependencies at start-up, which `uv sync` leaves out and the program imports";
        CalledByPath { path: String }: "`{path}` is called by its path, which is outside the virtual environment";
        CustomPath: "a custom PATH finds the Python of the base image instead of the virtual environment";
    }
}
