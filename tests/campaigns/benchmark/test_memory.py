import os
import sys

import numpy as np
import pytest

from galvanaut.campaigns.benchmark.memory import forget_peak, peak_MB

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of a process")


@linux
@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="this system does not let it be set back")
def test_each_piece_of_work_has_its_own_peak() -> None:
    forget_peak()
    before = peak_MB()
    block = np.ones(12_000_000)  # 96 MB
    during = peak_MB()
    del block
    forget_peak()
    after = peak_MB()
    assert before is not None
    assert during is not None
    assert after is not None
    assert during - before > 80.0
    assert during - after > 80.0


def test_where_the_system_tells_nothing_there_is_no_figure(tmp_path) -> None:
    forget_peak(tmp_path / "nowhere")
    assert peak_MB(tmp_path / "nowhere") is None
    (tmp_path / "status").write_text("Name:\tpython\n")
    assert peak_MB(tmp_path) is None
    (tmp_path / "status").write_text("Name:\tpython\nVmHWM:\t  204800 kB\nVmRSS:\t 1 kB\n")
    assert peak_MB(tmp_path) == 200.0
