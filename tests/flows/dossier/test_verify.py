"""`galvanaut verify`: a dossier is what was handed over, to the last byte, on a computer without the lab."""

import json
import random
import shutil
import zipfile
from pathlib import Path

import pytest

from galvanaut.flows.dossier.package import MANIFEST, DamagedError, opened, write_manifest
from handedover import REFERENCE, handed_over, run
from smalllab import command_line, small_campaign


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    found = handed_over(tmp_path_factory.mktemp("verify"), trials=6)
    for name in ("d.zip", "d.eln"):
        assert command_line("dossier", "conductivity", "--lab", found.lab, "-o", found.folder.parent / name).stdout
    shutil.rmtree(found.lab)
    return found


@pytest.mark.parametrize("name", ["dossier", "d.zip", "d.eln"])
def test_every_form_is_accepted_without_the_lab(done, name):
    found = command_line("verify", done.folder.parent / name)
    assert found.returncode == 0, found.stdout
    assert "files are what the manifest says" in found.stdout
    assert "6 of 6 proposals are the same, byte for byte" in found.stdout


def test_an_unpacked_archive_is_accepted(done, tmp_path):
    with zipfile.ZipFile(done.folder.parent / "d.zip") as archive:
        archive.extractall(tmp_path)
    found = command_line("verify", tmp_path / "conductivity-dossier", "--json")
    assert json.loads(found.stdout)["good"] is True


def copied(done, tmp_path):
    return shutil.copytree(done.folder, tmp_path / "copy")


def test_one_changed_byte_in_any_file_is_found_and_the_file_named(done, tmp_path):
    folder, dice = copied(done, tmp_path), random.Random(1)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            before = path.read_bytes()
            place = dice.randrange(len(before))
            path.write_bytes(before[:place] + bytes([before[place] ^ 1]) + before[place + 1 :])
            found = command_line("verify", folder)
            assert found.returncode == 1
            assert path.relative_to(folder).as_posix() in found.stdout
            path.write_bytes(before)
    assert command_line("verify", folder, "--no-decisions").returncode == 0


