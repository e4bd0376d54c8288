//! The allocator's size classes: what an allocation really costs, and how far it may grow for nothing.

/// The allocator's size class: steps of 16 up to 128, then four per doubling.
#[inline(always)]
pub const fn size_class(size: usize) -> usize {
    if size <= 128 {
        (size + 15) & !15
    } else {
        let step = 1usize << (usize::BITS - 1 - (size - 1).leading_zeros() - 2);
        (size + step - 1) & !(step - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_classes_are_the_allocator_s() {
        for (size, class) in [
            (8, 16),
            (16, 16),
            (17, 32),
            (96, 96),
            (97, 112),
            (128, 128),
            (129, 160),
            (161, 192),
            (257, 320),
            (1025, 1280),
        ] {
            assert_eq!(size_class(size), class, "{size}");
        }
    }
}
