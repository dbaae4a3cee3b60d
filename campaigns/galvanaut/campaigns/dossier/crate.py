"""The metadata of a dossier as an RO-Crate 1.1, which `.eln` files are made of as well.

Written by hand: it is one JSON file, and the same dossier gives the same bytes.
https://www.researchobject.org/ro-crate/specification/1.1/ and https://github.com/TheELNConsortium/TheELNFileFormat
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

METADATA = "ro-crate-metadata.json"
RESULTS = ("provenance/ledger.jsonl", "evidence/trials.csv", "recipe/recipe-card.json")
"""What the campaign resulted in, in the words of the crate."""
_TYPES = {
    ".html": "text/html",
    ".md": "text/markdown",
    ".csv": "text/csv",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".parquet": "application/vnd.apache.parquet",
    ".xml": "application/xml",
    ".txt": "text/plain",
    ".mps": "text/plain",
}
NO_LICENCE = "No licence was chosen: ask the authors before you use, copy or pass on anything of this."


@dataclass(frozen=True)
class Instrument:
    """An instrument of the bench.

    Attributes:
        name: in the bench file.
        role, driver: what it does, and by which driver it is spoken to.
        identity: who answered there: ``maker``, ``model``, ``serial``, ``firmware``; empty if it was not written down.
        simulated: nothing of it is hardware.
    """

    name: str
    role: str
    driver: str
    identity: Mapping[str, str]
    simulated: bool


@dataclass(frozen=True)
class About:
    """What the crate says about the whole.

    Attributes:
        name, description: of the dossier.
        published: instant at which it was written, ISO 8601.
        began, ended: of the campaign, ISO 8601 by the bench's clock.
        licence: URL or words; empty if nobody chose one.
        authors: names.
        version: of Galvanaut.
        origin: ``real`` or ``simulated``.
        instruments: of the bench.
    """

    name: str
    description: str
    published: str
    began: str
    ended: str
    licence: str
    authors: Sequence[str]
    version: str
    origin: str
    instruments: Sequence[Instrument]


def crate_json(about: About, files: Mapping[str, int], described: Mapping[str, str]) -> str:
    """The metadata file.

    Args:
        about: the whole.
        files: sizes in bytes by path, with slashes; without the metadata file itself.
        described: what is in a file or folder, by path; folders end in a slash.
    """
    folders = sorted({f"{PurePosixPath(path).parts[0]}/" for path in files if "/" in path})
    top = [path for path in sorted(files) if "/" not in path]
    graph = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "sdPublisher": {"@id": "#galvanaut"},
        },
        _root(about, [*top, *folders]),
        *(_folder(folder, files, described, about) for folder in folders),
        *(_file(path, files[path], described) for path in sorted(files)),
        *_contexts(about, [path for path in RESULTS if path in files]),
    ]
    whole = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _root(about: About, parts: Sequence[str]) -> dict[str, Any]:
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": about.name,
        "description": about.description,
        "datePublished": about.published,
        "dateCreated": about.published,
        "license": {"@id": _licence_id(about)},
        "author": _ids([f"#author-{number}" for number, _ in enumerate(about.authors, start=1)] or ["#laboratory"]),
        "publisher": {"@id": "#laboratory"},
        "additionalProperty": {"@id": "#origin"},
        "mentions": {"@id": "#campaign"},
        "hasPart": _ids(parts),
    }


def _folder(folder: str, files: Mapping[str, int], described: Mapping[str, str], about: About) -> dict[str, Any]:
    inside = [path for path in sorted(files) if path.startswith(folder)]
    return {
        "@id": folder,
        "@type": "Dataset",
        "name": folder.removesuffix("/"),
        "description": described.get(folder, folder),
        "genre": "experiment",
        "dateCreated": about.published,
        "license": {"@id": _licence_id(about)},
        "datePublished": about.published,
        "hasPart": _ids(inside),
    }


def _file(path: str, size: int, described: Mapping[str, str]) -> dict[str, Any]:
    kind = _TYPES.get(PurePosixPath(path).suffix, "application/octet-stream")
    return {
        "@id": path,
        "@type": "File",
        "name": PurePosixPath(path).name,
        "description": described.get(path, described.get(f"{PurePosixPath(path).parts[0]}/", path)),
        "encodingFormat": kind,
        "contentSize": str(size),
    }


def _contexts(about: About, results: Sequence[str]) -> list[dict[str, Any]]:
    """What stands beside the files: who, by what, when, under which licence."""
    authors = [
        {"@id": f"#author-{number}", "@type": "Person", "name": name, "affiliation": {"@id": "#laboratory"}}
        for number, name in enumerate(about.authors, start=1)
    ]
    action = {
        "@id": "#campaign",
        "@type": "CreateAction",
        "name": about.name,
        "startTime": about.began,
        "endTime": about.ended,
        "agent": _ids([str(author["@id"]) for author in authors] or ["#laboratory"]),
        "instrument": _ids(["#galvanaut", *(f"#instrument-{each.name}" for each in about.instruments)]),
        "result": _ids(results),
    }
    software = {
        "@id": "#galvanaut",
        "@type": "SoftwareApplication",
        "name": "Galvanaut",
        "version": about.version,
        "softwareVersion": about.version,
        "description": "The self-driving battery lab that ran the campaign and wrote this package.",
    }
    laboratory = {"@id": "#laboratory", "@type": "Organization", "name": "The laboratory that ran the campaign"}
    origin = {
        "@id": "#origin",
        "@type": "PropertyValue",
        "name": "origin of the measurements",
        "value": about.origin,
    }
    return [*authors, laboratory, software, origin, _licence(about), action, *map(_instrument, about.instruments)]


def _instrument(each: Instrument) -> dict[str, Any]:
    said = each.identity
    known = {
        "manufacturer": said.get("maker", ""),
        "model": said.get("model", ""),
        "serialNumber": said.get("serial", ""),
    }
    return {
        "@id": f"#instrument-{each.name}",
        "@type": "IndividualProduct",
        "name": each.name,
        "description": f"{each.role}, driver {each.driver}{', simulated' if each.simulated else ''}",
        **{name: value for name, value in known.items() if value},
    }


def _ids(names: Sequence[str]) -> list[dict[str, str]] | dict[str, str]:
    """References; a single one stands without brackets, as RO-Crate wants it."""
    found = [{"@id": name} for name in names]
    return found[0] if len(found) == 1 else found


def _licence_id(about: About) -> str:
    return about.licence if about.licence.startswith(("https://", "http://")) else "#licence"


def _licence(about: About) -> dict[str, Any]:
    text = about.licence or NO_LICENCE
    return {
        "@id": _licence_id(about),
        "@type": "CreativeWork",
        "name": about.licence or "none chosen",
        "description": text,
    }
