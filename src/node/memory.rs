//! Memory of the process, as the allocator and the system count it.

use tikv_jemalloc_ctl::{Access, AsName, epoch, stats};

/// What the allocator says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocator {
    /// Bytes handed out, and those that threads keep at hand to be handed out.
    pub allocated: u64,
    /// Bytes that threads keep at hand.
    pub cached: u64,
    /// Bytes of pages in use.
    pub active: u64,
    /// Bytes of pages held from the system.
    pub resident: u64,
}

/// Asks the allocator; its counts are brought up to date first. Zeros under another allocator.
pub fn allocator() -> Allocator {
    let _ = epoch::advance();
    Allocator {
        // 4096 stands for all arenas together.
        cached: Access::<usize>::read(b"stats.arenas.4096.tcache_bytes\0".name()).unwrap_or(0) as u64,
        allocated: stats::allocated::read().unwrap_or(0) as u64,
        active: stats::active::read().unwrap_or(0) as u64,
        resident: stats::resident::read().unwrap_or(0) as u64,
    }
}

impl Allocator {
    /// Bytes in use.
    pub fn used(&self) -> u64 {
        self.allocated.saturating_sub(self.cached)
    }
}

/// Bytes in use, by the allocator's own count. [`crate::memory::used`] is what is cheap enough to ask before every
/// command.
pub fn used_bytes() -> u64 {
    allocator().used()
}

/// Resident bytes of the process; 0 where the system does not tell.
pub fn resident_bytes() -> u64 {
    kib_in("/proc/self/status", "VmRSS:") * 1024
}

/// Memory of the machine, in bytes; 0 where the system does not tell.
pub fn machine_bytes() -> u64 {
    kib_in("/proc/meminfo", "MemTotal:") * 1024
}

/// The number of a line `name: number kB`.
fn kib_in(path: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}
