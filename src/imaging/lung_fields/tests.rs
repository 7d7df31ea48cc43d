use super::*;

/// Pixels of the rectangle of columns and rows in an image of 100 × 100.
fn with(rectangles: &[(Range, Range)]) -> Vec<bool> {
    let inside = |x: usize, y: usize| rectangles.iter().any(|(xs, ys)| xs.contains(&x) && ys.contains(&y));
    (0..100 * 100).map(|i| inside(i % 100, i / 100)).collect()
}

type Range = std::ops::Range<usize>;

/// Two lungs of 20 × 60 with 20 columns between them.
fn two() -> Vec<bool> {
    with(&[(20..40, 20..80), (60..80, 20..80)])
}

fn lung(x: usize, y: usize) -> bool {
    (20..80).contains(&y) && ((20..40).contains(&x) || (60..80).contains(&x))
}

fn fields(lung: &[bool]) -> LungFields {
    LungFields::of_lung(lung, 100, 100).unwrap()
}

fn at(fields: &LungFields, x: usize, y: usize) -> LungRegion {
    fields.regions()[y * 100 + x]
}

fn count(fields: &LungFields, wanted: impl Fn(LungRegion) -> bool) -> usize {
    fields.regions().iter().filter(|r| wanted(**r)).count()
}

#[test]
fn the_right_lung_lies_on_the_left_of_the_image_and_zones_are_thirds_of_its_height() {
    use LungRegion as R;
    let fields = fields(&two());
    for (y, right, left) in
        [(20, R::RightUpper, R::LeftUpper), (40, R::RightMiddle, R::LeftMiddle), (60, R::RightLower, R::LeftLower)]
    {
        assert_eq!((at(&fields, 20, y), at(&fields, 79, y)), (right, left));
    }
    assert_eq!((at(&fields, 39, 39), at(&fields, 39, 59)), (R::RightUpper, R::RightMiddle));
    for zone in &LungRegion::ALL[..6] {
        assert_eq!(count(&fields, |r| r == *zone), 400, "{zone:?}");
    }
    assert_eq!(fields.bounds(), [0.2, 0.2, 0.8, 0.8]);
}

#[test]
fn between_the_lungs_border_and_the_rest_share_what_is_left() {
    use LungRegion as R;
    let fields = fields(&two());
    assert_eq!(count(&fields, |r| r == R::Between), 20 * 60);
    // A frame of six pixels of an image of a hundred.
    assert_eq!(count(&fields, |r| r == R::Border), 100 * 100 - 88 * 88);
    assert_eq!(count(&fields, |r| r == R::Elsewhere), 88 * 88 - 60 * 60);
    assert_eq!((at(&fields, 5, 50), at(&fields, 6, 50), at(&fields, 50, 94)), (R::Border, R::Elsewhere, R::Border));
}

#[test]
fn each_field_has_its_own_height() {
    let fields = fields(&with(&[(20..40, 20..80), (60..80, 50..80)]));
    assert_eq!((at(&fields, 20, 55), at(&fields, 70, 55)), (LungRegion::RightMiddle, LungRegion::LeftUpper));
    // In rows that one field does not reach, its usual inner edge holds.
    assert_eq!(at(&fields, 59, 25), LungRegion::Between);
    assert_eq!(at(&fields, 60, 25), LungRegion::Elsewhere);
}

#[test]
fn where_a_field_draws_back_what_lies_between_does_not_widen() {
    // The right lung's last rows reach its outer half only, as at the costophrenic angle.
    let fields = fields(&with(&[(20..40, 20..70), (20..30, 70..80), (60..80, 20..80)]));
    assert_eq!((at(&fields, 35, 75), at(&fields, 45, 75)), (LungRegion::Elsewhere, LungRegion::Between));
}

#[test]
fn lungs_that_touch_are_parted_at_their_waist() {
    let touching = fields(&with(&[(20..40, 20..80), (40..60, 48..52), (60..80, 20..80)]));
    // The bridge is four rows of twenty columns; the midline is the ninth of them.
    assert_eq!(count(&touching, LungRegion::is_right), 1200 + 36);
    assert_eq!(count(&touching, LungRegion::is_left), 1200 + 44);
}

