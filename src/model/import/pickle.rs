//! Python pickles read as data: an interpreter of the opcodes that builds a graph of plain objects
//! and calls nothing.
//!
//! In Python a pickle is a program that may call any function. Here a call becomes a
//! [`Node::Object`] that remembers what was to be called with what, so that [`super::torch`] can
//! recognise tensors and modules by name. Files that ask for a call that makes no weights and no
//! plain value ([`super::callables`]) are refused although nothing could run: who ships such a file
//! does not ship weights, and Python might open it next. Opcodes: Python's `pickletools`, protocols
//! 0 to 5.
//!
//! Memory is bounded by the file: objects are numbered and counted, and names, which a few bytes
//! can repeat, are short.

use std::collections::HashMap;
use std::io::{BufRead, Read};

use super::ImportError;
use super::callables::{attacks, is_plain, makes_values};
use super::heap::{Heap, Id, Node};
use crate::limits::{FOREIGN_NAME, PICKLE_BYTES, PICKLE_OBJECTS};

/// Reads one pickle and leaves `source` behind its last byte; yields the objects and the number of
/// the outermost one.
pub(super) fn read(source: &mut impl BufRead) -> Result<(Heap, Id), ImportError> {
    let mut machine = Machine {
        source: source.take(PICKLE_BYTES),
        heap: Heap::default(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    let root = machine.run()?;
    Ok((machine.heap, root))
}

struct Machine<R> {
    source: std::io::Take<R>,
    heap: Heap,
    stack: Vec<Id>,
    /// Heights of the stack at which a mark stands.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

type Step<T = ()> = Result<T, ImportError>;

impl<R: BufRead> Machine<R> {
    fn run(&mut self) -> Step<Id> {
        loop {
            let [opcode] = self.array()?;
            if opcode == b'.' {
                return self.pop();
            }
            self.step(opcode)?;
            let heights = [self.stack.len(), self.memo.len(), self.marks.len()];
            if heights.into_iter().any(|height| height > PICKLE_OBJECTS) {
                return Err(ImportError::TooMany { what: "objects", most: PICKLE_OBJECTS });
            }
        }
    }

    fn step(&mut self, opcode: u8) -> Step {
        match opcode {
            // protocol and frames
            0x80 => {
                let [protocol] = self.array()?;
                if protocol > 5 {
                    return damaged(format!("its pickle has protocol {protocol}"));
                }
                Ok(())
            }
            0x95 => self.array::<8>().map(drop),
            // the stack
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.pop().map(drop),
            b'1' => self.marked().map(drop),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
                Ok(())
            }
            // numbers
            b'N' => self.push(Node::None),
            0x88 => self.push(Node::Bool(true)),
            0x89 => self.push(Node::Bool(false)),
            b'J' => self.array().and_then(|b| self.push(Node::Int(i32::from_le_bytes(b).into()))),
            b'K' => self.array().and_then(|[b]| self.push(Node::Int(b.into()))),
            b'M' => self.array().and_then(|b| self.push(Node::Int(u16::from_le_bytes(b).into()))),
            0x8a => self.array().and_then(|[n]| self.long(n.into())),
            0x8b => self.array().and_then(|n| self.long(u32::from_le_bytes(n).into())),
            b'G' => self.array().and_then(|b| self.push(Node::Float(f64::from_be_bytes(b)))),
            b'I' | b'L' => self.line().and_then(|text| self.push(number(&text))),
            b'F' => self.line().and_then(|text| self.push(text.parse().map_or(Node::Opaque, Node::Float))),
            // text and bytes
            b'X' | b'T' => self.array().and_then(|n| self.string(u32::from_le_bytes(n).into())),
            0x8c | b'U' => self.array().and_then(|[n]| self.string(n.into())),
            0x8d => self.array().and_then(|n| self.string(u64::from_le_bytes(n))),
            b'V' => self.line().and_then(|text| self.push(Node::Text(text))),
            b'S' => self.line().and_then(|text| self.push(Node::Text(text.trim_matches(['\'', '"']).into()))),
            b'C' => self.array().and_then(|[n]| self.skip(n.into())),
            b'B' => self.array().and_then(|n| self.skip(u32::from_le_bytes(n).into())),
            0x8e | 0x96 => self.array().and_then(|n| self.skip(u64::from_le_bytes(n))),
            // containers
            b']' | 0x8f => self.push(Node::List(Vec::new())),
            b')' => self.push(Node::Tuple(Vec::new())),
            b'}' => self.push(Node::Dict(Vec::new())),
            b't' => self.marked().and_then(|members| self.push(Node::Tuple(members))),
            0x85..=0x87 => self.last(usize::from(opcode - 0x84)).and_then(|members| self.push(Node::Tuple(members))),
            b'l' | 0x91 => self.marked().and_then(|members| self.push(Node::List(members))),
            b'd' => self.marked().and_then(|members| self.push(Node::Dict(pairs(&members)))),
            b'a' => self.last(1).and_then(|members| self.extend(&members)),
            b'e' | 0x90 => self.marked().and_then(|members| self.extend(&members)),
            b's' => self.last(2).and_then(|members| self.insert(&members)),
            b'u' => self.marked().and_then(|members| self.insert(&members)),
            // classes and calls, which stay names
            b'c' => self.global_lines(),
            0x93 => {
                let names = self.last(2)?;
                match (self.heap.text(names[0]), self.heap.text(names[1])) {
                    (Some(module), Some(name)) if module.len() + name.len() <= FOREIGN_NAME => {
                        let (module, name) = (module.to_owned(), name.to_owned());
                        self.global(module, name)
                    }
                    (Some(_), Some(_)) => too_long(),
                    _ => damaged("a class in its pickle has no name".into()),
                }
            }
            b'R' => {
                let [class, args] = self.pair()?;
                self.call(class, args)
            }
            0x81 => {
                let [class, args] = self.pair()?;
                self.object(class, args)
            }
            0x92 => {
                let parts = self.last(3)?;
                self.object(parts[0], parts[1])
            }
            b'o' => {
                let members = self.marked()?;
                let [class, args @ ..] = members.as_slice() else {
                    return damaged("a call in its pickle is empty".into());
                };
                self.call_with(*class, args.to_vec())
            }
            b'i' => {
                let args = self.marked()?;
                self.global_lines()?;
                let class = self.pop()?;
                self.call_with(class, args)
            }
            b'b' => self.build(),
            b'Q' => self.pop().and_then(|id| self.push(Node::Persistent(id))),
            b'P' => {
                let text = self.line()?;
                self.push(Node::Text(text))?;
                self.pop().and_then(|id| self.push(Node::Persistent(id)))
            }
            // memory
            b'q' => self.array().and_then(|[i]| self.put(i.into())),
            b'r' => self.array().and_then(|i| self.put(u32::from_le_bytes(i))),
            b'p' => self.index_line().and_then(|i| self.put(i)),
            0x94 => self.put(self.memo.len() as u32),
            b'h' => self.array().and_then(|[i]| self.recall(i.into())),
            b'j' => self.array().and_then(|i| self.recall(u32::from_le_bytes(i))),
            b'g' => self.index_line().and_then(|i| self.recall(i)),
            other => damaged(format!("its pickle has the instruction {other:#04x}, which weights do not need")),
        }
    }

    fn array<const N: usize>(&mut self) -> Step<[u8; N]> {
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes).map_err(|_| ImportError::CutShort)?;
        Ok(bytes)
    }

    /// `count` bytes; what is not there is not allocated.
    fn bytes(&mut self, count: u64) -> Step<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = self.source.by_ref().take(count).read_to_end(&mut bytes);
        if read.is_ok_and(|read| read as u64 == count) { Ok(bytes) } else { Err(ImportError::CutShort) }
    }

    fn line(&mut self) -> Step<String> {
        let mut bytes = Vec::new();
        self.source.read_until(b'\n', &mut bytes).map_err(|_| ImportError::CutShort)?;
        if bytes.pop() != Some(b'\n') {
            return Err(ImportError::CutShort);
        }
        Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\r').to_owned())
    }

    fn index_line(&mut self) -> Step<u32> {
        self.line()?.parse().or_else(|_| damaged("a reference in its pickle is no number".into()))
    }

    fn push(&mut self, node: Node) -> Step {
        let id = self.heap.nodes.len();
        if id >= PICKLE_OBJECTS {
            return Err(ImportError::TooMany { what: "objects", most: PICKLE_OBJECTS });
        }
        self.heap.nodes.push(node);
        self.stack.push(id as Id);
        Ok(())
    }

    fn top(&self) -> Step<Id> {
        self.stack.last().copied().ok_or(ImportError::CutShort)
    }

    /// Removes the last object; never one below a mark.
    fn pop(&mut self) -> Step<Id> {
        Ok(self.last(1)?[0])
    }

    fn pair(&mut self) -> Step<[Id; 2]> {
        let two = self.last(2)?;
        Ok([two[0], two[1]])
    }

    fn last(&mut self, count: usize) -> Step<Vec<Id>> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.len().checked_sub(count) {
            Some(start) if start >= floor => Ok(self.stack.split_off(start)),
            _ => damaged("its pickle takes more from the stack than is there".into()),
        }
    }

    fn marked(&mut self) -> Step<Vec<Id>> {
        match self.marks.pop() {
            Some(start) if start <= self.stack.len() => Ok(self.stack.split_off(start)),
            _ => damaged("a mark is missing in its pickle".into()),
        }
    }

    /// A little-endian number of `count` bytes in two's complement.
    fn long(&mut self, count: u64) -> Step {
        let bytes = self.bytes(count)?;
        if bytes.len() > 16 {
            return self.push(Node::Opaque);
        }
        let negative = bytes.last().is_some_and(|b| *b >= 0x80);
        let mut whole = [if negative { 0xff } else { 0 }; 16];
        whole[..bytes.len()].copy_from_slice(&bytes);
        self.push(Node::Int(i128::from_le_bytes(whole)))
    }

    fn string(&mut self, count: u64) -> Step {
        let bytes = self.bytes(count)?;
        self.push(Node::Text(String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn skip(&mut self, count: u64) -> Step {
        self.bytes(count)?;
        self.push(Node::Opaque)
    }

    fn extend(&mut self, members: &[Id]) -> Step {
        let id = self.top()?;
        if let Node::List(list) = &mut self.heap.nodes[id as usize] {
            list.extend_from_slice(members);
        }
        Ok(())
    }

    fn insert(&mut self, members: &[Id]) -> Step {
        let id = self.top()?;
        if let Node::Dict(entries) | Node::Object { items: entries, .. } = &mut self.heap.nodes[id as usize] {
            entries.extend(pairs(members));
        }
        Ok(())
    }

    fn global_lines(&mut self) -> Step {
        let (module, name) = (self.line()?, self.line()?);
        if module.len() + name.len() > FOREIGN_NAME { too_long() } else { self.global(module, name) }
    }

    /// A class or function; to name one of an attack is enough to be refused.
    fn global(&mut self, module: String, name: String) -> Step {
        if attacks(&module, &name) {
            return Err(ImportError::Code { called: format!("{module}.{name}") });
        }
        self.push(Node::Global { module, name })
    }

    fn call_with(&mut self, class: Id, args: Vec<Id>) -> Step {
        self.push(Node::Tuple(args))?;
        let args = self.pop()?;
        self.call(class, args)
    }

    /// A call, which must be one of those that make values.
    fn call(&mut self, function: Id, args: Id) -> Step {
        match self.heap.global(function) {
            Some((module, name)) if makes_values(module, name) => self.object(function, args),
            Some((module, name)) => Err(ImportError::Code { called: format!("{module}.{name}") }),
            None => Err(ImportError::Code { called: "a function that it makes itself".into() }),
        }
    }

    fn object(&mut self, class: Id, args: Id) -> Step {
        if let Some((module, name)) = self.heap.global(class) {
            let named = format!("{module}.{name}");
            if !is_plain(module) && self.heap.uncalled.len() < 100 && !self.heap.uncalled.contains(&named) {
                self.heap.uncalled.push(named);
            }
        }
        self.push(Node::Object { class, args, state: None, items: Vec::new() })
    }

    fn build(&mut self) -> Step {
        let given = self.pop()?;
        let id = self.top()?;
        if let Node::Object { state, .. } = &mut self.heap.nodes[id as usize] {
            *state = Some(given);
        }
        Ok(())
    }

    fn put(&mut self, index: u32) -> Step {
        let top = self.top()?;
        self.memo.insert(index, top);
        Ok(())
    }

    fn recall(&mut self, index: u32) -> Step {
        match self.memo.get(&index) {
            Some(id) => {
                self.stack.push(*id);
                Ok(())
            }
            None => damaged("a reference in its pickle leads nowhere".into()),
        }
    }
}

fn pairs(members: &[Id]) -> Vec<(Id, Id)> {
    members.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

/// A number written in digits, as protocol 0 does: `5`, `5L`, `01` (true).
fn number(text: &str) -> Node {
    match text {
        "00" => Node::Bool(false),
        "01" => Node::Bool(true),
        _ => text.trim_end_matches('L').parse().map_or(Node::Opaque, Node::Int),
    }
}

fn too_long<T>() -> Step<T> {
    damaged(format!("a name in its pickle has more than {FOREIGN_NAME} letters"))
}

fn damaged<T>(how: String) -> Step<T> {
    Err(ImportError::Damaged(how))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<(Heap, Id), ImportError> {
        read(&mut &*bytes)
    }

    #[test]
    fn a_dictionary_is_read_as_data() {
        // pickle.dumps({"a": 1, "b": (True, None, 2.5)}, protocol=2)
        let bytes = b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01K\x01X\x01\x00\x00\x00bq\x02\x88NG@\x04\x00\x00\x00\x00\x00\x00\x87q\x03u.";
        let (heap, root) = parse(bytes).unwrap();
        assert_eq!(heap.count(heap.entry(root, "a").unwrap()), Some(1));
        let b = heap.members(heap.entry(root, "b").unwrap()).unwrap();
        let b: Vec<_> = b.iter().map(|id| heap.get(*id).clone()).collect();
        assert_eq!(b, [Node::Bool(true), Node::None, Node::Float(2.5)]);
    }

    #[test]
    fn long_numbers_keep_their_sign() {
        let (heap, root) = parse(b"\x80\x02\x8a\x01\xfe.").unwrap();
        assert_eq!(heap.get(root), &Node::Int(-2));
        let (heap, root) = parse(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.").unwrap();
        assert_eq!(heap.get(root), &Node::Int(0x1950_a86a_20f9_469c_fc6c));
    }

    #[test]
    fn a_call_stays_a_name() {
        // pickle.dumps(fractions.Fraction(1, 2), protocol=2)
        let (heap, root) =
            parse(b"\x80\x02cfractions\nFraction\nq\x00X\x03\x00\x00\x001/2q\x01\x85q\x02Rq\x03.").unwrap();
        assert!(matches!(heap.get(root), Node::Object { .. }));
        assert_eq!(heap.uncalled, ["fractions.Fraction"]);
    }

    #[test]
    fn a_file_that_wants_a_shell_is_refused_by_name() {
        for (bytes, name) in [
            (&b"cos\nsystem\n(S'echo harm'\ntR."[..], "os.system"),
            (b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00harm\x85R.", "posix.system"),
            (b"(ios\nsystem\n.", "os.system"),
            (b"(c__builtin__\neval\nS'1'\no.", "__builtin__.eval"),
            (b"\x80\x04\x8c\x08builtins\x8c\x04exec\x93\x8c\x011\x85R.", "builtins.exec"),
        ] {
            let error = parse(bytes).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("Nothing was run"), "{error}");
        }
    }

    #[test]
    fn a_call_that_makes_no_weights_is_named_as_suspicious() {
        for (bytes, name) in [
            (&b"\x80\x02ctimeit\ntimeit\nX\x04\x00\x00\x00pass\x85R."[..], "timeit.timeit"),
            (b"\x80\x02c__builtin__\ngetattr\n)R.", "__builtin__.getattr"),
            (b"(icProfile\nrun\n.", "cProfile.run"),
            // What functools.partial makes is called in its turn.
            (b"\x80\x02cfunctools\npartial\n)R)R.", "a function that it makes itself"),
        ] {
            let error = parse(bytes).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("suspicious"), "{error}");
            assert!(error.contains("safetensors") && !error.contains("weights_only"), "{error}");
        }
    }

    #[test]
    fn a_class_that_is_only_instantiated_is_named_and_read() {
        let (heap, root) = parse(b"\x80\x02cmine\nNetwork\n)\x81}b.").unwrap();
        assert!(matches!(heap.get(root), Node::Object { state: Some(_), .. }));
        assert_eq!(heap.uncalled, ["mine.Network"]);
    }

    #[test]
    fn a_long_name_is_not_repeated_by_a_few_bytes() {
        let mut bytes = b"\x80\x04\x8d".to_vec();
        bytes.extend((1u64 << 20).to_le_bytes());
        bytes.resize(bytes.len() + (1 << 20), b'a');
        bytes.extend(b"\x94h\x00h\x00\x93.");
        assert!(parse(&bytes).unwrap_err().to_string().contains("more than"));
    }

    #[test]
    fn marks_are_counted_too() {
        let mut bytes = vec![b'('; PICKLE_OBJECTS + 2];
        bytes.push(b'.');
        assert!(matches!(parse(&bytes), Err(ImportError::TooMany { .. })));
    }

    #[test]
    fn lengths_that_are_not_there_are_not_allocated() {
        assert!(matches!(parse(b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7f"), Err(ImportError::CutShort)));
        assert!(matches!(parse(b"\x80\x02X\xff\xff\xff\xffab"), Err(ImportError::CutShort)));
    }

    #[test]
    fn endless_objects_end_with_a_sentence() {
        let mut bytes = vec![b']'; PICKLE_OBJECTS + 2];
        bytes.push(b'.');
        assert!(matches!(parse(&bytes), Err(ImportError::TooMany { .. })));
    }

    #[test]
    fn nonsense_ends_with_an_error_and_never_a_panic() {
        for first in 0..=255u8 {
            for second in [0, 1, b'.', b'(', b't', 0xff] {
                for third in [0, b'.', b'u', b'R', b'b', 0x93] {
                    let _ = parse(&[b'N', b'(', b'N', first, second, third, b'\n', b'\n', b'.', b'.']);
                    let _ = parse(&[first, second, third, b'.']);
                }
            }
        }
    }
}