def test_a_changed_byte_inside_of_an_archive_is_found(done, tmp_path):
    whole = (done.folder.parent / "d.zip").read_bytes()
    with zipfile.ZipFile(done.folder.parent / "d.zip") as archive:
        spans = [
            (info.header_offset + 30 + len(info.filename), info.compress_size, info.filename.partition("/")[2])
            for info in archive.infolist()
        ]
    for start, size, name in spans:
        damaged = bytearray(whole)
        damaged[start + size // 2] ^= 0xFF
        (tmp_path / "d.zip").write_bytes(damaged)
        found = command_line("verify", tmp_path / "d.zip")
        assert (found.returncode, name in found.stdout) == (1, True), name


def test_damage_is_named_whatever_decompresses(done, tmp_path, monkeypatch):
    """Some packages put a decompressor of their own, with errors of its own, in the place of zlib in zipfile."""

    class OtherError(Exception):
        pass

    class Other:
        unconsumed_tail, unused_data, eof = b"", b"", False

        def decompress(self, data, most=0):
            raise OtherError("invalid distance")

    (tmp_path / "d.zip").write_bytes((done.folder.parent / "d.zip").read_bytes())
    with opened(tmp_path / "d.zip") as package:
        monkeypatch.setattr(zipfile, "_get_decompressor", lambda kind: Other())
        with pytest.raises(DamagedError, match=r"manifest.*cannot be read \(invalid distance\)"):
            package.read(MANIFEST)


def test_missing_and_added_files_are_named(done, tmp_path):
    folder = copied(done, tmp_path)
    (folder / "recipe" / "recipe-card.csv").unlink()
    (folder / "evidence" / "more.csv").write_text("1\n")
    found = command_line("verify", folder)
    assert found.returncode == 1
    assert "recipe/recipe-card.csv: is missing" in found.stdout
    assert "evidence/more.csv: is not in the manifest" in found.stdout


def test_a_decision_that_was_written_otherwise_is_found_though_the_hashes_fit(done, tmp_path):
    folder = copied(done, tmp_path)
    ledger = folder / "provenance" / "ledger.jsonl"
    text = ledger.read_text("utf-8")
    assert '"expected_improvement": ' in text
    head, _, tail = text.rpartition('"expected_improvement": 0.')
    ledger.write_text(f'{head}"expected_improvement": 0.9{tail}', "utf-8")
    write_manifest(folder)
    found = command_line("verify", folder)
    assert found.returncode == 1
    assert "expected_improvement: was" in found.stdout
    assert command_line("verify", folder, "--no-decisions").returncode == 0


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_what_is_no_archive(tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    found = command_line("verify", tmp_path / "x.zip")
    assert (found.returncode, "is no archive that can be read" in found.stderr) == (1, True)


def test_what_is_no_dossier(tmp_path):
    assert "there is no manifest" in command_line("verify", tmp_path).stderr
    assert "there is no such file" in command_line("verify", tmp_path / "x").stderr


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil"])
def test_a_file_that_leads_out_of_an_archive_is_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(name, "1")
    with pytest.raises(DamagedError, match="leads out of it"), opened(tmp_path / "x.zip"):
        pass


def returned(folder, path, origin="real"):
    """The form of a dossier, filled in and saved."""
    lines = (folder / "replication" / "form.csv").read_text("utf-8").splitlines()
    columns = lines[0].split(",")
    filled = {"laboratory": "Elsewhere", "origin": origin, "temperature_degC": "0", "status": "ok"}
    out = [lines[0]]
    for number, line in enumerate(lines[1:]):
        row = dict(zip(columns, line.split(","), strict=True)) | filled | {"value": f"{7 + number / 10:.1f}"}
        out.append(",".join(row[name] for name in columns))
    path.write_text("\n".join(out), "utf-8")
    return path


def test_a_form_that_came_back_is_judged(done, tmp_path):
    form = returned(done.folder, tmp_path / "form.csv")
    found = command_line("replicate", done.folder.parent / "d.eln", form)
    assert found.returncode == 0, found.stderr
    assert "laboratory Elsewhere: 6 values, 0 recipes failed" in found.stdout
    assert "recommended less reference -0.3 mS/cm" in found.stdout
    form.write_text(form.read_text("utf-8").replace("mS/cm", "S/m"), "utf-8")
    found = command_line("replicate", done.folder, form)
    assert (found.returncode, "line 2: unit" in found.stderr) == (2, True)


def test_what_came_back_is_learnt_from_and_the_campaign_goes_on_with_it(tmp_path):
    made = handed_over(tmp_path, trials=6)
    form = returned(made.folder, tmp_path / "form.csv")
    refused = command_line("replicate", made.folder, form, "--into", made.lab)
    assert (refused.returncode, "is not simulated in form line 1, 2" in refused.stderr) == (2, True)
    form = returned(made.folder, tmp_path / "form.csv", "simulated")
    taken = command_line("replicate", made.folder, form, "--into", made.lab)
    assert "6 results are in the ledger" in taken.stdout, taken.stderr
    again = command_line("replicate", made.folder, form, "--into", made.lab)
    assert (again.returncode, "has returned form line 1, 2, 3, 4, 5, 6 before" in again.stderr) == (2, True)
    assert (
        "laboratory Elsewhere: 6 results on a form" in command_line("status", "conductivity", "--lab", made.lab).stdout
    )

    run(small_campaign(tmp_path, 8, {"planner: {name: bayes, initial: 2}": REFERENCE}), made.lab)
    assert "8 of 8 proposals are the same" in command_line("replay", "conductivity", "--lab", made.lab).stdout
    assert command_line("dossier", "conductivity", "--lab", made.lab, "-o", tmp_path / "second").returncode == 0
    assert "8 of 8 proposals are the same" in command_line("verify", tmp_path / "second").stdout
    page = command_line("report", "conductivity", "--lab", made.lab).stdout.strip()
    assert "Elsewhere (6 results)" in Path(page).read_text("utf-8")
