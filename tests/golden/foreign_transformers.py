"""Writes foreign_transformers.json: narrow networks of timm and of Hugging Face's transformers, their tensors' names, and what they say.

Needs torch, timm and transformers: `python tests/golden/foreign_transformers.py`. No weights are stored: values are made of the tensors'
own names as in architectures.py, here and in tests/spec/foreign_transformers.rs alike. What the networks see is its picture, 3 channels
of 64x64. Hugging Face's have the names of their files (`save_pretrained`) and, as `... state`, those of their state dicts in version 5.
"""

import json
import pathlib
import sys
import tempfile

# The script beside this one that is called like the package is not meant.
here = sys.path.pop(0)
import transformers  # noqa: E402

sys.path.insert(0, here)
import timm  # noqa: E402
import torch  # noqa: E402
from architectures import CLASSES, picture, values
from safetensors.torch import load_file, save_file
from timm.models.convnext import ConvNeXt
from timm.models.swin_transformer import SwinTransformer

NETWORKS = {
    "timm vit-s-16": lambda: timm.models.VisionTransformer(64, 16, num_classes=CLASSES, embed_dim=24, depth=2, num_heads=3),
    "timm vit-registers": lambda: timm.models.VisionTransformer(
        64, 16, num_classes=CLASSES, embed_dim=24, depth=2, num_heads=3, reg_tokens=2, no_embed_class=True, init_values=1e-5
    ),
    "timm vit-unplaced": lambda: timm.models.VisionTransformer(
        64, 16, num_classes=CLASSES, embed_dim=24, depth=2, num_heads=3, no_embed_class=True
    ),
    "timm vit-average": lambda: timm.models.VisionTransformer(
        64, 16, num_classes=CLASSES, embed_dim=24, depth=2, num_heads=3, global_pool="avg", qk_norm=True
    ),
    "timm swin-t": lambda: SwinTransformer(
        64, 4, num_classes=CLASSES, embed_dim=12, depths=(2, 2, 1), num_heads=(2, 4, 4), window_size=4, drop_path_rate=0.0
    ),
    "timm convnext-tiny": lambda: ConvNeXt(num_classes=CLASSES, depths=(1, 2, 1, 1), dims=(12, 24, 24, 40)),
}


def hugging_face(kind, **more):
    config = getattr(transformers, f"{kind}Config")(image_size=64, num_labels=CLASSES, **more)
    return getattr(transformers, f"{kind}ForImageClassification")(config)


HUGGING_FACE = {
    "vit": lambda: hugging_face("ViT", hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=96),
    "swin": lambda: hugging_face("Swin", embed_dim=12, depths=[2, 2, 1], num_heads=[2, 4, 4], window_size=4, drop_path_rate=0.0),
    "convnext": lambda: hugging_face("ConvNext", hidden_sizes=[12, 24, 24, 40], depths=[1, 2, 1, 1], drop_path_rate=0.0),
    "resnet": lambda: hugging_face("ResNet", embedding_size=64, hidden_sizes=[64, 128, 256, 512], depths=[2] * 4, layer_type="basic"),
}


def of_names(state):
    return {k: values(k, tuple(v.shape)) if v.is_floating_point() else v for k, v in state.items()}


def told(state, net):
    with torch.no_grad():
        logits = net.eval().double()(picture(1, 3, (64, 64)).double()).logits
    return {"tensors": [[k, list(v.shape)] for k, v in state.items()], "logits": [round(v, 9) for v in logits[0].tolist()]}


def main():
    out = {}
    for name, make in HUGGING_FACE.items():
        net = make()
        if name in ("vit", "swin"):
            net.load_state_dict(of_names(net.state_dict()))
            out[f"hugging-face {name} state"] = told(net.state_dict(), net)
        with tempfile.TemporaryDirectory() as folder:
            make().save_pretrained(folder)
            path = pathlib.Path(folder) / "model.safetensors"
            state = of_names(load_file(path))
            save_file(state, path, metadata={"format": "pt"})
            out[f"hugging-face {name}"] = told(state, type(net).from_pretrained(folder))
    for name, make in NETWORKS.items():
        net = make().eval()
        state = net.state_dict()
        net.load_state_dict(of_names(state))
        logits = net.double()(picture(1, 3, (64, 64)).double())
        tensors = [[k, list(v.shape)] for k, v in state.items()]
        out[name] = {"tensors": tensors, "logits": [round(v, 9) for v in logits[0].tolist()]}
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    with torch.no_grad():
        main()
