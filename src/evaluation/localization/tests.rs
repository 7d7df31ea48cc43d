use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    width: usize,
    height: usize,
    /// Values of the map in 256ths.
    steps: Vec<i32>,
    boxes: Vec<[f64; 4]>,
    /// `#` inside.
    mask: String,
    tolerance: f64,
    point: [usize; 2],
    inside: bool,
    near: bool,
    energy: f64,
    otsu: f64,
    iou_otsu: f64,
    iou: [f64; 2],
    parts: usize,
    box_iou: f64,
    box_iobb: f64,
    area: f64,
    part_iou: f64,
    part_both: f64,
    energy_iou: f64,
    pixel_ap: f64,
}

#[test]
fn every_measure_is_that_of_numpy_and_scikit_image() {
    let golden: Golden = serde_json::from_str(include_str!("../../../tests/golden/localization.json")).unwrap();
    assert!(golden.cases.len() >= 8);
    let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
    for (number, case) in golden.cases.iter().enumerate() {
        let map = Plane {
            width: case.width,
            height: case.height,
            values: case.steps.iter().map(|s| *s as f32 / 256.0).collect(),
        };
        let mask: Vec<bool> = case.mask.chars().map(|c| c == '#').collect();
        let region = if case.boxes.is_empty() {
            Region::of_mask(case.width, case.height, mask.clone())
        } else {
            let boxes: Vec<Rectangle> =
                case.boxes.iter().map(|[x, y, w, h]| Rectangle { x: *x, y: *y, width: *w, height: *h }).collect();
            Region::of_boxes(case.width, case.height, &boxes)
        };
        let region = region.unwrap();
        assert_eq!(region.inside, mask, "{number}: pixels of the boxes");
        let yardstick = Yardstick { tolerance: 0.0, thresholds: vec![0.25, 0.5] };
        let strict = measure(&map, &region, &yardstick);
        let lenient = measure(&map, &region, &Yardstick { tolerance: case.tolerance, ..yardstick });
        assert_eq!(strict.point, Some((case.point[0], case.point[1])), "{number}");
        assert_eq!((strict.points_inside, lenient.points_inside), (case.inside, case.near), "{number}");
        assert!(close(strict.energy, case.energy), "{number}: {} {}", strict.energy, case.energy);
        assert!(close(strict.otsu, case.otsu), "{number}: {} {}", strict.otsu, case.otsu);
        assert!(close(strict.iou_otsu, case.iou_otsu), "{number}: {} {}", strict.iou_otsu, case.iou_otsu);
        assert!(close(strict.iou[0], case.iou[0]) && close(strict.iou[1], case.iou[1]), "{number}");
        assert_eq!(strict.parts, case.parts, "{number}");
        assert!(close(strict.box_iou, case.box_iou), "{number}: {} {}", strict.box_iou, case.box_iou);
        assert!(close(strict.box_iobb, case.box_iobb), "{number}: {} {}", strict.box_iobb, case.box_iobb);
        assert!(close(strict.area, case.area), "{number}");
        assert!(close(strict.part_iou, case.part_iou), "{number}: {} {}", strict.part_iou, case.part_iou);
        assert!(close(strict.part_both, case.part_both), "{number}: {} {}", strict.part_both, case.part_both);
        assert!((strict.energy_iou - case.energy_iou).abs() < 1e-6, "{number}");
        assert!(close(strict.pixel_ap, case.pixel_ap), "{number}: {} {}", strict.pixel_ap, case.pixel_ap);
    }
}

fn square() -> Region {
    Region::of_boxes(10, 10, &[Rectangle { x: 2.0, y: 2.0, width: 4.0, height: 4.0 }]).unwrap()
}

fn map(value: impl Fn(usize, usize) -> f32) -> Plane {
    Plane { width: 10, height: 10, values: (0..100).map(|i| value(i % 10, i / 10)).collect() }
}

#[test]
fn the_region_itself_is_a_perfect_map() {
    let region = square();
    let perfect = map(|x, y| if region.inside[y * 10 + x] { 1.0 } else { 0.0 });
    let yardstick = Yardstick::default();
    assert_eq!(measure(&perfect, &region, &yardstick).values(&yardstick), [1.0; 12]);
}

#[test]
fn a_map_that_shows_nothing_is_a_miss_and_says_so() {
    let yardstick = Yardstick::default();
    for nothing in [map(|_, _| -1.0), map(|_, _| 3.0), map(|_, _| f32::NAN)] {
        let measured = measure(&nothing, &square(), &yardstick);
        assert_eq!(measured.point, None);
        assert_eq!(measured.values(&yardstick), [0.0; 12]);
    }
}

