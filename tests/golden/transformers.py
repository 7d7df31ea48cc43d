"""Writes transformers.safetensors: logits, gradients and explanations of narrow transformers and of a narrow ConvNeXt.

    pip install torch torchvision timm grad-cam safetensors
    python tests/golden/transformers.py

Networks are torchvision's classes, weights and pictures those of architectures.py, none of which is stored: 3 channels, 3 classes,
inference. All is computed in double precision and stored in single.

    vit-s-16        8x8 patches of 32x32, 3 blocks of 24 channels and 3 heads, hidden layer 48
    vit-s-16.wide   the same weights on a picture 48 wide and 32 high; positions are resampled by timm's `resample_abs_pos_embed`
    vit-s-16.small  the same on 24x16, with positions for fewer patches
    swin-t          4x4 patches of 48x32 (width x height): 12x8 tokens, then 6x4; windows of 4x4, so the second is filled up with zeros
    convnext-tiny   48x32, two stages of two blocks
    vit-registers   timm's VisionTransformer with 2 register tokens (no_embed_class) and layer scale, 8x8 patches of 32x32

Keys are `<network>.<what>`: `logits` (1, K); `gradient` (3, H, W), of class 1 for the picture; `<stage>.<method>` (K, h, w), maps before
relu and scaling by the grad-cam package with a `reshape_transform` that drops the class token (Eigen-CAM: (1, h, w)); for vision
transformers `attention-rollout` (1, h, w) and `attention-relevance` (K, h, w), by the formulas of the papers in plain PyTorch.

Ablation-CAM is not the package's: it sets a channel not to 0 but to the minimum - 1e7 (`AblationLayerVit`; in all tokens, with the class
token, which is done here too), and divides by S, here by |S|. A stage `...ln_1` or `...norm1` is the module of that name: the residual
path beside it is neither in the map nor in its gradient. What is read by one layer norm alone has a HiResCAM of zero (a norm does not
see how large its input is), so no such stage is stored.
"""

import contextlib
import io
import pathlib

import numpy as np
import pytorch_grad_cam as gc
import timm
import torch
from architectures import CLASSES, picture, values
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection_with_sign_correction
from safetensors.torch import save_file
from timm.layers import resample_abs_pos_embed
from torch import nn
from torch.nn import functional as F
from torchvision.models import convnext, swin_transformer, vision_transformer

CAMS = {
    "grad-cam": gc.GradCAM,
    "grad-cam++": gc.GradCAMPlusPlus,
    "hires-cam": gc.HiResCAM,
    "layer-cam": gc.LayerCAM,
    "xgrad-cam": gc.XGradCAM,
    "score-cam": gc.ScoreCAM,
    "finer-cam": gc.FinerCAM,
}


def fill(net):
    """The weights of architectures.py; tables of indices stay."""
    state = {k: v for k, v in net.state_dict().items() if v.is_floating_point()}
    net.load_state_dict({k: values(k, tuple(v.shape)) for k, v in state.items()}, strict=False)
    return net.eval().double()


class AnySize(vision_transformer.VisionTransformer):
    """torchvision's, for pictures of any size."""

    def _process_input(self, x):
        return self.conv_proj(x).flatten(2).transpose(1, 2)


def vit():
    return fill(AnySize(32, 8, 3, 3, 24, 48, num_classes=CLASSES))


def resampled(rows, columns):
    net = vit()
    positions = resample_abs_pos_embed(net.encoder.pos_embedding.data, (rows, columns), (4, 4))
    net.encoder.pos_embedding = nn.Parameter(positions)
    return net


def swin():
    return fill(swin_transformer.SwinTransformer([4, 4], 12, [2, 2], [2, 4], [4, 4], 2.0, stochastic_depth_prob=0.0, num_classes=CLASSES))


def tiny_convnext():
    setting = [convnext.CNBlockConfig(12, 24, 2), convnext.CNBlockConfig(24, None, 2)]
    return fill(convnext.ConvNeXt(setting, num_classes=CLASSES))


def registers():
    """timm's, with the weights that Pellucid's names give."""
    net = timm.models.VisionTransformer(
        32, 8, num_classes=CLASSES, embed_dim=24, depth=2, num_heads=3, mlp_ratio=2, reg_tokens=2, no_embed_class=True, init_values=0.5
    )
    table = [
        ("blocks.", "encoder.layers.encoder_layer_"), ("norm1.", "ln_1."), ("norm2.", "ln_2."), ("attn.qkv.", "self_attention.in_proj_"),
        ("attn.proj.", "self_attention.out_proj."), ("mlp.fc1.", "mlp.0."), ("mlp.fc2.", "mlp.3."), ("ls1.gamma", "layer_scale_1"),
        ("ls2.gamma", "layer_scale_2"), ("cls_token", "class_token"), ("reg_token", "register_tokens"), ("pos_embed", "encoder.pos_embedding"),
        ("patch_embed.proj.", "conv_proj."), ("head.", "heads.head."),
    ]

    def renamed(name):
        name = "encoder.ln." + name[5:] if name.startswith("norm.") else name
        for ours, theirs in table:
            name = name.replace(ours, theirs)
        return name

    state = {k: values(renamed(k), tuple(v.shape)) for k, v in net.state_dict().items()}
    net.load_state_dict(state)
    return net.eval().double()


