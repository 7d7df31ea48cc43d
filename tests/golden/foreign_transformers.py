"""Writes foreign_transformers.json: narrow transformers of timm, their tensors' names, and what they say.

Needs torch and timm: `python tests/golden/foreign_transformers.py`. No weights are stored: values are made of the tensors' own names
as in architectures.py, here and in tests/spec/foreign_names.rs alike. What the networks see is its picture, 3 channels of 64x64.
"""

import json
import pathlib

import timm
import torch
from architectures import CLASSES, picture, values
from timm.models.convnext import ConvNeXt
from timm.models.swin_transformer import SwinTransformer

NETWORKS = {
    "timm vit-s-16": lambda: timm.models.VisionTransformer(64, 16, num_classes=CLASSES, embed_dim=24, depth=2, num_heads=3),
    "timm vit-registers": lambda: timm.models.VisionTransformer(
        64, 16, num_classes=CLASSES, embed_dim=24, depth=2, num_heads=3, reg_tokens=2, no_embed_class=True, init_values=1e-5
    ),
    "timm swin-t": lambda: SwinTransformer(
        64, 4, num_classes=CLASSES, embed_dim=12, depths=(2, 2, 1), num_heads=(2, 4, 4), window_size=4, drop_path_rate=0.0
    ),
    "timm convnext-tiny": lambda: ConvNeXt(num_classes=CLASSES, depths=(1, 2, 1, 1), dims=(12, 24, 24, 40)),
}


def main():
    out = {}
    for name, make in NETWORKS.items():
        net = make().eval()
        state = net.state_dict()
        net.load_state_dict({k: values(k, tuple(v.shape)) if v.is_floating_point() else v for k, v in state.items()})
        logits = net.double()(picture(1, 3, (64, 64)).double())
        tensors = [[k, list(v.shape)] for k, v in state.items()]
        out[name] = {"tensors": tensors, "logits": [round(v, 9) for v in logits[0].tolist()]}
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    with torch.no_grad():
        main()
