"""Loss and gradient of the evidence outside the lungs, by PyTorch's autograd: writes lung_evidence.json beside this script.

    python tests/golden/lung_evidence.py

The formula stands in `src/training/optim/lung_evidence.rs`; the head is held still, as there.
"""

import json
import pathlib

import torch

generator = torch.Generator().manual_seed(15)
images, channels, classes, side, weight, least = 3, 5, 3, 4, 0.7, 1e-3
maps = torch.randn(images, channels, side, side, generator=generator, dtype=torch.float64).requires_grad_()
head = torch.randn(classes, channels, generator=generator, dtype=torch.float64)
truth = torch.softmax(torch.randn(images, classes, generator=generator, dtype=torch.float64), dim=1)
truth[0] = torch.tensor([0.0, 1.0, 0.0])
cover = torch.rand(images, side, side, generator=generator, dtype=torch.float64)
cover[1] = (cover[1] > 0.5).double()

evidence = torch.einsum("ck,nkhw->nchw", head - head.mean(dim=0), maps).relu()
outside = (1 - cover).unsqueeze(1)
share = (evidence * outside).sum(dim=(2, 3)) / (evidence.sum(dim=(2, 3)) + least)
loss = weight * (truth * share).sum() / images
loss.backward()

golden = {
    "weight": weight,
    "shape": [images, channels, side, side],
    "maps": maps.detach().flatten().tolist(),
    "head": head.tolist(),
    "truth": truth.flatten().tolist(),
    "cover": cover.flatten(1).tolist(),
    "loss": loss.item(),
    "gradient": maps.grad.flatten().tolist(),
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden) + "\n")
