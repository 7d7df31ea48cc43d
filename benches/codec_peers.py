"""The peers' side of benches/codec.rs: the same streams by libjpeg-turbo, libjpeg, CharLS, OpenJPEG and GDCM.

    python benches/codec_peers.py [NAME …]

needs imagecodecs (libjpeg-turbo, CharLS, OpenJPEG, and the encoders), pylibjpeg-libjpeg, pydicom and python-gdcm. Ours
and theirs run in turn on one core; of two rounds the best counts, in seconds of the processor. Images are 2,048 × 2,500 pixels that look like a
radiograph: a smooth field, edges, and the noise of quanta. MB/s are those of the decoded samples.

JPEG 2000 is decoded by openjp2, which is not ours: `pellucid decode-worker` has its time.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

COLUMNS, ROWS = 2048, 2500
ROUNDS, TIMES = 2, 3


def radiograph(bits: int, components: int = 1) -> np.ndarray:
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:ROWS, :COLUMNS].astype(np.float32)
    planes = []
    for c in range(components):
        field = 0.35 + 0.25 * np.sin(x / 310 + c) * np.cos(y / 410) + 0.1 * ((x // 97 + y // 131 + c) % 5 == 0)
        field += 0.012 * np.sqrt(np.clip(field, 0, 1)) * rng.standard_normal((ROWS, COLUMNS), dtype=np.float32)
        field[:, :160] = 0
        planes.append(np.clip(field * (2**bits - 1), 0, 2**bits - 1))
    image = np.rint(np.stack(planes, -1)).astype(np.uint8 if bits <= 8 else np.uint16)
    return image[..., 0] if components == 1 else image


def rle(image: np.ndarray) -> bytes:
    from pydicom.pixels import get_encoder

    encoder = get_encoder("1.2.840.10008.1.2.5")
    return encoder.encode(
        image, rows=ROWS, columns=COLUMNS, samples_per_pixel=1, bits_allocated=8 * image.itemsize,
        bits_stored=8 * image.itemsize, pixel_representation=0, photometric_interpretation="MONOCHROME2",
        number_of_frames=1, encoding_plugin="pydicom",
    )


def streams():
    import imagecodecs as ic

    grey, deep, colour = radiograph(8), radiograph(12), radiograph(8, 3)
    turbo = {"optimize": False, "level": 90}
    yield "baseline", grey, "jpg", ic.jpeg8_encode(grey, **turbo)
    yield "baseline 4:2:0", colour, "jpg", ic.jpeg8_encode(colour, subsampling="420", **turbo)
    yield "baseline 4:4:4", colour, "jpg", ic.jpeg8_encode(colour, subsampling="444", **turbo)
    yield "progressive", grey, "jpg", pillow(grey, progressive=True)
    yield "progressive 4:2:0", colour, "jpg", pillow(colour, progressive=True, subsampling=2)
    yield "lossless", grey, "jpg", ic.ljpeg_encode(grey, bitspersample=8)
    yield "lossless", deep, "jpg", ic.ljpeg_encode(deep, bitspersample=12)
    yield "jpeg-ls", grey, "jls", ic.jpegls_encode(grey)
    yield "jpeg-ls", deep, "jls", ic.jpegls_encode(deep)
    yield "jpeg-ls near 2", deep, "jls", ic.jpegls_encode(deep, level=2)
    yield "jpeg-ls", colour, "jls", ic.jpegls_encode(colour)
    yield "rle", grey, "rle", rle(grey)
    yield "rle", deep, "rle", rle(deep)
    yield "jpeg 2000", deep, "j2k", ic.jpeg2k_encode(deep, level=0, reversible=True, codecformat="j2k", bitspersample=12)


def pillow(image, **options):
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(image).save(out, "JPEG", quality=90, **options)
    return out.getvalue()


def peers(kind: str, name: str, stream: bytes, image: np.ndarray):
    """Name and decoder of each peer that reads the stream."""
    import imagecodecs as ic

    if kind == "jpg":
        yield "libjpeg-turbo", lambda: ic.jpeg8_decode(stream)
    if kind == "jpg":
        import libjpeg

        yield "pylibjpeg", lambda: libjpeg.decode(stream)
    if kind == "jls":
        yield "CharLS", lambda: ic.jpegls_decode(stream)
    if kind == "j2k":
        yield "OpenJPEG", lambda: ic.jpeg2k_decode(stream, numthreads=1)
    dataset = in_dicom(kind, name, stream, image)
    from pydicom.pixels import pixel_array

    yield "GDCM", lambda: pixel_array(dataset, decoding_plugin="gdcm", raw=True)


def in_dicom(kind, name, stream, image):
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate

    dataset, meta = Dataset(), FileMetaDataset()
    lossy = "1.2.840.10008.1.2.4.55" if name.startswith("progressive") else "1.2.840.10008.1.2.4.50"
    meta.TransferSyntaxUID = {
        "jpg": "1.2.840.10008.1.2.4.57" if name.startswith("lossless") else lossy,
        "jls": "1.2.840.10008.1.2.4.81" if "near" in name else "1.2.840.10008.1.2.4.80",
        "rle": "1.2.840.10008.1.2.5",
        "j2k": "1.2.840.10008.1.2.4.90",
    }[kind]
    dataset.file_meta = meta
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = ROWS, COLUMNS, 3 if image.ndim == 3 else 1
    bits = 8 * image.itemsize
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, min(bits, 12), min(bits, 12) - 1
    dataset.PixelRepresentation, dataset.PlanarConfiguration = 0, 0
    dataset.PhotometricInterpretation = "MONOCHROME2" if image.ndim == 2 else "RGB" if kind == "jls" else "YBR_FULL_422"
    dataset.PixelData = encapsulate([stream])
    return dataset


def best(decode):
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(TIMES):
            decode()
        times.append((time.process_time() - start) / TIMES)
    return min(times)


def bench_binary():
    import json

    command = ["cargo", "bench", "-p", "pellucid-codec", "--bench", "codec", "--no-run", "--message-format=json"]
    built = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in built.stdout.splitlines() if line.startswith("{")]
    return [m["executable"] for m in lines if m.get("executable") and m["target"]["name"] == "codec"][-1]


def main():
    chosen = sys.argv[1:]
    binary = os.environ.get("PELLUCID_CODEC_BENCH") or bench_binary()
    # One core for all: some of the peers would take more.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(f"load when it began: {os.getloadavg()[0]:.1f}")
    print("| stream | bits | MB/s ours | peer | MB/s | ratio |\n|---|---|---|---|---|---|")
    for name, image, kind, stream in streams():
        if chosen and not any(name.startswith(part) for part in chosen):
            continue
        bits = 8 if image.dtype == np.uint8 else 12
        components = 3 if image.ndim == 3 else 1
        megabytes = image.nbytes / 1e6
        with tempfile.TemporaryDirectory() as folder:
            file = f"{name.replace(' ', '_')} {COLUMNS}x{ROWS}x{components}-{bits}.{kind}"
            pathlib.Path(folder, file).write_bytes(stream)
            ours = None
            for _ in range(ROUNDS if kind != "j2k" else 0):
                run = subprocess.run([binary, folder], capture_output=True, text=True, check=True)
                seconds = float(run.stdout.split("\t")[1])
                ours = min(ours or seconds, seconds)
        mine = f"{megabytes / ours:.0f}" if ours else "-"
        for peer, decode in peers(kind, name, stream, image):
            try:
                theirs = best(decode)
            except Exception as error:
                print(f"| {name} | {bits} | {mine} | {peer} | {type(error).__name__} | |")
                continue
            ratio = f"{theirs / ours:.2f}" if ours else ""
            print(f"| {name} ×{components} | {bits} | {mine} | {peer} | {megabytes / theirs:.0f} | {ratio} |", flush=True)


if __name__ == "__main__":
    main()
