"""Writes foreign_names.json: narrow EfficientNets and MobileNets of other programs, their tensors' names and what they say.

Needs torch, timm and efficientnet_pytorch: `python tests/golden/foreign_names.py`. No weights are stored: values are made of the
tensors' own names as in architectures.py, here and in tests/spec/foreign_names.rs alike. What the networks see is its picture.
"""

import json
import pathlib
from functools import partial

import torch
from architectures import CLASSES, fill, picture
from efficientnet_pytorch import EfficientNet as Published
from efficientnet_pytorch.utils import BlockArgs, GlobalParams
from timm.layers import get_act_layer
from timm.models import mobilenetv3
from timm.models._efficientnet_builder import decode_arch_def, round_channels
from timm.models.efficientnet import EfficientNet
from torch import nn

B0 = [["ds_r1_k3_s1_e1_c8_se0.25"], ["ir_r2_k3_s2_e6_c8_se0.25"], ["ir_r2_k5_s2_e6_c16_se0.25"], ["ir_r1_k3_s2_e6_c16_se0.25"]]
B0 += [["ir_r1_k5_s1_e6_c24_se0.25"], ["ir_r2_k5_s2_e6_c24_se0.25"], ["ir_r1_k3_s1_e6_c32_se0.25"]]
LITE = [[row.replace("_se0.25", "") for row in stage] for stage in B0]
V2 = [["ds_r1_k3_s1_c8"], ["ir_r2_k3_s2_e6_c8"], ["ir_r2_k3_s2_e6_c16"], ["ir_r1_k3_s2_e6_c16"]]
V2 += [["ir_r2_k3_s1_e6_c24"], ["ir_r1_k3_s2_e6_c24"], ["ir_r1_k3_s1_e6_c32"]]
V3 = [["ds_r1_k3_s1_e1_c8_nre"], ["ir_r1_k3_s2_e4_c8_nre", "ir_r1_k3_s1_e3_c8_nre"], ["ir_r1_k5_s2_e3_c16_se0.25_nre"]]
V3 += [["ir_r1_k3_s2_e6_c16", "ir_r1_k3_s1_e2.5_c16", "ir_r1_k3_s1_e2.3_c16"], ["ir_r1_k3_s1_e6_c24_se0.25"]]
V3 += [["ir_r2_k5_s2_e6_c24_se0.25"], ["cn_r1_k1_s1_c144"]]


def timm(table, act, tensorflow):
    norm = partial(nn.BatchNorm2d, eps=1e-3 if tensorflow else 1e-5)
    return EfficientNet(
        decode_arch_def(table), num_classes=CLASSES, num_features=48, stem_size=8, fix_stem=True, act_layer=act, norm_layer=norm,
        pad_type="same" if tensorflow else "",
    )


def timm_v3(tensorflow):
    return mobilenetv3.MobileNetV3(
        decode_arch_def(V3), num_classes=CLASSES, num_features=20, stem_size=8, fix_stem=True, round_chs_fn=round_channels,
        act_layer=get_act_layer("hard_swish"), norm_layer=partial(nn.BatchNorm2d, eps=1e-3 if tensorflow else 1e-5),
        se_layer=partial(mobilenetv3.SqueezeExcite, gate_layer="hard_sigmoid", force_act_layer=nn.ReLU, rd_round_fn=round_channels),
        pad_type="same" if tensorflow else "",
    )  # fmt: skip


def published(squeeze):
    rows = zip([1, 2, 2, 1, 1, 2, 1], [3, 3, 5, 3, 5, 5, 3], [1, 2, 2, 2, 1, 2, 1], [1, 6, 6, 6, 6, 6, 6], [8, 8, 8, 16, 16, 24, 24], [8, 8, 16, 16, 24, 24, 32])
    # A stride in a list never counts as 1, so that the first block of a stage would add no input;
    # no published network has one that could.
    rows = [BlockArgs(r, k, [s] if s > 1 else 1, e, i, o, 0.25 if squeeze else None, True) for r, k, s, e, i, o in rows]
    params = GlobalParams(1.0, 1.0, 64, 0.0, CLASSES, 0.99, 1e-3, 0.0, 8, None, True)
    net = Published(rows, params)
    # Its stem and last convolution are of B0's widths, whatever the blocks.
    net._conv_stem = type(net._conv_stem)(3, 8, kernel_size=3, stride=2, bias=False, image_size=64)
    net._bn0 = nn.BatchNorm2d(8, eps=1e-3)
    net._conv_head = type(net._conv_head)(32, 48, kernel_size=1, bias=False, image_size=4)
    net._bn1 = nn.BatchNorm2d(48, eps=1e-3)
    net._fc = nn.Linear(48, CLASSES)
    if not squeeze:
        # EfficientNet-Lite of the same author has ReLU6.
        for module in list(net.modules()):
            if hasattr(module, "_swish"):
                module._swish = nn.ReLU6()
    return net


NETS = {
    "timm tf-efficientnet-lite0": lambda: timm(LITE, nn.ReLU6, True),
    "timm timm-efficientnet-lite0": lambda: timm(LITE, nn.ReLU6, False),
    "timm tf-efficientnet-b0": lambda: timm(B0, nn.SiLU, True),
    "timm timm-efficientnet-b0": lambda: timm(B0, nn.SiLU, False),
    "timm mobilenet-v2": lambda: timm(V2, nn.ReLU6, False),
    "timm tf-mobilenet-v3-large": lambda: timm_v3(True),
    "timm timm-mobilenet-v3-large": lambda: timm_v3(False),
    "EfficientNet-PyTorch efficientnet-b0": lambda: published(True),
    "EfficientNet-PyTorch efficientnet-lite0": lambda: published(False),
}

out = {}
with torch.no_grad():
    for name, make in NETS.items():
        net = fill(make()).eval()
        tensors = [[k, list(v.shape)] for k, v in net.state_dict().items()]
        out[name] = {"tensors": tensors, "logits": net(picture(1, 3, (64, 64)))[0].tolist()}
text = json.dumps(out, separators=(",", ":"))
pathlib.Path(__file__).with_suffix(".json").write_text(text.replace('},"', '},\n"'))
