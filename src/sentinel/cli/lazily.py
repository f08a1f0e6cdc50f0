"""Commands that are imported when they are called, so that `sentinel --status` pays for itself alone."""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module

import click


class Lazily(MutableMapping[str, click.Command]):
    """Commands by name. Each is in a module of `sentinel.cli`, under its name with `_` for `-`.

    Args:
        modules: the module of each command.
    """

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = dict(modules)
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            module = import_module(f"sentinel.cli.{self._modules[name]}")
            self._loaded[name] = getattr(module, name.replace("-", "_"))
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._modules[name], self._loaded[name] = "", command

    def __delitem__(self, name: str) -> None:
        del self._modules[name]
        self._loaded.pop(name, None)

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)
