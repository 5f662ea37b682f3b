"""Makes the plugin work in this tree without an install, and registers it only once."""

import pytest

import harness.plugin

NAME = "crossabi"


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    if not pluginmanager.is_registered(harness.plugin) and not pluginmanager.is_blocked(NAME):
        pluginmanager.register(harness.plugin, NAME)
