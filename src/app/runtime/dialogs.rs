//! Dialogs of the desktop: each waited for on a thread of its own, and noticed where no desktop has
//! shown one.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::job_threads::JobThreads;
use crate::app::update::message::Message;

/// A dialog that answers "nothing" sooner than this was never seen by anybody.
const UNSEEN: Duration = Duration::from_millis(400);

/// Waits for a dialog; `unseen` is the message where nobody saw it.
pub(super) fn ask(jobs: &JobThreads, answer: impl Future<Output = Option<Message>> + Send + 'static, unseen: Message) {
    // A dialog that fails was seen by nobody.
    let failed = {
        let unseen = unseen.clone();
        move |_| unseen.clone()
    };
    jobs.run("pellucid-dialog", failed, move |sender| {
        let asked = Instant::now();
        let answer = wait_for(answer);
        let nothing = if asked.elapsed() < UNSEEN { unseen } else { Message::DialogCancelled };
        sender.send(answer.unwrap_or(nothing));
    });
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future to its end on this thread.
fn wait_for<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_future_that_is_woken_by_another_thread_ends() {
        let (sender, receiver) = std::sync::mpsc::channel::<Waker>();
        thread::spawn(move || receiver.recv().unwrap().wake());
        let mut polled = false;
        let value = wait_for(std::future::poll_fn(|cx| {
            if std::mem::replace(&mut polled, true) {
                return Poll::Ready(7);
            }
            sender.send(cx.waker().clone()).unwrap();
            Poll::Pending
        }));
        assert_eq!(value, 7);
    }
}
