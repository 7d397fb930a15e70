"""What every test may ask for."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# a shell that runs the tests in the background has them, and all that they start, ignore the interrupts they send
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def data_folder() -> Path | None:
    """Real maps, logs and reference figures: `PLANSIM_DATA`, else the folder `shared/data` beside the checkout."""
    folder = Path(os.environ.get("PLANSIM_DATA", ROOT.parent / "shared" / "data"))
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def data() -> Path:
    folder = data_folder()
    if folder is None:
        pytest.skip("real data is absent: set PLANSIM_DATA to its folder")
    return folder
