"""Small networks as ONNX files, with the logits of onnxruntime and Grad-CAM of the package grad-cam.

    python tests/golden/onnx_networks.py

writes tests/golden/onnx/NAME.onnx and, beside them, onnx.safetensors with NAME.image, NAME.logits and,
where a target layer is named, NAME.cam: Grad-CAM of class 1 at the image's size. Both exporters of
torch.onnx are asked, three files are put together by hand as tf2onnx writes them (channels last,
opset 11, half precision, values in a file beside the model).
"""

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from safetensors.numpy import save_file
from torch import nn

warnings.filterwarnings("ignore")
FOLDER = Path(__file__).parent / "onnx"
SIDE = 32


class Block(nn.Module):
    def __init__(self, width, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(width, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.downsample = None
        if stride != 1 or width != out:
            self.downsample = nn.Sequential(nn.Conv2d(width, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(out)) + identity)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(Block(8, 8, 1), Block(8, 12, 1))
        self.layer2 = nn.Sequential(Block(12, 16, 2))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.fc(torch.flatten(self.avgpool(self.layer2(self.layer1(x))), 1))


class Squeeze(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(width, 4, 1), nn.Conv2d(4, width, 1)

    def forward(self, x):
        s = self.fc2(torch.relu(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * nn.functional.hardsigmoid(s)


class Mobile(nn.Module):
    """Depthwise, squeeze-and-excitation, hard swish, SiLU, dropout."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.Hardswish()),
            nn.Sequential(nn.Conv2d(8, 8, 5, 1, 2, groups=8), nn.BatchNorm2d(8), nn.SiLU(), Squeeze(8)),
            nn.Sequential(nn.Conv2d(8, 20, 1), nn.BatchNorm2d(20), nn.ReLU6()),
        )
        self.classifier = nn.Sequential(nn.Linear(20, 12), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(12, 2))

    def forward(self, x):
        return torch.sigmoid(self.classifier(self.features(x).mean((2, 3))))


class Shapes(nn.Module):
    """Grouped, dilated, oblong and unevenly padded windows; parts taken apart, shuffled and joined."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, 1, 1)
        self.grouped = nn.Conv2d(32, 32, 3, 1, 1, groups=4)
        self.dilated = nn.Conv2d(32, 16, 3, 1, 2, dilation=2)
        self.oblong = nn.Conv2d(16, 16, (1, 5), 1, (0, 2))
        self.uneven = nn.Conv2d(16, 24, 3, 2)
        self.act = nn.PReLU(24)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.mean = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
        self.head = nn.Conv2d(36, 4, 1)

    def forward(self, x):
        x = nn.functional.gelu(self.grouped(torch.relu(self.stem(x))))
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        x = torch.tanh(self.oblong(nn.functional.leaky_relu(self.dilated(x), 0.1)))
        x = self.act(self.uneven(nn.functional.pad(x, (0, 1, 0, 1))))
        a, b = self.pool(x).chunk(2, dim=1)
        x = torch.cat([a * b, self.mean(a) / 2 - b.abs(), nn.functional.elu(b)], 1)
        x = nn.functional.interpolate(x, scale_factor=2, mode="nearest")
        return self.head(x).amax((2, 3))


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        n, t, d = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        x = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).reshape(n, t, d))


class Encoder(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width), Attention(width, 2)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Tokens(nn.Module):
    """A vision transformer with a class token."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 16, 8, 8)
        self.cls_token = nn.Parameter(torch.randn(1, 1, 16))
        self.pos_embed = nn.Parameter(torch.randn(1, 17, 16))
        self.blocks = nn.Sequential(Encoder(16), Encoder(16))
        self.norm = nn.LayerNorm(16)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])


def perturbed(model):
    torch.manual_seed(7)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.6, 1.4)
            nn.init.uniform_(module.weight, 0.6, 1.4)
            nn.init.uniform_(module.bias, -0.2, 0.2)
    return model.eval()


def channels_last(folder):
    """As tf2onnx writes a Keras network: channels last outside, transposed inside, softmax at the end."""
    rng = np.random.default_rng(5)
    values = {
        "k1": rng.normal(0, 0.3, (8, 3, 3, 3)), "b1": rng.normal(0, 0.1, 8),
        "k2": rng.normal(0, 0.2, (12, 8, 3, 3)), "b2": rng.normal(0, 0.1, 12),
        "w": rng.normal(0, 0.4, (12, 3)), "b": rng.normal(0, 0.1, 3), "half": np.array(0.5),
    }
    tensors = [numpy_helper.from_array(v.astype(np.float32), k) for k, v in values.items()]
    same = {"auto_pad": "SAME_UPPER", "strides": [2, 2], "kernel_shape": [3, 3]}
    nodes = [
        helper.make_node("Mul", ["image", "half"], ["scaled"], "net/rescale/mul"),
        helper.make_node("Transpose", ["scaled"], ["t0"], "net/conv1/Conv2D__1", perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["t0", "k1", "b1"], ["c1"], "net/conv1/Conv2D", **same),
        helper.make_node("Relu", ["c1"], ["r1"], "net/conv1/Relu"),
        helper.make_node("Conv", ["r1", "k2", "b2"], ["c2"], "net/conv2/Conv2D", **same),
        helper.make_node("Relu", ["c2"], ["r2"], "net/conv2/Relu"),
        helper.make_node("Transpose", ["r2"], ["t1"], "net/conv2/Relu__2", perm=[0, 2, 3, 1]),
        helper.make_node("ReduceMean", ["t1"], ["m"], "net/pool/Mean", axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["m", "w"], ["p"], "net/dense/MatMul"),
        helper.make_node("Add", ["p", "b"], ["l"], "net/dense/BiasAdd"),
        helper.make_node("Softmax", ["l"], ["y"], "net/dense/Softmax", axis=1),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", SIDE, SIDE, 3])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])
    graph = helper.make_graph(nodes, "net", [image], [result], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    onnx.save(model, folder / "channels_last.onnx")


def half(folder):
    """Weights in half precision that are cast, values of one tensor in a file beside the model."""
    rng = np.random.default_rng(6)
    kernel = numpy_helper.from_array(rng.normal(0, 0.3, (8, 1, 3, 3)).astype(np.float16), "kernel")
    weight = numpy_helper.from_array(rng.normal(0, 0.3, (2, 8)).astype(np.float64), "weight")
    bias = helper.make_tensor("bias", TensorProto.FLOAT, [2], [0.25, -0.5])
    nodes = [
        helper.make_node("Cast", ["kernel"], ["k"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["weight"], ["w"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["image", "k"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["g"]),
        helper.make_node("Reshape", ["g", "shape"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "bias"], ["y"], transB=1),
    ]
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [1, 8])
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, SIDE, SIDE])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])
    graph = helper.make_graph(nodes, "half", [image], [result], [kernel, weight, bias, shape])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.save(model, folder / "half.onnx", save_as_external_data=True, location="half.bin", size_threshold=64)


def operators(folder):
    """What exporters write seldom: windows four pixels apart, cubic sizes, one value around, a row of maps, sums by letters."""
    rng = np.random.default_rng(7)
    values = {
        "k1": rng.normal(0, 0.3, (16, 3, 3, 3)), "k2": rng.normal(0, 0.1, (32, 16, 4, 4)), "k3": rng.normal(0, 0.5, (1, 1, 5)),
        "table": rng.normal(0, 0.4, (40, 8)), "around": np.array(0.5),
    }
    tensors = [numpy_helper.from_array(v.astype(np.float32), k) for k, v in values.items()]
    whole = {"sizes": [1, 32, 12, 12], "widths": [0, 0, 0, 0, 0, 0, 1, 2], "row": [-1, 1, 32], "line": [-1, 32]}
    whole["which"] = rng.integers(-40, 40, (32, 1))
    tensors += [numpy_helper.from_array(np.array(v, dtype=np.int64), k) for k, v in whole.items()]
    nodes = [
        helper.make_node("Conv", ["image", "k1"], ["a"], "conv1", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"], "relu1"),
        helper.make_node("Conv", ["b", "k2"], ["c"], "conv2", strides=[4, 4]),
        helper.make_node("Tanh", ["c"], ["d"], "tanh"),
        helper.make_node("Resize", ["d", "", "", "sizes"], ["e"], "resize", mode="cubic"),
        helper.make_node("Pad", ["e", "widths", "around"], ["f"], "pad"),
        helper.make_node("GlobalAveragePool", ["f"], ["g"], "pool"),
        helper.make_node("Reshape", ["g", "row"], ["h"], "row"),
        helper.make_node("Conv", ["h", "k3"], ["i"], "conv3", pads=[2, 2]),
        helper.make_node("Sigmoid", ["i"], ["j"], "sigmoid"),
        helper.make_node("Reshape", ["j", "line"], ["k"], "line"),
        helper.make_node("GatherND", ["table", "which"], ["l"], "look"),
        helper.make_node("Einsum", ["k", "l"], ["m"], "linear", equation="nc, ck -> nk"),
        helper.make_node("Einsum", ["k", "m"], ["n"], "outer", equation="nc,nk->nkc"),
        helper.make_node("ReduceMean", ["n"], ["o"], "mean", axes=[2], keepdims=0),
        helper.make_node("Add", ["m", "o"], ["y"], "add"),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, SIDE, SIDE])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 8])
    graph = helper.make_graph(nodes, "operators", [image], [result], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    onnx.save(model, folder / "operators.onnx")


def main():
    FOLDER.mkdir(exist_ok=True)
    arrays = {}
    networks = [
        ("residual", Residual(), 3, "layer2", ("script", "dynamo")),
        ("mobile", Mobile(), 1, "features", ("script", "dynamo")),
        ("shapes", Shapes(), 3, None, ("script", "dynamo")),
        ("tokens", Tokens(), 3, None, ("script", "dynamo")),
    ]
    for name, model, channels, target, exporters in networks:
        torch.manual_seed(3)
        model = perturbed(model)
        image = torch.randn((1, channels, SIDE, SIDE), generator=torch.Generator().manual_seed(11))
        for exporter in exporters:
            path = FOLDER / f"{name}_{exporter}.onnx"
            if exporter == "script":
                torch.onnx.export(model, image, str(path), opset_version=17, dynamo=False, input_names=["image"])
            else:
                torch.onnx.export(model, (image,), str(path), dynamo=True, external_data=False, verbose=False)
                stripped = onnx.load(path)
                for node in stripped.graph.node:
                    kept = [e for e in node.metadata_props if e.key == "pkg.torch.onnx.name_scopes"]
                    del node.metadata_props[:]
                    node.metadata_props.extend(kept)
                    node.doc_string = ""
                del stripped.graph.value_info[:]
                onnx.save(stripped, path)
            arrays[f"{name}_{exporter}.image"] = image.numpy()
            if target:
                cam = GradCAM(model=model, target_layers=[getattr(model, target)])
                found = cam(input_tensor=image, targets=[ClassifierOutputTarget(1)])
                arrays[f"{name}_{exporter}.cam"] = np.ascontiguousarray(found, dtype=np.float32)
    channels_last(FOLDER)
    half(FOLDER)
    operators(FOLDER)
    rng = np.random.default_rng(9)
    arrays["channels_last.image"] = rng.normal(0, 1, (1, 3, SIDE, SIDE)).astype(np.float32)
    arrays["half.image"] = rng.normal(0, 1, (1, 1, SIDE, SIDE)).astype(np.float32)
    arrays["operators.image"] = rng.normal(0, 1, (1, 3, SIDE, SIDE)).astype(np.float32)
    for path in sorted(FOLDER.glob("*.onnx")):
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        image = arrays[f"{path.stem}.image"]
        if path.stem == "channels_last":
            image = np.ascontiguousarray(image.transpose(0, 2, 3, 1))
        arrays[f"{path.stem}.logits"] = session.run(None, {session.get_inputs()[0].name: image})[0]
    save_file(arrays, str(FOLDER / "onnx.safetensors"))


if __name__ == "__main__":
    main()
