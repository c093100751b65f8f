//! Apps of Django that have models and no migrations: `manage.py migrate` makes no tables for them.

use crate::emit::facts::application::Application;
use crate::emit::input::EmitInput;
use crate::manifest::FileKind;
use crate::text::path;

/// The note on the apps of a program.
pub(in crate::emit) fn missing_migrations(input: &EmitInput, application: &Application) -> Option<String> {
    let models = application.code_files(input).filter(|file| {
        path::name(&file.path) == "models.py" && file.is_of_program() && file.source.text().contains("(models.Model)")
    });
    let has_migrations = |folder: &str| {
        let folder = path::child(folder, "migrations");
        let is_migration =
            |place: &str| FileKind::of(place).language() == "Python" && path::name(place) != "__init__.py";
        input.files.files.iter().any(|file| path::parent(&file.path) == folder && is_migration(&file.path))
    };
    let apps = models.map(|file| path::parent(&file.path)).filter(|folder| !has_migrations(folder));
    let names: Vec<&str> = apps.map(path::name).collect();
    if names.is_empty() {
        return None;
    }
    let (name, apps) = (&application.name, names.join(" "));
    Some(format!(
        "`migrate` makes no tables for the models of {apps} in {name}, which have no migrations: run `python manage.py makemigrations {apps}`"
    ))
}
