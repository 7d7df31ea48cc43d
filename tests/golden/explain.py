"""Writes explain.safetensors: explanations of narrow torchvision networks by `grad-cam`, `captum` and `shap`.

    pip install torch torchvision grad-cam captum shap safetensors
    python tests/golden/explain.py

Networks, weights and picture are those of architectures.py, none of which is stored: 3 channels, 64x64, `picture(1, 3, (64, 64))`,
inference. All is computed in double precision and stored in single. Every ReLU is a module of its own, used once and not in place,
which DeepLIFT and guided backpropagation need; the logits are those of torchvision's networks. Stages are named as in Pellucid:
`features.29` is the module of that name, `layer2` and `layer4` are the whole stages, and `denseblock2` is the concatenation before the
next norm. `features` is hooked in torchvision's own DenseNet, whose ReLU behind that module works in place: **A is behind this ReLU
and g before it**. Baseline b: -1.2, -0.9, -0.7 by channel. Background:
4 pictures of 256 greys, floor(128 unit("background")) / 128, less 0, 0.25, 0.5 by channel. S_c is a logit; K = 3 classes.

Keys are `<network>.<what>`.

    logits                     (1, K)
    <stage>.<method>.raw       (K, h, w) before relu and scaling, at the layer's resolution; both stages. Eigen-CAM: (1, h, w)
    <stage>.<method>.final     the map of `cam(input, targets)`, last stage only

**Maps of 64x64 keep every third row and column** (22x22); `<key>.whole` has (K, 3): sum, Euclidean norm and position of the
maximum (64 y + x; any of them on a plateau) of the whole map. So do all of the following, whose channels are summed:

    saliency                   captum Saliency: sum over channels of |dS/dx|
    gradient                   signed, class 1 only, by channel: (3, 22, 22)
    smooth-grad                mean of the saliency of x + unit("noise.i") / 2, i = 0..3
    integrated-gradients       captum, 50 steps of Gauss-Legendre from b; `.delta` (K): sum of the map - (S(x) - S(b))
    guided-backprop            captum GuidedBackprop, signed; grad-cam's GuidedBackpropReLUModel gives the same
    guided-grad-cam            captum GuidedGradCam at the last stage, bilinear: guided backpropagation x relu(Grad-CAM), unscaled. For
                               densenet121 the Grad-CAM of `features` (captum would take A before the ReLU)
    deep-shap                  shap DeepExplainer; `.expected` (K); `.residual` (K): sum of the map - (S(x) - expected)
    deep-shap.summed           the same, where windows of a max pooling overlap (resnet50, densenet121), see below
    gradient-shap              mean of dS/dx at a x + (1 - a) b_j, times x - b_j; 8 samples; `.alpha` (8), `.index` (8)
    kernel-shap                custom-cnn: (K, 8) over the rectangles (y / 32) 4 + x / 16, every coalition; `.expected` (K) = S(b)
    occlusion                  custom-cnn, resnet50: captum Occlusion, patch 16, stride 8, mean of the drops of all patches over a pixel
    rise                       custom-cnn: sum of S(x M + b (1 - M)) M / (6 / 2); `rise.masks` (6, 22, 22), `rise.mean` (K): the mean of
                               S, which Pellucid takes off before it adds up. Grid i: unit("mask.i", 49) > 0,
                               bilinear (half-pixel centres) to 80x80 (cells of ceil(64 / 7) = 10 pixels, one cell more than the grid),
                               cut at (y, x) = floor(10 (u + 1) / 2) of unit("shift.i", 2)

What grad-cam 1.5.7 does otherwise than one might think, and what is stored:

- Score-CAM: channels are upsampled with aligned corners (UpsamplingBilinear2d), scaled by (A - min) / (max - min + 1e-8), multiplied
  with the picture (what is covered is 0 after normalisation, not b), and weighted by the softmax over channels of the logits.
- Ablation-CAM: (S - S_k) / S, signed S. Where the smallest activation is not 0, a channel is not zeroed but set to
  the minimum - 1e7, lower with each row of the batch. At `denseblock2` that is replaced by zeroing here.
- Eigen-CAM: the sign is what the SVD gives. Here the map is turned if |min| > |max|; `<stage>.eigen-cam.sign` is 1 where the
  package's has this sign too.
- Finer-CAM: Grad-CAM of T = sum p_d (S_c - S_d) / (sum p_d + 1e-9) over the (up to three) classes d with the logits nearest to S_c,
  p = softmax of all logits. The gradient goes through p, too.
- cam (Zhou et al. 2016): not in the package; sum of W_ck A_k, by definition.

shap 0.51.0: max_unpool2d keeps one of several windows that have their maximum at the same pixel, so Deep SHAP is not additive behind
a 3x3 pooling of stride 2. `deep-shap.summed` adds them, with all else as in the package.

Numbers that rounding moves: the logit of class 1 of custom-cnn is 0.008, by which Ablation-CAM divides; the first steps of integrated
gradients see almost constant pictures, whose max pooling is decided by the last digits (in single precision up to 1e-3 of the
highest value, at few pixels).
"""

