"""The RO-Crate project's own validator, on dossiers of a campaign for conductivity and of one with cells.

It reads the context of RO-Crate from w3id.org. Here a stand-in is read instead, which gives the names of schema.org to
all words but two, so that the test needs no network; what it says of the network is left out where there is none.
"""

from __future__ import annotations

import io
import json
import socket
import warnings
from email.message import Message
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.response import addinfourl

import pytest

from celllab import cell_campaign
from galvanaut.flows.dossier.write import Options, write_dossier
from handedover import handed_over, run

pytestmark = pytest.mark.interop
services = pytest.importorskip("rocrate_validator.services", reason="--group formats brings roc-validator")

_SCHEMA = "http://schema.org/"
_CONTEXT = {
    "@vocab": _SCHEMA,
    "File": f"{_SCHEMA}MediaObject",
    "conformsTo": {"@id": "http://purl.org/dc/terms/conformsTo"},
}


def _stand_in(request: Any) -> addinfourl:
    headers = Message()
    headers["Content-Type"] = "application/ld+json"
    return addinfourl(io.BytesIO(json.dumps({"@context": _CONTEXT}).encode()), headers, request.full_url, 200)


def _has_network() -> bool:
    try:
        socket.getaddrinfo("w3id.org", 443)
    except OSError:
        return False
    return True


def remarks(crate: Path, severity: str = "REQUIRED") -> list[str]:
    """What the validator finds amiss."""
    import rdflib.parser
    from rocrate_validator import models

    settings = services.ValidationSettings(
        rocrate_uri=str(crate), profile_identifier="ro-crate-1.1", requirement_severity=models.Severity[severity]
    )
    with mock.patch.object(rdflib.parser, "_urlopen", _stand_in), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its libraries about each other
        found = [str(issue.message) for issue in services.validate(settings).get_issues()]
    if _has_network():
        return found
    return [text for text in found if "w3id.org" not in text]


@pytest.fixture(scope="module")
def crates(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("crates")
    (folder / "cells").mkdir()
    lab = run(cell_campaign(folder / "cells", 2), folder / "cells" / "lab")
    cells = write_dossier(lab, "cycle-life", folder / "cells" / "dossier", Options()).path
    return [handed_over(folder, trials=5).folder, cells]


def test_dossiers_are_valid_crates(crates: list[Path]) -> None:
    assert [remarks(crate) for crate in crates] == [[], []]


def test_of_what_is_recommended_only_the_address_of_the_laboratory_is_missing(crates: list[Path]) -> None:
    found = {text for crate in crates for text in remarks(crate, "RECOMMENDED")}
    assert found <= {"The organization SHOULD have a URL."}


def test_a_crate_that_is_none_is_found_out(crates: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    data = json.loads((crates[0] / "ro-crate-metadata.json").read_text("utf-8"))
    data["@graph"] = [each for each in data["@graph"] if each["@id"] != "./"]
    (broken / "ro-crate-metadata.json").write_text(json.dumps(data), "utf-8")
    assert remarks(broken)
