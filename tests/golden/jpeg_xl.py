"""Streams of JPEG XL by libjxl, with the samples that libjxl, or libjpeg-turbo of recompressed JPEG, makes of them.

    python tests/golden/jpeg_xl.py

needs imagecodecs, numpy and Pillow. Images have 37 columns and 29 rows: waves with a little noise, so that every
predictor has something to do.

The file is a row of: length of the name, name, length of the UID, UID, bits, components, columns and rows (2 bytes
each), by how much a sample may differ, bytes of the samples (4 bytes), samples (bytes, or words where there are more
than 8 bits), bytes of the stream (4 bytes), stream. Numbers are little endian.
"""

import io
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image

COLUMNS, ROWS = 37, 29
LOSSLESS, RECOMPRESSED, LOSSY = (f"1.2.840.10008.1.2.4.{n}" for n in (110, 111, 112))


def image(bits: int, components: int) -> np.ndarray:
    y, x = np.mgrid[:ROWS, :COLUMNS]
    planes = []
    for c in range(components):
        wave = 0.5 + 0.3 * np.sin(x / (3.0 + c)) + 0.15 * np.cos(y / 4.0 + c)
        noise = ((x * 2654435761 + y * 40503 * 977 + c * 7919) % 65536) / 65536 * 0.05
        planes.append(np.clip(np.rint((wave + noise) * (2**bits - 1)), 0, 2**bits - 1))
    planes[0][0, 0], planes[0][0, 1] = 0, 2**bits - 1
    out = np.stack(planes, -1).astype(np.uint8 if bits <= 8 else np.uint16)
    return out[..., 0] if components == 1 else out


def jpeg(pixels: np.ndarray, **options) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=85, **options)
    return out.getvalue()


def main() -> None:
    cases = []
    for bits, components in [(8, 1), (10, 1), (12, 1), (16, 1), (8, 3), (16, 3)]:
        pixels = image(bits, components)
        for container in (False, True):
            stream = imagecodecs.jpegxl_encode(
                pixels, lossless=True, bitspersample=bits, usecontainer=container, effort=5
            )
            decoded = imagecodecs.jpegxl_decode(stream)
            assert np.array_equal(decoded, pixels), bits
            name = f"lossless {bits} bits, {components}{', container' if container else ''}"
            cases.append((name, LOSSLESS, bits, components, 0, pixels, stream))
    for components in (1, 3):
        pixels = image(8, components)
        for level in (90, 99):
            stream = imagecodecs.jpegxl_encode(pixels, level=level, lossless=False, effort=5)
            name = f"lossy {level}, {components}"
            cases.append((name, LOSSY, 8, components, 1, imagecodecs.jpegxl_decode(stream), stream))
    kinds = {"grey": (1, {}), "4:4:4": (3, {"subsampling": 0}), "4:2:0": (3, {"subsampling": 2}),
             "progressive 4:2:2": (3, {"subsampling": 1, "progressive": True})}
    for name, (components, options) in kinds.items():
        original = jpeg(image(8, components), **options)
        stream = imagecodecs.jpegxl_encode_jpeg(original, usecontainer=True)
        assert imagecodecs.jpegxl_decode_jpeg(stream) == original
        pixels = np.asarray(Image.open(io.BytesIO(original)))
        cases.append((f"recompressed {name}", RECOMPRESSED, 8, components, 0, pixels, stream))
    out = b""
    for name, uid, bits, components, tolerance, pixels, stream in cases:
        assert pixels.shape == ((ROWS, COLUMNS) if components == 1 else (ROWS, COLUMNS, 3)), (name, pixels.shape)
        samples = pixels.astype("<u1" if bits <= 8 else "<u2").tobytes()
        out += bytes([len(name)]) + name.encode() + bytes([len(uid)]) + uid.encode() + bytes([bits, components])
        out += COLUMNS.to_bytes(2, "little") + ROWS.to_bytes(2, "little") + bytes([tolerance])
        out += len(samples).to_bytes(4, "little") + samples + len(stream).to_bytes(4, "little") + stream
    path = Path(__file__).with_suffix(".bin")
    path.write_bytes(out)
    print(f"{path}: {len(cases)} streams, {len(out)} bytes")


if __name__ == "__main__":
    main()
