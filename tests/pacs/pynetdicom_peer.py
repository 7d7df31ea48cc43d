"""A node of pynetdicom for tests/pacs/pynetdicom.rs.

scp PORT OURS    answers C-ECHO, C-STORE and storage commitment; its reports go to PELLUCID at port OURS
scu PORT FILE    asks PELLUCID at PORT for an echo, stores the file twice, and asks for storage commitment, which
                 must be refused
"""

import sys
import threading

from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (
    ComputedRadiographyImageStorage,
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    Verification,
)

stored = set()


def report(ours, dataset):
    ae = AE("PYNET")
    ae.add_requested_context(StorageCommitmentPushModel)
    role = build_role(StorageCommitmentPushModel, scp_role=True)
    assoc = ae.associate("127.0.0.1", ours, ae_title="PELLUCID", ext_neg=[role])
    if not assoc.is_established:
        return
    answer = Dataset()
    answer.TransactionUID = dataset.TransactionUID
    known = [i for i in dataset.ReferencedSOPSequence if i.ReferencedSOPInstanceUID in stored]
    unknown = [i for i in dataset.ReferencedSOPSequence if i.ReferencedSOPInstanceUID not in stored]
    answer.ReferencedSOPSequence = known
    for item in unknown:
        item.FailureReason = 0x0112
    if unknown:
        answer.FailedSOPSequence = unknown
    assoc.send_n_event_report(
        answer, 2 if unknown else 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
    )
    assoc.release()


def scp(port, ours):
    def on_store(event):
        stored.add(event.request.AffectedSOPInstanceUID)
        return 0x0000

    def on_action(event):
        threading.Timer(0.2, report, (ours, event.action_information)).start()
        return 0x0000, None

    ae = AE("PYNET")
    for context in (Verification, ComputedRadiographyImageStorage, StorageCommitmentPushModel):
        ae.add_supported_context(context)
    handlers = [(evt.EVT_C_STORE, on_store), (evt.EVT_N_ACTION, on_action)]
    ae.start_server(("127.0.0.1", port), evt_handlers=handlers)


def scu(port, path):
    ae = AE("PYNET")
    ae.add_requested_context(Verification)
    ae.add_requested_context(ComputedRadiographyImageStorage, "1.2.840.10008.1.2.1")
    ae.add_requested_context(StorageCommitmentPushModel)
    assoc = ae.associate("127.0.0.1", port, ae_title="PELLUCID")
    assert assoc.is_established
    assert assoc.send_c_echo().Status == 0
    for _ in range(2):
        assert assoc.send_c_store(dcmread(path)).Status == 0
    wish = Dataset()
    wish.TransactionUID = "2.25.5"
    wish.ReferencedSOPSequence = []
    status, _ = assoc.send_n_action(wish, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
    assert status.Status == 0x0122, status
    assoc.release()


if sys.argv[1] == "scp":
    scp(int(sys.argv[2]), int(sys.argv[3]))
else:
    scu(int(sys.argv[2]), sys.argv[3])
