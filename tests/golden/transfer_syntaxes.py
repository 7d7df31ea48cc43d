"""Streams of JPEG-LS, JPEG 2000 and HTJ2K for the grid of pixel data, written or checked by CharLS, OpenJPEG, OpenJPH.

    python tests/golden/transfer_syntaxes.py

needs pyjpegls and imagecodecs. Images have 7 columns and 5 rows; sample i of b bits is
(2654435761 i mod 2^32) >> (32 - b), but the highest value for i = 1 and half the range for i = 2; signed ones are these
bits in two's complement. The colours of pixel i are the samples 3 i, 3 i + 1 and 3 i + 2.

The file is a row of: length of the UID, UID, bits, 1 where signed, components, length of the stream (4 bytes, little
endian), stream.
"""

from pathlib import Path

import imagecodecs
import jpeg_ls
import numpy as np
from codecs_jpeg_ls_encoder import SAMPLE, encode

COLUMNS, ROWS = 7, 5


def samples(bits: int, signed: bool, components: int) -> np.ndarray:
    i = np.arange(COLUMNS * ROWS * components, dtype=np.uint64)
    raw = (i * 2654435761 % 2**32) >> np.uint64(32 - bits)
    raw[1], raw[2] = 2**bits - 1, 2 ** (bits - 1)
    raw = raw.astype(np.int64)
    if signed:
        raw = np.where(raw >= 2 ** (bits - 1), raw - 2**bits, raw)
    kind = np.dtype(f"{'i' if signed else 'u'}{1 if bits <= 8 else 2}")
    shape = (ROWS, COLUMNS) if components == 1 else (ROWS, COLUMNS, components)
    return raw.astype(kind).reshape(shape)


def jpeg_2000(image: np.ndarray, bits: int) -> bytes:
    options = {"codecformat": "j2k", "bitspersample": bits, "resolutions": 1, "reversible": True, "level": 0}
    return imagecodecs.jpeg2k_encode(image, mct=image.ndim == 3, **options)


def jpeg_lossless_ls(image: np.ndarray, bits: int) -> bytes:
    stream, _ = encode(image.reshape(ROWS, COLUMNS, -1).astype(int), bits, interleave=SAMPLE if image.ndim == 3 else 0)
    assert np.array_equal(jpeg_ls.decode(np.frombuffer(stream, np.uint8)).reshape(image.shape), image)
    return bytes(stream)


def main() -> None:
    cases = []
    for bits in range(2, 17):
        image = samples(bits, False, 1)
        stream = jpeg_lossless_ls(image, bits)
        cases.append(("1.2.840.10008.1.2.4.80", bits, 0, 1, bytes(stream)))
        for signed in (False, True):
            image = samples(bits, signed, 1)
            stream = jpeg_2000(image, bits)
            cases.append(("1.2.840.10008.1.2.4.90", bits, int(signed), 1, bytes(stream)))
    for bits in (8, 16):
        for signed in (False, True):
            stream = imagecodecs.htj2k_encode(samples(bits, signed, 1), reversible=True)
            cases.append(("1.2.840.10008.1.2.4.201", bits, int(signed), 1, bytes(stream)))
    image = samples(8, False, 3)
    cases.append(("1.2.840.10008.1.2.4.80", 8, 0, 3, jpeg_lossless_ls(image, 8)))
    stream = jpeg_2000(image, 8)
    cases.append(("1.2.840.10008.1.2.4.90", 8, 0, 3, bytes(stream)))
    out = b""
    for uid, bits, signed, components, stream in cases:
        out += bytes([len(uid)]) + uid.encode() + bytes([bits, signed, components])
        out += len(stream).to_bytes(4, "little") + stream
    path = Path(__file__).with_suffix(".bin")
    path.write_bytes(out)
    print(f"{path}: {len(cases)} streams, {len(out)} bytes")


if __name__ == "__main__":
    main()
