//! What is known of an image: one value a label, 1 present, 0 absent, NaN unknown.
//!
//! Unknown labels take no part in loss and metrics. Where classes exclude each other exactly one
//! value is 1. Mixed images carry the mixture of their truths.

/// Truth of an image of `class`, one of `labels` exclusive classes.
pub fn one_hot(class: usize, labels: usize) -> Vec<f32> {
    (0..labels).map(|k| f32::from(u8::from(k == class))).collect()
}

/// Labels that are present.
pub fn present(truth: &[f32]) -> impl Iterator<Item = usize> {
    truth.iter().enumerate().filter(|(_, v)| **v > 0.5).map(|(k, _)| k)
}

/// The only label that is present.
pub fn class(truth: &[f32]) -> Option<usize> {
    let mut found = present(truth);
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_the_only_label_that_is_present() {
        assert_eq!(class(&one_hot(2, 4)), Some(2));
        assert_eq!(class(&[0.0, 0.0]), None);
        assert_eq!(class(&[1.0, 1.0]), None);
        assert_eq!(class(&[f32::NAN, 1.0]), Some(1));
    }
}
