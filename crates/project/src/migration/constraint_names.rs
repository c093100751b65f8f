//! What names of constraints say: those that `PostgreSQL` chooses, and those that `SQLAlchemy` proposes.

use super::change::ConstraintKind;

/// The kind of constraint that a name is for (`PostgreSQL` source: `ChooseConstraintName`; `SQLAlchemy` docs: configuring
/// constraint naming conventions).
pub(super) fn kind_by_name(name: &str) -> Option<ConstraintKind> {
    let name = name.to_ascii_lowercase();
    let is = |front: &str, end: &str| name.starts_with(front) || name.ends_with(end);
    if is("fk_", "_fkey") {
        Some(ConstraintKind::ForeignKey)
    } else if is("ck_", "_check") {
        Some(ConstraintKind::Check)
    } else if is("uq_", "_key") || name.ends_with("_uniq") {
        Some(ConstraintKind::Unique)
    } else if is("pk_", "_pkey") {
        Some(ConstraintKind::PrimaryKey)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_kinds() {
        for (name, expected) in [
            ("users_email_key", Some(ConstraintKind::Unique)),
            ("fk_users_team", Some(ConstraintKind::ForeignKey)),
            ("users_age_check", Some(ConstraintKind::Check)),
            ("users_PKEY", Some(ConstraintKind::PrimaryKey)),
            ("users_email", None),
        ] {
            assert_eq!(kind_by_name(name), expected, "{name}");
        }
    }
}