#[test]
fn negative_values_are_no_evidence() {
    let yardstick = Yardstick::default();
    let spot = map(|x, y| if (x, y) == (3, 3) { 1.0 } else { 0.0 });
    let with_negative = map(|x, y| if (x, y) == (3, 3) { 1.0 } else { -(x as f32) });
    assert_eq!(measure(&spot, &square(), &yardstick), measure(&with_negative, &square(), &yardstick));
}

/// Maps that know nothing of a finding but where a pixel of it is, or not even that.
fn trivial(region: &Region) -> Vec<(&'static str, Plane)> {
    let (width, height) = (region.width, region.height);
    let of = |value: &dyn Fn(usize, usize) -> f32| Plane {
        width,
        height,
        values: (0..width * height).map(|i| value(i % width, i / width)).collect(),
    };
    let inside = |x: usize, y: usize| region.inside[y * width + x];
    let bounds = region.boxes[0];
    let (left, top) = (bounds.x as usize, bounds.y as usize);
    let (right, bottom) = ((bounds.x + bounds.width) as usize - 1, (bounds.y + bounds.height) as usize - 1);
    let on = |yes: bool| f32::from(u8::from(yes));
    let chance = |x: usize, y: usize| (x * 7919 + y * 104_729) % 101;
    vec![
        ("one pixel inside", of(&|x, y| on((x, y) == (left, top)))),
        ("speckle inside", of(&|x, y| on(inside(x, y) && chance(x, y) < 8))),
        ("speckle everywhere", of(&|x, y| on(chance(x, y) < 8))),
        ("noise", of(&|x, y| chance(x, y) as f32)),
        ("a diagonal that spans the box", of(&|x, y| on(inside(x, y) && x - left == y - top))),
        ("the frame of the box", of(&|x, y| on(inside(x, y) && (x == left || x == right || y == top || y == bottom)))),
        ("the image but for a pixel", of(&|x, y| on((x, y) != (0, 0)))),
        ("all but the finding", of(&|x, y| on(!inside(x, y)))),
        (
            "a ring around it",
            of(&|x, y| on(!inside(x, y) && x + 1 >= left && x <= right + 1 && y + 1 >= top && y <= bottom + 1)),
        ),
        ("a corner of the image", of(&|x, y| on(x < 5 && y < 5))),
    ]
}

#[test]
fn no_measure_of_overlap_gives_a_trivial_map_more_than_a_good_one() {
    let yardstick = Yardstick { tolerance: 0.0, thresholds: vec![0.25, 0.5] };
    let marked = Rectangle { x: 12.0, y: 20.0, width: 24.0, height: 24.0 };
    let region = Region::of_boxes(64, 64, &[marked]).unwrap();
    let blob = crate::explain::faithfulness::control_maps::blob(64, 64, (26.0 / 64.0, 31.0 / 64.0), 0.08);
    let good = measure(&blob, &region, &yardstick);
    assert!(good.iou_otsu > 0.4, "{}", good.iou_otsu);
    for (name, map) in trivial(&region) {
        let found = measure(&map, &region, &yardstick);
        for kind in yardstick.measures().into_iter().filter(|m| *m != Measure::Energy) {
            let (trivial, good) = (found.value(kind, &yardstick), good.value(kind, &yardstick));
            assert!(trivial <= good, "{name} has {trivial:?} in {}, a blob on the finding {good:?}", kind.name());
        }
    }
}

#[test]
fn a_speck_within_the_finding_is_no_hit() {
    let region = square();
    let speck = map(|x, y| if (x, y) == (3, 3) { 1.0 } else { 0.0 });
    let yardstick = Yardstick::default();
    let found = measure(&speck, &region, &yardstick);
    assert_eq!((found.box_iobb, found.iou_otsu, found.part_both), (1.0, 1.0 / 16.0, 1.0 / 16.0));
    for t in HITS {
        assert_eq!(found.value(Measure::HitWithin(t), &yardstick), Some(0.0));
        assert_eq!(found.value(Measure::Hit(t), &yardstick), Some(0.0));
    }
}

#[test]
fn a_flat_top_points_at_its_middle() {
    let flat = map(|x, y| if x < 5 && y < 3 { 1.0 } else { 0.0 });
    assert_eq!(measure(&flat, &square(), &Yardstick::default()).point, Some((2, 1)));
}

#[test]
fn fifteen_pixels_of_five_hundred_are_three_per_cent_of_the_longer_side() {
    let region = Region::of_boxes(100, 50, &[Rectangle { x: 50.0, y: 20.0, width: 10.0, height: 10.0 }]).unwrap();
    let beside = |x: usize| Plane {
        width: 100,
        height: 50,
        values: (0..5000).map(|i| f32::from(u8::from(i == 25 * 100 + x))).collect(),
    };
    let yardstick = Yardstick { tolerance: 15.0, ..Yardstick::default() };
    assert!(measure(&beside(47), &region, &yardstick).points_inside);
    assert!(!measure(&beside(46), &region, &yardstick).points_inside);
}
