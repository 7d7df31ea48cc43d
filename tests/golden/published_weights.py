"""Published EfficientNet-Lite weights at full size: the program's logits against timm's, by hand, for the file is no part of the project.

    pellucid models import FILE.pth --arch efficientnet-lite0 --preset imagenet --head softmax --labels LABELS.txt \\
        --name lite0 --mean 0.498039 --sd 0.501961 --resize squash
    python tests/golden/published_weights.py pellucid lite0 FILE.pth IMAGE.png

LABELS.txt has a name a line, a thousand of them. IMAGE is made 224 × 224 first, so that both see the same pixels. Prints the largest
difference of a log-probability; 2.4e-5 was seen with torch 2.15 and timm on a chest radiograph. Needs torch, timm and Pillow.
"""

import json, pathlib, subprocess, sys, tempfile

import numpy, timm, torch
from PIL import Image

program, model, weights, image = sys.argv[1:]
net = timm.create_model("tf_efficientnet_lite0", num_classes=1000).eval()
counted = lambda state: [(k, v) for k, v in state.items() if "num_batches" not in k]
theirs = counted(torch.load(weights, map_location="cpu", weights_only=True))
ours = counted(net.state_dict())
# Other names in the same order.
assert [v.shape for _, v in ours] == [v.shape for _, v in theirs]
net.load_state_dict({k: v for (k, _), (_, v) in zip(ours, theirs)}, strict=False)
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "image.png"
    grey = Image.open(image).convert("L").resize((224, 224))
    grey.save(path)
    command = [program, "predict", path, "--model", model, "--json", "--force", "--samples", "0"]
    record = json.loads(subprocess.check_output(command, text=True).splitlines()[0])
x = (torch.from_numpy(numpy.asarray(grey, numpy.float32) / 255) - 0.498039) / 0.501961
with torch.no_grad():
    expected = net(x.expand(1, 3, 224, 224)).log_softmax(1)[0].numpy()


def labels(node):
    """The list of a thousand labels, wherever the record has it."""
    if isinstance(node, list) and len(node) == 1000:
        return node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return next((found for found in map(labels, children) if found), None)


found = numpy.log([label["probability"] for label in labels(record)])
print(f"largest difference of a log-probability: {abs(found - expected).max():.2g}")
