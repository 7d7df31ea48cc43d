"""Models of this program as ONNX files and state dicts, against onnxruntime and PyTorch.

    python tests/against_onnxruntime.py PELLUCID FOLDER
    PELLUCID_KEEP_ONNX=FOLDER cargo test -p pellucid --lib export::tests::every_family

PELLUCID is the program, FOLDER holds what the Rust test keeps: NAME.onnx with NAME.safetensors, an image
and the logits of this program. Each file is run by onnxruntime, one image and two at a time; the built-in
models are exported by the program, checked by onnx.checker, and their state dicts are loaded by
torch.load(weights_only=True) and compared with their weights. It prints a table and ends with 1 where a
relative deviation is above 1e-4.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors.numpy import load_file

MOST = 1e-4


def apart(found, expected):
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def run(path, image):
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return session.run(None, {name: image})[0]


def main():
    program, folder = sys.argv[1], Path(sys.argv[2])
    worst = 0.0
    for path in sorted(folder.glob("*.onnx")):
        arrays = load_file(str(path.with_suffix(".safetensors")))
        whole = apart(run(path, arrays["image"]), arrays["logits"])
        one = apart(run(path, arrays["image"][:1]), arrays["logits"][:1])
        print(f"{path.stem:28} two images {whole:.2e}  one {one:.2e}")
        worst = max(worst, whole, one)
    with tempfile.TemporaryDirectory() as temporary:
        for model in ("chest-xray", "brain-mri"):
            network, weights = Path(temporary) / f"{model}.onnx", Path(temporary) / f"{model}.pth"
            plain = Path(temporary) / f"{model}.safetensors"
            subprocess.run([program, "models", "export", model, "--onnx", network, "--pytorch", weights], check=True)
            subprocess.run([program, "models", "export", model, "--pytorch", plain], check=True)
            onnx.checker.check_model(str(network), full_check=True)
            loaded, stored = torch.load(weights, weights_only=True), load_file(str(plain))
            assert loaded.keys() == stored.keys(), set(loaded) ^ set(stored)
            for name, tensor in loaded.items():
                assert np.array_equal(tensor.numpy(), stored[name].astype(np.float32)), name
            notes = {entry.key: entry.value for entry in onnx.load(network).metadata_props}
            print(f"{model}: {len(loaded)} tensors, labels {notes['pellucid.labels']}")
    print(f"the largest deviation is {worst:.2e}")
    sys.exit(int(worst > MOST))


if __name__ == "__main__":
    main()
