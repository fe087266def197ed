"""Writes the fingerprints anew: ``python -m tests.workflows.record``."""

import json

from tests.workflows.fingerprint import fingerprint
from tests.workflows.test_fingerprint import CODE, HERE, WORKFLOWS

for name, files in CODE.items():
    target = HERE / "fingerprints" / f"{name}.json"
    target.write_text(json.dumps({file: fingerprint(WORKFLOWS / file) for file in files}, indent=2) + "\n")
