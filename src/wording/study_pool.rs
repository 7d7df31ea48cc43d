//! How the images of a study became one score: [`StudyResult::rule_in_words`] has it in English for
//! files.

use crate::engine::study_result::StudyResult;
use crate::language::{text, tr};
use crate::model::study_pool::StudyPool;
use crate::study::unit::Unit;

/// How the images became one score, by itself.
pub(crate) fn rule(result: &StudyResult) -> String {
    let pool = match result.pool {
        StudyPool::Maximum => text!("maximum").to_owned(),
        StudyPool::TopMean(k) => tr!("mean of the {} highest", k),
        StudyPool::NoisyOr => "noisy-or".to_owned(),
    };
    match (result.pool_is_calibrated, result.unit) {
        (true, Unit::Study) => tr!("{}, set on labelled studies", pool),
        (true, Unit::Series) => tr!("{}, set on labelled series", pool),
        (false, _) => tr!("{}, for want of a calibration", pool),
    }
}
