"""One small image in each compressed transfer syntax, for the self-test of `pellucid doctor`.

    python tests/golden/sample_streams.py

needs imagecodecs and pydicom; writes `assets/sample-streams.bin`. The image has 7 columns and 5 rows of 8 bits, and 12
where a syntax holds them; pixel i is i (2^bits - 1) / 34, rounded down. The file is a row of: length of the UID, UID,
bits, highest difference that the syntax may make, length of the stream (4 bytes, little endian), stream.
"""

import zlib
from pathlib import Path

import imagecodecs
import numpy as np
from pydicom.pixels.encoders.native import _encode_segment

COLUMNS, ROWS = 7, 5


def image(bits: int) -> np.ndarray:
    i = np.arange(COLUMNS * ROWS, dtype=np.uint64)
    kind = np.uint8 if bits <= 8 else np.uint16
    return (i * (2**bits - 1) // 34).astype(kind).reshape(ROWS, COLUMNS)


def rle(pixels: np.ndarray) -> bytes:
    """PS3.5 Annex G: a segment for each byte of a sample, the most significant first."""
    planes = [pixels] if pixels.itemsize == 1 else [(pixels >> 8).astype(np.uint8), (pixels & 255).astype(np.uint8)]
    segments = [bytes(_encode_segment(plane.tobytes(), COLUMNS)) for plane in planes]
    starts = [64 + sum(map(len, segments[:i])) for i in range(len(segments))]
    head = [len(segments), *starts] + [0] * (15 - len(segments))
    return b"".join(n.to_bytes(4, "little") for n in head) + b"".join(segments)


def deflate(pixels: np.ndarray) -> bytes:
    """PS3.5 section A.4.13: a raw deflate stream for each frame."""
    to = zlib.compressobj(9, zlib.DEFLATED, -15)
    return to.compress(pixels.tobytes()) + to.flush()


def j2k(pixels: np.ndarray, bits: int) -> bytes:
    options = {"codecformat": "j2k", "bitspersample": bits, "resolutions": 1, "reversible": True, "level": 0}
    return imagecodecs.jpeg2k_encode(pixels, **options)


def main() -> None:
    eight, twelve = image(8), image(12)
    jpeg = imagecodecs.jpeg8_encode
    cases = [
        ("1.2.840.10008.1.2.5", 12, 0, rle(twelve)),
        ("1.2.840.10008.1.2.8.1", 12, 0, deflate(twelve)),
        ("1.2.840.10008.1.2.4.50", 8, 2, jpeg(eight, level=100)),
        ("1.2.840.10008.1.2.4.51", 12, 2, jpeg(twelve, level=100, bitspersample=12)),
        ("1.2.840.10008.1.2.4.70", 12, 0, jpeg(twelve, lossless=True, bitspersample=12)),
        ("1.2.840.10008.1.2.4.80", 8, 0, imagecodecs.jpegls_encode(eight)),
        ("1.2.840.10008.1.2.4.90", 12, 0, j2k(twelve, 12)),
        ("1.2.840.10008.1.2.4.201", 8, 0, imagecodecs.htj2k_encode(eight, reversible=True)),
        ("1.2.840.10008.1.2.4.110", 8, 0, imagecodecs.jpegxl_encode(eight, lossless=True)),
    ]
    out = b""
    for uid, bits, difference, stream in cases:
        stream = bytes(stream)
        print(uid, len(stream))
        out += bytes([len(uid)]) + uid.encode() + bytes([bits, difference]) + len(stream).to_bytes(4, "little") + stream
    path = Path(__file__).parents[2] / "assets" / "sample-streams.bin"
    path.write_bytes(out)
    print(f"{path}: {len(cases)} streams, {len(out)} bytes")


if __name__ == "__main__":
    main()
