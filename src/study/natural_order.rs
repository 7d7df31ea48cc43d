//! Orders of names and of what may be missing, as people expect them.

use std::cmp::Ordering;

/// Order of names as people read them: "image 9" before "image 10", without regard to case.
pub(super) fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.chars().peekable(), b.chars().peekable());
    loop {
        match (a.peek().copied(), b.peek().copied()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let number = |digits: &mut std::iter::Peekable<std::str::Chars<'_>>| {
                    let mut text = String::new();
                    while let Some(d) = digits.next_if(char::is_ascii_digit) {
                        text.push(d);
                    }
                    text.trim_start_matches('0').to_owned()
                };
                let (x, y) = (number(&mut a), number(&mut b));
                let order = x.len().cmp(&y.len()).then_with(|| x.cmp(&y));
                if order != Ordering::Equal {
                    return order;
                }
            }
            (Some(x), Some(y)) => {
                let order = x.to_lowercase().cmp(y.to_lowercase());
                if order != Ordering::Equal {
                    return order;
                }
                a.next();
                b.next();
            }
        }
    }
}

/// What is there before what is not.
pub(super) fn order_of_options<T>(a: Option<&T>, b: Option<&T>, order: impl Fn(&T, &T) -> Ordering) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => order(a, b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_as_people_read_them() {
        assert_eq!(natural_order("im9.dcm", "im10.dcm"), Ordering::Less);
        assert_eq!(natural_order("im009", "im9"), Ordering::Equal);
        assert_eq!(natural_order("a", "B"), Ordering::Less);
        assert_eq!(natural_order("a1", "a"), Ordering::Greater);
    }
}
