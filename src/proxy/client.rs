//! A client as the links see it: somebody who gets replies. Reading its requests is [`super::session`]'s.

use super::outbox::Outbox;
use super::worker::Worker;
use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::io::AsyncWrite;
use tokio::net::tcp::OwnedWriteHalf;

/// See the module.
pub struct Client {
    /// Its number, unique in this proxy.
    pub id: u64,
    worker: Rc<Worker>,
    outbox: RefCell<Outbox>,
    writer: RefCell<Option<OwnedWriteHalf>>,
    /// Of the session's task; writes are made in its name, so it is woken when a full socket drains.
    waker: RefCell<Option<Waker>>,
    /// It is in the worker's list of clients to flush.
    dirty: Cell<bool>,
    /// The session is woken when fewer requests than this are pending; 0: never.
    wake_below: Cell<usize>,
    /// The session is woken when output has gone down to half of its soft bound.
    wake_on_output: Cell<bool>,
    /// To be closed without further ado: it is gone, or does not read.
    broken: Cell<bool>,
}

impl Client {
    /// A client whose replies go to `writer`.
    pub fn new(id: u64, worker: Rc<Worker>, writer: OwnedWriteHalf) -> Client {
        Client {
            id,
            worker,
            outbox: RefCell::default(),
            writer: RefCell::new(Some(writer)),
            waker: RefCell::default(),
            dirty: Cell::new(false),
            wake_below: Cell::new(0),
            wake_on_output: Cell::new(false),
            broken: Cell::new(false),
        }
    }

    /// Takes a turn for a request; its reply comes to [`deliver`](Self::deliver) under this number.
    #[inline]
    pub fn expect(&self, muted: bool) -> u32 {
        self.outbox.borrow_mut().expect(muted)
    }

    /// Takes in the reply to the request with this number.
    #[inline]
    pub fn deliver(self: &Rc<Client>, number: u32, reply: &[u8]) {
        if self.broken.get() {
            return;
        }
        let mut outbox = self.outbox.borrow_mut();
        if outbox.held_bytes() > self.worker.config.client_output_hard_bytes {
            drop(outbox);
            tracing::warn!("client {} does not read its replies: closed", self.id);
            self.abandon();
            return;
        }
        let grew = outbox.deliver(number, reply, &mut self.worker.spare.borrow_mut());
        let pending = outbox.pending();
        drop(outbox);
        if grew && !self.dirty.replace(true) {
            self.worker.flush_client(self);
        }
        if pending < self.wake_below.get() {
            self.wake();
        }
    }

    /// Answers a request at once with what `write` appends.
    pub fn answer(self: &Rc<Client>, muted: bool, write: impl FnOnce(&mut Vec<u8>)) {
        let grew = self.outbox.borrow_mut().answer(muted, write);
        if grew && !self.dirty.replace(true) {
            self.worker.flush_client(self);
        }
    }

    /// Requests that are not answered yet.
    #[inline]
    pub fn pending(&self) -> usize {
        self.outbox.borrow().pending()
    }

    /// Bytes of replies kept for it.
    #[inline]
    pub fn held_bytes(&self) -> usize {
        self.outbox.borrow().held_bytes()
    }

    /// Bytes of replies kept for it, and those likely to come for what it asked.
    #[inline]
    pub fn due_bytes(&self) -> usize {
        self.outbox.borrow().due_bytes()
    }

    /// Has the session woken when fewer than `pending` requests are under way.
    pub fn wake_below(&self, pending: usize) {
        self.wake_below.set(pending);
    }

    /// Has the session woken when its output has gone down.
    pub fn wake_on_output(&self) {
        self.wake_on_output.set(true);
    }

    /// The session runs: what it wanted to be woken for is past.
    pub fn awake(&self, waker: &Waker) {
        self.wake_below.set(0);
        self.wake_on_output.set(false);
        let mut known = self.waker.borrow_mut();
        if known.as_ref().is_none_or(|known| !known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }

    /// Wakes the session.
    pub fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// The session's waker; there is one while it runs.
    pub fn waker(&self) -> Option<Waker> {
        self.waker.borrow().clone()
    }

    /// Writes what the socket takes.
    pub fn flush(&self) {
        self.dirty.set(false);
        if self.write().is_err() {
            self.abandon();
        } else if self.wake_on_output.get() && self.held_bytes() <= self.worker.config.client_output_soft_bytes / 2 {
            self.wake();
        }
    }

    fn write(&self) -> io::Result<()> {
        let (waker, mut writer) = (self.waker.borrow(), self.writer.borrow_mut());
        let (Some(waker), Some(writer)) = (&*waker, &mut *writer) else { return Ok(()) };
        let cx = &mut Context::from_waker(waker);
        let mut outbox = self.outbox.borrow_mut();
        while !outbox.unwritten().is_empty() {
            match Pin::new(&mut *writer).poll_write(cx, outbox.unwritten()) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(bytes)) => outbox.wrote(bytes),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(()),
            }
        }
        Ok(())
    }

    /// Output that the socket did not take; none while a flush is due.
    #[inline]
    pub fn is_blocked(&self) -> bool {
        !self.dirty.get() && !self.outbox.borrow().unwritten().is_empty()
    }

    /// Everything has been answered and written.
    pub fn is_settled(&self) -> bool {
        let outbox = self.outbox.borrow();
        outbox.pending() == 0 && outbox.unwritten().is_empty()
    }

    /// Closes it as soon as the session runs.
    pub fn abandon(&self) {
        self.broken.set(true);
        self.wake();
    }

    /// See [`abandon`](Self::abandon).
    #[inline]
    pub fn is_broken(&self) -> bool {
        self.broken.get()
    }

    /// The session has ended: replies still under way are dropped as they come.
    pub fn close(&self) {
        self.broken.set(true);
        self.outbox.borrow_mut().clear();
        if let Some(writer) = self.writer.borrow_mut().take() {
            // Both halves are dropped: closing says as much as a shutdown.
            writer.forget();
        }
    }
}
