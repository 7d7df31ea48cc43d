"""Files of other programs, and what their networks say: torch, torchvision, torchxrayvision, h5py, keras (torch backend).

    KERAS_BACKEND=torch python tests/golden/import.py

writes tests/golden/import/*.gz: narrow networks with seeded random weights as PyTorch archives, PyTorch streams, a whole pickled
module, Keras files of three layouts, a pickle with code in it, and import.json with logits for one pattern. Nothing here is trained.
"""

import gzip
import json
import math
import os
import re
from collections import OrderedDict
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"
import h5py
import keras
import numpy as np
import torch
import torchvision
import torchxrayvision

HERE = Path(__file__).parent / "import"
HERE.mkdir(exist_ok=True)
torch.manual_seed(3)
rng = np.random.default_rng(3)
expected = {}


def pattern(channels, side):
    """x[c, i, j] = sin(0.1 (i + 1)(c + 1)) cos(0.07 (j + 1))"""
    i = torch.arange(side, dtype=torch.float64)
    rows = [torch.sin(0.1 * (i + 1) * (c + 1)) for c in range(channels)]
    return torch.stack([r[:, None] * torch.cos(0.07 * (i + 1))[None] for r in rows]).float()[None]


def lively(module):
    """Batch norms that do something."""
    for m in module.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.running_mean.normal_(0, 0.1)
            m.running_var.uniform_(0.5, 1.5)
            m.weight.data.uniform_(0.8, 1.2)
            m.bias.data.normal_(0, 0.1)
    return module.eval()


def narrow_densenet(classes):
    return lively(torchvision.models.DenseNet(4, (2, 2, 2, 2), 8, num_classes=classes))


with torch.no_grad():
    # A CheXNet checkpoint: DataParallel, legacy names, a head within a Sequential, the stream format, other things beside it.
    net = narrow_densenet(3)
    expected["chexnet"] = net(pattern(3, 64))[0].tolist()
    legacy = OrderedDict()
    for name, value in net.state_dict().items():
        if "num_batches" not in name:
            name = re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", name).replace("classifier.", "classifier.0.")
            legacy["module.densenet121." + name] = value
    optimizer = {"state": {0: {"momentum": torch.ones(3, dtype=torch.float64)}}, "param_groups": [{"lr": 1e-3}]}
    checkpoint = {"epoch": 7, "state_dict": legacy, "best_loss": 0.1, "optimizer": optimizer}
    torch.save(checkpoint, HERE / "chexnet.pth.tar", _use_new_zipfile_serialization=False)

    # A whole pickled module of TorchXRayVision, with operating points; one output has none.
    xrv = lively(
        torchxrayvision.models.DenseNet(growth_rate=4, block_config=(2, 2, 2, 2), num_init_features=8, num_classes=4, in_channels=1)
    )
    xrv.op_threshs = torch.tensor([0.3, math.nan, 0.6, 0.5])
    xrv.apply_sigmoid = True
    maps = torch.nn.functional.relu(xrv.features(pattern(1, 64)))
    logits = xrv.classifier(torch.nn.functional.adaptive_avg_pool2d(maps, 1).flatten(1))
    expected["torchxrayvision"] = logits[0].tolist()
    expected["torchxrayvision_normalized"] = torchxrayvision.models.op_norm(torch.sigmoid(logits), xrv.op_threshs)[0].tolist()
    torch.save(xrv, HERE / "torchxrayvision.pt")

# Tensors of every kind that a reader meets.
base = torch.arange(12, dtype=torch.float32).reshape(3, 4) / 4
odd = {
    "half": base.half(),
    "brain": base.bfloat16(),
    "double_transposed": base.double().t(),
    "parameter": torch.nn.Parameter(base[1:]),
    "slice": base[:, 1:3],
    "whole": torch.tensor([-1, 2, 2**40]),
    "flag": torch.tensor([True, False]),
    "one": torch.tensor(2.5),
    "bytes": torch.tensor([0, 255], dtype=torch.uint8),
}
torch.save(odd, HERE / "kinds.pth")
torch.save(odd, HERE / "kinds_stream.pth", _use_new_zipfile_serialization=False)
expected["kinds"] = {name: value.detach().float().flatten().tolist() for name, value in odd.items()}


class Harm:
    """Leaves a file behind if anybody runs the pickle."""

    def __reduce__(self):
        return (os.system, ("touch harm-was-done",))


