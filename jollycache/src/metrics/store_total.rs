//! `StoreTotal`: a total that the store counts, as a counter of this process.

/// The last published value of a total.
#[derive(Debug, Default)]
pub(super) struct StoreTotal(u64);

impl StoreTotal {
    /// The increase since the last call. A smaller total is a new one: the store was restarted and counts from zero.
    pub(super) fn advance(&mut self, total: u64) -> u64 {
        let last = std::mem::replace(&mut self.0, total);
        total.checked_sub(last).unwrap_or(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_increases_add_up_over_a_restart_of_the_store() {
        let mut total = StoreTotal::default();
        let increases = [7, 7, 10, 2, 3].map(|seen| total.advance(seen));
        assert_eq!(increases, [7, 0, 3, 2, 1]);
    }
}