#[test]
fn a_part_of_a_lung_belongs_to_its_side_and_a_speck_to_none() {
    let fields = fields(&with(&[(20..40, 20..45), (22..40, 55..80), (60..80, 20..80), (45..47, 10..12)]));
    assert_eq!(count(&fields, LungRegion::is_right), 500 + 450);
    assert_eq!(at(&fields, 25, 70), LungRegion::RightLower);
    assert_eq!(at(&fields, 45, 10), LungRegion::Elsewhere);
}

#[test]
fn nothing_and_one_lung_are_refused_in_words() {
    assert_eq!(LungFields::of_lung(&[false; 10_000], 100, 100), Err(LungFieldsError::Empty));
    for one in [with(&[(20..40, 20..80)]), with(&[(20..80, 20..80)])] {
        assert_eq!(LungFields::of_lung(&one, 100, 100), Err(LungFieldsError::OneField));
    }
    for plane in [Plane::default(), Plane::filled(4, 4, 0.0), Plane::filled(4, 4, f32::NAN)] {
        assert_eq!(LungFields::of_mask(&plane, 10, 10), Err(LungFieldsError::Empty));
    }
    assert!(LungFieldsError::OneField.to_string().contains("mark both lungs"));
}

#[test]
fn a_mask_of_another_size_is_stretched_and_half_bright_is_no_lung() {
    // The four columns of the mask become 25 each: right lung, nothing, "ignore", left lung.
    let mask = Plane { width: 4, height: 1, values: vec![255.0, 0.0, 127.0, 255.0] };
    let fields = LungFields::of_mask(&mask, 100, 100).unwrap();
    assert_eq!(count(&fields, LungRegion::is_lung), 5000);
    assert_eq!((at(&fields, 24, 0), at(&fields, 25, 50), at(&fields, 60, 50)), {
        (LungRegion::RightUpper, LungRegion::Between, LungRegion::Between)
    });
}

#[test]
fn a_grid_takes_the_nearest_pixel() {
    let fields = fields(&two());
    assert_eq!(fields.on_grid(100, 100), fields.regions());
    let small = fields.on_grid(10, 10);
    assert_eq!(small[3 * 10 + 2], LungRegion::RightUpper);
    assert_eq!(small.iter().filter(|r| r.is_lung()).count(), 2 * 2 * 6);
}

#[test]
fn large_images_have_regions_of_several_pixels_and_their_own_outline() {
    let mask = Plane { width: 100, height: 100, values: two().iter().map(|l| f32::from(u8::from(*l))).collect() };
    let large = LungFields::of_mask(&mask, 6000, 3000).unwrap();
    assert_eq!((large.width(), large.height(), large.grid()), (6000, 3000, (2048, 1024)));
    assert_eq!(large.regions().len(), 2048 * 1024);
    let [left, top, right, bottom] = large.bounds();
    for (found, expected) in [(left, 0.2), (top, 0.2), (right, 0.8), (bottom, 0.8)] {
        assert!((found - expected).abs() < 1e-3, "{:?}", large.bounds());
    }
    let inside = |[x, y]: &[f32; 2]| (1190.0..4810.0).contains(x) && (590.0..2410.0).contains(y);
    assert!(large.outline().iter().flat_map(|line| &line.points).all(inside));
    let pixels: Vec<bool> = (0..2400).flat_map(|y| (0..2400).map(move |x| lung(x / 24, y / 24))).collect();
    let fine = LungFields::of_lung(&pixels, 2400, 2400).unwrap();
    assert_eq!((fine.grid(), fine.width()), ((2048, 2048), 2400));
    assert_eq!(LungFields::of_lung(&pixels, 2400, 2399), Err(LungFieldsError::Empty), "not of that size");
}

#[test]
fn the_outline_goes_round_each_field_in_pixels_of_the_image() {
    let lines = fields(&two()).outline();
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert!(line.closed);
        assert!(line.points.iter().all(|[x, y]| (20.0..=80.0).contains(x) && (20.0..=80.0).contains(y)));
    }
}
