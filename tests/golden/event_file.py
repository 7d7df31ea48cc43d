"""Writes event_file.tfevents with TensorBoard's own record writer and protocol buffers, and reads it
back with TensorBoard's loader: the bytes that src/training/run/event_file.rs has to write.

    pip install tensorboard && python tests/golden/event_file.py

With the path of another event file it prints what TensorBoard reads from that.
"""

import io
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter


class Kept(io.BytesIO):
    def close(self):
        pass


def row(step, time):
    values = [
        ("loss/training", 0.5),
        ("loss/validation", 0.625),
        ("validation/accuracy", 0.75),
        ("learning_rate", 0.001),
        ("images_per_second", 12.5),
        ("validation/AUROC Mass", 0.875),
    ]
    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values])
    return Event(wall_time=time, step=step, summary=summary)


def show(path):
    for event in LegacyEventFileLoader(str(path)).Load():
        if event.HasField("file_version"):
            print(event.wall_time, event.file_version)
        for value in event.summary.value:
            print(event.wall_time, event.step, value.tag, value.simple_value)


if len(sys.argv) > 1:
    show(sys.argv[1])
else:
    out = Kept()
    writer = RecordWriter(out)
    writer.write(Event(wall_time=1_700_000_000.0, file_version="brain.Event:2").SerializeToString())
    writer.write(row(1, 1_700_000_030.5).SerializeToString())
    writer.write(row(200, 1_700_000_061.0).SerializeToString())
    path = Path(__file__).with_suffix(".tfevents")
    path.write_bytes(out.getvalue())
    show(path)
