//! `Buffers`: the memory that passwords are checked in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::Block;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A fixed number of buffers, each allocated when it is first needed and then kept.
///
/// Memory of this size that is allocated for each check and freed after it stays with the process all the same: the
/// checks run on whichever thread is free, and the allocator keeps what is freed for the thread's own arena.
pub(super) struct Buffers {
    /// The idle ones. The last one in is the first one out, so that few are used if few are needed.
    free: Mutex<Vec<Vec<Block>>>,
    /// As many as there are free ones.
    permits: Arc<Semaphore>,
}

/// A buffer that one check has for itself; on drop it is free again.
pub(super) struct Buffer {
    blocks: Vec<Block>,
    buffers: Arc<Buffers>,
    /// Released after the buffer is back.
    _permit: OwnedSemaphorePermit,
}

impl Buffers {
    /// `count` buffers, none of which has any memory yet.
    pub(super) fn new(count: usize) -> Self {
        let free = Mutex::new((0..count).map(|_| Vec::new()).collect());
        Buffers { free, permits: Arc::new(Semaphore::new(count)) }
    }

    /// Waits for a free buffer. Dropping the future gives up the place in the line.
    pub(super) async fn acquire(self: &Arc<Self>) -> Option<Buffer> {
        // `None` only if the semaphore is closed, which it never is.
        let permit = self.permits.clone().acquire_owned().await.ok()?;
        let blocks = self.free().pop()?;
        Some(Buffer { blocks, buffers: self.clone(), _permit: permit })
    }

    fn free(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffer {
    /// At least `count` blocks, which hold whatever the check before left in them.
    pub(super) fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.blocks.len() < count {
            self.blocks = vec![Block::new(); count];
        }
        &mut self.blocks
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.buffers.free().push(std::mem::take(&mut self.blocks));
    }
}

#[cfg(test)]
impl Buffers {
    /// How many there are, and how many of them have memory. Call it while all are idle.
    pub(super) fn count(&self) -> (usize, usize) {
        let free = self.free();
        (free.len(), free.iter().filter(|blocks| !blocks.is_empty()).count())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_buffer_is_used_again_and_a_second_one_only_if_it_is_needed() {
        let buffers = Arc::new(Buffers::new(3));
        for _ in 0..5 {
            buffers.acquire().await.unwrap().blocks(8)[7] = Block::new();
        }
        assert_eq!(buffers.count(), (3, 1));
        let (mut one, mut other) = (buffers.acquire().await.unwrap(), buffers.acquire().await.unwrap());
        assert_eq!((one.blocks(8).len(), other.blocks(8).len()), (8, 8));
        drop((one, other));
        assert_eq!(buffers.count(), (3, 2));
    }

    #[tokio::test]
    async fn who_finds_none_free_waits_and_may_stop_waiting() {
        let buffers = Arc::new(Buffers::new(1));
        let held = buffers.acquire().await.unwrap();
        assert!(buffers.acquire().now_or_never().is_none());
        drop(held);
        assert!(buffers.acquire().now_or_never().flatten().is_some());
    }

    #[tokio::test]
    async fn a_check_that_panics_gives_its_buffer_back() {
        let buffers = Arc::new(Buffers::new(1));
        let mut buffer = buffers.acquire().await.unwrap();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            buffer.blocks(1);
            panic!("in the middle of a check");
        }));
        assert!(panicked.is_err());
        assert_eq!(buffers.count(), (1, 1));
    }
}
