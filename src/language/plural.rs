//! The rule by which a language chooses a form for a number: the expression in C of gettext's header
//! `Plural-Forms` (GNU gettext manual, 11.2.6, "Additional functions for plural forms").
//!
//! ```text
//! German   n != 1
//! Polish   n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2
//! ```
//!
//! Numbers are unsigned, as there; a division by 0 chooses form 0. An expression is bounded in length
//! and depth.

/// Longest expression, in bytes; Arabic's, the longest in use, has some hundred.
const LONGEST: usize = 500;
/// Deepest nesting.
const DEEPEST: usize = 40;

/// Two-sided operators from the loosest to the tightest; those of a row bind alike.
const OPERATORS: [&[&str]; 6] =
    [&["||"], &["&&"], &["==", "!="], &["<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];

/// A rule that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Count,
    Number(u64),
    Not(Box<Rule>),
    Two(&'static str, Box<Rule>, Box<Rule>),
    /// Condition, form where it holds, form where it does not.
    Choice(Box<Rule>, Box<Rule>, Box<Rule>),
}

impl Rule {
    /// Reads an expression; `None` where it is none.
    pub(super) fn read(expression: &str) -> Option<Self> {
        if expression.len() > LONGEST {
            return None;
        }
        let mut reader = Reader { rest: expression.trim(), depth: 0 };
        let rule = reader.choice()?;
        reader.rest.is_empty().then_some(rule)
    }

    /// The value for `n`: the number of the form.
    pub(super) fn value(&self, n: u64) -> u64 {
        match self {
            Self::Count => n,
            Self::Number(number) => *number,
            Self::Not(inner) => u64::from(inner.value(n) == 0),
            Self::Choice(condition, yes, no) => if condition.value(n) == 0 { no } else { yes }.value(n),
            Self::Two(operator, left, right) => {
                let (a, b) = (left.value(n), right.value(n));
                match *operator {
                    "||" => u64::from(a != 0 || b != 0),
                    "&&" => u64::from(a != 0 && b != 0),
                    "==" => u64::from(a == b),
                    "!=" => u64::from(a != b),
                    "<=" => u64::from(a <= b),
                    ">=" => u64::from(a >= b),
                    "<" => u64::from(a < b),
                    ">" => u64::from(a > b),
                    "+" => a.wrapping_add(b),
                    "-" => a.wrapping_sub(b),
                    "*" => a.wrapping_mul(b),
                    "/" => a.checked_div(b).unwrap_or(0),
                    _ => a.checked_rem(b).unwrap_or(0),
                }
            }
        }
    }
}

/// What is left of an expression.
struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn takes(&mut self, sign: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(sign) else { return false };
        self.rest = rest.trim_start();
        true
    }

    /// `condition ? yes : no`, or what stands without a question.
    fn choice(&mut self) -> Option<Rule> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let condition = self.operators(0)?;
        let rule = if self.takes("?") {
            let yes = self.choice()?;
            self.takes(":").then_some(())?;
            Rule::Choice(Box::new(condition), Box::new(yes), Box::new(self.choice()?))
        } else {
            condition
        };
        self.depth -= 1;
        Some(rule)
    }

    fn operators(&mut self, row: usize) -> Option<Rule> {
        let Some(row_of) = OPERATORS.get(row) else { return self.single() };
        let mut left = self.operators(row + 1)?;
        while let Some(operator) = row_of.iter().copied().find(|operator| self.takes(operator)) {
            left = Rule::Two(operator, Box::new(left), Box::new(self.operators(row + 1)?));
        }
        Some(left)
    }

    fn single(&mut self) -> Option<Rule> {
        if self.takes("!") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return None;
            }
            let inner = self.single()?;
            self.depth -= 1;
            return Some(Rule::Not(Box::new(inner)));
        }
        if self.takes("(") {
            let inner = self.choice()?;
            return self.takes(")").then_some(inner);
        }
        if self.takes("n") {
            return Some(Rule::Count);
        }
        let digits = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let number = self.rest[..digits].parse().ok()?;
        self.rest = self.rest[digits..].trim_start();
        Some(Rule::Number(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms<const N: usize>(rule: &str, counts: [u64; N]) -> [u64; N] {
        let rule = Rule::read(rule).unwrap();
        counts.map(|n| rule.value(n))
    }

    #[test]
    fn rules_of_the_manual_choose_as_it_says() {
        assert_eq!(forms("(n != 1)", [0, 1, 2]), [1, 0, 1]);
        assert_eq!(forms("n>1", [0, 1, 2]), [0, 0, 1]);
        assert_eq!(forms("0", [0, 1, 2]), [0, 0, 0]);
        let polish = "(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2)";
        assert_eq!(forms(polish, [1, 2, 4, 5, 12, 22, 25, 112]), [0, 1, 1, 2, 2, 1, 2, 2]);
        let arabic = "n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5";
        assert_eq!(forms(arabic, [0, 1, 2, 3, 11, 100, 103]), [0, 1, 2, 3, 4, 5, 3]);
        assert_eq!(forms("!(n/0) + 2*3 - 1", [7]), [6]);
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        let deep = format!("{}n{}", "(".repeat(200), ")".repeat(200));
        let long = "n+".repeat(400) + "n";
        for words in ["", "n !", "n ? 1", "(n", "m", "n n", "99999999999999999999999", "!!", &deep, &long] {
            assert_eq!(Rule::read(words), None, "{words}");
        }
        assert_eq!(Rule::read(&"!".repeat(300)), None);
    }
}
