//! The order of migrations: which runs before which, and what is wrong with that.

use std::collections::{BTreeSet, HashMap};

use super::judge::display_name;

/// Names that a message shows at most.
const MOST_NAMES: usize = 4;

/// The order of numbered nodes.
pub(super) struct NodeOrder {
    /// All nodes: each after those that it needs, otherwise by number; those of circles last.
    pub(super) nodes: Vec<usize>,
    /// Nodes that need each other.
    pub(super) circles: Vec<Vec<usize>>,
}

/// Orders nodes by the nodes that each needs.
pub(super) fn ordered(needs: &[Vec<usize>]) -> NodeOrder {
    let mut waiting: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (node, all) in needs.iter().enumerate() {
        for need in all {
            users[*need].push(node);
        }
    }
    let mut ready: BTreeSet<usize> = (0..needs.len()).filter(|node| waiting[*node] == 0).collect();
    let mut nodes = Vec::with_capacity(needs.len());
    while let Some(node) = ready.pop_first() {
        nodes.push(node);
        for user in &users[node] {
            waiting[*user] -= 1;
            if waiting[*user] == 0 {
                ready.insert(*user);
            }
        }
    }
    let mut is_ordered = vec![false; needs.len()];
    for node in &nodes {
        is_ordered[*node] = true;
    }
    let circles = circles(needs, &is_ordered);
    nodes.extend((0..needs.len()).filter(|node| !is_ordered[*node]));
    NodeOrder { nodes, circles }
}

/// The circles of nodes that have no order: from each the first need without an order is followed until a node comes again.
fn circles(needs: &[Vec<usize>], is_ordered: &[bool]) -> Vec<Vec<usize>> {
    let mut visits: Vec<usize> = vec![0; needs.len()];
    let mut circles = Vec::new();
    for start in (0..needs.len()).filter(|node| !is_ordered[*node]) {
        let mut walk = Vec::new();
        let mut node = start;
        while visits[node] == 0 {
            visits[node] = start + 1;
            walk.push(node);
            let Some(next) = needs[node].iter().find(|need| !is_ordered[**need]) else { break };
            node = *next;
        }
        if visits[node] == start + 1
            && let Some(at) = walk.iter().position(|walked| *walked == node)
        {
            circles.push(walk[at..].to_vec());
        }
    }
    circles
}

/// Joins nodes that belong together; the same number for all of a group.
pub(super) struct NodeGroups(Vec<usize>);

impl NodeGroups {
    pub(super) fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    pub(super) fn of(&mut self, mut node: usize) -> usize {
        while self.0[node] != node {
            self.0[node] = self.0[self.0[node]];
            node = self.0[node];
        }
        node
    }

    pub(super) fn join(&mut self, first: usize, second: usize) {
        let (first, second) = (self.of(first), self.of(second));
        self.0[first.max(second)] = first.min(second);
    }
}

/// The nodes of each group that no node needs.
pub(super) fn heads(needs: &[Vec<usize>], groups: &[usize]) -> HashMap<usize, Vec<usize>> {
    let mut is_needed = vec![false; needs.len()];
    for need in needs.iter().flatten() {
        is_needed[*need] = true;
    }
    let mut heads: HashMap<usize, Vec<usize>> = HashMap::new();
    for node in (0..needs.len()).filter(|node| !is_needed[*node]) {
        heads.entry(groups[node]).or_default().push(node);
    }
    heads
}

/// Names in a message: `` `a`, `b` and 3 more``.
pub(super) fn names<'n>(all: impl ExactSizeIterator<Item = &'n str>) -> String {
    let count = all.len();
    let names: Vec<String> = all.take(MOST_NAMES).map(display_name).collect();
    let names = names.join(", ");
    if count > MOST_NAMES { format!("{names} and {} more", count - MOST_NAMES) } else { names }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_follow_what_they_need() {
        let order = ordered(&[vec![2], vec![], vec![1]]);
        assert_eq!((order.nodes, order.circles.len()), (vec![1, 2, 0], 0));
        let order = ordered(&[vec![1], vec![0], vec![1], vec![], vec![4]]);
        assert_eq!((order.nodes, order.circles), (vec![3, 0, 1, 2, 4], vec![vec![0, 1], vec![4]]));
    }

    #[test]
    fn long_lines_are_walked_once() {
        let needs: Vec<Vec<usize>> = (0..100_000).map(|node| vec![(node + 1) % 100_000]).collect();
        assert_eq!(ordered(&needs).circles[0].len(), 100_000);
    }
}
