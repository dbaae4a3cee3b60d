"""`galvanaut dossier`: the hand-over package of a campaign, written whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.dossier.content import Asked, Content, content_of
from galvanaut.campaigns.dossier.crate import METADATA, NO_LICENCE, About, crate_json
from galvanaut.campaigns.dossier.evidence import instant
from galvanaut.campaigns.dossier.page import front_page
from galvanaut.core.bdf import SUFFIX
from galvanaut.core.errors import InputError
from galvanaut.flows.dossier.files import Files, files_of
from galvanaut.flows.dossier.gather import gathered
from galvanaut.flows.dossier.package import MANIFEST, digest, new_package, opened
from galvanaut.flows.dossier.provenance import commit
from galvanaut.instruments.telemetry.export import export_record
from galvanaut.instruments.telemetry.reader import list_records

if TYPE_CHECKING:
    from galvanaut.flows.dossier.gather import Gathered

FRONT = "index.html"


@dataclass(frozen=True)
class Options:
    """What the command line leaves open.

    Attributes:
        asked: specification and probability.
        authors: names, for the metadata.
        licence: URL or words; empty if nobody chose one.
        with_csv: records as CSV, too.
    """

    asked: Asked = field(default_factory=Asked)
    authors: Sequence[str] = ()
    licence: str = ""
    with_csv: bool = False


@dataclass(frozen=True)
class Written:
    """What came of it.

    Attributes:
        path: of the dossier.
        files: how many are in it.
        fingerprint: of the manifest, to be told by another way.
        content: what is handed over.
    """

    path: Path
    files: int
    fingerprint: str
    content: Content


def write_dossier(lab: Path, campaign: str, target: Path | None, options: Options) -> Written:
    """Write the dossier of a campaign.

    Args:
        lab: its folder.
        campaign: name, or the campaign's file.
        target: folder, ``.zip`` or ``.eln``; None for ``dossiers/<campaign>`` in the lab folder.
        options: see there.

    Raises:
        InputError: no such campaign, no success in it, a target that is there already or cannot be written.
    """
    if not 0.0 < options.asked.probability < 1.0:
        raise InputError("--probability", f"lies between 0 and 1, found {options.asked.probability:g}")
    with gathered(lab, campaign) as source:
        name = source.plan.campaign.name
        target = lab / "dossiers" / name if target is None else target
        content = content_of(source.sources, options.asked)
        with new_package(target, f"{name}-dossier") as folder:
            files = files_of(content, source)
            for path, data in files.content.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
            _copy_records(source, folder, files, with_csv=options.with_csv)
            _finish(folder, content, source, files, options)
    with opened(target) as package:
        return Written(target, len(package.names), digest(package.read(MANIFEST)), content)


def _copy_records(source: Gathered, folder: Path, files: Files, *, with_csv: bool) -> None:
    """Sealed records as they are, so that their hashes stay; those that are not sealed yet as far as they go."""
    lab, url = source.folder.path, source.folder.url
    for info in list_records(lab, source.plan.campaign.name, url):
        if not info.test:
            continue
        stem = info.test.removeprefix(f"{source.plan.campaign.name}/").replace("/", "-")
        place = folder / "records" / f"{stem}{SUFFIX}"
        place.parent.mkdir(exist_ok=True)
        if info.file:
            shutil.copyfile(lab / info.file, place)
        else:
            export_record(lab, info.test, place, url)
        kind = {True: "simulated", False: "real", None: "of unknown origin"}[info.simulated]
        files.described[f"records/{place.name}"] = f"{info.rows} readings of {info.cell}, {kind}."
        if with_csv:
            plain = folder / "records" / f"{stem}.bdf.csv"
            for written in export_record(lab, info.test, plain, url):
                files.described[f"records/{written.name}"] = f"The same, of {info.cell}, as text."


def _finish(folder: Path, content: Content, source: Gathered, files: Files, options: Options) -> None:
    """The front page and the metadata, which name all other files."""
    now = datetime.now(UTC)
    listed = {path: text for path, text in sorted(files.described.items()) if not path.endswith("/")}
    facts: dict[str, Any] = {
        "written": now.strftime("%Y-%m-%d"),
        "version": version("galvanaut"),
        "commit": (commit() or {}).get("id", "")[:12],
        "authors": list(options.authors),
        "licence": options.licence or NO_LICENCE,
        "instruments": source.instruments,
        "protocols": [
            {"name": each.name, "files": list(each.files), "notes": list(each.notes)} for each in files.protocols
        ],
    }
    (folder / FRONT).write_text(front_page(content, listed, facts), encoding="utf-8")
    described = {**files.described, FRONT: "The front page: read this first.", MANIFEST: "SHA-256 of every file."}
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    # The manifest comes last, for it holds the hash of the metadata; its size is left out by the same necessity.
    about = _about(content, source, options, now.isoformat(timespec="seconds"))
    (folder / METADATA).write_text(crate_json(about, sizes, described), encoding="utf-8")


def _about(content: Content, source: Gathered, options: Options, now: str) -> About:
    ends = [trial.ended_at for trial in content.summary.trials if trial.ended_at is not None]
    title = content.campaign.title or content.campaign.name
    note = f" {content.sources.note}" if content.sources.note else ""
    return About(
        f"Dossier of campaign {content.campaign.name}",
        f"{title}. Recommended: {content.card.text}.{note}",
        now,
        instant(min(trial.proposed_at for trial in content.summary.trials)),
        instant(max(ends, default=0.0)),
        options.licence,
        options.authors,
        version("galvanaut"),
        content.origin,
        source.instruments,
    )


def dossier_command(lab: Path, campaign: str, target: Path | None, options: Options) -> str:
    """Write it; in words what was written."""
    done = write_dossier(lab, campaign, target, options)
    content, window = done.content, done.content.window
    rows = [
        f"{done.path}: {done.files} files",
        f"recipe       {content.card.text} (trial {content.card.trial})",
        f"asked for    {content.specification.text()}"
        + (" (assumed: give your own with --spec)" if content.specification.is_assumed else ""),
    ]
    if window is None:
        rows.append("window       none: too few values for a model")
    elif window.ranges:
        ends = window.to_json()["ranges"]
        text = ", ".join(
            f"{name} {round(each['low'], 3):.3g} to {round(each['high'], 3):.3g}" for name, each in ends.items()
        )
        rows.append(f"window       {text} (solvents and additives in wt%, salts in mol/kg)")
    else:
        rows.append(
            f"window       none: the recipe itself meets that with a probability of {window.at_centre:.0%} only"
        )
    rows.append(f"fingerprint  {done.fingerprint}")
    if content.sources.note:
        rows.append("simulated: nothing here was measured on hardware" if content.origin == "simulated" else "")
    pending = [trial.number for trial in content.summary.trials if trial.outcome is None]
    if pending:
        rows.append(f"not finished: trials {', '.join(map(str, pending))} are still under way")
    return "\n".join(row for row in rows if row)
