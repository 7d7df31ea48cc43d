"""Writes codecs/rle.bin: RLE frames (PS3.5 annex G) of pydicom and of pylibjpeg-rle, for src/codec/rle.rs.

    pip install numpy pydicom pylibjpeg-rle
    python tests/golden/codecs_rle.py

The file has the form that codecs_jpeg_ls.py describes. The hash is of planes, one component behind the other, of
little-endian samples; the precision is 8 bits for every byte of a sample. pydicom decodes every frame as it should be.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
from pydicom.pixels.decoders.rle import _rle_decode_frame
from pydicom.pixels.encoders.native import _encode_frame
from rle.utils import encode_pixel_data


def picture(columns, rows, components, sample_bytes):
    """Flat parts, short and long runs, a slope and noise: the bytes of samples, interleaved by pixel."""
    random = np.random.default_rng(columns * rows + components)
    y, x, part = np.mgrid[0:rows, 0:columns, 0:components].astype(np.int64)
    top = 256**sample_bytes - 1
    image = (x * 3 + y * 5 + part * 7) * (top // (8 * (columns + rows)))
    image = np.where(y % 4 == 1, x // 5 * (top // columns), image)
    image = np.where(y % 4 == 2, random.integers(0, top, image.shape, endpoint=True), image)
    image = np.where((y % 4 == 3) | (x > 150), top // 3, image)
    return image.astype("<u4")[..., None].view(np.uint8)[..., :sample_bytes]


cases = []
for sample_bytes in (1, 2, 3, 4):
    for columns, rows, components in ((13, 9, 1), (13, 9, 3), (300, 5, 1)):
        image = picture(columns, rows, components, sample_bytes)
        planes, bits = np.moveaxis(image, 2, 0).tobytes(), 8 * sample_bytes
        shape = {"rows": rows, "columns": columns, "samples_per_pixel": components, "bits_allocated": bits}
        runner = SimpleNamespace(get_option=lambda name, default: default, **shape)
        frames = {"pydicom": bytes(_encode_frame(image.tobytes(), runner))}
        if sample_bytes == 2:
            frames["pylibjpeg-rle"] = bytes(encode_pixel_data(image.tobytes(), byteorder="<", **shape))
        for encoder, frame in frames.items():
            assert bytes(_rle_decode_frame(frame, rows, columns, components, bits)) == planes
            name = f"{encoder}/{columns} x {rows}/{components} of {sample_bytes} bytes".encode()
            hashed = 0xCBF29CE484222325
            for byte in planes:
                hashed = (hashed ^ byte) * 0x100000001B3 % 2**64
            case = bytes([len(name)]) + name + columns.to_bytes(2, "little") + rows.to_bytes(2, "little")
            case += bytes([components, bits]) + hashed.to_bytes(8, "little")
            cases.append(case + len(frame).to_bytes(4, "little") + frame)

path = Path(__file__).parent / "codecs" / "rle.bin"
path.write_bytes(b"".join(cases))
print(len(cases), "cases,", path.stat().st_size, "bytes")
