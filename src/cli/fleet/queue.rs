//! Which item of a run comes next: not too many of one registry at a time, and none while memory is short.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::fleet::FleetItem;

/// Memory that an item is expected to take before any has ended, in bytes.
const FIRST_GUESS: u64 = 64 << 20;

/// Between two looks at memory and at whether the run is to end.
const LOOK: Duration = Duration::from_millis(50);

/// The items of a run that wait, and what is at work.
pub(super) struct RunQueue<'a> {
    items: &'a [&'a FleetItem],
    state: Mutex<QueueState<'a>>,
    changed: Condvar,
    per_registry: usize,
    memory: u64,
}

#[derive(Default)]
struct QueueState<'a> {
    waiting: VecDeque<usize>,
    /// Items at work, for each registry.
    busy: BTreeMap<&'a str, usize>,
    /// What items at work take, in bytes.
    memory: BTreeMap<usize, u64>,
    /// Items that took so much that nothing else may be at work beside them.
    alone: BTreeSet<usize>,
    /// The most memory of each item that has ended: their sum and number.
    ended: (u64, u64),
}

impl QueueState<'_> {
    /// What one more item probably takes.
    fn expected_memory(&self) -> u64 {
        self.ended.0.checked_div(self.ended.1).unwrap_or(FIRST_GUESS)
    }
}

impl<'a> RunQueue<'a> {
    pub(super) fn new(items: &'a [&'a FleetItem], per_registry: usize, memory: u64) -> Self {
        let state = QueueState { waiting: (0..items.len()).collect(), ..QueueState::default() };
        Self { items, state: Mutex::new(state), changed: Condvar::new(), per_registry, memory }
    }

    fn lock(&self) -> MutexGuard<'_, QueueState<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next item, once there is room for it; `None` when none waits, or the run is to end.
    pub(super) fn next(&self, is_stopped: &dyn Fn() -> bool) -> Option<(usize, &'a FleetItem)> {
        let mut state = self.lock();
        loop {
            if is_stopped() || state.waiting.is_empty() {
                return None;
            }
            let memory: u64 = state.memory.values().sum();
            let has_room = state.memory.is_empty() || memory + state.expected_memory() <= self.memory;
            let is_free = |index: &usize| {
                let registry = self.items.get(*index).and_then(|item| item.registry());
                registry.is_none_or(|registry| state.busy.get(registry).copied().unwrap_or(0) < self.per_registry)
                    && (state.memory.is_empty() || !state.alone.contains(index))
            };
            let position = if has_room { state.waiting.iter().position(is_free) } else { None };
            let index = position.and_then(|position| state.waiting.remove(position));
            if let Some((index, item)) = index.and_then(|index| Some((index, *self.items.get(index)?))) {
                if let Some(registry) = item.registry() {
                    *state.busy.entry(registry).or_default() += 1;
                }
                let is_alone = state.alone.contains(&index);
                let expected = if is_alone { self.memory } else { state.expected_memory() };
                state.memory.insert(index, expected);
                return Some((index, item));
            }
            state = self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Notes what an item takes at the moment; less than is expected counts only when it has ended. The answer is whether it
    /// has to give way: all take too much together, and it takes most.
    pub(super) fn set_memory(&self, index: usize, bytes: u64) -> bool {
        let mut state = self.lock();
        let expected = if state.alone.contains(&index) { self.memory } else { state.expected_memory() };
        if let Some(memory) = state.memory.get_mut(&index) {
            *memory = bytes.max(expected);
        }
        let all = state.memory.values().fold(0, |sum: u64, bytes| sum.saturating_add(*bytes));
        let largest = state.memory.iter().max_by_key(|(index, bytes)| (**bytes, **index)).map(|(index, _)| *index);
        state.memory.len() > 1 && all > self.memory && bytes > expected && largest == Some(index)
    }

    /// Puts an item that gave way back: it comes again when nothing else is at work.
    pub(super) fn postpone(&self, index: usize) {
        let mut state = self.lock();
        state.alone.insert(index);
        state.waiting.push_back(index);
        drop(state);
        self.finish(index, None);
    }

    /// Notes that an item has ended, and the most memory that it took.
    pub(super) fn finish(&self, index: usize, memory: Option<u64>) {
        let mut state = self.lock();
        state.memory.remove(&index);
        if let Some(memory) = memory {
            state.ended = (state.ended.0.saturating_add(memory), state.ended.1 + 1);
        }
        let registry = self.items.get(index).and_then(|item| item.registry());
        if let Some(count) = registry.and_then(|registry| state.busy.get_mut(registry)) {
            *count = count.saturating_sub(1);
        }
        drop(state);
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(name: &str) -> FleetItem {
        FleetItem::of_image(format!("registry:{name}"))
    }

    #[test]
    fn a_registry_is_asked_for_few_items_at_a_time() {
        let items = [image("a.example/1"), image("a.example/2"), image("a.example/3"), image("b.example/1")];
        let items: Vec<&FleetItem> = items.iter().collect();
        let queue = RunQueue::new(&items, 2, 1 << 40);
        let next = || queue.next(&|| false).map(|(index, _)| index);
        assert_eq!([next(), next(), next()], [Some(0), Some(1), Some(3)]);
        queue.finish(1, None);
        assert_eq!(next(), Some(2));
        assert_eq!(next(), None);
    }

    #[test]
    fn nothing_starts_while_memory_is_short() {
        let items = [image("a.example/1"), image("b.example/2")];
        let items: Vec<&FleetItem> = items.iter().collect();
        let queue = RunQueue::new(&items, 2, 100 << 20);
        assert_eq!(queue.next(&|| false).map(|(index, _)| index), Some(0));
        assert!(!queue.set_memory(0, 90 << 20));
        std::thread::scope(|scope| {
            let second = scope.spawn(|| queue.next(&|| false).map(|(index, _)| index));
            std::thread::sleep(LOOK * 3);
            assert!(!second.is_finished());
            queue.finish(0, Some(10 << 20));
            assert_eq!(second.join().unwrap(), Some(1));
        });
        // One item is always at work, however little memory there is.
        let queue = RunQueue::new(&items, 2, 1);
        assert!(queue.next(&|| false).is_some());
        assert_eq!(queue.next(&|| true), None);
    }

    #[test]
    fn the_largest_item_gives_way_and_comes_again_alone() {
        let items = [image("a.example/1"), image("b.example/2"), image("c.example/3")];
        let items: Vec<&FleetItem> = items.iter().collect();
        let queue = RunQueue::new(&items, 2, 200 << 20);
        let next = || queue.next(&|| false).map(|(index, _)| index);
        assert_eq!([next(), next()], [Some(0), Some(1)]);
        assert!(!queue.set_memory(0, 110 << 20));
        assert!(queue.set_memory(1, 120 << 20) && !queue.set_memory(0, 110 << 20));
        queue.postpone(1);
        queue.finish(0, Some(10 << 20));
        // What waits and is small goes first.
        assert_eq!(next(), Some(2));
        std::thread::scope(|scope| {
            let last = scope.spawn(next);
            std::thread::sleep(LOOK * 3);
            assert!(!last.is_finished());
            queue.finish(2, Some(10 << 20));
            assert_eq!(last.join().unwrap(), Some(1));
        });
        assert!(!queue.set_memory(1, 190 << 20));
    }
}
