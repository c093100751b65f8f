//! Finds the pass at fault: the first one with which a rewrite no longer holds.

/// The index of the pass with which the first passes of a rewrite no longer hold; nothing where `holds` gives up. The first
/// `holding` of them hold, all together do not. What is between is halved, so that of n passes log2(n) prefixes are tried.
///
/// # Errors
/// Those of `holds`.
pub(super) fn first_fault<E>(
    count: usize,
    holding: usize,
    mut holds: impl FnMut(usize) -> Result<Option<bool>, E>,
) -> Result<Option<usize>, E> {
    if holding >= count {
        return Ok(None);
    }
    let (mut holding, mut failing) = (holding, count);
    while failing - holding > 1 {
        let middle = holding + (failing - holding) / 2;
        match holds(middle)? {
            Some(true) => holding = middle,
            Some(false) => failing = middle,
            None => return Ok(None),
        }
    }
    Ok(Some(failing - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_is_found_in_few_tries() {
        for count in 1..40_usize {
            for (holding, fault) in (0..count).flat_map(|holding| (holding..count).map(move |fault| (holding, fault))) {
                let mut tries = 0;
                let index = first_fault(count, holding, |prefix| {
                    tries += 1;
                    Ok::<_, ()>(Some(prefix <= fault))
                });
                assert_eq!(index, Ok(Some(fault)));
                assert!(tries <= (count - holding).next_power_of_two().trailing_zeros(), "{count} {holding} {tries}");
            }
        }
        assert_eq!(first_fault(9, 0, |_| Ok::<_, ()>(None)), Ok(None));
        assert_eq!(first_fault(9, 0, |_| Err("lost")), Err("lost"));
        assert_eq!(first_fault(3, 3, |_| Ok::<_, ()>(Some(false))), Ok(None));
    }
}
