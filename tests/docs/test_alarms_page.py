"""The page about alarms: its file is a file, with the defaults that it names. Its commands: test_liquids_pages.py."""

import re
from pathlib import Path

from ruamel.yaml import YAML

from galvanaut.flows.alarms import AlarmFile
from galvanaut.instruments.guard.limits import AlarmLimits

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "alarms.md").read_text(encoding="utf-8")


def test_the_file_of_the_page_is_valid_and_shows_the_defaults():
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
    found = AlarmFile.model_validate(YAML(typ="safe", pure=True).load(block))
    assert [hook.kind for hook in found.hooks] == ["command", "email", "mqtt"]
    assert found.limits == AlarmLimits()
