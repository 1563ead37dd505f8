//! How a bounded list is shared among ports.

use hashbrown::HashMap;

/// Entries of a list by port. A port may take its share and no more, so that what floods one port (lookups, a scan of one
/// service) does not push out what little is seen of the others. It makes no difference whether a dissector knows the port:
/// what rules are told must not depend on that.
#[derive(Debug, Clone)]
pub(super) struct PortShares {
    taken: HashMap<u16, usize>,
    most: usize,
}

impl PortShares {
    /// Nothing taken yet, and `most` entries for each port.
    pub(super) fn new(most: usize) -> Self {
        Self { taken: HashMap::new(), most }
    }

    /// The first of these ports that has all it may have.
    pub(super) fn exhausted(&self, ports: &[u16]) -> Option<u16> {
        ports.iter().copied().find(|port| self.taken.get(port).is_some_and(|&taken| taken >= self.most))
    }

    /// One more entry of each of these ports.
    pub(super) fn take(&mut self, ports: &[u16]) {
        for &port in ports {
            let taken = self.taken.entry(port).or_default();
            *taken = taken.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_takes_its_share_and_leaves_the_others_theirs() {
        let mut shares = PortShares::new(2);
        shares.take(&[53, 4000]);
        shares.take(&[53, 4001]);
        assert_eq!(shares.exhausted(&[4000, 53]), Some(53));
        assert_eq!(shares.exhausted(&[4000, 4001]), None);
    }
}
