//! A difference between the original and the rewrite, or a fact about both.

use std::fmt;

use super::explanation::Explanation;

/// A difference between the original and the rewrite, or a fact about both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ImageDifference {
    Command { after: String, before: String },
    CommandForm { command: String },
    BaseVariable { name: String },
    VariableValue { name: String },
    VariableMissing { name: String },
    VariableNew { name: String },
    PathFolderMissing { folder: String },
    PathOrder,
    PathFolders,
    PortMissing { port: String },
    PortNew { port: String },
    Volumes { after: String, before: String },
    LabelValue { name: String },
    LabelMissing { name: String },
    WorkingFolder { after: String, before: String },
    StopSignal { after: String, before: String },
    Shell { after: String, before: String },
    UserNotRoot { after: String },
    WebServerUser { after: String, before: String },
    User { after: String, before: String },
    HealthcheckNew,
    HealthcheckMissing,
    HealthcheckCommand,
    FileMissing { path: String },
    Removed { names: String, explanation: Explanation },
    Mode { path: String, before: u16, after: u16 },
    SameFiles { count: String },
    FileKind { path: String },
    LinkTarget { path: String },
    LockFileContent { path: String },
    FileContent { path: String },
    BuiltFileContent { path: String },
    UnreadableFile { path: String },
    PackageVersion { name: String, after: String, before: String },
    PackageMissing { name: String, version: String, ecosystem: String },
    ContextEnvironment { folders: String },
    SamePackages { count: String },
    PackageFiles { name: String, version: String, after: String, before: String },
    ModuleMissing { name: String, module: String, version: String },
    SameModules { name: String, count: String },
    RuntimeMissing { runtime: String },
    Runtime { after: String, before: String },
    SameRuntime { runtime: String },
    CLibrary { after: String, before: String },
    CertificatesMissing { path: String },
    TimeZonesMissing { path: String },
    LocaleMissing { locale: String },
    ProgramMissing { name: String },
    LibraryMissing { path: String, name: String },
    SameLinkage { checked: String, incomplete: String },
}

impl fmt::Display for ImageDifference {
    #[allow(clippy::too_many_lines, reason = "one sentence for each difference")]
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { after, before } => write!(out, "containers start {after} instead of {before}"),
            Self::CommandForm { command } => {
                write!(out, "ENTRYPOINT and CMD are written differently and start the same: {command}")
            }
            Self::BaseVariable { name } => write!(out, "ENV {name} is set by the other base image"),
            Self::VariableValue { name } => write!(out, "ENV {name} has another value"),
            Self::VariableMissing { name } => write!(out, "ENV {name} is not set"),
            Self::VariableNew { name } => write!(out, "ENV {name} is new"),
            Self::PathFolderMissing { folder } => write!(out, "PATH does not contain `{folder}`"),
            Self::PathOrder => out.write_str("PATH has its folders in another order"),
            Self::PathFolders => out.write_str("PATH has more or fewer folders, in the same order"),
            Self::PortMissing { port } => write!(out, "EXPOSE {port} is missing"),
            Self::PortNew { port } => write!(out, "EXPOSE {port} is new"),
            Self::Volumes { after, before } => write!(out, "VOLUME is `{after}` instead of `{before}`"),
            Self::LabelValue { name } => write!(out, "LABEL {name} has another value"),
            Self::LabelMissing { name } => write!(out, "LABEL {name} is missing"),
            Self::WorkingFolder { after, before } => write!(out, "WORKDIR is `{after}` instead of `{before}`"),
            Self::StopSignal { after, before } => write!(out, "STOPSIGNAL is {after} instead of {before}"),
            Self::Shell { after, before } => write!(out, "SHELL is `{after}` instead of `{before}`"),
            Self::UserNotRoot { after } => {
                write!(out, "USER is `{after}` instead of root; the check `writes` covers what it writes")
            }
            Self::WebServerUser { after, before } => {
                write!(out, "USER is `{after}` instead of `{before}`, as the web server's image sets it")
            }
            Self::User { after, before } => write!(out, "USER is `{after}` instead of `{before}`"),
            Self::HealthcheckNew => out.write_str("HEALTHCHECK is new"),
            Self::HealthcheckMissing => out.write_str("HEALTHCHECK is missing"),
            Self::HealthcheckCommand => out.write_str("HEALTHCHECK uses another command; it must succeed as well"),
            Self::FileMissing { path } => write!(out, "`{path}` is missing"),
            Self::Removed { names, explanation } => write!(out, "removed: {names} ({explanation})"),
            Self::Mode { path, before, after } => write!(out, "`{path}` has mode {after:03o} instead of {before:03o}"),
            Self::SameFiles { count } => write!(out, "{count} application files are the same"),
            Self::FileKind { path } => write!(out, "`{path}` is another kind of file"),
            Self::LinkTarget { path } => write!(out, "the link `{path}` points elsewhere"),
            Self::LockFileContent { path } => {
                write!(out, "`{path}` has different content; an install may write it, and nothing reads it at run time")
            }
            Self::FileContent { path } => write!(out, "`{path}` has different content"),
            Self::BuiltFileContent { path } => {
                write!(out, "`{path}` was written by the build and has different content")
            }
            Self::UnreadableFile { path } => write!(out, "`{path}` cannot be read by the user of the rewrite"),
            Self::PackageVersion { name, after, before } => write!(out, "{name} is {after} instead of {before}"),
            Self::PackageMissing { name, version, ecosystem } => {
                write!(out, "{name} {version} ({ecosystem}) is missing")
            }
            Self::ContextEnvironment { folders } => {
                write!(out, "{folders}: a virtual environment of the build context, in which nothing runs")
            }
            Self::SamePackages { count } => write!(out, "{count} installed packages have the same names and versions"),
            Self::PackageFiles { name, version, after, before } => {
                write!(out, "{name} {version} has {after} files instead of {before}")
            }
            Self::ModuleMissing { name, module, version } => {
                write!(out, "`{name}` was built without {module} {version}")
            }
            Self::SameModules { name, count } => write!(out, "`{name}` was built from the same {count} modules"),
            Self::RuntimeMissing { runtime } => write!(out, "{runtime} is missing"),
            Self::Runtime { after, before } => write!(out, "the program runs on {after} instead of {before}"),
            Self::SameRuntime { runtime } => write!(out, "both run on {runtime}"),
            Self::CLibrary { after, before } => write!(out, "the C library is {after} instead of {before}"),
            Self::CertificatesMissing { path } => {
                write!(out, "`{path}` is missing, so no TLS certificate can be verified")
            }
            Self::TimeZonesMissing { path } => write!(out, "`{path}` is missing, so only UTC is known"),
            Self::LocaleMissing { locale } => write!(out, "the locale {locale}, set by ENV, is missing"),
            Self::ProgramMissing { name } => {
                write!(out, "the container starts `{name}`, but the image does not contain it")
            }
            Self::LibraryMissing { path, name } => write!(out, "{path} needs {name}, which is missing"),
            Self::SameLinkage { checked, incomplete } => {
                write!(out, "{checked} programs and libraries checked; {incomplete} lack a library, as in the original")
            }
        }
    }
}