torch.save({"state_dict": {"fc.weight": base}, "extra": Harm()}, HERE / "harm.pth")
torch.save({"state_dict": {"fc.weight": base}, "extra": Harm()}, HERE / "harm_stream.pth", _use_new_zipfile_serialization=False)


# Keras: a narrow VGG16 whose flattened map is 2×2, and a narrow ResNet50.
def lively_keras(model):
    for layer in model.layers:
        new = []
        for variable, value in zip(layer.weights, layer.get_weights()):
            name = variable.path.split("/")[-1]
            if name == "moving_variance":
                value = rng.uniform(0.5, 1.5, value.shape)
            elif name == "gamma":
                value = rng.uniform(0.8, 1.2, value.shape)
            elif name != "kernel":
                value = rng.normal(0, 0.1, value.shape)
            new.append(value.astype("f4"))
        layer.set_weights(new)
    return model


def say_keras(model, x):
    return keras.ops.convert_to_numpy(model(np.ascontiguousarray(x.permute(0, 2, 3, 1).numpy())))[0].tolist()


layers = keras.layers
vgg = [keras.Input((64, 64, 3))]
for block, (width, count) in enumerate(zip([4, 4, 6, 6, 8], [2, 2, 3, 3, 3]), 1):
    for conv in range(1, count + 1):
        vgg.append(layers.Conv2D(width, 3, padding="same", activation="relu", name=f"block{block}_conv{conv}"))
    vgg.append(layers.MaxPooling2D(name=f"block{block}_pool"))
vgg += [layers.Flatten(), layers.Dense(10, "relu", name="fc1"), layers.Dense(10, "relu", name="fc2"), layers.Dense(3, name="predictions")]
vgg = lively_keras(keras.Sequential(vgg))
expected["keras_vgg"] = say_keras(vgg, pattern(3, 64))
vgg.save(HERE / "vgg.keras")
# Keras 2 wrote `kernel:0`, and named its layers by attributes that are not needed.
vgg.save(HERE / "vgg.h5")
with h5py.File(HERE / "vgg.h5") as new, h5py.File(HERE / "vgg_keras2.h5", "w") as old:

    def copy(name, value):
        if isinstance(value, h5py.Dataset):
            old[name.removeprefix("model_weights/").replace("/sequential/", "/") + ":0"] = value[()]

    new.visititems(copy)
os.remove(HERE / "vgg.h5")

from keras.src.applications import resnet


def stacks(x):
    for stage, (width, stride) in enumerate([(4, 1), (4, 2), (6, 2), (6, 2)], 2):
        x = resnet.stack_residual_blocks_v1(x, width, 1, stride1=stride, name=f"conv{stage}")
    return x


res = resnet.ResNet(stacks, False, True, weights=None, input_shape=(64, 64, 3), classes=3, classifier_activation=None, name="resnet50")
res = lively_keras(res)
expected["keras_resnet"] = say_keras(res, pattern(3, 64))
res.save_weights(HERE / "resnet.weights.h5")

# Normalisation of one stored value, by each program itself.
grey = np.full((4, 4, 3), 100, np.uint8)
tensor = torchvision.transforms.functional.to_tensor(grey)
expected["normalized_100"] = {
    "imagenet": torchvision.transforms.functional.normalize(tensor, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])[:, 0, 0].tolist(),
    "torchxrayvision": [float(torchxrayvision.datasets.normalize(grey[..., 0], 255)[0, 0])],
    "keras-caffe": keras.applications.resnet50.preprocess_input(grey.astype("f4"))[0, 0].tolist(),
    "keras-torch": keras.applications.densenet.preprocess_input(grey.astype("f4"))[0, 0].tolist(),
}
# Where torchvision's 256, then the middle 224 looks on a picture of another shape.
ramp = torch.arange(300.0).repeat(200, 1)[None]
inner = torchvision.transforms.functional.resize(ramp, 256, antialias=True)
inner = torchvision.transforms.functional.center_crop(inner, 224)
expected["imagenet_crop_of_a_ramp"] = [float(inner[0, 0, i]) for i in (0, 1, 112, 223)]
for file in HERE.iterdir():
    if file.suffix != ".gz":
        (HERE / (file.name + ".gz")).write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))
        file.unlink()
(Path(__file__).parent / "import.json").write_text(json.dumps(expected, indent=1))