def attended(net, x):
    """Logits of torchvision's vision transformer and the attention of its blocks, with gradients."""
    tokens = torch.cat([net.class_token.expand(len(x), -1, -1), net._process_input(x)], 1) + net.encoder.pos_embedding
    found = []
    for block in net.encoder.layers:
        h, own = block.ln_1(tokens), block.self_attention
        n, t, width = h.shape
        qkv = F.linear(h, own.in_proj_weight, own.in_proj_bias).reshape(n, t, 3, own.num_heads, width // own.num_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        a = (q @ k.transpose(-1, -2) / (width // own.num_heads) ** 0.5).softmax(-1)
        a.retain_grad()
        found.append(a)
        tokens = tokens + own.out_proj((a @ v).transpose(1, 2).reshape(n, t, width))
        tokens = tokens + block.mlp(block.ln_2(tokens))
    logits = net.heads(net.encoder.ln(tokens)[:, 0])
    assert torch.allclose(logits, net(x), rtol=1e-9)
    return logits, found


def rollout(net, x, grid):
    """Abnar and Zuidema 2020."""
    _, found = attended(net, x)
    mixed = torch.eye(found[0].shape[-1], dtype=x.dtype)
    for a in found:
        mixed = (0.5 * a[0].mean(0) + 0.5 * torch.eye(len(mixed), dtype=x.dtype)) @ mixed
    return mixed[0, 1:].reshape(1, *grid).detach()


def relevance(net, x, grid):
    """Chefer, Gur and Wolf 2021, equations 5 and 6."""
    maps = []
    for c in range(CLASSES):
        logits, found = attended(net, x)
        logits[0, c].backward()
        mixed = torch.eye(found[0].shape[-1], dtype=x.dtype)
        for a in found:
            mixed = mixed + (a.grad * a)[0].clamp(min=0).mean(0) @ mixed
        maps.append(mixed[0, 1:].reshape(grid).detach())
    return torch.stack(maps)


def cams(net, target, x, places):
    """Raw (K, h, w) maps by method."""
    out = {}
    for name, method in CAMS.items():
        kept = []
        with method(net, [target], reshape_transform=places) as cam:
            base = cam.base_cam if name == "finer-cam" else cam
            inner = base.get_cam_image
            base.get_cam_image = lambda *a: kept.append(inner(*a)) or kept[-1].copy()
            for c in range(CLASSES):
                where = {"target_idx": c} if name == "finer-cam" else {"targets": [ClassifierOutputTarget(c)]}
                with contextlib.redirect_stderr(io.StringIO()):
                    cam(x, **where)
        out[name] = np.concatenate(kept)
    held = []
    with torch.no_grad():
        hook = target.register_forward_hook(lambda m, i, o: held.append(o))
        whole = net(x)[0].numpy()
        hook.remove()
        channel = 1 if places(held[0]) is held[0] else -1
        lost = []
        for k in range(held[0].shape[channel]):
            def ablate(m, i, o, k=k):
                o = o.clone()
                o.select(channel, k).zero_()
                return o

            hook = target.register_forward_hook(ablate)
            lost.append((whole - net(x)[0].numpy()) / np.abs(whole))
            hook.remove()
        maps = places(held[0])[0].numpy()
    out["ablation-cam"] = np.einsum("kc,khw->chw", np.stack(lost), maps)
    raw = get_2d_projection_with_sign_correction(maps[None])
    out["eigen-cam"] = raw
    return out


def tokens(grid):
    return lambda x: x[:, 1:].reshape(len(x), *grid, -1).permute(0, 3, 1, 2)


def last(x):
    return x.permute(0, 3, 1, 2)


def same(x):
    return x


NETWORKS = {
    "vit-s-16": (vit, (32, 32), ["encoder.layers.encoder_layer_0", "encoder.layers.encoder_layer_2.ln_1"], tokens((4, 4))),
    "vit-s-16.small": (lambda: resampled(2, 3), (16, 24), [], None),
    "vit-s-16.wide": (lambda: resampled(4, 6), (32, 48), ["encoder.layers.encoder_layer_2.ln_1"], tokens((4, 6))),
    "swin-t": (swin, (32, 48), ["features.1", "features.3.1.norm1", "norm"], last),
    "convnext-tiny": (tiny_convnext, (32, 48), ["features.0", "features.3"], same),
    "vit-registers": (registers, (32, 32), [], None),
}


def main():
    out = {}
    for name, (make, size, stages, places) in NETWORKS.items():
        net, x = make(), picture(1, 3, size).double().requires_grad_()
        logits = net(x)
        logits[0, 1].backward()
        out[f"{name}.logits"], out[f"{name}.gradient"] = logits.detach(), x.grad[0]
        x = x.detach()
        for stage in stages:
            # grad-cam computes in single precision where it upsamples.
            for method, maps in cams(net, net.get_submodule(stage), x, places).items():
                out[f"{name}.{stage}.{method}"] = torch.from_numpy(np.ascontiguousarray(maps))
        if name in ("vit-s-16", "vit-s-16.wide"):
            grid = (size[0] // 8, size[1] // 8)
            out[f"{name}.attention-rollout"] = rollout(net, x, grid)
            out[f"{name}.attention-relevance"] = relevance(net, x, grid)
    save_file({k: v.float().contiguous() for k, v in out.items()}, pathlib.Path(__file__).with_suffix(".safetensors"))


if __name__ == "__main__":
    main()
