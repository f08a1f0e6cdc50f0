"""A user's templates: from the folder that the file names to their texts. What they say is tried out by `app.plans`."""

from collections.abc import Iterator
from pathlib import Path

from sentinel.config.keypath import KeyPath
from sentinel.config.load import Loaded
from sentinel.config.problems import did_you_mean, listed
from sentinel.config.read import read
from sentinel.config.schema.templates import TemplatesEntry
from sentinel.core.templates import MOST_BYTES, TEMPLATES

TEMPLATES_AT: KeyPath = ("templates",)
FOLDER_AT: KeyPath = (*TEMPLATES_AT, "folder")

#: Files of these kinds that are no template are likely one whose name was mistyped.
_SUFFIXES = (".txt", ".html")

#: Files of a folder that are looked at.
_MOST_FILES = 100


def compile_templates(loaded: Loaded) -> dict[str, str]:
    """The texts of the templates by the names of their files. Read here, so that a plan does not change under its feet."""
    if "templates" not in loaded.tree:
        return {}
    entry = read(TemplatesEntry, loaded.tree["templates"], TEMPLATES_AT, loaded.problems)
    return dict(_texts(loaded, loaded.places.resolve(entry.folder))) if entry else {}


def _texts(loaded: Loaded, folder: Path) -> Iterator[tuple[str, str]]:
    try:
        names = sorted(path.name for path, _ in zip(folder.iterdir(), range(_MOST_FILES), strict=False))
    except OSError as error:
        loaded.problems.add(FOLDER_AT, f"the folder {folder}: {error.strerror}", "a folder that Sentinel may read")
        return
    if not TEMPLATES.keys() & set(names):
        loaded.problems.add(FOLDER_AT, f"no template in {folder}", f"at least one of {listed(TEMPLATES)}")
    for name in names:
        if name in TEMPLATES:
            yield from _text(loaded, folder / name)
        elif name.endswith(_SUFFIXES):
            hint = did_you_mean(name, TEMPLATES)
            loaded.problems.add(FOLDER_AT, f"{name} in {folder}", f"one of {listed(TEMPLATES)}", hint)


def _text(loaded: Loaded, path: Path) -> Iterator[tuple[str, str]]:
    expected = f"a text in UTF-8 of at most {MOST_BYTES // 1024} KiB"
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        loaded.problems.add(FOLDER_AT, f"{path.name}: {error.strerror}", "a file that Sentinel may read")
        return
    if len(content) > MOST_BYTES:
        loaded.problems.add(FOLDER_AT, f"{path.name} of more than {MOST_BYTES // 1024} KiB", expected)
        return
    try:
        yield path.name, content.decode("utf-8")
    except UnicodeDecodeError:
        loaded.problems.add(FOLDER_AT, f"{path.name}, which is no UTF-8", expected)
