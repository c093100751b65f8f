//! What names of constraints say: those that `PostgreSQL` chooses, and those that `SQLAlchemy` proposes.

use super::change::ConstraintKind;

/// The kind of constraint that a name is for (`PostgreSQL` source: `ChooseConstraintName`; `SQLAlchemy` docs: configuring
/// constraint naming conventions; Django source: `_create_index_name`).
pub(super) fn kind_by_name(name: &str) -> Option<ConstraintKind> {
    let name = name.to_ascii_lowercase();
    // `PostgreSQL` counts names that are there already.
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    // Names of indexes end with those of columns.
    if name.starts_with("ix_") || name.starts_with("idx_") {
        return None;
    }
    let is = |front: &str, end: &str| name.starts_with(front) || name.ends_with(end);
    // Django: `shop_order_shop_id_1a2b3c_fk_shop_shop_id`.
    if is("fk_", "_fkey") || name.contains("_fk_") {
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
            ("shop_order_shop_id_1a2b_fk_shop_shop_id", Some(ConstraintKind::ForeignKey)),
            ("users_pkey1", Some(ConstraintKind::PrimaryKey)),
            ("ix_users_key", None),
            ("users_email", None),
        ] {
            assert_eq!(kind_by_name(name), expected, "{name}");
        }
    }
}
