"""Writes network.safetensors: a narrow compact residual network of PyTorch with its logits and gradients.

Needs torch and safetensors: `python tests/golden/network.py`.
"""

import pathlib

import torch
from safetensors.torch import save_file

from compact_resnet import CompactResNet

torch.manual_seed(3)
net = CompactResNet(widths=(4, 4, 6, 8), blocks=(1, 2, 1), strides=(1, 2, 1), classes=3)
for module in net.modules():
    if isinstance(module, torch.nn.BatchNorm2d):
        torch.nn.init.uniform_(module.weight, 0.5, 1.5)
        torch.nn.init.uniform_(module.bias, -0.5, 0.5)
        torch.nn.init.uniform_(module.running_mean, -0.5, 0.5)
        torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
out = {f"net.{k}": v.clone() for k, v in net.state_dict().items() if "num_batches" not in k}
x = torch.randn(3, 1, 45, 50)
weight = torch.randn(3, 3)
out["x"], out["weight"] = x, weight
net.eval()
out["logits"] = net(x).detach()
net.train()
logits = net(x)
out["training_logits"] = logits.detach()
(logits * weight).sum().backward()
out |= {f"grad.{k}": v.grad.clone() for k, v in net.named_parameters()}
out |= {f"after.{k}": v.clone() for k, v in net.state_dict().items() if "running" in k}
save_file({k: v.contiguous() for k, v in out.items()}, pathlib.Path(__file__).with_suffix(".safetensors"))