import contextlib
import io
import pathlib
import warnings

import captum.attr
import numpy as np
import pytorch_grad_cam as gc
import shap
import torch
from architectures import CLASSES, NARROW, fill, picture, unit
from pytorch_grad_cam.ablation_layer import AblationLayer
from pytorch_grad_cam.utils.image import scale_cam_image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection_with_sign_correction
from safetensors.torch import save_file
from shap.explainers._deep import deep_pytorch
from torch import nn
from torch.nn import functional as F
from torchvision.models import densenet, resnet

SIZE = 64
STAGES = {
    "vgg16": ("features.22", "features.29"),
    "resnet50": ("layer2", "layer4"),
    "densenet121": ("denseblock2", "features"),
    "custom-cnn": ("features.10", "features.15"),
}
CAMS = {
    "grad-cam": gc.GradCAM,
    "grad-cam++": gc.GradCAMPlusPlus,
    "hires-cam": gc.HiResCAM,
    "layer-cam": gc.LayerCAM,
    "xgrad-cam": gc.XGradCAM,
    "score-cam": gc.ScoreCAM,
    "ablation-cam": gc.AblationCAM,
    "finer-cam": gc.FinerCAM,
}
SEED = 7


class ApartBottleneck(resnet.Bottleneck):
    """A bottleneck whose three ReLUs are three modules."""

    def forward(self, x):
        out = self.relu1(self.bn1(self.conv1(x)))
        out = self.relu2(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return self.relu3(out + (x if self.downsample is None else self.downsample(x)))


class ApartDenseNet(densenet.DenseNet):
    """A DenseNet whose last ReLU and pooling are modules."""

    def forward(self, x):
        return self.classifier(self.pool(self.relu5(self.features(x))).flatten(1))


def apart(net):
    for module in list(net.modules()):
        if isinstance(module, resnet.Bottleneck):
            module.__class__ = ApartBottleneck
            module.relu1, module.relu2, module.relu3 = nn.ReLU(), nn.ReLU(), nn.ReLU()
            del module.relu
        elif isinstance(module, densenet.DenseNet):
            module.__class__ = ApartDenseNet
            module.relu5, module.pool = nn.ReLU(), nn.AdaptiveAvgPool2d(1)
        elif isinstance(module, nn.ReLU):
            module.inplace = False
    return net


def network(name, dtype=torch.float64):
    published = fill(NARROW[name]()).eval()
    net = apart(fill(NARROW[name]()).eval())
    with torch.no_grad():
        assert torch.allclose(published(picture(1, 3, (SIZE, SIZE))), net(picture(1, 3, (SIZE, SIZE))), rtol=1e-5)
    return net.to(dtype)


def hooked(net, name, stage):
    """The network that CAMs of this stage are taken from, and the module."""
    if stage == "features":
        net = fill(NARROW[name]()).eval().to(next(net.parameters()).dtype)
    return net, layer(net, stage)


def layer(net, stage):
    return net.get_submodule(f"features.{stage}" if stage.startswith("denseblock") else stage)


def drawn(name, *shape):
    return torch.from_numpy(unit(name, int(np.prod(shape)))).float().reshape(shape)


class Zeroed(AblationLayer):
    """Ablated channels are 0, whatever the other activations are."""

    def __call__(self, x):
        for row, channel in enumerate(self.indices[: len(self.activations)]):
            self.activations[row, channel] = 0
        return self.activations


def cams(net, target, x, stage):
    """Raw (K, h, w) and final (K, H, W) maps by method."""
    out = {}
    for name, method in CAMS.items():
        other = {"ablation_layer": Zeroed()} if name == "ablation-cam" and stage == "denseblock2" else {}
        maps = []
        with method(net, [target], **other) as cam:
            base = cam.base_cam if name == "finer-cam" else cam
            kept, inner = [], base.get_cam_image
            base.get_cam_image = lambda *a: kept.append(inner(*a)) or kept[-1].copy()
            for c in range(CLASSES):
                where = {"target_idx": c} if name == "finer-cam" else {"targets": [ClassifierOutputTarget(c)]}
                with contextlib.redirect_stderr(io.StringIO()):
                    maps.append(cam(x, **where)[0])
        out[name] = np.concatenate(kept), np.stack(maps)
    kept = []
    with torch.no_grad(), contextlib.closing(Hook(target, kept)):
        net(x)
    raw = get_2d_projection_with_sign_correction(kept[0].numpy())
    out["eigen-cam"] = raw, finished(raw)
    with gc.EigenCAM(net, [target]) as cam:
        sign = cam.get_cam_image(x, target, None, kept[0].numpy(), None, False).ravel() @ raw.ravel()
    head = {"layer4": "fc", "features": "classifier"}.get(stage)
    if head:
        weight = getattr(net, head).weight.detach()
        raw = torch.einsum("kc,chw->khw", weight, kept[0][0]).numpy()
        out["cam"] = raw, finished(raw)
    return out, np.sign([sign])


class Hook:
    def __init__(self, module, kept):
        self.handle = module.register_forward_hook(lambda m, i, o: kept.append(o.detach()))

    def close(self):
        self.handle.remove()


def finished(raw):
    """As `cam(input, targets)` does it: scaled before and after it is enlarged."""
    return scale_cam_image(scale_cam_image(np.maximum(raw, 0), (SIZE, SIZE)))


def each(explain):
    return torch.cat([explain(c) for c in range(CLASSES)])


def baseline(dtype):
    return torch.tensor([-1.2, -0.9, -0.7], dtype=dtype).reshape(1, 3, 1, 1).expand(1, 3, SIZE, SIZE)


def gradients(net, x, last, grad_cam):
    """Maps (K, 3, H, W) of one or few backward passes; `grad_cam` is the raw map of the last stage."""
    out, b = {}, baseline(x.dtype)
    saliency = captum.attr.Saliency(net)
    absolute = lambda x: each(lambda c: saliency.attribute(x.clone(), target=c, abs=True))
    out["saliency"] = absolute(x)
    out["gradient"] = saliency.attribute(x.clone(), target=1, abs=False)
    out["smooth-grad"] = sum(absolute(x + drawn(f"noise.{i}", *x.shape).to(x.dtype) / 2) for i in range(4)) / 4
    integrated, deltas = captum.attr.IntegratedGradients(net), []

    def integrate(c):
        values, delta = integrated.attribute(
            x, b, target=c, n_steps=50, method="gausslegendre", return_convergence_delta=True
        )
        deltas.append(delta)
        return values

    out["integrated-gradients"] = each(integrate)
    out["integrated-gradients.delta"] = torch.cat(deltas)
    guided = captum.attr.GuidedBackprop(net)
    out["guided-backprop"] = each(lambda c: guided.attribute(x.clone(), target=c))
    large = F.interpolate(torch.from_numpy(grad_cam).clamp(min=0)[:, None], (SIZE, SIZE), mode="bilinear", align_corners=False)
    out["guided-grad-cam"] = out["guided-backprop"] * large
    if last != "features":
        with_cam = captum.attr.GuidedGradCam(net, layer(net, last))
        theirs = each(lambda c: with_cam.attribute(x.clone(), target=c, interpolate_mode="bilinear"))
        assert torch.allclose(out["guided-grad-cam"], theirs, rtol=1e-6, atol=1e-9)
    return out


def maxpool(module, grad_input, grad_output):
    """shap's handler of max pooling with the values of windows that share a pixel added up; shap goes by the name."""
    x, y = module.x.detach(), module.y.detach()
    (now, reference), delta = y.chunk(2), x.chunk(2)[0] - x.chunk(2)[1]
    highest = torch.maximum(now, reference)
    _, index = F.max_pool2d(x, module.kernel_size, module.stride, module.padding, return_indices=True)
    values = grad_output[0] * torch.cat([highest - reference, now - highest])
    spread = torch.zeros_like(x).flatten(2).scatter_add(2, index.flatten(2), values.flatten(2)).reshape(x.shape)
    ratio = torch.where(delta.abs() < 1e-7, 0, spread.chunk(2)[0] + spread.chunk(2)[1]) / delta
    return (torch.where(delta.abs() < 1e-7, 0, ratio).repeat(2, 1, 1, 1),)


def background(dtype):
    grey = torch.floor(128 * drawn("background", 4, 1, SIZE, SIZE)) / 128
    return (grey - torch.tensor([0, 0.25, 0.5]).reshape(1, 3, 1, 1)).to(dtype)


def agree(name):
    """What the text above says of two packages: guided backpropagation, and the draws and formula of Gradient SHAP."""
    x = picture(1, 3, (SIZE, SIZE))
    net = network(name, torch.float32)
    ours = each(lambda c: captum.attr.GuidedBackprop(net).attribute(x.clone(), target=c))
    theirs = each(
        lambda c: torch.from_numpy(gc.GuidedBackpropReLUModel(network(name, torch.float32))(x.clone(), c)).movedim(2, 0)[None]
    )
    assert torch.allclose(ours, theirs, rtol=1e-5), name
    explainer = shap.GradientExplainer(net, background(x.dtype))
    theirs = torch.from_numpy(explainer.shap_values(x, nsamples=8, rseed=SEED)[0]).movedim(-1, 0).float()
    assert torch.allclose(gradient_shap(net, x), theirs, atol=1e-5 * theirs.abs().max()), name


def deep(net, x, handler=None):
    usual = deep_pytorch.op_handler["MaxPool2d"]
    deep_pytorch.op_handler["MaxPool2d"] = handler or usual
    try:
        explainer = shap.DeepExplainer(net, background(x.dtype))
        values = explainer.shap_values(x.clone(), check_additivity=False)
    finally:
        deep_pytorch.op_handler["MaxPool2d"] = usual
    values = torch.from_numpy(values[0]).movedim(-1, 0)
    expected = torch.as_tensor(explainer.expected_value)
    return values, expected, values.sum((1, 2, 3)) - (net(x)[0].detach() - expected)


def draws():
    """Background pictures and positions that shap's GradientExplainer draws with this seed."""
    np.random.seed(SEED)
    pairs = [(np.random.choice(4), np.random.uniform()) for _ in range(8)]
    return torch.tensor([j for j, _ in pairs]), torch.tensor([a for _, a in pairs], dtype=torch.float64)


def gradient_shap(net, x):
    index, alpha = draws()
    b, a = background(x.dtype)[index], alpha.to(x.dtype).reshape(-1, 1, 1, 1)

    def of(c):
        at = (a * x + (1 - a) * b).requires_grad_()
        (grad,) = torch.autograd.grad(net(at)[:, c].sum(), at)
        return (grad * (x - b)).mean(0, keepdim=True)

    return each(of)


def covered(net, x, masks):
    """Logits of x where the masks are 1 and b where they are 0."""
    with torch.no_grad():
        return net(masks * x + (1 - masks) * baseline(x.dtype))


def kernel_shap(net, x):
    y, z = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    label = y // 32 * 4 + z // 16
    score = lambda rows: covered(net, x, torch.from_numpy(rows).to(x.dtype)[:, label][:, None]).numpy()
    explainer = shap.KernelExplainer(score, np.zeros((1, 8)))
    values = explainer.shap_values(np.ones((1, 8)), nsamples=2**8 - 2, l1_reg=False, silent=True)
    return torch.from_numpy(values[0].T), torch.from_numpy(explainer.expected_value)


def occlusion(net, x):
    occlude = captum.attr.Occlusion(net).attribute
    b = baseline(x.dtype)
    return each(lambda c: occlude(x, (3, 16, 16), (3, 8, 8), b, c, perturbations_per_eval=49))[:, :1]


def rise(net, x):
    masks = []
    for i in range(6):
        grid = (drawn(f"mask.{i}", 1, 1, 7, 7) > 0).to(x.dtype)
        large = F.interpolate(grid, size=(80, 80), mode="bilinear", align_corners=False)
        top, left = np.floor(10 * (unit(f"shift.{i}", 2) + 1) / 2).astype(int)
        masks.append(large[:, :, top : top + SIZE, left : left + SIZE])
    masks = torch.cat(masks)
    scores = covered(net, x, masks)
    return torch.einsum("nk,nuhw->kuhw", scores, masks) / (6 * 0.5), masks[:, 0], scores.mean(0)


def explanations(name, dtype=torch.float64):
    """All tensors of a network, maps of 64x64 in full and by channel."""
    net, x = network(name, dtype), picture(1, 3, (SIZE, SIZE)).to(dtype)
    out = {"logits": net(x).detach()}
    for stage in STAGES[name]:
        maps, sign = cams(*hooked(net, name, stage), x, stage)
        out[f"{stage}.eigen-cam.sign"] = torch.from_numpy(sign)
        for method, (raw, final) in maps.items():
            out[f"{stage}.{method}.raw"] = torch.from_numpy(raw)
            if stage == STAGES[name][-1]:
                out[f"{stage}.{method}.final"] = torch.from_numpy(final)
    out |= gradients(net, x, STAGES[name][-1], maps["grad-cam"][0])
    versions = [("deep-shap", None)]
    if name in ("resnet50", "densenet121"):
        versions.append(("deep-shap.summed", maxpool))
    for key, handler in versions:
        out[key], out["deep-shap.expected"], out[f"{key}.residual"] = deep(net, x, handler)
    out["gradient-shap"] = gradient_shap(net, x)
    out["gradient-shap.index"], out["gradient-shap.alpha"] = draws()
    if name == "custom-cnn":
        out["kernel-shap"], out["kernel-shap.expected"] = kernel_shap(net, x)
        out["rise"], out["rise.masks"], out["rise.mean"] = rise(net, x)
    if name in ("custom-cnn", "resnet50"):
        out["occlusion"] = occlusion(net, x)
    return out


def thinned(values):
    """What is stored: by name, maps of 64x64 thinned out, with what is known of the whole."""
    out = {}
    for key, value in values.items():
        if value.shape[-2:] == (SIZE, SIZE) and not key.endswith("masks"):
            flat = value.sum(1) if value.dim() == 4 else value
            flat = flat.flatten(1)
            out[f"{key}.whole"] = torch.stack([flat.sum(1), flat.norm(dim=1), flat.argmax(1)], 1)
            if value.dim() == 4:
                value = value[0] if key == "gradient" else value.sum(1)
        out[key] = value[..., ::3, ::3] if value.shape[-2:] == (SIZE, SIZE) else value
    return {k: v.detach().float().contiguous() for k, v in out.items()}


def main():
    out = {}
    for name in STAGES:
        agree(name)
        for key, value in thinned(explanations(name)).items():
            assert torch.isfinite(value).all(), key
            out[f"{name}.{key}"] = value
    save_file(out, pathlib.Path(__file__).with_suffix(".safetensors"))


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main()
