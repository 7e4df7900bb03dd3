//! `Buffers`: the working memory of password checks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::Block;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A fixed number of buffers, each allocated at its first use and then reused.
///
/// Allocating and freeing the memory for each check would not return it to the system: the checks run on any idle
/// thread, and the allocator retains the freed memory in that thread's arena.
pub(super) struct Buffers {
    /// The idle buffers. Last in, first out, so that under light load only a few are ever allocated.
    free: Mutex<Vec<Vec<Block>>>,
    /// One permit for each idle buffer.
    permits: Arc<Semaphore>,
}

/// A buffer that one check uses exclusively; returned on drop.
pub(super) struct Buffer {
    blocks: Vec<Block>,
    buffers: Arc<Buffers>,
    /// Released after the buffer is returned.
    _permit: OwnedSemaphorePermit,
}

impl Buffers {
    /// Creates `count` buffers without allocating their memory.
    pub(super) fn new(count: usize) -> Self {
        let free = Mutex::new((0..count).map(|_| Vec::new()).collect());
        Buffers { free, permits: Arc::new(Semaphore::new(count)) }
    }

    /// Waits for an idle buffer, in the order of the calls. Cancel safe: dropping the future leaves the queue.
    pub(super) async fn acquire(self: &Arc<Self>) -> Option<Buffer> {
        // `None` only if the semaphore is closed, which never happens.
        let permit = self.permits.clone().acquire_owned().await.ok()?;
        let blocks = self.free().pop()?;
        Some(Buffer { blocks, buffers: self.clone(), _permit: permit })
    }

    fn free(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffer {
    /// Returns at least `count` blocks, with the content that the previous check left.
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
    /// Returns the number of buffers, and how many of them are allocated. To be called while all are idle.
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
