//! `Gate`: stops a load at an exact point, so that a race is certain and not a matter of timing.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Two meeting points: the load arrives, the test lets it go on.
#[derive(Debug, Clone)]
pub struct Gate {
    arrived: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        Gate { arrived: Arc::new(Semaphore::new(0)), open: Arc::new(Semaphore::new(0)) }
    }
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Gate::default()
    }

    /// In the load: signals the arrival, and waits until the gate opens.
    pub async fn pass(&self) {
        self.arrived.add_permits(1);
        take(&self.open).await;
    }

    /// In the test: waits until a load is at the gate.
    pub async fn reached(&self) {
        take(&self.arrived).await;
    }

    /// In the test: lets one load through.
    pub fn open(&self) {
        self.open.add_permits(1);
    }
}

async fn take(semaphore: &Semaphore) {
    if let Ok(permit) = semaphore.acquire().await {
        permit.forget();
    }
}
