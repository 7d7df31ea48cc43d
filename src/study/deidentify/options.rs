//! What may stay beyond the basic profile (PS3.15 E.3), and which pixels are blanked.

use std::fmt;
use std::str::FromStr;

/// The options. Everything off is the basic profile alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Options {
    pub dates: Dates,
    /// Age (pooled from 90 years on), sex, size, weight and the like.
    pub patient_characteristics: bool,
    pub device: bool,
    pub institution: bool,
    pub uids: bool,
    /// Private attributes that the standard or the object itself calls safe.
    pub safe_private: bool,
    /// Of descriptions the words of a list of what is harmless.
    pub clean_descriptors: bool,
    /// Where the pixels are blanked, in every frame (Clean Pixel Data).
    pub blank: Vec<Region>,
}

/// What becomes of dates and times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dates {
    #[default]
    Removed,
    /// All dates of a patient go back by the same number of days.
    Modified,
    Full,
}

/// A rectangle of pixels: place of its upper left corner, and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

/// A text that is no region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it as X,Y,WIDTH,HEIGHT in pixels, like 0,0,640,40, with a width and a height of 1 or more")]
pub struct NoRegion;

impl FromStr for Region {
    type Err = NoRegion;

    fn from_str(text: &str) -> Result<Self, NoRegion> {
        let numbers: Result<Vec<usize>, _> = text.split(',').map(|part| part.trim().parse()).collect();
        match numbers.as_deref() {
            Ok(&[x, y, width, height]) if width > 0 && height > 0 => Ok(Self { x, y, width, height }),
            _ => Err(NoRegion),
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{},{}", self.x, self.y, self.width, self.height)
    }
}

impl Options {
    /// Codes and meanings of profile and options (PS3.16 CID 7050).
    pub(super) fn codes(&self) -> Vec<(&'static str, &'static str)> {
        let mut codes = vec![("113100", "Basic Application Confidentiality Profile")];
        let mut add = |used: bool, code, meaning| {
            if used {
                codes.push((code, meaning));
            }
        };
        add(!self.blank.is_empty(), "113101", "Clean Pixel Data Option");
        add(self.clean_descriptors, "113105", "Clean Descriptors Option");
        let full = self.dates == Dates::Full;
        add(full, "113106", "Retain Longitudinal Temporal Information Full Dates Option");
        let modified = self.dates == Dates::Modified;
        add(modified, "113107", "Retain Longitudinal Temporal Information Modified Dates Option");
        add(self.patient_characteristics, "113108", "Retain Patient Characteristics Option");
        add(self.device, "113109", "Retain Device Identity Option");
        add(self.uids, "113110", "Retain UIDs Option");
        add(self.safe_private, "113111", "Retain Safe Private Option");
        add(self.institution, "113112", "Retain Institution Identity Option");
        codes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_four_numbers() {
        assert_eq!("0, 0,640,40".parse(), Ok(Region { x: 0, y: 0, width: 640, height: 40 }));
        for text in ["0,0,640", "0,0,640,0", "a,b,c,d", "-1,0,5,5", ""] {
            assert_eq!(text.parse::<Region>(), Err(NoRegion), "{text}");
        }
    }

    #[test]
    fn a_meaning_fits_the_attribute_that_holds_it() {
        let all = Options {
            dates: Dates::Modified,
            patient_characteristics: true,
            device: true,
            institution: true,
            uids: true,
            safe_private: true,
            clean_descriptors: true,
            blank: vec!["0,0,1,1".parse().unwrap()],
        };
        assert_eq!(all.codes().len(), 9);
        assert!(all.codes().iter().all(|(code, meaning)| code.len() <= 16 && meaning.len() <= 64));
    }
}
