"""A dossier on disk: a folder, or the same in a `.zip` or `.eln`; written whole or not at all, and read again."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from galvanaut.core.errors import InputError
from galvanaut.flows.folder import place_new, writing

MANIFEST = "manifest-sha256.txt"
ZIPS = (".zip", ".eln")
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every file in an archive, so that the same dossier gives the same bytes."""
_LARGEST_BYTES = 8 << 30
"""Of one file that is read from an archive: a bomb is no dossier."""


class DamagedError(InputError):
    """A file of a dossier is not what was handed over."""

    exit_code = 1


def digest(content: bytes) -> str:
    """SHA-256, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def manifest_of(hashes: Mapping[str, str]) -> bytes:
    """Hashes by path as ``sha256sum`` checks them, and a last line that guards the others."""
    lines = "".join(f"{value}  {path}\n" for path, value in sorted(hashes.items()))
    return f"{lines}# sha256 of the lines above: {digest(lines.encode())}\n".encode()


def read_manifest(content: bytes) -> dict[str, str]:
    """Hashes by path.

    Raises:
        DamagedError: it is no manifest, or was changed.
    """
    text = content.decode("utf-8", errors="replace")
    lines, separator, last = text.rpartition("# sha256 of the lines above: ")
    if not separator or last != f"{digest(lines.encode())}\n":
        raise DamagedError(MANIFEST, "was changed, or is no manifest")
    pairs = (line.split("  ", 1) for line in lines.splitlines())
    return {path: value for value, path in pairs}


@contextmanager
def new_package(target: Path, name: str) -> Iterator[Path]:
    """A folder to fill inside the block; if that ends well it becomes the dossier, else nothing is left.

    Args:
        target: a folder that is not there, or a file that ends in ``.zip`` or ``.eln``.
        name: of the folder inside of an archive.

    Raises:
        InputError: something is there already, or it cannot be written.
    """
    if target.exists() or target.is_symlink():
        raise InputError(target, "is there already and is not written over; choose another name with -o")
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".draft", dir=target.parent))
    try:
        folder = draft / name
        folder.mkdir()
        with writing(target):
            yield folder
            write_manifest(folder)
            if target.suffix in ZIPS:
                packed = draft / f"{name}{target.suffix}"
                _pack(folder, packed)
                place_new(packed, target)
            else:
                folder.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_manifest(folder: Path) -> None:
    """The hashes of all files of a folder but the manifest itself."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != MANIFEST]
    hashes = {path.relative_to(folder).as_posix(): digest(path.read_bytes()) for path in files}
    (folder / MANIFEST).write_bytes(manifest_of(hashes))


def _pack(folder: Path, packed: Path) -> None:
    """Everything inside of one root folder, as `.eln` wants it."""
    with zipfile.ZipFile(packed, "x", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                info = zipfile.ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}", _EPOCH)
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
                archive.writestr(info, path.read_bytes())


class Package:
    """A dossier to be read.

    Args:
        names: paths of its files, with slashes.
        read: gives the content of one.
        source: where it is.
    """

    def __init__(self, source: Path) -> None:
        self.source = source
        self._archive: zipfile.ZipFile | None = None
        self._root = ""
        if source.is_dir():
            files = (path for path in source.rglob("*") if path.is_file() or path.is_symlink())
            self.names = sorted(path.relative_to(source).as_posix() for path in files)
        elif source.is_file():
            self.names = self._opened(source)
        else:
            raise InputError(source, "there is no such file or folder")
        if MANIFEST not in self.names:
            raise InputError(source, f"is no dossier: there is no {MANIFEST} in it")

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            DamagedError: it cannot be read.
        """
        try:
            if self._archive is None:
                return (self.source / name).read_bytes()
            info = self._archive.getinfo(f"{self._root}{name}")
            if info.file_size > _LARGEST_BYTES:
                raise DamagedError(name, f"claims to be {info.file_size} bytes large")
            return self._archive.read(info)
        except DamagedError:
            raise
        except Exception as error:  # other packages put decompressors with errors of their own in zipfile's place
            raise DamagedError(name, f"cannot be read ({error})") from None

    def close(self) -> None:
        """Let go of an archive."""
        if self._archive is not None:
            self._archive.close()

    def _opened(self, source: Path) -> list[str]:
        try:
            self._archive = zipfile.ZipFile(source)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise DamagedError(source, f"is no archive that can be read ({error})") from None
        entries = [info.filename for info in self._archive.infolist() if not info.is_dir()]
        if len(set(entries)) < len(entries):
            raise DamagedError(source, "holds a file twice")
        for entry in entries:
            if PurePosixPath(entry).is_absolute() or ".." in PurePosixPath(entry).parts:
                raise DamagedError(source, f"holds a file that leads out of it: {entry}")
        roots = {f"{PurePosixPath(entry).parts[0]}/" for entry in entries if "/" in entry}
        has_one = len(roots) == 1 and all("/" in entry for entry in entries) and MANIFEST not in entries
        self._root = next(iter(roots)) if has_one else ""
        return sorted(entry.removeprefix(self._root) for entry in entries)


@contextmanager
def opened(source: Path) -> Iterator[Package]:
    """A dossier, closed at the end.

    Raises:
        InputError: it is none.
    """
    package = Package(source)
    try:
        yield package
    finally:
        package.close()
