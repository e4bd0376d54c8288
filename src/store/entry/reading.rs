//! A collection lent for reading.

use std::mem::ManuallyDrop;
use std::ops::Deref;

/// A collection to read: where it is, or made over the bytes of its entry.
pub struct Ref<'e, T>(pub(super) Source<'e, T>);

pub(super) enum Source<'e, T> {
    There(&'e T),
    // Lent the bytes of an entry that 'e borrows; must never be moved out. It owns nothing, so that there is
    // nothing to drop.
    Made(ManuallyDrop<T>),
}

impl<T> Ref<'_, T> {
    #[inline]
    pub(super) fn made(value: T) -> Self {
        Ref(Source::Made(ManuallyDrop::new(value)))
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match &self.0 {
            Source::There(value) => value,
            Source::Made(value) => value,
        }
    }
}
