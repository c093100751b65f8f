//! A migration as its dialect reads it, before it is judged.

use super::change::PlacedChange;
use super::model::MigrationDowngrade;

/// What a file says.
#[derive(Clone, Debug)]
pub(super) struct ParsedMigration {
    pub(super) id: String,
    /// Bytes of the file before the id.
    pub(super) id_at: usize,
    pub(super) parents: Vec<String>,
    pub(super) parents_at: usize,
    /// Ids that run before it and are no parents: they end no line of revisions.
    pub(super) depends: Vec<String>,
    /// Ids that it stands for.
    pub(super) replaces: Vec<String>,
    /// Whether its parents are computed.
    pub(super) has_unread_parents: bool,
    /// Whether several heads are wanted.
    pub(super) is_branch: bool,
    pub(super) changes: Vec<PlacedChange>,
    /// Those of the way back, which tell what was there before.
    pub(super) reverse_changes: Vec<PlacedChange>,
    pub(super) downgrade: MigrationDowngrade,
}

impl ParsedMigration {
    pub(super) fn new(id: String, id_at: usize) -> Self {
        let (parents, depends, replaces) = (Vec::new(), Vec::new(), Vec::new());
        let (changes, reverse_changes) = (Vec::new(), Vec::new());
        let (has_unread_parents, is_branch, downgrade) = (false, false, MigrationDowngrade::NotApplicable);
        Self {
            id,
            id_at,
            parents,
            parents_at: id_at,
            depends,
            replaces,
            has_unread_parents,
            is_branch,
            changes,
            reverse_changes,
            downgrade,
        }
    }
}
