//! What is on its way from an archive or to one.

use crate::pacs::archive::Moved;

/// Which way it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A study comes, by its UID, or one series of it.
    Fetch(String, Option<String>),
    /// Results go.
    Send,
}

/// A transfer that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    pub direction: Direction,
    /// Name of the archive.
    pub peer: String,
    pub moved: Moved,
    /// The reader stopped it; it ends soon.
    pub stopping: bool,
}

impl Transfer {
    pub(in crate::app) fn new(direction: Direction, peer: &str) -> Self {
        Self { direction, peer: peer.to_owned(), moved: Moved::default(), stopping: false }
    }

    /// Part of it that is done, where the number of objects is known.
    #[must_use]
    pub fn share(&self) -> Option<f32> {
        let of = self.moved.of.filter(|of| *of > 0)?;
        Some((self.moved.objects as f32 / of as f32).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_known_where_the_number_is() {
        let mut transfer = Transfer::new(Direction::Send, "a");
        assert_eq!(transfer.share(), None);
        transfer.moved = Moved { objects: 1, of: Some(4), bytes: 9 };
        assert_eq!(transfer.share(), Some(0.25));
        transfer.moved.objects = 9;
        assert_eq!(transfer.share(), Some(1.0), "an archive may send more than it said");
    }
}
