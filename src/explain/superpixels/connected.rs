//! Every segment in one piece: small fragments join the neighbour that they share the longest
//! border with.
//!
//! Achanta et al. give a fragment to whichever neighbour was met before; the longest border keeps
//! segments compact and depends less on the order.

use std::collections::BTreeMap;

/// The connected pieces of equal label, numbered in reading order, and how many there are. Pixels
/// touch by their sides.
pub(super) fn components<L: Copy + PartialEq>(labels: &[L], width: usize, height: usize) -> (Vec<usize>, usize) {
    const UNSEEN: usize = usize::MAX;
    let mut piece = vec![UNSEEN; labels.len()];
    let mut count = 0;
    let mut open = Vec::new();
    for start in 0..labels.len() {
        if piece[start] != UNSEEN {
            continue;
        }
        piece[start] = count;
        open.push(start);
        while let Some(i) = open.pop() {
            let (x, y) = (i % width, i / width);
            let around = [
                (x > 0).then(|| i - 1),
                (x + 1 < width).then_some(i + 1),
                (y > 0).then(|| i - width),
                (y + 1 < height).then_some(i + width),
            ];
            for n in around.into_iter().flatten() {
                if piece[n] == UNSEEN && labels[n] == labels[start] {
                    piece[n] = count;
                    open.push(n);
                }
            }
        }
        count += 1;
    }
    (piece, count)
}

/// Segments of at least `least` pixels each (unless the image itself is smaller), numbered in
/// reading order.
pub(super) fn enforced(clusters: &[u32], width: usize, height: usize, least: usize) -> (Vec<u16>, usize) {
    let (mut piece, mut count) = components(clusters, width, height);
    loop {
        let mut sizes = vec![0_usize; count];
        piece.iter().for_each(|p| sizes[*p] += 1);
        if count < 2 || sizes.iter().all(|n| *n >= least) {
            let labels = piece.iter().map(|p| *p as u16).collect();
            return (labels, count);
        }
        let borders = borders(&piece, &sizes, least, width);
        let mut into: Vec<usize> = (0..count).collect();
        for (fragment, neighbours) in borders {
            let own = root(&into, fragment);
            // It may have grown enough in this round.
            if sizes[own] >= least {
                continue;
            }
            // Of equally long borders the first in reading order wins.
            let others = neighbours.into_iter().map(|(n, length)| (root(&into, n), length)).filter(|(n, _)| *n != own);
            let longest = others.max_by_key(|(n, length)| (*length, usize::MAX - n));
            if let Some((neighbour, _)) = longest {
                into[own] = neighbour;
                sizes[neighbour] += sizes[own];
            }
        }
        let merged: Vec<usize> = piece.iter().map(|p| root(&into, *p)).collect();
        // Joined pieces touch, so this only numbers them anew.
        (piece, count) = components(&merged, width, height);
    }
}

fn root(into: &[usize], mut piece: usize) -> usize {
    while into[piece] != piece {
        piece = into[piece];
    }
    piece
}

/// For each piece below `least` pixels, the lengths of its borders.
fn borders(piece: &[usize], sizes: &[usize], least: usize, width: usize) -> BTreeMap<usize, BTreeMap<usize, usize>> {
    let mut borders: BTreeMap<usize, BTreeMap<usize, usize>> = BTreeMap::new();
    let mut meet = |a: usize, b: usize| {
        for (own, other) in [(a, b), (b, a)] {
            if a != b && sizes[own] < least {
                *borders.entry(own).or_default().entry(other).or_default() += 1;
            }
        }
    };
    for i in 0..piece.len() {
        if (i + 1) % width != 0 {
            meet(piece[i], piece[i + 1]);
        }
        if i + width < piece.len() {
            meet(piece[i], piece[i + width]);
        }
    }
    borders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_joins_the_neighbour_with_the_longest_border() {
        #[rustfmt::skip]
        let clusters = [
            0, 0, 1, 1,
            0, 2, 1, 1,
            0, 1, 1, 1,
        ];
        let (labels, count) = enforced(&clusters, 4, 3, 2);
        assert_eq!(count, 2);
        #[rustfmt::skip]
        assert_eq!(labels, [
            0, 0, 1, 1,
            0, 0, 1, 1,
            0, 1, 1, 1,
        ]);
    }

    #[test]
    fn parts_of_a_cluster_that_do_not_touch_become_segments_of_their_own() {
        let (labels, count) = enforced(&[0, 0, 1, 1, 0, 0], 6, 1, 2);
        assert_eq!((labels, count), (vec![0, 0, 1, 1, 2, 2], 3));
    }

    #[test]
    fn nothing_is_left_when_the_whole_image_is_too_small() {
        assert_eq!(enforced(&[0, 1, 2], 3, 1, 10), (vec![0, 0, 0], 1));
    }
}
