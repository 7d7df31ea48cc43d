//! What a pickle asks Python to call, told apart: what tensors, containers and plain values are
//! made of, and everything else.
//!
//! PyTorch's own reader of untrusted files (`weights_only=True`) keeps a list of what may be
//! called; this is that list with the plain values that training programs store beside their
//! weights (dates, paths, options), as far as making them does nothing else. A class that is only
//! instantiated (`NEWOBJ`, as whole modules are) runs no code of its own choice and is not judged
//! here, but for the modules of [`attacks`]. Any other call is suspicious: no list of attacks is
//! ever complete.

/// Libraries whose classes stand in whole pickled networks and in the options of their training.
const LIBRARIES: [&str; 9] = [
    "torch.nn",
    "torch.optim",
    "torchvision",
    "timm",
    "torchxrayvision",
    "monai",
    "omegaconf",
    "lightning",
    "pytorch_lightning",
];

/// True for what makes a plain value of its arguments and does nothing else.
#[must_use]
pub(super) fn makes_values(module: &str, name: &str) -> bool {
    match module {
        "collections" => matches!(name, "OrderedDict" | "Counter" | "defaultdict" | "deque"),
        "copyreg" | "copy_reg" => matches!(name, "_reconstructor" | "__newobj__" | "__newobj_ex__"),
        "_codecs" => name == "encode",
        "builtins" | "__builtin__" => matches!(
            name,
            "set"
                | "frozenset"
                | "list"
                | "tuple"
                | "dict"
                | "int"
                | "long"
                | "float"
                | "complex"
                | "bool"
                | "str"
                | "unicode"
                | "bytes"
                | "bytearray"
                | "slice"
                | "range"
                | "xrange"
                | "object"
        ),
        "datetime" => matches!(name, "date" | "datetime" | "time" | "timedelta" | "timezone"),
        "decimal" => name == "Decimal",
        "fractions" => name == "Fraction",
        "uuid" => name == "UUID",
        "pathlib" | "pathlib._local" => name.ends_with("Path"),
        "argparse" => name == "Namespace",
        "types" => name == "SimpleNamespace",
        "functools" => name == "partial",
        "torch" => matches!(name, "Size" | "Tensor" | "device" | "dtype"),
        "torch._utils" => name.starts_with("_rebuild"),
        "torch._tensor" => name == "_rebuild_from_type_v2",
        "torch.serialization" => name == "_get_layout",
        "torch.autograd.variable" => name == "Variable",
        "numpy" => matches!(name, "dtype" | "ndarray"),
        "numpy.core.multiarray" | "numpy._core.multiarray" => matches!(name, "_reconstruct" | "scalar"),
        "numpy.core.numeric" | "numpy._core.numeric" => name == "_frombuffer",
        "numpy.random._pickle" => name.ends_with("_ctor"),
        _ => is_class(name) && LIBRARIES.iter().any(|library| below(module, library)),
    }
}

/// True for modules whose classes and functions belong to tensors and plain containers, which need
/// no mention.
#[must_use]
pub(super) fn is_plain(module: &str) -> bool {
    matches!(module, "torch" | "collections" | "_codecs" | "copy_reg" | "copyreg")
        || ["torch.", "numpy"].iter().any(|prefix| module.starts_with(prefix))
}

/// True for what a pickle names only to do something to the machine that opens it.
#[must_use]
pub(super) fn attacks(module: &str, name: &str) -> bool {
    const MODULES: [&str; 26] = [
        "os",
        "posix",
        "nt",
        "subprocess",
        "sys",
        "shutil",
        "socket",
        "pty",
        "runpy",
        "importlib",
        "ctypes",
        "code",
        "codeop",
        "webbrowser",
        "commands",
        "popen2",
        "platform",
        "signal",
        "multiprocessing",
        "threading",
        "asyncio",
        "http",
        "urllib",
        "requests",
        "pickle",
        "cPickle",
    ];
    const BUILTINS: [&str; 10] =
        ["eval", "exec", "execfile", "compile", "__import__", "open", "input", "breakpoint", "globals", "apply"];
    let room = module.split('.').next().unwrap_or_default();
    MODULES.contains(&room)
        || (matches!(room, "builtins" | "__builtin__") && BUILTINS.contains(&name))
        || matches!(module, "torch.hub" | "torch.utils.cpp_extension" | "numpy.testing._private.utils")
}

/// Python's classes begin with a capital letter, its functions do not; a dot would lead from a
/// class to a function of it.
fn is_class(name: &str) -> bool {
    name.trim_start_matches('_').starts_with(|c: char| c.is_ascii_uppercase()) && !name.contains('.')
}

fn below(module: &str, library: &str) -> bool {
    module.strip_prefix(library).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_weights_are_made_of_may_be_called() {
        for (module, name) in [
            ("torch._utils", "_rebuild_tensor_v2"),
            ("torch._utils", "_rebuild_parameter"),
            ("collections", "OrderedDict"),
            ("numpy.core.multiarray", "scalar"),
            ("pathlib", "PosixPath"),
            ("torch.nn.parameter", "Parameter"),
            ("torchvision.transforms.functional", "InterpolationMode"),
        ] {
            assert!(makes_values(module, name), "{module}.{name}");
        }
    }

    #[test]
    fn everything_else_is_suspicious_known_or_not() {
        for (module, name) in [
            ("timeit", "timeit"),
            ("cProfile", "run"),
            ("bdb", "Bdb.run"),
            ("builtins", "getattr"),
            ("torch", "load"),
            ("torch.jit", "load"),
            ("torch.storage", "_load_from_bytes"),
            ("torch.utils.collect_env", "run"),
            ("torch.nn.modules.module", "Module.apply"),
            ("torchvision.datasets.utils", "download_url"),
            ("torchvisionx", "Attack"),
            ("numpy", "load"),
            ("numpy", "fromfile"),
            ("functools", "reduce"),
            ("collections", "namedtuple"),
        ] {
            assert!(!makes_values(module, name), "{module}.{name}");
        }
    }
}
