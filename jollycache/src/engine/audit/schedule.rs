//! The schedules of the auditors: a task each, which the engine owns.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::task::JoinHandle;

use super::auditor::Auditor;
use crate::clock;
use crate::engine::Engine;

/// The auditors of a cache, each with the task that runs its schedule. The engine owns the tasks and aborts them when
/// it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Auditors {
    all: Mutex<Vec<(Arc<Auditor>, JoinHandle<()>)>>,
}

impl Auditors {
    /// Starts the schedule of `auditor` on the current runtime. Returns whether there is one.
    pub(crate) fn start(&self, engine: &Arc<Engine>, auditor: Auditor) -> bool {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return false };
        let auditor = Arc::new(auditor);
        let schedule = runtime.spawn(run(Arc::downgrade(engine), auditor.clone()));
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push((auditor, schedule));
        true
    }

    pub(crate) fn all(&self) -> Vec<Arc<Auditor>> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(auditor, _)| auditor.clone()).collect()
    }
}

impl Drop for Auditors {
    fn drop(&mut self) {
        let all = self.all.get_mut().unwrap_or_else(PoisonError::into_inner);
        all.drain(..).for_each(|(_, schedule)| schedule.abort());
    }
}

/// Audits at every interval. Holds the engine only for one entry at a time.
async fn run(engine: Weak<Engine>, auditor: Arc<Auditor>) {
    loop {
        // Spread, so that processes that started together do not audit in step.
        clock::sleep(auditor.every.mul_f64(0.9 + rand::random::<f64>() / 5.0)).await;
        if let Err(error) = auditor.round(&engine).await {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(region = %auditor.region.name, error, "an audit was cut short");
        }
    }
}
