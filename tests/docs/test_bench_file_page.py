"""The page bench-file.md: how a real bench that is not armed is refused. Its YAML is validated in test_blocks.py."""

from docrun import Page
from smalllab import BENCH, command_line


def test_a_bench_that_is_not_armed_is_refused_in_the_words_of_the_page(tmp_path):
    file = tmp_path / "glovebox.yaml"
    real = (
        BENCH.read_text("utf-8").replace("visa: simulated", 'visa: "@py"').replace("name: simulated", "name: glovebox")
    )
    file.write_text(real, "utf-8")
    refused = command_line("bench", "check", file)
    assert (refused.returncode, refused.stderr.strip()) == (2, Page("docs/bench-file.md").block("glovebox").text)
