//! Why readers cannot be compared.

/// What is missing or does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MultiReaderError {
    #[error(
        "{positive} cases with the finding and {negative} without it are too few: an area needs at least two of each"
    )]
    TooFewCases { positive: usize, negative: usize },
    #[error("{0} cases are too few: a spread over cases needs at least two")]
    TooFew(usize),
    #[error("there are {readings} readings of {cases} cases: every case is read exactly once")]
    Unequal { readings: usize, cases: usize },
    #[error("a reading is not a number")]
    NotANumber,
    #[error("a case with the finding has no lesion: its marks cannot be compared with anything")]
    NoLesion,
    #[error("a case without the finding has lesions: either its truth or its boxes are wrong")]
    LesionWithoutFinding,
    #[error("there is nothing to analyse: at least one way of reading and one reader are needed")]
    Nothing,
    #[error("not every reader has read in every way: leave out readers who have not finished")]
    NotCrossed,
}
