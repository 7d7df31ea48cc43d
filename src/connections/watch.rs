//! Ends what waits for a server once somebody cancels.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ureq::Agent;

use crate::cancel::CancelToken;

/// How often it is looked whether somebody cancelled.
const LOOK: Duration = Duration::from_millis(50);

/// Does `work`, whose connections are those of `agent`, and ends them once somebody cancels: a read that
/// blocks ends when its connection does.
pub(crate) fn watched<T>(agent: &Agent, cancel: &CancelToken, work: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (over, stop) = (&over, agent.clone());
        let watch = move || {
            while !over.load(Ordering::Relaxed) {
                if cancel.is_cancelled() {
                    stop.shutdown();
                    return;
                }
                thread::park_timeout(LOOK);
            }
        };
        let watching = thread::Builder::new().name("pellucid-web-watch".into()).spawn_scoped(scope, watch);
        if let Err(error) = &watching {
            log::warn!("no thread to cancel a request by: {error}");
        }
        // Also where the work panics: the scope waits for its threads.
        let _end = End(over, watching.ok().map(|handle| handle.thread().clone()));
        work()
    })
}

struct End<'a>(&'a AtomicBool, Option<thread::Thread>);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        if let Some(thread) = &self.1 {
            thread.unpark();
        }
    }
}
