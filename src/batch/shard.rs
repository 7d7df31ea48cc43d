//! Which share of an archive one machine takes.
//!
//! An image belongs to the shard `h mod n`, `h` the first 64 bits of the SHA-256 of its path below its
//! source: stable (it depends on nothing but the name, so that machines that mount the archive in
//! different places agree), balanced (shares of `N` images differ by about `√(N/n)`), and without
//! anybody who hands images out. Parts of the path are joined by `/` on every system.

use std::fmt;
use std::path::{Component, Path};
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// Most shards.
pub const MOST: u32 = 100_000;

/// The `number`th (from 1) of `of` shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: u32,
    of: u32,
}

/// A text that is no shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it like 3/16: the third of sixteen shards, of at most {MOST}")]
pub struct NoShard;

impl Shard {
    /// All there is.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// The `number`th, from 1.
    #[must_use]
    pub fn number(self) -> u32 {
        self.number
    }

    /// How many there are.
    #[must_use]
    pub fn of(self) -> u32 {
        self.of
    }

    /// Whether what has this path below its source belongs to this shard.
    #[must_use]
    pub fn takes(self, below: &Path) -> bool {
        self.of == 1 || place(below) % u64::from(self.of) == u64::from(self.number - 1)
    }

    /// The name of the folder of its results, where there are several.
    #[must_use]
    pub fn folder(self) -> Option<String> {
        (self.of > 1).then(|| format!("shard-{:05}-of-{:05}", self.number, self.of))
    }
}

fn place(below: &Path) -> u64 {
    let mut hasher = Sha256::new();
    for (i, part) in below.components().filter(|part| *part != Component::CurDir).enumerate() {
        if i > 0 {
            hasher.update(b"/");
        }
        hasher.update(part.as_os_str().as_encoded_bytes());
    }
    let hash = hasher.finalize();
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let (number, of) = text.split_once('/').ok_or(NoShard)?;
        let (number, of) = (number.parse().map_err(|_| NoShard)?, of.parse().map_err(|_| NoShard)?);
        if (1..=of).contains(&number) && of <= MOST { Ok(Self { number, of }) } else { Err(NoShard) }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_belongs_to_one_shard_and_shares_are_nearly_equal() {
        let shards: Vec<Shard> = (1..=16).map(|number| Shard { number, of: 16 }).collect();
        let mut shares = [0_u32; 16];
        for i in 0..16_000 {
            let path = format!("patient{:05}/study{}/image.dcm", i / 3, i % 3);
            let takers: Vec<usize> = (0..16).filter(|k| shards[*k].takes(Path::new(&path))).collect();
            assert_eq!(takers.len(), 1);
            shares[takers[0]] += 1;
        }
        // The deviation of a share is √(1000 · 15/16), 31.
        assert!(shares.iter().all(|share| (850..1150).contains(share)), "{shares:?}");
    }

    #[test]
    fn the_place_depends_on_the_path_below_alone() {
        assert_eq!(place(Path::new("a/b.dcm")), place(Path::new("./a//b.dcm")));
        // The first eight bytes of `printf 'a/b.dcm' | sha256sum`: other machines must agree for good.
        assert_eq!(place(Path::new("a/b.dcm")), 0xbc27_a2b3_3429_96d0);
    }

    #[test]
    fn what_is_no_shard_is_refused() {
        assert_eq!("3/16".parse(), Ok(Shard { number: 3, of: 16 }));
        assert_eq!("3/16".parse::<Shard>().unwrap().to_string(), "3/16");
        for odd in ["", "3", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "a/b", "1/100001", "1/99999999999"] {
            assert_eq!(odd.parse::<Shard>(), Err(NoShard), "{odd}");
        }
    }
}
